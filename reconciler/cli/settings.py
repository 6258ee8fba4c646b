"""`reconcile settings`: a project's own settings, shown and set by the operator.

First the command, then its output as lines and as JSON (pure).
"""

from __future__ import annotations  # the model is not imported for annotations alone

import json as json_text
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.console import project_reference_as_json
from reconciler.cli.session import JsonOption, ProjectOption, current_session
from reconciler.errors import UsageError
from reconciler.model.viewer import OPERATOR

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.cli.progress import ProgressDisplay
    from reconciler.model.policy import SettingsVersion, SettingsView
    from reconciler.model.report import Project

MAX_FILE_BYTES = 1024 * 1024


def settings(
    context: typer.Context,
    project: ProjectOption,
    new: Annotated[
        Path | None,
        typer.Option(
            "--set",
            metavar="FILE",
            help="Store the JSON object in this file as the settings; - reads standard input.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a project's own settings, or set them.

    They count instead of the values under sync in the configuration.
    """
    text = None if new is None else _read_settings_file(new)

    async def work(application: Application, _: ProgressDisplay) -> tuple[Project, SettingsView]:
        found = await application.find_project(project)
        view = await application.settings.show_settings(found.id)
        if text is not None:
            view = await application.settings.save_settings(found.id, text, OPERATOR, expected=view.version)
        return found, view

    session = current_session(context)
    found, view = session.run_in_backend(work)
    if json:
        session.console.print_json(settings_as_json(found, view))
        return
    if text is not None:
        session.console.print_note(f"Version {view.version} is stored; the next pass uses it.")
    for line in settings_lines(view):
        session.console.print_line(line)


def _read_settings_file(path: Path) -> bytes:
    try:
        if str(path) == "-":
            return typer.get_binary_stream("stdin").read(MAX_FILE_BYTES)
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be read ({error.strerror}), in reconcile settings; "
            "name a file that has a JSON object"
        ) from error


def settings_as_json(project: Project, view: SettingsView) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "project": project_reference_as_json(project.id, project.name, project.repository),
        "settings": dict(view.settings),
        "effective": dict(view.effective),
        "version": view.version,
    }


def settings_lines(view: SettingsView) -> Iterator[str]:
    """Return what people read: a line for each key in force, whose value it is, and the history."""
    if view.problem is not None:
        yield f"The stored settings can't be used: {view.problem}"
    for name, value in view.effective.items():
        whose = "project" if name in view.settings else "operator"
        shown = json_text.dumps(value, ensure_ascii=False)
        yield f"{whose:8}  {name} = {shown}"
    if view.kept_groups:
        yield f"Owners may not set: {', '.join(view.kept_groups)}"
    for version in view.history:
        yield _history_line(version)


def _history_line(version: SettingsVersion) -> str:
    author = "operator" if version.by_operator else version.author or "a user who is gone"
    return f"version {version.version}  {version.at:%Y-%m-%d %H:%M} UTC  {author}"
