"""`reconcile status`: is everything all right, and what needs a person."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.doors import Application
from reconciler.cli.options import Json
from reconciler.cli.progress import Display
from reconciler.cli.session import session_of
from reconciler.cli.show_status import View, as_lines, health_as_json, limits_as_json

if TYPE_CHECKING:
    from reconciler.model.snapshot import Health, Limits


def status(
    context: typer.Context,
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="PROJECT", help="Only this project.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Show each project's health.

    Its links by state, what is pending, what is left of GitHub's limits, and what needs you.
    """
    session = session_of(context)

    async def work(application: Application, _: Display) -> "tuple[tuple[Health, ...], tuple[Limits, ...]]":
        return await application.status(await application.find(project) if project else None)

    healths, limits = session.run(work)
    view = View(now=datetime.now(UTC), zone=None, unicode=session.console.unicode)
    if json:
        for value in (*(health_as_json(each, view) for each in healths), *map(limits_as_json, limits)):
            session.console.json(value)
        return
    for line in as_lines(healths, limits, view):
        session.console.say(line)
