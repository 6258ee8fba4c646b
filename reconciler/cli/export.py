"""`reconcile export`: make issues for reports, now."""

from typing import Annotated

import typer

from reconciler.cli.options import JsonOption
from reconciler.cli.session import session_of


def export(
    context: typer.Context,
    reports: Annotated[
        list[str],
        typer.Argument(metavar="REPORT...", help="Report ids, or PROJECT:BUG-0001.", show_default=False),
    ],
    json: JsonOption = False,
) -> None:
    """Make GitHub issues for reports, now.

    Prints the issues' addresses.
    """
    session = session_of(context)
    console = session.console
    results = session.run_in_backend(
        lambda application, display: application.export(tuple(reports), display.new_progress())
    )
    for result in results:
        if json:
            console.print_json({"report": result.report, "url": result.url, "error": result.error})
        elif result.url:
            console.print_line(result.url)
        if result.error:
            console.print_error(f"{result.error} (report {result.report})")
    if any(result.error for result in results):
        raise typer.Exit(1)
