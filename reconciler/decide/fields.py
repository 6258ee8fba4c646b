"""A link's fields: every difference settled, the base moved on, the actions that close what is left."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.decide import diff
from reconciler.decide.conflicts import FieldTimes, NeedsTimes, settle_field
from reconciler.decide.diff import FieldDiff, Verdict
from reconciler.decide.mapping import category_label, issue_state_and_reason, severity_label
from reconciler.decide.text import title_to_github
from reconciler.model.fields import Category, Field, Severity, Side, Status
from reconciler.model.link import Base, SeenIssue
from reconciler.model.plan import Action, Conflict, SetField, SetState, SetTitle, SwapLabels, Why
from reconciler.model.policy import LabelMapping, SyncPolicy
from reconciler.model.report import Report


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
            moved = base_agreed_on(moved, item.field, item.remote, remote_title=seen.title)
    actions: list[Action] = []
    conflicts: list[Conflict] = []
    for item in diffs:
        outcome = settled[item.field]
        assert not isinstance(outcome, NeedsTimes)
        moved = _advance(moved, item, outcome.winner, seen)
        if outcome.why is not None and outcome.winner is not None:
            actions.append(_action(item, outcome.winner, outcome.why, report, policy.labels))
        if outcome.conflict is not None:
            conflicts.append(outcome.conflict)
    if not policy.title:
        moved = replace(moved, title=report.title, remote_title=seen.title)
    return FieldsDecision(
        base=moved,
        actions=tuple(actions),
        conflicts=tuple(conflicts),
        notes=_notes(diffs) if relabelled else (),
        still_frozen=held,
    )


def initial_base(report: Report, seen: SeenIssue) -> Base:
    """At first contact the report's values stand in for a base; each field's own outcome then corrects it."""
    return Base(
        status=report.status,
        severity=report.severity,
        category=report.category,
        title=report.title,
        remote_title=seen.title,
    )


def _diffs(report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> tuple[FieldDiff, ...]:
    labels = policy.labels
    always = (
        diff.status(report, seen, base),
        diff.severity(report, seen, base, labels),
        diff.category(report, seen, base, labels),
    )
    return (*always, diff.title(report, seen, base)) if policy.title else always


def _advance(base: Base, item: FieldDiff, winner: Side | None, seen: SeenIssue) -> Base:
    """Equal: what both say. GitHub won: its value, stored with the local write. BugSpark won a conflict:
    what GitHub says now, so that from here on BugSpark alone has moved, until the write is confirmed.
    """
    if winner is None:
        return base_agreed_on(base, item.field, item.local, remote_title=seen.title)
    if item.verdict is Verdict.LOCAL_MOVED:
        return base
    assert item.remote is not None
    return base_agreed_on(base, item.field, item.remote, remote_title=seen.title)


def base_agreed_on(base: Base, field: Field, value: str, *, remote_title: str) -> Base:
    """The base with one field agreed at `value`, in BugSpark's spelling."""
    match field:
        case Field.STATUS:
            return replace(base, status=Status(value))
        case Field.SEVERITY:
            return replace(base, severity=Severity(value))
        case Field.CATEGORY:
            return replace(base, category=Category(value))
        case Field.TITLE:
            return replace(base, title=value, remote_title=remote_title)
    assert_never(field)


def _action(item: FieldDiff, winner: Side, why: Why, report: Report, labels: LabelMapping) -> Action:
    if winner is Side.GITHUB:
        assert item.remote is not None
        return SetField(field=item.field, to=item.remote, why=why)
    match item.field:
        case Field.STATUS:
            state, reason = issue_state_and_reason(report.status)
            return SetState(state=state, reason=reason, why=why)
        case Field.SEVERITY:
            return _label_swap(item, severity_label(report.severity, labels), why)
        case Field.CATEGORY:
            return _label_swap(item, category_label(report.category, labels), why)
        case Field.TITLE:
            return SetTitle(title=title_to_github(report.tracking_id, report.title), why=why)
    assert_never(item.field)


def _label_swap(item: FieldDiff, label: str | None, why: Why) -> SwapLabels:
    """A label that already says it is left alone, an alias too; only labels seen on the issue are removed."""
    said = len(item.present) > len(item.surplus)
    return SwapLabels(field=item.field, add=None if said else label, remove=item.surplus, why=why)


def _notes(diffs: tuple[FieldDiff, ...]) -> tuple[str, ...]:
    return tuple(
        f"several labels speak of {item.field} ({', '.join(item.present)}): {item.remote} counts"
        for item in diffs
        if len(item.present) > 1
    )
