"""`reconcile settings`: a project's own settings, shown, set and applied by the operator.

First the command, then its output as lines and as JSON (pure).
"""

from __future__ import annotations  # the model is not imported for annotations alone

import json as json_text
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.console import project_reference_as_json
from reconciler.cli.passes import pass_as_line, print_result
from reconciler.cli.plan import plan_as_lines
from reconciler.cli.session import CommandSession, JsonOption, ProjectOption, current_session
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.formatting import shell_command
from reconciler.model.viewer import OPERATOR
from reconciler.model.views import action_as_json

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.cli.progress import ProgressDisplay
    from reconciler.model.passes import PassResult
    from reconciler.model.policy import SettingsVersion, SettingsView
    from reconciler.model.report import Project
    from reconciler.model.views import PlanView

MAX_FILE_BYTES = 1024 * 1024
MAPPING_KEYS = ("severity", "category", "stage", "severity_as")
"""The keys that say what a label or a Priority on an issue means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsResult:
    """What the command did. `plan`: of applying the settings to existing links; `applied`: its pass.

    `problem`: why there is no plan, if so.
    """

    project: Project
    view: SettingsView
    plan: PlanView | None = None
    applied: PassResult | None = None
    problem: str | None = None


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
    apply: Annotated[
        str | None,
        typer.Option(
            "--apply",
            metavar="HASH",
            help="Apply the labels to existing links, if the plan shown by --set still has this hash.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a project's own settings, set or apply them.

    They count instead of the values under sync in the configuration.
    """
    text = None if new is None else _read_settings_file(new)

    async def work(application: Application, display: ProgressDisplay) -> SettingsResult:
        return await _set_and_apply(application, display, project, text, apply)

    session = current_session(context)
    done = session.run_in_backend(work)
    _print_settings(session, done, is_stored=text is not None, json=json)
    if done.applied is not None and not print_result(
        session, done.applied, pass_as_line(done.applied), json=json
    ):
        raise typer.Exit(1)


async def _set_and_apply(
    application: Application, display: ProgressDisplay, project: str, text: bytes | None, digest: str | None
) -> SettingsResult:
    """Store the text, if any, and apply the plan with this hash, if any.

    With both, nothing is stored if the plan has another hash. What is stored stays stored without a plan.
    """
    found = await application.find_project(project)
    before = await application.settings.show_settings(found.id)
    view, plan, applied, problem = before, None, None, None
    if text is not None and digest is not None:
        await application.settings.require_previewed(found.id, text, digest, OPERATOR)
    if text is not None:
        view = await application.settings.save_settings(found.id, text, OPERATOR, expected=before.version)
    if digest is not None:
        plan = await application.apply_settings(found, digest)
        applied = await application.run_pass(found, wait=True, accept=None, progress=display.new_progress())
    elif text is not None and _mapping_differs(before, view):
        try:
            plan = await application.settings.preview_settings(found.id, text, OPERATOR)
        except ReconcilerError as error:
            problem = str(error)
    return SettingsResult(project=found, view=view, plan=plan, applied=applied, problem=problem)


def _mapping_differs(before: SettingsView, after: SettingsView) -> bool:
    """Whether labels or Priority have another meaning, so that applying may change existing links."""
    return any(before.effective.get(name) != after.effective.get(name) for name in MAPPING_KEYS)


def _print_settings(session: CommandSession, done: SettingsResult, *, is_stored: bool, json: bool) -> None:
    console = session.console
    if done.problem is not None:
        console.print_note(f"What this means for existing links is not known: {done.problem}")
    if json:
        console.print_json(settings_as_json(done))
        return
    if is_stored:
        console.print_note(f"Version {done.view.version} is stored; the next pass uses it.")
    for line in settings_lines(done.view):
        console.print_line(line)
    if done.plan is None:
        return
    for line in plan_as_lines(done.plan, unicode=console.is_unicode, columns=console.columns):
        console.print_line(line)
    if done.applied is None:
        name, digest = done.project.name, done.plan.hash
        command = shell_command("reconcile", "settings", "--project", name, "--apply", digest)
        console.print_note(f"Existing links keep their labels. This plan gives them the new ones: {command}")


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


def settings_as_json(done: SettingsResult) -> dict[str, Any]:
    """Return what `--json` prints; `hash` and `actions` as `plan --json` has them, where there is a plan."""
    project, view = done.project, done.view
    shown = {
        "project": project_reference_as_json(project.id, project.name, project.repository),
        "settings": dict(view.settings),
        "effective": dict(view.effective),
        "version": view.version,
    }
    if done.plan is None:
        return shown
    return {**shown, "hash": done.plan.hash, "actions": [action_as_json(each) for each in done.plan.actions]}


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
