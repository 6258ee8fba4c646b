"""A test of the tests for Priority: a planted bug for each rule is seen, and nothing without it."""

import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.decide import link
from reconciler.fields.severity import SeverityField
from reconciler.fields.synced_field import AddedEvent
from reconciler.github.issue_fields.requests import FieldRequests
from reconciler.github.issue_fields.rows import decode_choices
from reconciler.model.fields import Base, Choices
from reconciler.model.ids import IssueNumber, ProjectId, ReportId
from reconciler.model.intent import WriteResult
from reconciler.model.link import LinkObservation, SeenIssue
from reconciler.model.policy import SyncPolicy
from reconciler.model.snapshot import KnownPriority
from reconciler.store.sync.project_state import StoredProjects
from tests.support.github import GitHub, github
from tests.support.stores import sqlite_template
from tests.support.sync import Sync, open_sync
from tests.sync.test_project_settings import configure

__all__ = ["github", "sqlite_template"]

Found = tuple[str, Mapping[str, str]]
"""The report's severity, and the issue's choices by the names of their fields."""


async def prepared(sync: Sync) -> tuple[ReportId, int]:
    """A report that is high on both sides, with a value in another field."""
    for name, options in (("Priority", ("Urgent", "High", "Medium", "Low")), ("Effort", ("High", "Low"))):
        sync.github.web.add_field(name, options)
    await configure(sync, severity_as="priority")
    await sync.run()
    sync.github.clock.advance(5)
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice", name="Effort")
    await sync.settle()
    return report, number


def found(sync: Sync, number: int) -> Found:
    (report,) = (row for row in sync.bugspark.rows_of("reports") if row["github_issue_number"] == number)
    return str(report["severity"]), sync.github.web.chosen(number)


# --- one field is written, and no other ------------------------------------------------------------------


def all_fields_are_replaced(patch: pytest.MonkeyPatch) -> None:
    async def put(
        self: FieldRequests, number: IssueNumber, field_id: int, option: str
    ) -> WriteResult[Choices]:
        payload = {"issue_field_values": [{"field_id": field_id, "value": option}]}
        parts = ("issues", number, "issue-field-values")
        return await self._write("PUT", parts, payload, "set a field", decode_choices)

    patch.setattr(FieldRequests, "choose_option", put)


async def the_report_changes(sync: Sync) -> Found:
    report, number = await prepared(sync)
    sync.change(report, severity="critical")
    await sync.settle()
    return found(sync, number)


# --- what a row lacks is not known -----------------------------------------------------------------------


def a_row_without_values_is_a_cleared_one(patch: pytest.MonkeyPatch) -> None:
    original = link._newest_seen_issue

    def cleared(view: LinkObservation, policy: SyncPolicy) -> SeenIssue | None:
        seen = original(view, policy)
        is_bare = view.issue is not None and view.issue.choices is None
        return replace(seen, choices=()) if seen is not None and is_bare else seen

    patch.setattr(link, "_newest_seen_issue", cleared)


async def lists_lack_the_values(sync: Sync) -> Found:
    """The title edit puts a row without field values into the list; a single read then shows the values."""
    report, number = await prepared(sync)
    sync.change(report, severity="critical")
    await sync.settle()
    sync.github.world.assume(listed_issues_have_field_values=False)
    sync.github.web.retitle(number, "Seen again", by="alice")
    await sync.settle()
    (after,) = sync.bugspark.rows_of("sync_links")
    severity, chosen = found(sync, number)
    return f"{severity}, known: {'Urgent' in str(after['seen_choices'])}", chosen


# --- a new place is not an edit ----------------------------------------------------------------------------


def every_value_counts_as_new(patch: pytest.MonkeyPatch) -> None:
    def always(
        self: SeverityField, base: Base, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> Base:
        return base if base.choices is not None else replace(base, choices=())

    patch.setattr(SeverityField, "with_values_before_settings", always)


def old_halves_are_kept(patch: pytest.MonkeyPatch) -> None:
    original = StoredProjects.save_priority

    async def keeping(
        self: StoredProjects, project_id: ProjectId, known: KnownPriority | None, *, ends: bool
    ) -> None:
        await original(self, project_id, known, ends=False)

    patch.setattr(StoredProjects, "save_priority", keeping)


async def the_settings_go_to_labels_and_back(sync: Sync) -> Found:
    """Between the two a user chooses a value; GitHub changes no time for it, so no pass reads the issue."""
    _, number = await prepared(sync)
    await configure(sync, severity_as="label")
    await sync.settle()
    sync.github.world.assume(field_change_bumps_issue=False)
    sync.github.web.choose(number, "Low", by="alice")
    sync.github.clock.advance(5)
    await configure(sync, severity_as="priority")
    await sync.settle()
    sync.github.web.retitle(number, "Seen again", by="alice")
    await sync.settle()
    return found(sync, number)


Situation = Callable[[Sync], Awaitable[Found]]
PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Situation, Found]] = {
    "one field": (
        all_fields_are_replaced,
        the_report_changes,
        ("critical", {"Priority": "Urgent", "Effort": "Low"}),
    ),
    "not known": (
        a_row_without_values_is_a_cleared_one,
        lists_lack_the_values,
        ("critical, known: True", {"Priority": "Urgent", "Effort": "Low"}),
    ),
    "not an edit": (
        every_value_counts_as_new,
        the_settings_go_to_labels_and_back,
        ("high", {"Priority": "Low", "Effort": "Low"}),
    ),
    "forgotten": (
        old_halves_are_kept,
        the_settings_go_to_labels_and_back,
        ("high", {"Priority": "Low", "Effort": "Low"}),
    ),
}


@pytest.mark.parametrize("is_planted", [False, True])
@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_bug_is_seen_and_nothing_without_it(
    rule: str,
    is_planted: bool,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    github: GitHub,
) -> None:
    plant, situation, sound = PLANTED[rule]
    if is_planted:
        plant(monkeypatch)
    address = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bugspark.db')}"
    async with open_sync(address, github) as sync:
        assert (await situation(sync) == sound) is not is_planted
