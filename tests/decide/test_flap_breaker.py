"""The flap breaker: what counts as a reversal of ours, and how many are too many."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.guard import FLAP_WINDOW, changed_remote_values, flapping_fields, is_reversal
from reconciler.model.fields import Field, IssueState
from reconciler.model.kinds import Kind
from reconciler.model.plan import (
    LinkPlan,
    PostComment,
    Rule,
    SetIssueState,
    SetReportField,
    SetTitle,
    SwapLabels,
    Why,
)
from reconciler.model.snapshot import FieldChange
from tests.support.factories import LINKED, a_local_comment, a_plan

NOW = LINKED
STATUS, SEVERITY = Field.STATUS, Field.SEVERITY


def wrote(minutes: float, to: str = "resolved", remote: str | None = "new", **values: Any) -> FieldChange:
    """Build our write, confirmed so many minutes ago."""
    kind = values.get("kind", Kind.SET_STATE)
    at = NOW - timedelta(minutes=minutes)
    return FieldChange(field=values.get("field", STATUS), kind=kind, remote=remote, to=to, at=at)


def saw(
    minutes: float, remote: str = "new", kind: Kind = Kind.SET_FIELD, field: Field = STATUS
) -> FieldChange:
    """Build a change of GitHub that was taken over."""
    return FieldChange(field=field, kind=kind, remote=remote, to=remote, at=NOW - timedelta(minutes=minutes))


def taking(remote: str = "new", rule: Rule = Rule.REMOTE_MOVED, field: Field = STATUS) -> LinkPlan:
    return a_plan(SetReportField(field=field, to=remote, why=Why(rule=rule, remote=remote)))


TWICE = (wrote(40), saw(39), wrote(20), saw(19))


def test_the_third_reversal_within_an_hour_freezes_the_field() -> None:
    assert flapping_fields(taking(), (*TWICE, wrote(1)), NOW) == {STATUS}


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (wrote(1),),
        (wrote(20), saw(19), wrote(1)),
        TWICE,  # there is no write of ours to be undone
        (wrote(62), saw(60), wrote(20), saw(19), wrote(1)),  # the first is an hour old
        # BugSpark changed it back itself
        (wrote(40), wrote(39, "new", "resolved"), wrote(20), saw(19), wrote(1)),
        (saw(40), saw(30), saw(20), wrote(1)),
        (*TWICE, wrote(2), saw(1)),
    ],
)
def test_fewer_or_older_reversals_or_those_of_others_freeze_nothing(changes: tuple[FieldChange, ...]) -> None:
    assert flapping_fields(taking(), changes, NOW) == frozenset()


def test_a_reversal_just_within_the_hour_counts() -> None:
    changes = (wrote(200), saw(59.9), wrote(20), saw(19), wrote(1))
    assert flapping_fields(taking(), changes, NOW) == {STATUS}
    assert timedelta(minutes=60) == FLAP_WINDOW


def test_a_conflict_that_undid_our_write_counts_for_either_winner() -> None:
    changes = (wrote(40), saw(39, kind=Kind.CONFLICT), wrote(20), saw(19), wrote(1))
    plan = a_plan(
        SetIssueState(
            state=IssueState.CLOSED, reason="completed", why=Why(rule=Rule.NEWEST_LOCAL, remote="new")
        )
    )
    assert flapping_fields(plan, changes, NOW) == {STATUS}


def test_any_open_status_is_a_reversal_because_github_has_only_open_and_closed() -> None:
    changes = [
        change
        for minutes in (40, 20, 1)
        for change in (wrote(minutes, "closed", "in_progress"), saw(minutes - 0.5, "triaging"))
    ]
    assert flapping_fields(taking("new"), changes[:-1], NOW) == {STATUS}


def test_only_the_flapping_field_is_returned() -> None:
    plan = a_plan(
        SetReportField(field=STATUS, to="new", why=Why(rule=Rule.REMOTE_MOVED, remote="new")),
        SetReportField(field=SEVERITY, to="low", why=Why(rule=Rule.REMOTE_MOVED, remote="low")),
    )
    other = wrote(1, "critical", "low", field=SEVERITY, kind=Kind.SWAP_LABELS)
    assert flapping_fields(plan, (*TWICE, other, wrote(1)), NOW) == {STATUS}


def test_a_title_reset_again_and_again_flaps_beside_other_actions() -> None:
    sight = {"field": Field.TITLE, "kind": Kind.SET_TITLE}
    changes = [
        change
        for minutes in (40, 20, 1)
        for change in (
            wrote(minutes, "Ours", "Theirs", **sight),
            saw(minutes - 0.5, "Theirs", field=Field.TITLE),
        )
    ]
    plan = a_plan(
        PostComment(comment=a_local_comment(), why=Why(rule=Rule.COMMENT_CREATED, remote="words")),
        SetTitle(title="Ours", why=Why(rule=Rule.NEWEST_LOCAL, remote="Theirs")),
        PostComment(comment=a_local_comment(), why=Why(rule=Rule.COMMENT_CREATED, remote="words")),
    )
    assert flapping_fields(plan, changes[:-1], NOW) == {Field.TITLE}


def test_a_change_of_bugspark_alone_shows_nothing_of_github() -> None:
    why = Why(rule=Rule.LOCAL_MOVED, remote="low")
    plan = a_plan(SwapLabels(field=SEVERITY, add="critical", remove=("low",), why=why))
    changes = (wrote(1, "critical", "low", field=SEVERITY, kind=Kind.SWAP_LABELS),)
    assert flapping_fields(plan, changes * 3, NOW) == frozenset()
    assert changed_remote_values(plan) == {}
    assert changed_remote_values(taking("new")) == {STATUS: "new"}


@pytest.mark.parametrize(
    ("field", "before", "to", "now", "undone"),
    [
        (STATUS, "new", "resolved", "new", True),
        (STATUS, "in_progress", "closed", "new", True),  # GitHub has only open and closed
        (STATUS, "new", "resolved", "closed", False),
        (STATUS, "new", "triaging", "new", False),
        (STATUS, "new", "resolved", None, False),
        (SEVERITY, "low", "critical", "low", True),
        (SEVERITY, "low", "low", "low", False),
        (SEVERITY, "low", "critical", "high", False),
        (SEVERITY, "low", "critical", "critical", False),
        (SEVERITY, None, "critical", "low", False),
        (SEVERITY, "low", "critical", None, False),
        (Field.TITLE, "Old", "New", "Old", True),
    ],
)
def test_a_write_is_undone_if_the_value_before_it_is_back(
    field: Field, before: str | None, to: str, now: str | None, undone: bool
) -> None:
    kind = {STATUS: Kind.SET_STATE, SEVERITY: Kind.SWAP_LABELS}.get(field, Kind.SET_TITLE)
    assert is_reversal(field, wrote(1, to, before, field=field, kind=kind), now) is undone


def test_a_value_taken_over_from_github_is_no_write_to_be_undone() -> None:
    assert not is_reversal(STATUS, saw(1, "resolved"), "new")
    assert not is_reversal(STATUS, wrote(1, kind=Kind.SET_FIELD), "new")
