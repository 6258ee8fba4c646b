"""`reconcile migrate`: bring the database schema up to date."""

import typer

from reconciler.cli.session import session_of


def migrate(context: typer.Context) -> None:
    """Bring the database schema up to date.

    Adds or updates this program's tables and columns in BugSpark's database. Safe to run again.
    """
    session = session_of(context)
    session.console.print_line(session.entrypoints.migrate(session.load_configuration().settings))
