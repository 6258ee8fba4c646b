"""`reconcile verify`: compare every link of a project in full, now."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.pass_output import failure_message, pass_as_json, verification_as_line
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import JsonOption, ProjectOption, session_of
from reconciler.model.passes import Outcome, PassResult

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application


def verify(
    context: typer.Context,
    project: ProjectOption,
    json: JsonOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while the project is at work elsewhere.")
    ] = False,
) -> None:
    """Compare every link of a project whole, now.

    A round that a limit ends goes on where it stopped when it is run again.
    """
    session = session_of(context)
    console = session.console

    async def work(application: "Application", display: ProgressDisplay) -> PassResult:
        chosen = await application.find_project(project)
        return await application.verify(chosen, wait=wait, progress=display.new_progress())

    result = session.run_in_backend(work)
    if json:
        console.print_json(pass_as_json(result))
    elif result.verified is not None:
        console.print_line(verification_as_line(result))
    if sentence := failure_message(result, datetime.now(UTC), None):
        console.print_error(sentence)
    console.flush()
    if result.outcome is not Outcome.OK:
        raise typer.Exit(1)
