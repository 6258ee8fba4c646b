"""Decisions about a link's fields: which side is written, which value is lost, and the next base."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from reconciler.fields import SYNCED_FIELDS, initial_base
from reconciler.fields.labels import LabelField
from reconciler.fields.synced_field import AddedEvent, AnySyncedField, FieldDiff, Verdict
from reconciler.model.fields import Base, Field, Side
from reconciler.model.link import SeenIssue
from reconciler.model.plan import Action, Conflict, IssueFieldWrite, Rule, SetReportField, Why
from reconciler.model.policy import ConflictPolicy, Direction, SyncPolicy
from reconciler.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChangeTimes:
    """When each side last changed a field, in GitHub's time. If both are equal, GitHub wins."""

    local: datetime
    remote: datetime
    added: Mapping[str, AddedEvent] = field(default_factory=dict)  # by the value; a label's by `label_key`


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsDecision:
    """The actions and conflicts of one link's fields, and the base to store with the local actions."""

    base: Base
    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]
    still_frozen: frozenset[Field] = frozenset()  # frozen, and the sides still differ


def decide_fields(
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
    times: Mapping[Field, FieldChangeTimes],
    *,
    relabelled: bool = True,
    frozen: Collection[Field] = (),
    unsettled: Collection[Field] = (),
    names: Collection[Field] = tuple(SYNCED_FIELDS),
    next_base: Base | None = None,
) -> FieldsDecision | frozenset[Field]:
    """Decide fields of one link, or return the fields whose events have to be read first.

    `relabelled`: whether the issue's labels are news; only then several labels of one field are noted.
    `frozen`: fields that are not written on either side while the sides differ. Their base follows GitHub, so
    that BugSpark's value counts as the changed one when a person unfreezes the field. `unsettled`: fields
    that are not decided, because GitHub's value may come from a write of ours that is not confirmed yet.
    `names`: the fields that are decided; `next_base`: what they change, if others were decided before.
    """
    fields = tuple(SYNCED_FIELDS[each] for each in names)
    unexplained = _fields_that_need_events(fields, report, seen, base, policy, times)
    if unexplained := unexplained - set(unsettled):
        return unexplained
    base = _with_values_before_settings(fields, base, seen, policy, times)
    every = tuple(d for d in _field_diffs(fields, report, seen, base, policy) if d.field not in unsettled)
    still_frozen = frozenset(d.field for d in every if d.field in frozen and d.verdict is not Verdict.EQUAL)
    diffs = tuple(item for item in every if item.field not in still_frozen)
    outcomes = _settle_fields(diffs, policy, times)
    if isinstance(outcomes, frozenset):
        return outcomes
    next_base = _base_of_undecided_fields(
        fields, report, seen, next_base or base, policy, every, still_frozen
    )
    actions: list[Action] = []
    for item in diffs:
        outcome = outcomes[item.field]
        next_base = _advance_base(next_base, item, outcome, seen)
        if outcome.why is not None and outcome.winner is not None:
            retired = _own_retired_labels(item, seen, policy, times)
            swapped = replace(item, retired=retired) if retired else item
            actions.append(_action_for_winner(swapped, outcome.winner, outcome.why, report, policy))
    return FieldsDecision(
        base=next_base,
        actions=tuple(actions),
        conflicts=tuple(each.conflict for each in outcomes.values() if each.conflict is not None),
        notes=_competing_label_notes(diffs) if relabelled else (),
        still_frozen=still_frozen,
    )


def _settle_fields(
    diffs: Collection[FieldDiff], policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes]
) -> "Mapping[Field, FieldOutcome] | frozenset[Field]":
    """Return each field's outcome, or the fields whose events have to be read first."""
    outcomes: dict[Field, FieldOutcome] = {}
    open_fields: set[Field] = set()
    for item in diffs:
        outcome = settle_field(item, policy.conflict, times, policy.direction(item.field))
        if isinstance(outcome, NeedsChangeTimes):
            open_fields.add(item.field)
        else:
            outcomes[item.field] = outcome
    return frozenset(open_fields) or outcomes


def _base_of_undecided_fields(
    fields: Collection[AnySyncedField],
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
    diffs: Collection[FieldDiff],
    frozen: Collection[Field],
) -> Base:
    """Return the base with GitHub's value of fields that are frozen, and each side's of those not synced."""
    base = base or initial_base(report, seen)
    for item in diffs:
        if item.field in frozen and item.remote is not None:
            base = SYNCED_FIELDS[item.field].with_agreed_value(base, item.remote, seen)
    for synced_field in fields:
        if not synced_field.is_enabled(policy):
            base = synced_field.with_values_while_disabled(base, report, seen)
    return base


def _field_diffs(
    fields: Collection[AnySyncedField],
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
) -> tuple[FieldDiff, ...]:
    return tuple(
        synced_field.diff(report, seen, base, policy)
        for synced_field in fields
        if synced_field.is_enabled(policy)
    )


def _fields_that_need_events(
    fields: Collection[AnySyncedField],
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
    times: Mapping[Field, FieldChangeTimes],
) -> frozenset[Field]:
    """The fields whose values can be judged only after the issue's events have been read."""
    return frozenset(
        each.field
        for each in fields
        if each.field not in times
        and each.is_enabled(policy)
        and each.needs_events(report, seen, base, policy)
    )


def _with_values_before_settings(
    fields: Collection[AnySyncedField],
    base: Base | None,
    seen: SeenIssue,
    policy: SyncPolicy,
    times: Mapping[Field, FieldChangeTimes],
) -> Base | None:
    """Return the base with what was there before the settings that give it its meaning."""
    for each in fields:
        if base is not None and each.field in times and each.is_enabled(policy):
            base = each.with_values_before_settings(base, seen, policy, times[each.field].added)
    return base


def _own_retired_labels(
    item: FieldDiff, seen: SeenIssue, policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes]
) -> tuple[str, ...]:
    """The labels of an old mapping that this program added: they go with the next swap."""
    each = SYNCED_FIELDS[item.field]
    if not isinstance(each, LabelField) or item.field not in times:
        return ()
    return each.own_retired_labels(seen, policy, times[item.field].added)


def _advance_base(base: Base, item: FieldDiff, outcome: "FieldOutcome", seen: SeenIssue) -> Base:
    """Return the base after this field's outcome.

    Equal: the common value. GitHub won: GitHub's value, stored with the local write. BugSpark won a conflict:
    GitHub's present value, so that from now on only BugSpark has changed, until the write is confirmed. A
    change against the direction: the half of its own side.
    """
    synced_field = SYNCED_FIELDS[item.field]
    if outcome.barred is Side.GITHUB:
        return synced_field.with_github_value(base, seen)
    if outcome.barred is Side.BUGSPARK:
        return synced_field.with_bugspark_value(base, item.local)
    if outcome.winner is None:
        return synced_field.with_agreed_value(base, item.local, seen)
    if item.verdict is Verdict.LOCAL_MOVED:
        return base
    assert item.remote is not None
    return SYNCED_FIELDS[item.field].with_agreed_value(base, item.remote, seen)


def _action_for_winner(item: FieldDiff, winner: Side, why: Why, report: Report, policy: SyncPolicy) -> Action:
    if winner is Side.GITHUB:
        assert item.remote is not None
        return SetReportField(field=item.field, to=item.remote, why=why)
    write: IssueFieldWrite = SYNCED_FIELDS[item.field].remote_action(item, report, why, policy)
    return write


def _competing_label_notes(diffs: tuple[FieldDiff, ...]) -> tuple[str, ...]:
    return tuple(
        f"several labels speak of {item.field} ({', '.join(item.present)}): {item.remote} counts"
        for item in diffs
        if len(item.present) > 1 and isinstance(SYNCED_FIELDS[item.field], LabelField)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOutcome:
    """What is done about one field. `winner` None: nothing is written, and only the base changes.

    `barred`: the side that has changed and may not change the other one.
    """

    winner: Side | None
    barred: Side | None = None
    why: Why | None = None
    conflict: Conflict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsChangeTimes:
    """A conflict that can be settled only after the issue's events have been read."""

    field: Field


def settle_field(
    diff: FieldDiff,
    policy: ConflictPolicy,
    times: Mapping[Field, FieldChangeTimes],
    direction: Direction = Direction.BOTH,
) -> FieldOutcome | NeedsChangeTimes:
    """Decide one field. Pure; raises nothing."""
    match diff.verdict:
        case Verdict.EQUAL:
            return FieldOutcome(winner=None)
        case Verdict.LOCAL_MOVED:
            if not direction.writes_github:
                return FieldOutcome(winner=None, barred=Side.BUGSPARK)
            unfinished = diff.local == diff.remote
            moved = Rule.SETTINGS if diff.is_by_mapping else Rule.LOCAL_MOVED
            rule = Rule.SWAP_UNFINISHED if unfinished else moved
            return FieldOutcome(winner=Side.BUGSPARK, why=_build_why(diff, rule, diff.local))
        case Verdict.REMOTE_MOVED:
            if not direction.writes_bugspark:
                return FieldOutcome(winner=None, barred=Side.GITHUB)
            rule = Rule.SETTINGS if diff.is_by_mapping else Rule.REMOTE_MOVED
            return FieldOutcome(winner=Side.GITHUB, why=_build_why(diff, rule, diff.remote))
        case Verdict.CONFLICT:
            return _settle_conflict(diff, policy, direction, times.get(diff.field))
    assert_never(diff.verdict)


def _settle_conflict(
    diff: FieldDiff, policy: ConflictPolicy, direction: Direction, times: FieldChangeTimes | None
) -> FieldOutcome | NeedsChangeTimes:
    if not direction.writes_bugspark:
        return _conflict_outcome(diff, Side.BUGSPARK, Rule.DIRECTION)
    if not direction.writes_github:
        return _conflict_outcome(diff, Side.GITHUB, Rule.DIRECTION)
    match policy:
        case ConflictPolicy.GITHUB:
            return _conflict_outcome(diff, Side.GITHUB, Rule.POLICY_REMOTE)
        case ConflictPolicy.BUGSPARK:
            return _conflict_outcome(diff, Side.BUGSPARK, Rule.POLICY_LOCAL)
        case ConflictPolicy.NEWEST:
            if times is None:
                return NeedsChangeTimes(field=diff.field)
            if times.local > times.remote:
                return _conflict_outcome(diff, Side.BUGSPARK, Rule.NEWEST_LOCAL)
            return _conflict_outcome(diff, Side.GITHUB, Rule.NEWEST_REMOTE)
    assert_never(policy)


def _conflict_outcome(diff: FieldDiff, winner: Side, rule: Rule) -> FieldOutcome:
    to, lost = (diff.local, diff.remote) if winner is Side.BUGSPARK else (diff.remote, diff.local)
    why = _build_why(diff, rule, to)
    conflict = Conflict(field=diff.field, why=why, lost=diff.text_of(lost))
    return FieldOutcome(winner=winner, why=why, conflict=conflict)


def _build_why(diff: FieldDiff, rule: Rule, to: str | None) -> Why:
    text = diff.text_of
    return Why(rule=rule, base=text(diff.base), local=text(diff.local), remote=text(diff.remote), to=text(to))
