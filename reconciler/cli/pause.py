"""`reconcile pause` and `resume`: stop the passes of a project, and go on with them.

A module of its own, as every group of commands.
"""

from typing import Annotated

import typer

from reconciler.cli.session import session_of

ProjectArgument = Annotated[
    str, typer.Argument(metavar="PROJECT", help="The project's id or exact name.", show_default=False)
]


def pause(context: typer.Context, project: ProjectArgument) -> None:
    """Stop with a project until it is resumed.

    No pass is made, not by hand either; one at work stops before its next write to GitHub.
    """
    session = session_of(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.pause(project)))


def resume(context: typer.Context, project: ProjectArgument) -> None:
    """Go on with a paused project. What changed since is synced by the next pass."""
    session = session_of(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.resume(project)))
