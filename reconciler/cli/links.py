"""`reconcile link` and `unlink`: tie a report to an issue, and untie them."""

from typing import Annotated

import typer

from reconciler.cli.options import ReportArgument
from reconciler.cli.session import session_of


def link(
    context: typer.Context,
    report: ReportArgument,
    issue: Annotated[str, typer.Argument(metavar="OWNER/REPO#N", help="The issue.", show_default=False)],
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Send the report's older comments to GitHub too.")
    ] = False,
) -> None:
    """Link a report to an existing issue.

    The next pass makes them equal; where they differ now is a conflict.
    """
    session = session_of(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.link(report, issue, backfill=backfill))
    )


def unlink(context: typer.Context, report: ReportArgument) -> None:
    """Cut a report's link. Nothing is deleted or closed on either side."""
    session = session_of(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.unlink(report)))
