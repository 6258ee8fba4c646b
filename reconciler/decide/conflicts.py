"""What follows from the difference of one field: which side is written, and which value lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reconciler.fields.synced_field import FieldDiff, Verdict
from reconciler.model.fields import Field, Side
from reconciler.model.plan import Conflict, Rule, Why
from reconciler.model.policy import ConflictPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTimes:
    """When each side last moved a field, in GitHub's time. A tie goes to GitHub."""

    local: datetime
    remote: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOutcome:
    """`winner` None: both are equal, only the base advances."""

    winner: Side | None
    why: Why | None = None
    conflict: Conflict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsTimes:
    """The conflict can only be settled once the issue's events have been read."""

    field: Field


def settle_field(
    diff: FieldDiff, policy: ConflictPolicy, times: Mapping[Field, FieldTimes]
) -> FieldOutcome | NeedsTimes:
    """One field, one decision. Pure; raises nothing."""
    match diff.verdict:
        case Verdict.EQUAL:
            return FieldOutcome(winner=None)
        case Verdict.LOCAL_MOVED:
            unfinished = diff.local == diff.remote
            rule = Rule.SWAP_UNFINISHED if unfinished else Rule.LOCAL_MOVED
            return FieldOutcome(winner=Side.BUGSPARK, why=_why(diff, rule, diff.local))
        case Verdict.REMOTE_MOVED:
            return FieldOutcome(winner=Side.GITHUB, why=_why(diff, Rule.REMOTE_MOVED, diff.remote))
        case Verdict.CONFLICT:
            return _settle_conflict(diff, policy, times.get(diff.field))
    assert_never(diff.verdict)


def _settle_conflict(
    diff: FieldDiff, policy: ConflictPolicy, times: FieldTimes | None
) -> FieldOutcome | NeedsTimes:
    match policy:
        case ConflictPolicy.GITHUB:
            return _conflict_outcome(diff, Side.GITHUB, Rule.POLICY_REMOTE)
        case ConflictPolicy.BUGSPARK:
            return _conflict_outcome(diff, Side.BUGSPARK, Rule.POLICY_LOCAL)
        case ConflictPolicy.NEWEST:
            if times is None:
                return NeedsTimes(field=diff.field)
            if times.local > times.remote:
                return _conflict_outcome(diff, Side.BUGSPARK, Rule.NEWEST_LOCAL)
            return _conflict_outcome(diff, Side.GITHUB, Rule.NEWEST_REMOTE)
    assert_never(policy)


def _conflict_outcome(diff: FieldDiff, winner: Side, rule: Rule) -> FieldOutcome:
    to, lost = (diff.local, diff.remote) if winner is Side.BUGSPARK else (diff.remote, diff.local)
    why = _why(diff, rule, to)
    return FieldOutcome(winner=winner, why=why, conflict=Conflict(field=diff.field, why=why, lost=lost))


def _why(diff: FieldDiff, rule: Rule, to: str | None) -> Why:
    return Why(rule=rule, base=diff.base, local=diff.local, remote=diff.remote, to=to)
