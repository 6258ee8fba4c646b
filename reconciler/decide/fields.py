"""A link's fields: every difference settled, the base moved on, the actions that close what is left.

At the end: which side of one difference is written, and which value lost.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reconciler.fields import SYNCED_FIELDS, initial_base
from reconciler.fields.synced_field import FieldDiff, Verdict
from reconciler.model.fields import Base, Field, Side
from reconciler.model.link import SeenIssue
from reconciler.model.plan import Action, Conflict, FieldWrite, Rule, SetField, Why
from reconciler.model.policy import ConflictPolicy, SyncPolicy
from reconciler.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTimes:
    """When each side last moved a field, in GitHub's time. A tie goes to GitHub."""

    local: datetime
    remote: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsDecision:
    """What is to be done about the fields of one link, and the base once its local half is stored."""

    base: Base
    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]
    still_frozen: frozenset[Field] = frozenset()  # frozen, and still not equal


def decide_fields(
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
    times: Mapping[Field, FieldTimes],
    *,
    relabelled: bool = True,
    frozen: Collection[Field] = (),
    unsettled: Collection[Field] = (),
) -> FieldsDecision | frozenset[Field]:
    """Every field of one link. Returns the fields whose events have to be read first, if there are any.

    `relabelled`: the issue's labels are news; only then is it noted that several speak of one field.
    `frozen`: fields that are written on neither side unless both sides are equal. Their base follows GitHub:
    should a person thaw one, BugSpark's value is what has moved. `unsettled`: fields that are not decided at
    all, because what GitHub says of them may be a write of ours that nobody has confirmed yet.
    """
    every = tuple(d for d in _diffs(report, seen, base, policy) if d.field not in unsettled)
    held = frozenset(d.field for d in every if d.field in frozen and d.verdict is not Verdict.EQUAL)
    diffs = tuple(item for item in every if item.field not in held)
    settled = {item.field: settle_field(item, policy.conflict, times) for item in diffs}
    open_fields = frozenset(field for field, item in settled.items() if isinstance(item, NeedsTimes))
    if open_fields:
        return open_fields
    moved = base or initial_base(report, seen)
    for item in every:
        if item.field in held and item.remote is not None:
            moved = SYNCED_FIELDS[item.field].agree(moved, item.remote, seen)
    actions: list[Action] = []
    conflicts: list[Conflict] = []
    for item in diffs:
        outcome = settled[item.field]
        assert not isinstance(outcome, NeedsTimes)
        moved = _advance(moved, item, outcome.winner, seen)
        if outcome.why is not None and outcome.winner is not None:
            actions.append(_action(item, outcome.winner, outcome.why, report, policy))
        if outcome.conflict is not None:
            conflicts.append(outcome.conflict)
    for each in SYNCED_FIELDS.values():
        if not each.is_enabled(policy):
            moved = each.agree(moved, each.local_value(report), seen)
    return FieldsDecision(
        base=moved,
        actions=tuple(actions),
        conflicts=tuple(conflicts),
        notes=_notes(diffs) if relabelled else (),
        still_frozen=held,
    )


def _diffs(report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> tuple[FieldDiff, ...]:
    return tuple(
        each.diff(report, seen, base, policy) for each in SYNCED_FIELDS.values() if each.is_enabled(policy)
    )


def _advance(base: Base, item: FieldDiff, winner: Side | None, seen: SeenIssue) -> Base:
    """Equal: what both say. GitHub won: its value, stored with the local write. BugSpark won a conflict:
    what GitHub says now, so that from here on BugSpark alone has moved, until the write is confirmed.
    """
    if winner is None:
        return SYNCED_FIELDS[item.field].agree(base, item.local, seen)
    if item.verdict is Verdict.LOCAL_MOVED:
        return base
    assert item.remote is not None
    return SYNCED_FIELDS[item.field].agree(base, item.remote, seen)


def _action(item: FieldDiff, winner: Side, why: Why, report: Report, policy: SyncPolicy) -> Action:
    if winner is Side.GITHUB:
        assert item.remote is not None
        return SetField(field=item.field, to=item.remote, why=why)
    write: FieldWrite = SYNCED_FIELDS[item.field].remote_action(item, report, why, policy)
    return write


def _notes(diffs: tuple[FieldDiff, ...]) -> tuple[str, ...]:
    return tuple(
        f"several labels speak of {item.field} ({', '.join(item.present)}): {item.remote} counts"
        for item in diffs
        if len(item.present) > 1
    )


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
