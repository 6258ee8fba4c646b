from collections.abc import Mapping
from datetime import timedelta

import pytest

from reconciler.decide.fields import FieldChangeTimes, FieldOutcome, NeedsChangeTimes, settle_field
from reconciler.fields.synced_field import FieldDiff, Verdict
from reconciler.model.fields import Field, Side
from reconciler.model.plan import Conflict, Rule, Why
from reconciler.model.policy import ConflictPolicy
from tests.support.factories import AFTER

SECOND = timedelta(seconds=1)
NEWEST, GITHUB, BUGSPARK = ConflictPolicy.NEWEST, ConflictPolicy.GITHUB, ConflictPolicy.BUGSPARK


def a_diff(verdict: Verdict, *, local: str = "low", remote: str = "critical") -> FieldDiff:
    return FieldDiff(field=Field.SEVERITY, base="high", local=local, remote=remote, verdict=verdict)


def times(**given: timedelta) -> Mapping[Field, FieldChangeTimes]:
    local, remote = (AFTER + given.get(side, timedelta()) for side in ("local", "remote"))
    return {Field.SEVERITY: FieldChangeTimes(local=local, remote=remote)}


@pytest.mark.parametrize("policy", ConflictPolicy)
def test_equal_sides_have_no_winner(policy: ConflictPolicy) -> None:
    assert settle_field(a_diff(Verdict.EQUAL), policy, {}) == FieldOutcome(winner=None)


@pytest.mark.parametrize("policy", ConflictPolicy)
def test_the_only_side_that_changed_wins_under_any_policy(policy: ConflictPolicy) -> None:
    local_why = Why(rule=Rule.LOCAL_MOVED, base="high", local="low", remote="critical", to="low")
    remote_why = Why(rule=Rule.REMOTE_MOVED, base="high", local="low", remote="critical", to="critical")
    assert settle_field(a_diff(Verdict.LOCAL_MOVED), policy, {}) == FieldOutcome(
        winner=Side.BUGSPARK, why=local_why
    )
    assert settle_field(a_diff(Verdict.REMOTE_MOVED), policy, {}) == FieldOutcome(
        winner=Side.GITHUB, why=remote_why
    )


def test_a_swap_that_already_reads_as_desired_has_a_rule_of_its_own() -> None:
    outcome = settle_field(a_diff(Verdict.LOCAL_MOVED, local="low", remote="low"), NEWEST, {})
    assert isinstance(outcome, FieldOutcome)
    assert outcome.why is not None
    assert outcome.why.rule is Rule.SWAP_UNFINISHED


@pytest.mark.parametrize(
    ("policy", "field_times", "winner", "rule"),
    [
        (NEWEST, times(local=SECOND), Side.BUGSPARK, Rule.NEWEST_LOCAL),
        (NEWEST, times(remote=SECOND), Side.GITHUB, Rule.NEWEST_REMOTE),
        (NEWEST, times(), Side.GITHUB, Rule.NEWEST_REMOTE),  # a tie goes to GitHub
        (GITHUB, times(local=SECOND), Side.GITHUB, Rule.POLICY_REMOTE),
        (GITHUB, {}, Side.GITHUB, Rule.POLICY_REMOTE),
        (BUGSPARK, times(remote=SECOND), Side.BUGSPARK, Rule.POLICY_LOCAL),
        (BUGSPARK, {}, Side.BUGSPARK, Rule.POLICY_LOCAL),
    ],
)
def test_a_conflict_has_a_winner_and_keeps_the_lost_value(
    policy: ConflictPolicy, field_times: Mapping[Field, FieldChangeTimes], winner: Side, rule: Rule
) -> None:
    to, lost = ("low", "critical") if winner is Side.BUGSPARK else ("critical", "low")
    why = Why(rule=rule, base="high", local="low", remote="critical", to=to)
    conflict = Conflict(field=Field.SEVERITY, why=why, lost=lost)
    outcome = settle_field(a_diff(Verdict.CONFLICT), policy, field_times)
    assert outcome == FieldOutcome(winner=winner, why=why, conflict=conflict)


def test_newest_needs_the_times_of_that_field() -> None:
    other_times = {Field.STATUS: FieldChangeTimes(local=AFTER, remote=AFTER)}
    assert settle_field(a_diff(Verdict.CONFLICT), NEWEST, other_times) == NeedsChangeTimes(
        field=Field.SEVERITY
    )
