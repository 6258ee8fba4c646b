"""A test of the tests for unusual conditions: a planted bug for each rule is seen, and nothing without it.

Rows that can't be read, edits before a lost answer is searched for, times ahead, clocks that differ,
BugSpark's own button, another repository, a limited first contact (tests/proofs/rare_event_rules.py).
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconciler.decide import comments, link
from reconciler.demo.github.faults import Limit, Unmodified
from reconciler.errors import ProjectError
from reconciler.github import lists, reads, writes
from reconciler.model.ids import ReportId
from reconciler.model.link import UnsyncedFieldChange
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.store.sync.ledger import StoredLedger
from reconciler.sync import (
    decide_links,
    decide_observation,
    full_read,
    own_issues,
    recover,
    run,
)
from reconciler.sync.apply import PlanApplier
from reconciler.sync.comments import second_readings
from reconciler.sync.context import Context
from reconciler.sync.intents import record_export_intents
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.proofs.rare_event_rules import LOST
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]

AHEAD_HOURS = 5


# --- rows that can't be read ------------------------------------------------------------------------------


def what_cannot_be_read_stops_the_project(patch: pytest.MonkeyPatch) -> None:
    def stop(context: Context, link: object, error: Exception) -> None:
        raise ProjectError(str(error))

    patch.setattr(full_read, "plan_missing_issue", stop)


def what_cannot_be_read_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide_observation, "_issues_of_unreadable_rows", lambda *_: frozenset())


async def a_row_cannot_be_read(scenario: Scenario, *, comment: bool) -> Violations:
    """One of two issues; both sides of both are used, and later the row can be read again."""
    spoiled, other = await scenario.export(title="first"), await scenario.export(title="second")
    scenario.comment_on_github(spoiled)
    await scenario.run()
    if comment:
        scenario.spoil_comment(scenario.notes[0])
    else:
        scenario.spoil_issue(spoiled)
    for report in (spoiled, other):
        scenario.set_on_github(report, "severity", "critical")
        scenario.set_in_bugspark(report, "status", "resolved")
        scenario.comment_on_github(report)
    scenario.edit(scenario.notes[0])
    await scenario.run(seconds=61)
    last = await scenario.run(seconds=61)
    assert last is not None
    wrong = find_violations(scenario, last)
    scenario.make_readable()
    return wrong + find_violations(scenario, await scenario.settle(hours=2))


# --- reports that are missing -----------------------------------------------------------------------------


def missing_reports_are_taken_as_deleted(patch: pytest.MonkeyPatch) -> None:
    async def trusting(_: PlanApplier, plans: Any) -> Any:
        return plans

    patch.setattr(PlanApplier, "_withhold_link_ends", trusting)


async def all_reports_are_missing_for_a_while(scenario: Scenario) -> Violations:
    for title in ("first", "second"):
        await scenario.export(title=title)
    scenario.bugspark.execute("CREATE TABLE kept AS SELECT * FROM reports")
    scenario.bugspark.execute("DELETE FROM reports")
    await scenario.run()
    await scenario.run()
    scenario.bugspark.execute("INSERT INTO reports SELECT * FROM kept")
    states = {row["state"] for row in scenario.rows("sync_links")}
    wrong = [] if states == {"active"} else [f"links of missing reports are {states}"]
    return wrong + find_violations(scenario, await scenario.settle())


# --- answers that are lost, and edited ---------------------------------------------------------------------


def a_marker_counts_as_the_last_line_only(patch: pytest.MonkeyPatch) -> None:
    async def unmarked(*given: Any) -> Any:
        return dict(given[3])

    async def none(*_: object) -> frozenset[object]:
        return frozenset()

    patch.setattr(full_read, "mark_edited_copies", unmarked)
    patch.setattr(decide_observation, "find_doubtful_copies", none)


async def a_lost_comment_is_edited(scenario: Scenario, how: str) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.comment_in_bugspark(report)
    scenario.github.simulator.faults.add(LOST, method="POST", path=r"/issues/\d+/comments$")
    await scenario.run()
    scenario.github.simulator.faults.clear()
    scenario.edit_answer(scenario.notes[0], how)
    return find_violations(scenario, await scenario.settle(hours=0))


def an_edited_issue_is_not_recognised(patch: pytest.MonkeyPatch) -> None:
    for module in (own_issues, recover):
        patch.setattr(module, "find_issue_candidates", lambda *_: [])


async def a_lost_issue_is_edited(scenario: Scenario) -> Violations:
    scenario.github.simulator.faults.add(LOST, method="POST", path="/issues$")
    report = await scenario.export(title="first")
    scenario.github.simulator.faults.clear()
    scenario.edit_issue_of_ours(report, "append")
    return find_violations(scenario, await scenario.settle(hours=0))


# --- times ahead -------------------------------------------------------------------------------------------


def times_ahead_are_believed(patch: pytest.MonkeyPatch) -> None:
    for module in (lists, reads, writes):
        patch.setattr(module, "clamp_times", lambda value, _: value)

    def is_older(moment: datetime, known: datetime | None, _: datetime) -> bool:
        return known is not None and moment < known

    for user in (comments, link, full_read, second_readings):
        patch.setattr(user, "is_older_than_known", is_older)


async def times_are_ahead_for_a_while(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.run_ahead(AHEAD_HOURS, whole_clock=False)
    scenario.comment_on_github(report)
    scenario.set_on_github(report, "severity", "critical")
    await scenario.run()
    scenario.run_ahead(0, whole_clock=False)
    scenario.github.clock.advance(600)
    scenario.edit(scenario.notes[0])
    scenario.set_on_github(report, "status", "resolved")
    scenario.github.simulator.faults.add(Unmodified(), method="GET", path=r"\?.*since=", times=None)
    return find_violations(scenario, await scenario.settle(hours=0))


# --- clocks that differ ------------------------------------------------------------------------------------


def bugsparks_time_is_taken_as_it_is(patch: pytest.MonkeyPatch) -> None:
    def uncorrected(_: Context, view: Any, *given: UnsyncedFieldChange) -> datetime:
        at: datetime = view.report.updated_at
        return at.replace(microsecond=0)

    patch.setattr(decide_links, "_local_change_time", uncorrected)


async def the_last_of_two_changes_counts(scenario: Scenario, *, ahead: int) -> Violations:
    """Both clocks of this side are wrong by 90 seconds, and the changes are half a minute apart."""
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.set_clocks(daemon=ahead, bugspark=ahead)
    changes = [
        partial(scenario.set_in_bugspark, report, "severity", "low"),
        partial(scenario.set_on_github, report, "severity", "critical"),
    ]
    for change in changes if ahead > 0 else reversed(changes):
        change()
        scenario.github.clock.advance(30)
    wrong = find_violations(scenario, await scenario.settle(hours=0))
    wanted, row = "critical" if ahead > 0 else "low", scenario.all_reports()[report]
    return wrong + ([] if row["severity"] == wanted else [f"severity {row['severity']} is not the last one"])


# --- BugSpark's own export button --------------------------------------------------------------------------


def second_issue_is_not_reported(patch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> None:
        pass

    patch.setattr(run, "record_second_issues", silent)


async def the_button_is_pressed_again(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.press_button(report)
    return find_violations(scenario, await scenario.settle(hours=0))


def the_buttons_issue_is_not_found(patch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> tuple[()]:
        return ()

    patch.setattr(run, "link_issues_exported_by_bugspark", none)


async def the_button_is_pressed_once(scenario: Scenario) -> Violations:
    await scenario.run()
    scenario.press_button(scenario.file_report("first"))
    return find_violations(scenario, await scenario.settle(hours=0))


# --- another repository ------------------------------------------------------------------------------------


def links_are_not_compared_on_return(patch: pytest.MonkeyPatch) -> None:
    async def skip(*_: object, **__: object) -> None:
        pass

    patch.setattr(StoredLedger, "mark_all_due_for_verification", skip)


async def the_project_leaves_and_returns(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    scenario.comment_on_github(report)
    await scenario.run()
    scenario.move_integration()
    await scenario.run()
    scenario.set_on_github(report, "severity", "critical")
    scenario.edit(scenario.notes[0])
    scenario.github.clock.advance(900)
    await scenario.run()
    scenario.move_integration()
    return find_violations(scenario, await scenario.settle(hours=0))


def exports_stay_with_the_old_repository(patch: pytest.MonkeyPatch) -> None:
    async def keep(*_: object) -> None:
        pass

    patch.setattr(recover, "retarget_exports", keep)


async def an_export_waits_while_the_project_moves(scenario: Scenario) -> Violations:
    await scenario.run()
    scenario.github.simulator.faults.add(Limit(wait=60), method="POST", times=None)
    report = await scenario.export(title="first")
    scenario.github.simulator.faults.clear()
    scenario.move_integration()
    last = await scenario.settle(hours=0)
    number = scenario.issue_numbers()[report]
    wrong = [] if number is not None and scenario.is_here(number) else [f"the export has the issue {number}"]
    return wrong + find_violations(scenario, last)


# --- a limited first contact -------------------------------------------------------------------------------


def an_export_is_recorded_after_github_answered(patch: pytest.MonkeyPatch) -> None:
    original = record_export_intents

    async def late(context: Context, state: ProjectState, ids: Collection[ReportId], **given: Any) -> None:
        if state.repository_id != UNKNOWN_REPOSITORY:
            await original(context, state, ids, **given)

    patch.setattr(run, "record_export_intents", late)


async def a_limit_ends_the_first_contact(scenario: Scenario) -> Violations:
    scenario.github.simulator.faults.add(Limit(wait=60), times=None)
    await scenario.export(title="first")
    scenario.github.simulator.faults.clear()
    return find_violations(scenario, await scenario.settle(hours=0))


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "an unreadable issue stops nothing else": (
        what_cannot_be_read_stops_the_project,
        partial(a_row_cannot_be_read, comment=False),
    ),
    "an unreadable comment rests its link": (
        what_cannot_be_read_is_passed_over,
        partial(a_row_cannot_be_read, comment=True),
    ),
    "missing reports": (missing_reports_are_taken_as_deleted, all_reports_are_missing_for_a_while),
    "an edited comment": (
        a_marker_counts_as_the_last_line_only,
        partial(a_lost_comment_is_edited, how="append"),
    ),
    "an unsigned comment": (
        a_marker_counts_as_the_last_line_only,
        partial(a_lost_comment_is_edited, how="unsign"),
    ),
    "an edited issue": (an_edited_issue_is_not_recognised, a_lost_issue_is_edited),
    "times ahead": (times_ahead_are_believed, times_are_ahead_for_a_while),
    "clocks ahead": (bugsparks_time_is_taken_as_it_is, partial(the_last_of_two_changes_counts, ahead=90)),
    "clocks behind": (bugsparks_time_is_taken_as_it_is, partial(the_last_of_two_changes_counts, ahead=-90)),
    "a second issue": (second_issue_is_not_reported, the_button_is_pressed_again),
    "the button's issue": (the_buttons_issue_is_not_found, the_button_is_pressed_once),
    "a return": (links_are_not_compared_on_return, the_project_leaves_and_returns),
    "a moved export": (exports_stay_with_the_old_repository, an_export_waits_while_the_project_moves),
    "a limited first contact": (an_export_is_recorded_after_github_answered, a_limit_ends_the_first_contact),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_bug_in_a_rule_for_unusual_conditions_is_seen_and_nothing_without_it(
    rule: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await require_bug_detected(*PLANTED[rule], sqlite_template, tmp_path, monkeypatch)
