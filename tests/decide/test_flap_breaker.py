"""The flap breaker's rule: what is a reversal of ours, and when there are too many of them."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.guard import FLAP_WINDOW, flapping_fields, is_reversal, remote_values_moved
from reconciler.model.fields import Field, IssueState
from reconciler.model.kinds import Kind
from reconciler.model.plan import LinkPlan, PostComment, Rule, SetField, SetState, SetTitle, SwapLabels, Why
from reconciler.model.snapshot import FieldChange
from tests.support.factories import LINKED, a_local_comment, a_plan

NOW = LINKED
STATUS, SEVERITY = Field.STATUS, Field.SEVERITY


def wrote(minutes: float, to: str = "resolved", remote: str | None = "new", **given: Any) -> FieldChange:
    """Ours, confirmed so many minutes ago."""
    kind = given.get("kind", Kind.SET_STATE)
    at = NOW - timedelta(minutes=minutes)
    return FieldChange(field=given.get("field", STATUS), kind=kind, remote=remote, to=to, at=at)


def saw(
    minutes: float, remote: str = "new", kind: Kind = Kind.SET_FIELD, field: Field = STATUS
) -> FieldChange:
    """GitHub had moved, and we took it over."""
    return FieldChange(field=field, kind=kind, remote=remote, to=remote, at=NOW - timedelta(minutes=minutes))


def taking(remote: str = "new", rule: Rule = Rule.REMOTE_MOVED, field: Field = STATUS) -> LinkPlan:
    return a_plan(SetField(field=field, to=remote, why=Why(rule=rule, remote=remote)))


TWICE = (wrote(40), saw(39), wrote(20), saw(19))


def test_the_third_reversal_within_an_hour_is_one_too_many() -> None:
    assert flapping_fields(taking(), (*TWICE, wrote(1)), NOW) == {STATUS}


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (wrote(1),),
        (wrote(20), saw(19), wrote(1)),
        TWICE,  # nothing of ours is there to be undone
        (wrote(62), saw(60), wrote(20), saw(19), wrote(1)),  # the first is an hour old
        (wrote(40), wrote(39, "new", "resolved"), wrote(20), saw(19), wrote(1)),  # BugSpark went back itself
        (saw(40), saw(30), saw(20), wrote(1)),
        (*TWICE, wrote(2), saw(1)),
    ],
)
def test_fewer_older_or_others_reversals_freeze_nothing(steps: tuple[FieldChange, ...]) -> None:
    assert flapping_fields(taking(), steps, NOW) == frozenset()


def test_a_reversal_just_within_the_hour_counts() -> None:
    steps = (wrote(200), saw(59.9), wrote(20), saw(19), wrote(1))
    assert flapping_fields(taking(), steps, NOW) == {STATUS}
    assert timedelta(minutes=60) == FLAP_WINDOW


def test_a_conflict_that_undid_our_write_counts_for_either_winner() -> None:
    steps = (wrote(40), saw(39, kind=Kind.CONFLICT), wrote(20), saw(19), wrote(1))
    plan = a_plan(
        SetState(state=IssueState.CLOSED, reason="completed", why=Why(rule=Rule.NEWEST_LOCAL, remote="new"))
    )
    assert flapping_fields(plan, steps, NOW) == {STATUS}


def test_an_issue_knows_only_open_and_closed_so_any_open_status_is_a_reversal() -> None:
    steps = [
        step
        for minutes in (40, 20, 1)
        for step in (wrote(minutes, "closed", "in_progress"), saw(minutes - 0.5, "triaging"))
    ]
    assert flapping_fields(taking("new"), steps[:-1], NOW) == {STATUS}


def test_only_the_field_that_flaps_is_meant() -> None:
    plan = a_plan(
        SetField(field=STATUS, to="new", why=Why(rule=Rule.REMOTE_MOVED, remote="new")),
        SetField(field=SEVERITY, to="low", why=Why(rule=Rule.REMOTE_MOVED, remote="low")),
    )
    other = wrote(1, "critical", "low", field=SEVERITY, kind=Kind.SWAP_LABELS)
    assert flapping_fields(plan, (*TWICE, other, wrote(1)), NOW) == {STATUS}


def test_a_title_that_is_put_back_again_and_again_flaps_whatever_else_the_plan_says() -> None:
    sight = {"field": Field.TITLE, "kind": Kind.SET_TITLE}
    steps = [
        step
        for minutes in (40, 20, 1)
        for step in (
            wrote(minutes, "Ours", "Theirs", **sight),
            saw(minutes - 0.5, "Theirs", field=Field.TITLE),
        )
    ]
    plan = a_plan(
        PostComment(comment=a_local_comment(), why=Why(rule=Rule.COMMENT_CREATED, remote="words")),
        SetTitle(title="Ours", why=Why(rule=Rule.NEWEST_LOCAL, remote="Theirs")),
        PostComment(comment=a_local_comment(), why=Why(rule=Rule.COMMENT_CREATED, remote="words")),
    )
    assert flapping_fields(plan, steps[:-1], NOW) == {Field.TITLE}


def test_what_only_bugspark_changed_is_no_sight_of_github() -> None:
    why = Why(rule=Rule.LOCAL_MOVED, remote="low")
    plan = a_plan(SwapLabels(field=SEVERITY, add="critical", remove=("low",), why=why))
    steps = (wrote(1, "critical", "low", field=SEVERITY, kind=Kind.SWAP_LABELS),)
    assert flapping_fields(plan, steps * 3, NOW) == frozenset()
    assert remote_values_moved(plan) == {}
    assert remote_values_moved(taking("new")) == {STATUS: "new"}


@pytest.mark.parametrize(
    ("field", "before", "to", "now", "undone"),
    [
        (STATUS, "new", "resolved", "new", True),
        (STATUS, "in_progress", "closed", "new", True),  # an issue knows only open and closed
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
def test_undone_means_that_the_value_before_ours_is_there_again(
    field: Field, before: str | None, to: str, now: str | None, undone: bool
) -> None:
    kind = {STATUS: Kind.SET_STATE, SEVERITY: Kind.SWAP_LABELS}.get(field, Kind.SET_TITLE)
    assert is_reversal(field, wrote(1, to, before, field=field, kind=kind), now) is undone


def test_what_we_took_over_is_nothing_of_ours_to_be_undone() -> None:
    assert not is_reversal(STATUS, saw(1, "resolved"), "new")
    assert not is_reversal(STATUS, wrote(1, kind=Kind.SET_FIELD), "new")
