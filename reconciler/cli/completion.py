"""What the shell completes: names of projects, fields, and sides.

Nobody can be told of an error while a word is completed, so there are no suggestions then.
"""

from pathlib import Path

import typer

from reconciler.errors import ReconcilerError
from reconciler.model.fields import Field, Side


def complete_project(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of active projects that begin with `incomplete`."""
    from reconciler.cli.session import CommandSession

    session = context.find_object(CommandSession)
    if session is None:
        return []
    given = context.find_root().params.get("config")
    session.config = Path(given) if given else None
    try:
        projects = session.run_in_backend(lambda application, _: application.list_projects(), reads=True)
    except ReconcilerError:
        return []
    return [project.name for project in projects if project.name.startswith(incomplete)]


def complete_field(incomplete: str) -> list[str]:
    """Return the fields that begin with `incomplete`."""
    return [field.value for field in Field if field.value.startswith(incomplete)]


def complete_side(incomplete: str) -> list[str]:
    """Return the sides that begin with `incomplete`."""
    return [side.value for side in Side if side.value.startswith(incomplete)]
