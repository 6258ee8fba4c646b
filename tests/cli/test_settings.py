"""`reconcile settings`: shown, set, and applied to existing links."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.bootstrap.settings_commands import ProjectSettingsCommands
from reconciler.errors import GitHubError, PlanChangedError, ReconcilerError, WrongSettingError
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome
from reconciler.model.plan import Rule
from reconciler.model.policy import SettingsVersion, SettingsView
from reconciler.model.report import Project
from reconciler.model.viewer import Viewer
from reconciler.model.views import PlanView
from tests.cli.fakes import CommandOutput, FakeApplication, command, project, result
from tests.cli.test_plan import action

ACME, HASH = project(), "0123456789abcdef"
PLAN = PlanView(
    project_id=ACME.id,
    project_name=ACME.name,
    repository=ACME.repository,
    hash=HASH,
    actions=(action("swap_labels", field="severity", local="high", to="high", rule=Rule.SETTINGS),),
)
NONE = SettingsView(
    version=0,
    settings={},
    effective={"conflict": "newest", "severity": {"high": ["high"]}},
    kept_groups=(),
    history=(),
)
LABELS = {"severity": {"high": ["sev2"]}}


@dataclass(eq=False)
class FakeSettings(ProjectSettingsCommands):
    """The settings of one project, in memory."""

    view: SettingsView = NONE
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    trouble: ReconcilerError | None = None

    async def show_settings(self, project: ProjectId) -> SettingsView:
        return self.view

    async def save_settings(
        self, project: ProjectId, text: bytes, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        new = json.loads(text)
        if "colour" in new:
            raise WrongSettingError("colour is not a known key.", "colour")
        self.calls.append(("save", expected))
        effective = {**self.view.effective, **new}
        self.view = replace(self.view, version=expected + 1, settings=new, effective=effective)
        return self.view

    async def preview_settings(self, project: ProjectId, text: bytes, viewer: Viewer) -> PlanView:
        self.calls.append(("preview",))
        if self.trouble is not None:
            raise self.trouble
        return PLAN

    async def require_previewed(self, project: ProjectId, text: bytes, digest: str, viewer: Viewer) -> None:
        if digest != HASH:
            raise PlanChangedError("the plan is not the same any more")


@dataclass
class SettingsApplication(FakeApplication):
    fake: FakeSettings = field(default_factory=FakeSettings)

    @property
    def settings(self) -> ProjectSettingsCommands:
        return self.fake

    async def apply_settings(self, project: Project, digest: str) -> PlanView:
        self.calls.append(("apply", digest))
        return PLAN


@pytest.fixture
def application() -> SettingsApplication:
    return SettingsApplication()


def run(application: SettingsApplication, *arguments: str) -> CommandOutput:
    return command("settings", "--project", ACME.name, *arguments, application=application)


def file_of(folder: Path, value: object) -> str:
    path = folder / "settings.json"
    path.write_text(json.dumps(value))
    return str(path)


def test_the_settings_in_force_are_shown_with_whose_they_are(application: SettingsApplication) -> None:
    application.fake.view = replace(NONE, settings={"conflict": "newest"})
    output = run(application)
    assert (output.status, output.err) == (0, "")
    assert output.out.splitlines() == [
        'project   conflict = "newest"',
        'operator  severity = {"high": ["high"]}',
    ]


def test_other_labels_are_stored_and_the_plan_of_existing_links_is_shown(
    application: SettingsApplication, tmp_path: Path
) -> None:
    output = run(application, "--set", file_of(tmp_path, LABELS))
    assert output.status == 0
    assert application.fake.calls == [("save", 0), ("preview",)]
    assert "high (the settings are applied to existing links)" in output.out.replace("  ", " ")
    assert f"reconcile settings --project 'Acme Web' --apply {HASH}" in output.err
    assert not application.calls
    shown = run(application, "--set", file_of(tmp_path, {"severity": {"high": ["sev3"]}}), "--json")
    assert shown.objects[0]["hash"] == HASH
    assert [each["kind"] for each in shown.objects[0]["actions"]] == ["swap_labels"]


def test_another_place_of_the_severity_shows_the_plan_too(
    application: SettingsApplication, tmp_path: Path
) -> None:
    output = run(application, "--set", file_of(tmp_path, {"severity_as": "priority"}))
    assert application.fake.calls == [("save", 0), ("preview",)]
    assert f"--apply {HASH}" in output.err


def test_without_other_labels_there_is_no_plan(application: SettingsApplication, tmp_path: Path) -> None:
    output = run(application, "--set", file_of(tmp_path, {"conflict": "github"}), "--json")
    assert application.fake.calls == [("save", 0)]
    assert output.objects == [
        {
            "project": {"id": str(ACME.id), "name": ACME.name, "repository": ACME.repository},
            "settings": {"conflict": "github"},
            "effective": {"conflict": "github", "severity": {"high": ["high"]}},
            "version": 1,
        }
    ]


def test_what_is_stored_stays_so_where_there_is_no_plan(
    application: SettingsApplication, tmp_path: Path
) -> None:
    application.fake.trouble = GitHubError("GitHub can't be reached")
    output = run(application, "--set", file_of(tmp_path, LABELS))
    assert (output.status, application.fake.view.version) == (0, 1)
    assert "not known: GitHub can't be reached" in output.err


def test_the_plan_with_this_hash_is_carried_out_by_a_pass(
    application: SettingsApplication, tmp_path: Path
) -> None:
    output = run(application, "--set", file_of(tmp_path, LABELS), "--apply", HASH)
    assert output.status == 0
    assert application.fake.calls == [("save", 0)]
    assert application.calls == [("apply", HASH), ("run", ACME.name, True, None)]
    application.passes = {ACME.name: result(ACME, Outcome.LIMITED)}
    assert run(application, "--apply", HASH).status == 1


def test_another_hash_and_a_wrong_key_store_nothing(application: SettingsApplication, tmp_path: Path) -> None:
    assert run(application, "--set", file_of(tmp_path, LABELS), "--apply", "f" * 16).status == 1
    output = run(application, "--set", file_of(tmp_path, {"colour": 1}))
    assert output.status == 1 and "colour" in output.err
    assert application.fake.calls == [] and application.calls == []


def test_the_history_names_the_author_of_each_version(application: SettingsApplication) -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    version = SettingsVersion(version=1, author="Ada", by_operator=False, at=at, content="{}")
    application.fake.view = replace(NONE, history=(version,))
    assert "version 1  2026-03-02 09:00 UTC  Ada" in run(application).out
