"""A project's own settings count in its passes, and in no other project's."""

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.bootstrap.application import open_application
from reconciler.errors import SettingsChangedError, WrongSettingError
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome
from reconciler.model.viewer import OPERATOR
from reconciler.store.sync.local_scan import find_changed_projects
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync, settings_for


async def configure(sync: Sync, project: ProjectId | None = None, **settings: Any) -> int:
    """Store settings in place of those in force; return the new version."""
    found = project or sync.project
    now = (await sync.app.settings.show_settings(found)).version
    text = json.dumps(settings).encode()
    return (await sync.app.settings.save_settings(found, text, OPERATOR, expected=now)).version


async def test_the_projects_own_side_wins_a_conflict(sync: Sync) -> None:
    await configure(sync, conflict="bugspark")
    report, number = await sync.linked(severity="high")
    sync.change(report, severity="low")
    sync.github.clock.advance(60)
    sync.github.web.relabel(number, ["bug", "critical"], by="alice")
    await sync.settle()
    assert sync.severity(report) == "low"
    assert sync.labels(number) >= {"low-priority"}
    assert "critical" not in sync.labels(number)


async def test_reports_are_exported_by_themselves_once_the_project_wants_it(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, at=sync.github.clock.now())
    await sync.run()
    assert sync.bugspark.report(report)["github_issue_number"] is None  # type: ignore[index]
    await configure(sync, export="all")
    await sync.run(seconds=70)
    assert sync.number(report) > 0


async def test_the_scan_names_no_project_that_keeps_its_exports_to_itself(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        await sync.run()
        report = sync.bugspark.add_report(sync.project, at=sync.github.clock.now())
        assert await scanned(sync) == {sync.project}
        await configure(sync, export="manual")
        assert await scanned(sync) == set()
        await sync.run(seconds=70)
        row = sync.bugspark.report(report)
        assert row is not None
        assert row["github_issue_number"] is None


async def scanned(sync: Sync) -> set[ProjectId]:
    """The projects that the daemon's scan names."""
    database = sync.app._container.database
    return set(await find_changed_projects(database, sync.clock.now(), export_all=True))


async def test_settings_stay_when_the_owner_connects_the_repository_again(sync: Sync) -> None:
    version = await configure(sync, conflict="github")
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, token=sync.github.token)
    await sync.run()
    assert (await sync.app.settings.show_settings(sync.project)).version == version


async def test_a_pass_asks_for_settings_in_a_statement_that_it_makes_anyway(sync: Sync) -> None:
    await sync.settle()
    idle = await sync.run()
    await configure(sync, conflict="github")
    assert (await sync.run()).github == idle.github


async def test_settings_that_cannot_be_used_stop_the_project_and_say_which_key(sync: Sync) -> None:
    await configure(sync, conflict="github")
    sync.bugspark.execute("UPDATE sync_settings SET content = '{\"of_a_newer_program\": 1}'")
    result = await sync.run()
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert "of_a_newer_program" in result.error.message
    assert not sync.asked
    await configure(sync)
    assert (await sync.run()).outcome is Outcome.OK


async def test_of_two_editors_the_slower_one_is_refused_and_nothing_of_it_is_kept(sync: Sync) -> None:
    assert await configure(sync, conflict="github") == 1
    with pytest.raises(SettingsChangedError):
        await sync.app.settings.save_settings(sync.project, b"{}", OPERATOR, expected=0)
    with pytest.raises(WrongSettingError):
        await sync.app.settings.save_settings(sync.project, b'{"conflict": 1}', OPERATOR, expected=1)
    view = await sync.app.settings.show_settings(sync.project)
    assert (view.version, view.settings) == (1, {"conflict": "github"})


async def test_an_earlier_version_is_brought_back_as_a_new_one(sync: Sync) -> None:
    await configure(sync, conflict="github")
    await configure(sync, conflict="bugspark")
    view = await sync.app.settings.restore_settings(sync.project, 1, OPERATOR, expected=2)
    assert (view.version, view.settings) == (3, {"conflict": "github"})
    assert [line.version for line in view.history] == [3, 2, 1]
    assert all(line.by_operator for line in view.history)
    view = await sync.app.settings.restore_settings(sync.project, 0, OPERATOR, expected=3)
    assert view.settings == {}


async def test_a_prefix_of_settings_that_no_longer_fit_the_operators_labels_still_keeps_comments_back(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github) as sync:
        await configure(sync, severity={"critical": ["sev1"]}, private_prefix="#internal")
        report, number = await sync.linked()
        operator = {"severity": {"high": ["sev1"]}}
        url, api = sync.app._container.settings.database.url.reveal(), github.api
        async with open_application(settings_for(url, api, sync=operator), sync.clock) as app:
            changed = replace(sync, app=app)
            assert (await changed.run()).outcome is Outcome.FAILED
            sync.add_comment(report, "#internal for us only")
            sync.add_comment(report, "for everybody")
            github.clock.advance(5)
            await configure(changed)
            await changed.settle()
        (text,) = sync.texts_on_github(number)
        assert "for everybody" in text
