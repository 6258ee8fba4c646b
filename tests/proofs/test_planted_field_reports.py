"""A test of the tests, for rules that reports from the field led to: a planted bug for each must be seen.

Order, BugSpark's button, automatic exports, times of fields, who may speak, names, labels, values and answers
that are not as usual (docs/reference/github.md, docs/reference/bugspark.md).
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.decide import comments, edited_originals, link
from reconciler.demo.github.faults import Drop, DuringRequest, Reply, Stale, error
from reconciler.demo.github.messages import Problem
from reconciler.errors import GitHubError
from reconciler.github import classify, client, limits, repository_ref, translate
from reconciler.github.lists import RepositoryList
from reconciler.model.ids import ReportId
from reconciler.model.issue import Issue
from reconciler.model.link import Link, LinkObservation
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.plan import LinkPlan
from reconciler.store.bugspark import reports
from reconciler.store.sync import import_times, local_scan
from reconciler.sync import commands, decide_links, decide_observation, linking, preflight, send, write
from reconciler.sync.context import Context
from reconciler.sync.exports import second_issues
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]

MANY = 8
COMMENTS = r"/issues/\d+/comments$"


def replaced(where: object, name: str, value: object) -> PlantBug:
    """Take the rule away by replacing this."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(where, name, value)

    return plant


def returning(value: object) -> Callable[..., Awaitable[object]]:
    async def return_it(*_: object, **__: object) -> object:
        return value

    return return_it


async def run(scenario: Scenario, seconds: float = 61) -> PassResult:
    result = await scenario.run(seconds=seconds)
    assert result is not None
    return result


# --- order ------------------------------------------------------------------------------------------------


def imported_at_one_time(rows: Sequence[import_times.Imported]) -> dict[Any, datetime]:
    return {local: at for _, local, at in rows}


async def comments_of_one_second_are_imported(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    for _ in range(MANY):
        scenario.comment_on_github(report)
    await run(scenario)
    bodies = [row["body"].rpartition("\n")[2] for row in scenario.bugspark.comments(report)]
    return [] if bodies == [note.token for note in scenario.notes] else [f"out of order: {bodies}"]


def the_newest_comes_first(patch: pytest.MonkeyPatch) -> None:
    def newest_first(rows: Iterable[Any], *, key: Callable[[Any], Any]) -> list[Any]:
        return sorted(rows, key=key, reverse=True)

    patch.setattr(comments, "sorted", newest_first, raising=False)


async def comments_are_posted(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    for _ in range(MANY):
        scenario.comment_in_bugspark(report)
        scenario.github.clock.advance(1)
    await run(scenario)
    posted = [body.split("\n")[2] for body in scenario.comments_of_its_issue(report)]
    return [] if posted == [note.token for note in scenario.notes] else [f"out of order: {posted}"]


# --- BugSpark's button ------------------------------------------------------------------------------------


async def a_comment_follows_the_button(scenario: Scenario) -> Violations:
    await scenario.run()
    report = scenario.file_report("first")
    scenario.press_button(report)
    scenario.github.clock.advance(30)
    scenario.comment_in_bugspark(report)
    await scenario.settle(hours=0)
    return [] if scenario.copies_on_github(scenario.notes[0]) else ["what followed the button was not sent"]


async def the_button_exports_a_crash(scenario: Scenario) -> Violations:
    await scenario.run()
    report = scenario.file_report("first")
    scenario.bugspark.set_report(report, category="crash")
    scenario.press_button(report)
    scenario.set_in_bugspark(report, "severity", "critical")
    await scenario.settle(hours=0)
    lost = [row for row in scenario.rows("sync_changes") if row["kind"] == "conflict"]
    labels = scenario.github.web.label_names(1)
    unlabelled = [] if "crash" in labels else [f"labels: {labels}"]
    return [f"a conflict: {row['rule']}" for row in lost] + unlabelled


# --- automatic exports ------------------------------------------------------------------------------------


async def a_report_is_filed_and_exported_by_the_button(scenario: Scenario, *, lag: float) -> Violations:
    await scenario.run()
    await scenario.save_settings(export="all")
    report = scenario.file_report("first")
    await scenario.run(seconds=1)
    scenario.press_button(report)
    if lag:
        scenario.github.simulator.faults.add(Stale(seconds=lag), method="GET", path="direction=desc", times=2)
    await run(scenario)
    last = await scenario.settle(hours=0)
    many = len(scenario.numbers()) > 1
    return find_violations(scenario, last) + (["there are two issues of one report"] if many else [])


async def the_button_is_faster(scenario: Scenario) -> Violations:
    return await a_report_is_filed_and_exported_by_the_button(scenario, lag=0)


async def the_button_is_faster_beside_a_lagging_list(scenario: Scenario) -> Violations:
    return await a_report_is_filed_and_exported_by_the_button(scenario, lag=100)


async def by_githubs_clock(context: Context) -> datetime:
    return context.github.now()


async def a_report_is_filed_by_a_clock_that_is_behind(scenario: Scenario) -> Violations:
    scenario.set_clocks(daemon=0, bugspark=-90)
    await scenario.run()
    await scenario.save_settings(export="all")
    report = scenario.file_report("first")
    await run(scenario)
    await scenario.settle(hours=0)
    return [] if scenario.issue_numbers()[report] else ["a report filed later was not exported"]


async def a_report_is_closed_before_its_turn(scenario: Scenario) -> Violations:
    await scenario.run()
    await scenario.save_settings(export="all")
    report = scenario.file_report("first")
    scenario.set_in_bugspark(report, "status", "resolved")
    await run(scenario)
    await scenario.settle(hours=0)
    return ["a report that is done was exported"] if scenario.numbers() else []


# --- exports of unknown outcome ----------------------------------------------------------------------------


async def an_export_is_lost_and_the_integration_moves(scenario: Scenario) -> ReportId:
    """Make an export whose answer is lost, in a repository that the project leaves then."""
    await scenario.run()
    scenario.github.simulator.faults.add(Drop(applied=True), method="POST", path="/issues$")
    report = await scenario.export(title="first")
    scenario.move_integration()
    await run(scenario)
    await run(scenario)
    return report


async def a_lost_export_is_tried_again(scenario: Scenario) -> Violations:
    report = await an_export_is_lost_and_the_integration_moves(scenario)
    await scenario.retry(report)
    await run(scenario)
    titles = [issue.title for issue in scenario.repository.issues]
    linked = scenario.is_linked(report) and not scenario.rows("sync_intents")
    return [] if linked and titles == ["[BUG-0001] first"] else [f"after a retry its issues are {titles}"]


async def a_lost_export_is_given_up(scenario: Scenario) -> Violations:
    report = await an_export_is_lost_and_the_integration_moves(scenario)
    await scenario.unlink(report)
    outcome = (await run(scenario)).outcome
    left = [str(row["state"]) for row in scenario.rows("sync_intents")]
    ended = outcome is Outcome.OK and not left
    return [] if ended else [f"after an unlink {left} is left, and a pass is {outcome}"]


# --- times of fields --------------------------------------------------------------------------------------


async def an_assignee_changes_after_the_severity_did(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    app = await scenario.start()

    async def scan() -> None:
        now, database = scenario.clock.now(), app._container.database
        await local_scan.find_changed_projects(
            database, now, export_all=False, incremental=False, compared_at=None
        )

    scenario.set_in_bugspark(report, "severity", "low")
    await scan()
    scenario.github.clock.advance(60)
    scenario.set_on_github(report, "severity", "critical")
    scenario.github.clock.advance(60)
    scenario.bugspark.set_report(report, assignee_id=scenario.ada, updated_at=scenario.bugspark_now())
    await scenario.settle(hours=0)
    severity = scenario.all_reports()[report]["severity"]
    return [] if severity == "critical" else [f"severity {severity} is not the last one"]


# --- who may speak, and under which name -------------------------------------------------------------------


async def as_the_list_shows_it(_: Context, view: LinkObservation) -> LinkObservation:
    return view


async def lists_do_not_tell_who_is_a_collaborator(scenario: Scenario) -> Violations:
    scenario.github.world.assume(listed_comments_have_association=False)
    report = await scenario.export(title="first")
    await scenario.save_settings(comments_from="collaborators")
    scenario.comment_on_github(report)
    await scenario.settle()
    return [] if scenario.copies_in_bugspark(scenario.notes[0]) else ["a collaborator is not heard"]


async def somebody_deletes_their_account(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    scenario.comment_in_bugspark(report)
    await scenario.run()
    scenario.bugspark.execute("UPDATE users SET name = 'Deleted User' WHERE name = 'Ada'")
    await scenario.settle()
    return [body for body in scenario.comments_of_its_issue(report) if "Ada" in body]


# --- labels and values that are not known ------------------------------------------------------------------


async def a_label_is_renamed(scenario: Scenario) -> Violations:
    await scenario.export(title="first")
    await scenario.run()
    scenario.github.clock.advance(3600)
    scenario.github.web.rename_label("medium-priority", "P2", by="alice")
    await scenario.settle()
    (health,), _ = await (await scenario.start()).status(None)
    return [] if health.renamed_labels else ["nobody is told that medium-priority is P2 now"]


async def full_issues_swap_their_severity(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.github.web.label(1, *(f"area {each}" for each in range(98)), by="alice")
    await scenario.run()
    scenario.set_in_bugspark(report, "severity", "critical")
    await scenario.run()
    return find_violations(scenario, await scenario.settle(hours=0))


def null_is_a_pull_request(patch: pytest.MonkeyPatch) -> None:
    original = translate.to_issue_row

    def by_its_name(raw: Any, repository: str) -> translate.ListRow[Issue]:
        row = original(raw, repository)
        return replace(row, value=None) if b'"pull_request"' in bytes(raw) else row

    patch.setattr(client, "to_issue_row", by_its_name)


async def an_issue_has_a_null_pull_request(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    row = scenario.github.web.issue(1)
    scenario.github.simulator.views.edits[row.id] = lambda shown: shown.update(pull_request=None)
    scenario.set_on_github(report, "status", "resolved")
    await scenario.run()
    return [] if scenario.all_reports()[report]["status"] == "resolved" else ["its closing is lost"]


def an_unknown_value_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    def say_nothing(context: Context, resting: Link, reason: str) -> LinkPlan:
        return LinkPlan(link=resting, report=None, after=resting)

    patch.setattr(decide_observation, "plan_unreadable_report", say_nothing)


async def a_report_has_an_unknown_severity(scenario: Scenario) -> Violations:
    """Its link says so, and the other one goes on, in passes and in verification."""
    odd, usual = await scenario.export(title="first"), await scenario.export(title="second")
    await scenario.run()
    scenario.bugspark.set_report(odd, severity="blocker", updated_at=scenario.bugspark_now())
    scenario.comment_on_github(usual)
    await scenario.run()
    reasons = [str(row["reason"]) for row in scenario.rows("sync_links", report_id=odd)]
    wrong = [] if any("blocker" in reason for reason in reasons) else [f"the link says {reasons}"]
    copies = scenario.copies_in_bugspark(scenario.notes[0])
    return wrong + ([] if copies else ["the other one does not go on"])


# --- answers that are not as usual -------------------------------------------------------------------------


def never_shown(_: dict[str, Any]) -> None:
    raise Problem(502, "Server Error")


def a_page_that_is_too_heavy_ends_the_pass(patch: pytest.MonkeyPatch) -> None:
    async def give_up(_: object, __: str, heavy: Exception) -> None:
        raise GitHubError(str(heavy))

    patch.setattr(RepositoryList, "_fetch_smaller", give_up)


async def a_row_is_never_shown(scenario: Scenario) -> Violations:
    heavy, usual = await scenario.export(title="first"), await scenario.export(title="second")
    await scenario.run()
    scenario.comment_on_github(heavy)
    scenario.github.clock.advance(3)
    scenario.comment_on_github(usual)
    scenario.github.simulator.views.edits[scenario.notes[0].id] = never_shown
    await scenario.run()
    here = scenario.copies_in_bugspark(scenario.notes[1])
    scenario.make_readable()
    last = await scenario.settle(hours=2)
    return ([] if here else ["the other link does not go on"]) + find_violations(scenario, last)


def refusal(errors: object) -> Reply:
    body = json.dumps({"message": "Validation Failed", "errors": errors}).encode()
    return Reply(status=422, body=body, headers={"Content-Type": "application/json"})


async def a_comment_is_refused_in_an_odd_shape(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.comment_in_bugspark(report)
    scenario.github.simulator.faults.add(refusal([[1], {"code": 7}]), method="POST", path=COMMENTS)
    await scenario.run()
    states = [row["state"] for row in scenario.rows("sync_intents")]
    return [] if states == ["quarantined"] else [f"a refused write is {states}"]


async def a_comment_is_too_quick(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    scenario.comment_in_bugspark(report)
    quick = refusal([{"code": "custom", "message": "was submitted too quickly"}])
    scenario.github.simulator.faults.add(quick, method="POST", path=COMMENTS)
    outcome = (await run(scenario, 5)).outcome
    return [] if outcome is Outcome.LIMITED else [f"a limit on content ends a pass as {outcome}"]


async def an_issue_is_deleted_before_it_is_written_to(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    await scenario.run()
    for _ in range(3):
        scenario.comment_in_bugspark(report)
    delete = DuringRequest(before=lambda: scenario.github.web.delete_issue(1, by="alice"))
    scenario.github.simulator.faults.add(delete, method="POST", path=COMMENTS)
    await scenario.run()
    written = [seen for seen in scenario.github.simulator.requests if seen.write]
    count = sum(seen.status in (404, 410) for seen in written)
    return [] if count == 1 else [f"{count} writes to an issue that is gone"]


def retired_versions_are_not_recognised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(repository_ref, "is_retired_version", lambda _: False)
    patch.setattr(repository_ref.RepositoryRef, "require_supported_api_version", returning(None))


async def the_api_version_is_retired(scenario: Scenario) -> Violations:
    await scenario.export(title="first")
    await scenario.run()
    retired = error(410, "API version 2022-11-28 is no longer supported")
    scenario.github.simulator.faults.add(retired, times=None)
    said = str((await run(scenario)).error)
    scenario.github.simulator.faults.clear()
    return [] if "github.api_version" in said else [f"the reason is not named: {said}"]


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "imports in order": (
        replaced(import_times, "distinct_times", imported_at_one_time),
        comments_of_one_second_are_imported,
    ),
    "posts in order": (the_newest_comes_first, comments_are_posted),
    "after the button": (
        replaced(comments, "link_began_at", lambda view: view.link.created_at),
        a_comment_follows_the_button,
    ),
    "the button's base": (
        replaced(link, "base_from_issue_body", lambda *_: None),
        the_button_exports_a_crash,
    ),
    "an automatic export waits": (
        replaced(second_issues, "_is_past_settle_time", lambda *_: True),
        the_button_is_faster,
    ),
    "the button's issue is looked for": (
        replaced(second_issues, "link_button_exports", returning(frozenset())),
        the_button_is_faster_beside_a_lagging_list,
    ),
    "new by BugSpark's clock": (
        replaced(preflight, "_new_reports_since", by_githubs_clock),
        a_report_is_filed_by_a_clock_that_is_behind,
    ),
    "done reports": (replaced(reports, "DONE_STATUSES", ("",)), a_report_is_closed_before_its_turn),
    "a lost export by retry": (
        replaced(commands, "end_unknown_writes_to_old_repository", returning(())),
        a_lost_export_is_tried_again,
    ),
    "a lost export by unlink": (
        replaced(linking, "end_unknown_writes_to_old_repository", returning(())),
        a_lost_export_is_given_up,
    ),
    "the time of the field": (
        replaced(decide_links, "_difference_of", lambda *_: None),
        an_assignee_changes_after_the_severity_did,
    ),
    "an unknown author": (
        replaced(decide_links, "_with_known_collaborator_status", as_the_list_shows_it),
        lists_do_not_tell_who_is_a_collaborator,
    ),
    "an erased author": (
        replaced(edited_originals, "_is_author_erased", lambda *_: False),
        somebody_deletes_their_account,
    ),
    "a renamed label": (
        replaced(decide_links, "_record_renamed_labels", returning(None)),
        a_label_is_renamed,
    ),
    "a full issue": (replaced(send, "MAX_LABELS", 1_000), full_issues_swap_their_severity),
    "an unknown value": (an_unknown_value_is_passed_over, a_report_has_an_unknown_severity),
    "no pull request": (null_is_a_pull_request, an_issue_has_a_null_pull_request),
    "a row too heavy": (a_page_that_is_too_heavy_ends_the_pass, a_row_is_never_shown),
    "a refusal in an odd shape": (
        replaced(classify, "_is_refusal", lambda *_: False),
        a_comment_is_refused_in_an_odd_shape,
    ),
    "too quick": (replaced(limits, "_TOO_QUICKLY", "never said"), a_comment_is_too_quick),
    "an issue that is elsewhere": (
        replaced(write, "ELSEWHERE_STATUSES", frozenset()),
        an_issue_is_deleted_before_it_is_written_to,
    ),
    "a retired version": (retired_versions_are_not_recognised, the_api_version_is_retired),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_bug_in_a_rule_from_the_field_is_seen_and_nothing_without_it(
    rule: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await require_bug_detected(*PLANTED[rule], sqlite_template, tmp_path, monkeypatch)
