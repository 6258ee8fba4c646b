"""A test of the tests for settings, stages, people and followers: a planted bug for each rule is seen.

What the histories with stages, people, followers and closings check (tests/proofs/*_rules.py) is shown here
by one short story for each rule: it ends as it must, and does not with the rule taken away.
"""

from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from reconciler.decide import comments, link, resolution, stage
from reconciler.demo.github.rows import Level
from reconciler.fields.assignee import AssigneeField
from reconciler.fields.labels import LabelField
from reconciler.fields.stage import STAGE as STAGE_FIELD
from reconciler.model.fields import IssueState, Severity
from reconciler.model.ids import ReportId
from reconciler.model.policy import Direction, SyncPolicy
from reconciler.sync import run, write
from reconciler.sync.comments import issue_resolutions
from reconciler.sync.exports import second_issues
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.proofs.resolution_rules import ANNOUNCED
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


def unless(is_right: bool, what: object) -> Violations:
    return [] if is_right else [str(what)]


async def linked(scenario: Scenario, **fields: Any) -> tuple[ReportId, int]:
    report = await scenario.export(**{"title": "first", **fields})
    await scenario.run()
    number = scenario.issue_numbers()[report]
    assert number is not None
    return report, number


def labels_of(scenario: Scenario, number: int) -> set[str]:
    return set(scenario.repository_of(number).label_names(number))


# --- stages -----------------------------------------------------------------------------------------------

STAGE = {"in_progress": ["in progress"], "triaging": ["triage"]}


def older_labels_count_after_a_reopening(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stage, "_policy_after_reopening", lambda _, policy, __: policy)


async def an_issue_with_an_old_stage_label_is_opened_again(scenario: Scenario) -> Violations:
    """The label came while the issue was closed: it is news to the base, and older than the reopening."""
    await scenario.save_settings(stage=STAGE)
    report, number = await linked(scenario)
    scenario.set_on_github(report, "status", "resolved")
    await scenario.run(seconds=61)
    scenario.repository_of(number).label(number, "triage", by="alice")
    scenario.github.clock.advance(61)
    scenario.set_on_github(report, "status", "new")
    last = await scenario.settle()
    status = scenario.all_reports()[report]["status"]
    return find_violations(scenario, last) + unless(status == "new", f"opened again, it is {status}")


def labels_stay_when_it_is_closed(patch: pytest.MonkeyPatch) -> None:
    def keep(first: Any, sides: Any, *_: object) -> Any:
        return replace(first, base=STAGE_FIELD.with_agreed_value(first.base, sides.report.status, sides.seen))

    patch.setattr(stage, "_remove_own_stage_labels", keep)


async def a_report_with_a_stage_is_resolved(scenario: Scenario) -> Violations:
    await scenario.save_settings(stage=STAGE)
    report, number = await linked(scenario)
    scenario.set_in_bugspark(report, "status", "in_progress")
    await scenario.run(seconds=61)
    assert "in progress" in labels_of(scenario, number)
    scenario.set_in_bugspark(report, "status", "resolved")
    last = await scenario.settle()
    left = labels_of(scenario, number) & {"in progress", "triage"}
    return find_violations(scenario, last) + unless(not left, f"a closed issue has {left}")


# --- settings that change ---------------------------------------------------------------------------------


def a_new_mapping_is_an_edit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LabelField, "needs_events", lambda *_: False)


async def a_label_gets_a_meaning_later(scenario: Scenario) -> Violations:
    """No pass runs between the label and the settings."""
    report, number = await linked(scenario, severity=Severity.HIGH)
    scenario.repository_of(number).label(number, "sev1", by="alice")
    scenario.github.clock.advance(61)
    await scenario.save_settings(severity={"critical": ["sev1"]})
    last = await scenario.settle()
    severity = scenario.all_reports()[report]["severity"]
    return find_violations(scenario, last) + unless(severity == "high", f"severity became {severity}")


def labels_of_ours_lose_their_origin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LabelField, "own_retired_labels", lambda *_: ())


async def a_label_of_an_old_mapping_is_replaced(scenario: Scenario) -> Violations:
    report, number = await linked(scenario, severity=Severity.HIGH)
    assert "high-priority" in labels_of(scenario, number)
    await scenario.save_settings(severity={"high": ["sev2"], "low": ["sev4"]})
    scenario.github.clock.advance(61)
    scenario.set_in_bugspark(report, "severity", "low")
    await scenario.settle()
    left = labels_of(scenario, number) & {"high-priority", "sev2", "sev4"}
    return unless(left == {"sev4"}, f"the issue has {left}")


def directions_bar_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Direction, "writes_github", True)


async def a_field_comes_from_github_only(scenario: Scenario) -> Violations:
    report, number = await linked(scenario, severity=Severity.HIGH)
    await scenario.save_settings(directions={"severity": "to_bugspark"})
    scenario.set_in_bugspark(report, "severity", "low")
    await scenario.settle()
    present = labels_of(scenario, number)
    return unless("low-priority" not in present, f"the issue has {present}")


# --- what may leave ---------------------------------------------------------------------------------------


def private_comments_are_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comments, "not_sent_reason", lambda *_: None)


def only_the_rules_in_force_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SyncPolicy, "comment_rules_since", lambda self, _: (self.comments,))


async def a_private_comment_is_written(scenario: Scenario, *, prefix_goes: bool) -> Violations:
    """No pass runs between the comment and the end of the prefix."""
    await scenario.save_settings(private_prefix="[intern]")
    report, number = await linked(scenario)
    at = scenario.bugspark_now()
    scenario.bugspark.add_comment(report, "[intern] the customer is angry", author=scenario.ada, at=at)
    scenario.github.clock.advance(5)
    if prefix_goes:
        await scenario.save_settings()
    await scenario.settle()
    sent = [body for body in scenario.comments_of_issue(number) if "angry" in body]
    return unless(not sent, f"a private comment was sent: {sent}")


def nothing_is_redacted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(import_module("reconciler.text.inert"), "redact", lambda text: text)


async def a_comment_names_an_address(scenario: Scenario) -> Violations:
    await scenario.save_settings(redact="on")
    report, number = await linked(scenario)
    at = scenario.bugspark_now()
    scenario.bugspark.add_comment(report, "write to ada@example.test", author=scenario.ada, at=at)
    await scenario.settle()
    sent = [body for body in scenario.comments_of_issue(number) if "example.test" in body]
    return unless(not sent, f"an address was sent: {sent}")


def the_filter_admits_everything(patch: pytest.MonkeyPatch) -> None:
    original = second_issues._read_due_exports

    async def everything(context: Any, state: Any) -> Any:
        policy = replace(context.policy, export_only=type(context.policy.export_only)())
        return await original(replace(context, policy=policy), state)

    patch.setattr(second_issues, "_read_due_exports", everything)


async def a_report_outside_the_filter_is_filed(scenario: Scenario) -> Violations:
    await scenario.save_settings(export="all", export_only={"severity": ["critical"]})
    await scenario.run()
    scenario.github.clock.advance(61)
    low = scenario.bugspark.add_report(
        scenario.project, "minor", severity=Severity.LOW, at=scenario.bugspark_now()
    )
    await scenario.settle()
    number = scenario.all_reports()[low]["github_issue_number"]
    return unless(number is None, f"it became #{number}")


# --- people -----------------------------------------------------------------------------------------------


def map_dave(scenario: Scenario) -> str:
    """Make accounts for dave and frank; map BugSpark's Ada, the owner, to dave's. Returns Ada's id."""
    for login in ("dave", "frank"):
        scenario.github.world.add_user(login)
        scenario.github.web.allow(login, Level.READ)
    return str(scenario.ada)


def assignees_of(scenario: Scenario, number: int) -> set[str]:
    world = scenario.github.world
    return {world.users[each].login for each in scenario.repository_of(number).issue(number).assignees}


def logins_are_not_looked_up_again(patch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> tuple[()]:
        return ()

    patch.setattr(write, "find_lost_logins", none)


async def somebody_takes_over_the_login_of_a_mapped_account(scenario: Scenario) -> Violations:
    ada, world = map_dave(scenario), scenario.github.world
    await scenario.save_settings(people={ada: "dave"})
    report, number = await linked(scenario)
    world.rename_user("dave", "dave-new")
    stranger = world.add_user("dave")
    scenario.github.web.allow("dave", Level.READ)
    scenario.bugspark.set_report(report, assignee_id=scenario.ada, updated_at=scenario.bugspark_now())
    await scenario.settle()
    assigned = scenario.repository_of(number).issue(number).assignees
    return unless(world.id_of_login("dave") not in assigned, f"{stranger} is assigned")


def no_assignee_is_always_a_change(patch: pytest.MonkeyPatch) -> None:
    original = AssigneeField.diff

    def diff(self: AssigneeField, report: Any, seen: Any, base: Any, policy: SyncPolicy) -> Any:
        found = original(self, report, seen, base, policy)
        is_nobody = not policy.people.users_of(seen.assignees or ())
        if base is not None and is_nobody and found.local and found.remote is None:
            return replace(found, remote="", verdict=type(found.verdict).REMOTE_MOVED)
        return found

    patch.setattr(AssigneeField, "diff", diff)


async def a_report_has_an_assignee_whom_nobody_mapped(scenario: Scenario) -> Violations:
    ada = map_dave(scenario)
    other = scenario.bugspark.add_user("Dora")
    await scenario.save_settings(people={ada: "dave"})
    report, number = await linked(scenario)
    scenario.bugspark.set_report(report, assignee_id=other, updated_at=scenario.bugspark_now())
    scenario.repository_of(number).assign(number, "frank", by="alice")
    await scenario.run(seconds=61)
    scenario.repository_of(number).unassign(number, "frank", by="alice")
    await scenario.settle()
    kept = scenario.all_reports()[report]["assignee_id"]
    return unless(kept is not None, "an assignee whom nobody mapped was cleared")


# --- followers --------------------------------------------------------------------------------------------


async def followed(scenario: Scenario) -> tuple[ReportId, ReportId, int]:
    """A linked report, one that follows it, and their issue."""
    lead, number = await linked(scenario)
    follower = scenario.bugspark.add_report(scenario.project, "the same", at=scenario.bugspark_now())
    issue = f"{scenario.repository_of(number).full_name}#{number}"
    await scenario.run_work(lambda app: app.follow(str(follower), issue))
    await scenario.run()
    return lead, follower, number


def followers_are_not_kept_up(patch: pytest.MonkeyPatch) -> None:
    async def skip(*_: object) -> None:
        pass

    patch.setattr(run, "update_outdated_followers", skip)


async def the_issue_of_a_follower_is_closed(scenario: Scenario) -> Violations:
    lead, follower, _ = await followed(scenario)
    scenario.set_on_github(lead, "status", "resolved")
    await scenario.settle()
    status = scenario.all_reports()[follower]["status"]
    return unless(status == "resolved", f"the follower is {status}")


def nobody_leads_after_a_report_is_deleted(patch: pytest.MonkeyPatch) -> None:
    async def skip(*_: object) -> None:
        pass

    patch.setattr(run, "promote_oldest_followers", skip)


async def the_report_that_leads_is_deleted(scenario: Scenario) -> Violations:
    lead, follower, number = await followed(scenario)
    scenario.erase_report(lead)
    await scenario.settle()
    found = scenario.all_reports()[follower]["github_issue_number"]
    return unless(found == number, f"the follower is linked to {found}")


def a_link_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(link, "with_link_comment", lambda view, _: view)


async def a_link_is_shown_on_its_issue(scenario: Scenario) -> Violations:
    await scenario.save_settings(link_comment=True)
    web = scenario.github.web
    number = web.open_issue("first", by="alice").number
    report = scenario.bugspark.add_report(scenario.project, "first", at=scenario.bugspark_now())
    issue = f"{web.full_name}#{number}"
    await scenario.run_work(lambda app: app.link(str(report), issue, backfill=False))
    await scenario.settle()
    shown = [body for body in scenario.comments_of_issue(number) if body.startswith("Linked to")]
    imported = [body for body in scenario.comments_of_report(report) if "Linked to" in body]
    return unless(len(shown) == 1 and not imported, f"on the issue {shown}, in BugSpark {imported}")


# --- who closed it ----------------------------------------------------------------------------------------


def initial_sync_announces_closings(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolution, "_is_status_decided", lambda *_: True)
    patch.setattr(resolution, "_agreed_state", lambda _: IssueState.OPEN)


async def an_issue_is_linked_that_was_closed_long_ago(scenario: Scenario) -> Violations:
    await scenario.save_settings(resolution_comment=True)
    web = scenario.github.web
    number = web.open_issue("first", by="alice").number
    report = scenario.bugspark.add_report(scenario.project, "first", at=scenario.bugspark_now())
    scenario.github.clock.advance(61)
    web.close(number, by="alice", reason="completed")
    scenario.github.clock.advance(86_400)
    issue = f"{web.full_name}#{number}"
    await scenario.run_work(lambda app: app.link(str(report), issue, backfill=False))
    await scenario.settle()
    announced = [body for body in scenario.comments_of_report(report) if body.startswith(ANNOUNCED)]
    return unless(not announced, f"an old closing is announced: {announced}")


def closings_are_always_announced(patch: pytest.MonkeyPatch) -> None:
    original = resolution._with_comment

    def always(plan: Any, body: str, kept: Any, policy: SyncPolicy, new_id: Any) -> Any:
        return original(plan, body, kept, replace(policy, resolution_comment=True), new_id)

    patch.setattr(resolution, "_with_comment", always)


async def a_person_closes_an_issue(scenario: Scenario, *, is_wanted: bool) -> Violations:
    await scenario.save_settings(resolution_comment=is_wanted)
    report, number = await linked(scenario)
    scenario.set_on_github(report, "status", "resolved")
    await scenario.settle()
    sent = [body for body in scenario.comments_of_issue(number) if any(word in body for word in ANNOUNCED)]
    announced = [body for body in scenario.comments_of_report(report) if body.startswith(ANNOUNCED)]
    return unless(not sent and len(announced) == is_wanted, f"announced {announced}, sent {sent}")


def closings_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(issue_resolutions, "was_closed", lambda *_: False)


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "stage: a reopening": (
        older_labels_count_after_a_reopening,
        an_issue_with_an_old_stage_label_is_opened_again,
    ),
    "stage: a closing": (labels_stay_when_it_is_closed, a_report_with_a_stage_is_resolved),
    "a new mapping": (a_new_mapping_is_an_edit, a_label_gets_a_meaning_later),
    "an old label of ours": (labels_of_ours_lose_their_origin, a_label_of_an_old_mapping_is_replaced),
    "a direction": (directions_bar_nothing, a_field_comes_from_github_only),
    "a private comment": (
        private_comments_are_sent,
        partial(a_private_comment_is_written, prefix_goes=False),
    ),
    "a former prefix": (
        only_the_rules_in_force_count,
        partial(a_private_comment_is_written, prefix_goes=True),
    ),
    "redaction": (nothing_is_redacted, a_comment_names_an_address),
    "the export filter": (the_filter_admits_everything, a_report_outside_the_filter_is_filed),
    "people: a login taken over": (
        logins_are_not_looked_up_again,
        somebody_takes_over_the_login_of_a_mapped_account,
    ),
    "people: nobody": (no_assignee_is_always_a_change, a_report_has_an_assignee_whom_nobody_mapped),
    "followers: a closing": (followers_are_not_kept_up, the_issue_of_a_follower_is_closed),
    "followers: a deletion": (nobody_leads_after_a_report_is_deleted, the_report_that_leads_is_deleted),
    "the comment about a link": (a_link_is_not_shown, a_link_is_shown_on_its_issue),
    "closings: an old one": (initial_sync_announces_closings, an_issue_is_linked_that_was_closed_long_ago),
    "closings: not wanted": (
        closings_are_always_announced,
        partial(a_person_closes_an_issue, is_wanted=False),
    ),
    "closings: wanted": (closings_are_not_noticed, partial(a_person_closes_an_issue, is_wanted=True)),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_bug_in_a_rule_of_settings_people_and_followers_is_seen_and_nothing_without_it(
    rule: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await require_bug_detected(*PLANTED[rule], sqlite_template, tmp_path, monkeypatch)
