"""`reconcile export`: make issues for reports, now."""

from typing import Annotated

import typer

from reconciler.cli.options import Json
from reconciler.cli.session import session_of


def export(
    context: typer.Context,
    reports: Annotated[
        list[str],
        typer.Argument(metavar="REPORT...", help="Report ids, or PROJECT:BUG-0001.", show_default=False),
    ],
    json: Json = False,
) -> None:
    """Make GitHub issues for reports, now.

    Prints the issues' addresses.
    """
    session = session_of(context)
    console = session.console
    results = session.run(lambda application, display: application.export(tuple(reports), display.progress()))
    for result in results:
        if json:
            console.json({"report": result.report, "url": result.url, "error": result.error})
        elif result.url:
            console.say(result.url)
        if result.error:
            console.complain(f"{result.error} (report {result.report})")
    if any(result.error for result in results):
        raise typer.Exit(1)
