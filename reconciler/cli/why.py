"""`reconcile why`: how a report stands, and how it came to that."""

from datetime import UTC, datetime

import typer

from reconciler.cli.options import Json, Report
from reconciler.cli.session import session_of
from reconciler.cli.show_status import View


def why(context: typer.Context, report: Report, json: Json = False) -> None:
    """Show the story of a report.

    Each field on both sides, the comments and their copies, what waits, and what was done by which rule.
    """
    from reconciler.cli.show_why import as_json, as_lines  # late: it knows the whole model

    session = session_of(context)
    shown = session.run(lambda application, _: application.why(report))
    if json:
        session.console.json(as_json(shown))
        return
    view = View(now=datetime.now(UTC), zone=None, unicode=session.console.unicode)
    for line in as_lines(shown, view):
        session.console.say(line)
