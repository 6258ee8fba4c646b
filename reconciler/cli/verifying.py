"""`reconcile verify`: every link of a project compared whole, now."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from reconciler.cli.doors import Application
from reconciler.cli.options import Json, OneProject
from reconciler.cli.progress import Display
from reconciler.cli.session import session_of
from reconciler.cli.show_pass import as_json, as_summary
from reconciler.cli.words import complaint
from reconciler.model.passes import Outcome, PassResult


def verify(
    context: typer.Context,
    project: OneProject,
    json: Json = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while the project is at work elsewhere.")
    ] = False,
) -> None:
    """Compare every link of a project whole, now.

    A round that a limit ends goes on where it stopped when it is run again.
    """
    session = session_of(context)
    console = session.console

    async def work(application: Application, display: Display) -> PassResult:
        chosen = await application.find(project)
        return await application.verify(chosen, wait=wait, progress=display.progress())

    result = session.run(work)
    if json:
        console.json(as_json(result))
    elif result.verified is not None:
        console.say(as_summary(result))
    if sentence := complaint(result, datetime.now(UTC), None):
        console.complain(sentence)
    console.flush()
    if result.outcome is not Outcome.OK:
        raise typer.Exit(1)
