"""`reconcile status`: is everything all right, and what needs a person."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.doors import Backend
from reconciler.cli.options import JsonOption
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import session_of
from reconciler.cli.show_status import DisplayOptions, health_as_json, limits_as_json, status_as_lines

if TYPE_CHECKING:
    from reconciler.model.snapshot import CredentialLimits, ProjectHealth


def status(
    context: typer.Context,
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="PROJECT", help="Only this project.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show each project's health.

    Its links by state, what is pending, what is left of GitHub's limits, and what needs you.
    """
    session = session_of(context)

    async def work(
        application: Backend, _: ProgressDisplay
    ) -> "tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]":
        return await application.status(await application.find_project(project) if project else None)

    healths, limits = session.run_in_backend(work)
    view = DisplayOptions(now=datetime.now(UTC), zone=None, is_unicode=session.console.is_unicode)
    if json:
        for value in (*(health_as_json(each, view) for each in healths), *map(limits_as_json, limits)):
            session.console.print_json(value)
        return
    for line in status_as_lines(healths, limits, view):
        session.console.print_line(line)
