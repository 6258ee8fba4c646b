"""`reconcile demo`: the program, run on a simulated GitHub.

It has its own module, like every command that shares no code with others.
"""

from typing import Annotated

import typer

from reconciler.cli.session import current_session


def demo(
    context: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave dashboard and simulator running, and print their addresses.")
    ] = False,
) -> None:
    """Watch reports and issues become equal.

    On SQLite and a simulated GitHub, in a temporary directory.
    """
    raise typer.Exit(current_session(context).entrypoints.run_demo(keep))
