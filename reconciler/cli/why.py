"""`reconcile why`: how a report stands, and how it came to that."""

from datetime import UTC, datetime

import typer

from reconciler.cli.options import JsonOption, ReportArgument
from reconciler.cli.session import session_of
from reconciler.cli.show_status import DisplayOptions


def why(context: typer.Context, report: ReportArgument, json: JsonOption = False) -> None:
    """Show the story of a report.

    Each field on both sides, the comments and their copies, what waits, and what was done by which rule.
    """
    from reconciler.cli.show_why import report_as_json, report_as_lines  # late: it knows the whole model

    session = session_of(context)
    shown = session.run_in_backend(lambda application, _: application.explain_report(report))
    if json:
        session.console.print_json(report_as_json(shown))
        return
    view = DisplayOptions(now=datetime.now(UTC), zone=None, is_unicode=session.console.is_unicode)
    for line in report_as_lines(shown, view):
        session.console.print_line(line)
