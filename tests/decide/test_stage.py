"""The stage comes after open or closed: what is decided for each side, and what the base keeps."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.fields import FieldChangeTimes, FieldsDecision
from reconciler.decide.stage import decide_fields_and_stage
from reconciler.fields.synced_field import AddedEvent
from reconciler.model.fields import Base, Field, IssueState, Status
from reconciler.model.plan import Rule, SetIssueState, SetReportField, SwapLabels
from reconciler.model.policy import ConflictPolicy, Direction, LabelMapping, SyncPolicy
from tests.support.factories import AFTER, a_base, a_report, a_seen_issue

MAPPED = LabelMapping(stage={Status.IN_PROGRESS: ("in progress",), Status.TRIAGING: ("triage",)})
POLICY = SyncPolicy(conflict=ConflictPolicy.GITHUB, labels=MAPPED)
OPEN, CLOSED = IssueState.OPEN, IssueState.CLOSED
LATER, EARLIER = AFTER + timedelta(seconds=5), AFTER - timedelta(seconds=5)


def a_staged_base(stage: Status | None, *labels: str, **given: Any) -> Base:
    return a_base(status=stage or Status.NEW, stage=stage, stage_labels=("high", *labels), **given)


def times(**added: AddedEvent) -> dict[Field, FieldChangeTimes]:
    """The status changed on GitHub at AFTER; these labels were added (`_` for a blank)."""
    labels = {name.replace("_", " "): event for name, event in added.items()}
    return {
        field: FieldChangeTimes(local=EARLIER, remote=AFTER, added=labels)
        for field in (Field.STATUS, Field.STAGE)
    }


def decided(
    status: Status, shown: Any, base: Base | None, known: Any = (), policy: SyncPolicy = POLICY
) -> FieldsDecision:
    decision = decide_fields_and_stage(a_report(status=status), shown, base, policy, dict(known))
    assert isinstance(decision, FieldsDecision)
    return decision


def plain(decision: FieldsDecision) -> list[tuple[Any, ...]]:
    short: list[tuple[Any, ...]] = []
    for action in decision.actions:
        match action:
            case SetReportField():
                short.append((action.field.value, action.to))
            case SetIssueState():
                short.append((action.state.value,))
            case SwapLabels():
                short.append((action.field.value, action.add, *action.remove))
            case _:
                raise AssertionError(action)
    return short


@pytest.mark.parametrize(
    ("status", "labels", "base", "actions", "stage"),
    [
        (Status.NEW, (), a_staged_base(Status.NEW), [], Status.NEW),
        (Status.TRIAGING, (), a_staged_base(Status.NEW), [("stage", "triage")], Status.NEW),
        (
            Status.IN_PROGRESS,
            ("triage",),
            a_staged_base(Status.TRIAGING, "triage"),
            [("stage", "in progress", "triage")],
            Status.TRIAGING,
        ),
        (
            Status.NEW,
            ("In Progress",),
            a_staged_base(Status.NEW),
            [("stage", "in_progress")],
            Status.IN_PROGRESS,
        ),
        (
            Status.TRIAGING,
            ("triage", "in progress"),
            a_staged_base(Status.TRIAGING, "triage"),
            [("stage", "in_progress")],
            Status.IN_PROGRESS,
        ),
        (Status.TRIAGING, (), a_staged_base(Status.TRIAGING, "triage"), [], Status.TRIAGING),
        (
            Status.TRIAGING,
            ("in progress",),
            a_base(status=Status.NEW),
            [("stage", "in_progress")],
            Status.IN_PROGRESS,
        ),
        (Status.TRIAGING, ("triage",), None, [], Status.TRIAGING),
        (Status.TRIAGING, (), None, [], Status.TRIAGING),
    ],
)
def test_within_open_a_stage_is_decided_as_a_label_field(
    status: Status, labels: tuple[str, ...], base: Base | None, actions: list[Any], stage: Any
) -> None:
    decision = decided(status, a_seen_issue("high", *labels), base)
    assert plain(decision) == actions
    assert decision.base.stage == stage


def test_without_a_mapping_the_base_has_no_stage() -> None:
    shown = a_seen_issue("high", "triage")
    decision = decided(Status.TRIAGING, shown, a_staged_base(Status.NEW), policy=SyncPolicy())
    assert (plain(decision), decision.base.stage, decision.base.status) == ([], None, Status.TRIAGING)


def test_the_base_of_the_status_goes_on_while_the_stage_is_still_to_be_written() -> None:
    decision = decided(Status.TRIAGING, a_seen_issue("high"), a_base(status=Status.NEW))
    assert (decision.base.status, decision.base.stage) == (Status.TRIAGING, Status.NEW)
    assert plain(decision) == [("stage", "triage")]


@pytest.mark.parametrize(
    ("added", "to", "labels_of_base"),
    [
        (AddedEvent(at=LATER, is_own=False), Status.IN_PROGRESS, ("high", "in progress")),
        (AddedEvent(at=AFTER, is_own=False), Status.NEW, ("high", "in progress")),
        (AddedEvent(at=EARLIER, is_own=False), Status.NEW, ("high", "in progress")),
    ],
)
def test_a_report_that_github_reopens_gets_status_and_stage_by_one_write(
    added: AddedEvent, to: Status, labels_of_base: tuple[str, ...]
) -> None:
    shown, base = a_seen_issue("high", "in progress"), a_staged_base(Status.RESOLVED)
    assert decide_fields_and_stage(a_report(status=Status.RESOLVED), shown, base, POLICY, {}) == frozenset(
        {Field.STAGE}
    )
    decision = decided(Status.RESOLVED, shown, base, times(in_progress=added))
    (action,) = decision.actions
    assert isinstance(action, SetReportField)
    assert (action.field, action.to, action.why.local, action.why.to) == (
        Field.STATUS,
        to,
        Status.RESOLVED,
        to,
    )
    assert (decision.base.status, decision.base.stage) == (to, to)
    assert decision.base.stage_labels == labels_of_base


def test_a_label_that_was_there_while_the_issue_was_closed_says_nothing_when_it_is_reopened() -> None:
    base = a_staged_base(Status.RESOLVED, "triage")
    assert plain(decided(Status.RESOLVED, a_seen_issue("high", "triage"), base)) == [("status", "new")]


def test_a_report_that_is_reopened_puts_its_stage_in_the_place_of_older_labels() -> None:
    shown = a_seen_issue("high", "triage", state=CLOSED)
    decision = decided(Status.IN_PROGRESS, shown, a_staged_base(Status.RESOLVED))
    assert plain(decision) == [("open",), ("stage", "in progress", "triage")]
    assert (decision.base.status, decision.base.stage) == (Status.RESOLVED, Status.RESOLVED)


@pytest.mark.parametrize(
    ("status", "state", "first"),
    [
        (Status.RESOLVED, OPEN, [("closed",)]),
        (Status.IN_PROGRESS, CLOSED, [("status", "resolved")]),
        (Status.RESOLVED, CLOSED, []),
    ],
)
def test_closing_removes_the_labels_that_are_ours(
    status: Status, state: IssueState, first: list[Any]
) -> None:
    shown = a_seen_issue("high", "in progress", "triage", state=state)
    base = a_staged_base(Status.IN_PROGRESS, "in progress", "triage")
    assert decide_fields_and_stage(a_report(status=status), shown, base, POLICY, {}) == frozenset(
        {Field.STAGE}
    )
    ours, theirs = AddedEvent(at=EARLIER, is_own=True), AddedEvent(at=EARLIER, is_own=False)
    decision = decided(status, shown, base, times(in_progress=ours, triage=theirs))
    assert plain(decision) == [*first, ("stage", None, "in progress")]
    swap = decision.actions[-1]
    assert isinstance(swap, SwapLabels)
    assert (swap.why.rule, swap.why.to) == (Rule.CLOSED, Status.RESOLVED)
    assert decision.base.stage is Status.IN_PROGRESS
    nothing = decided(status, shown, base, times(in_progress=theirs, triage=theirs))
    assert plain(nothing) == first
    assert nothing.base.stage is Status.RESOLVED


def test_a_stage_changed_while_github_closes_gives_way() -> None:
    decision = decided(Status.IN_PROGRESS, a_seen_issue("high", state=CLOSED), a_staged_base(Status.NEW))
    assert plain(decision) == [("status", "resolved")]
    assert (decision.base.status, decision.base.stage) == (Status.RESOLVED, Status.RESOLVED)


def test_a_stage_is_kept_on_its_side_by_a_direction() -> None:
    policy = SyncPolicy(labels=MAPPED, directions={Field.STAGE: Direction.TO_GITHUB})
    decision = decided(Status.NEW, a_seen_issue("high", "triage"), a_staged_base(Status.NEW), policy=policy)
    assert plain(decision) == []
    assert (decision.base.stage, decision.base.stage_labels) == (Status.NEW, ("high", "triage"))


def test_a_stage_waits_while_the_status_is_not_decided() -> None:
    decision = decide_fields_and_stage(
        a_report(status=Status.TRIAGING),
        a_seen_issue("high", "in progress"),
        a_staged_base(Status.NEW),
        POLICY,
        {},
        unsettled=(Field.STATUS,),
    )
    assert isinstance(decision, FieldsDecision)
    assert (plain(decision), decision.base.stage) == ([], Status.NEW)
