"""`reconcile demo`: a small world to see the program work in."""

from typing import Annotated

import typer

from reconciler.cli.session import session_of


def demo(
    context: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave dashboard and simulator running, and print their addresses.")
    ] = False,
) -> None:
    """Watch reports and issues become equal.

    On SQLite and a simulated GitHub, in a temporary directory.
    """
    raise typer.Exit(session_of(context).entrypoints.run_demo(keep))
