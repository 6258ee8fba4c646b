"""The decision about a link's stage, after the other fields: open or closed comes first.

The stage is decided on the sides as they are once the status is written, and only within open. Both are one
column of BugSpark's, so what both take from GitHub is one write (docs/design.md, State and status).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.decide.fields import FieldChangeTimes, FieldsDecision, decide_fields
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.stage import STAGE, is_open
from reconciler.model.fields import Base, Field, IssueState, Status
from reconciler.model.link import SeenIssue
from reconciler.model.plan import Action, Rule, SetIssueState, SetReportField, SwapLabels, Why
from reconciler.model.policy import SyncPolicy, label_key
from reconciler.model.report import Report

OTHER_FIELDS = tuple(field for field in SYNCED_FIELDS if field is not Field.STAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkAfterFields:
    """One link once its other fields are written. `base`: as it was; `next_base`: as it will be."""

    report: Report
    seen: SeenIssue
    base: Base | None
    next_base: Base
    status_write: SetReportField | None  # GitHub opened or closed the issue, and the report follows
    state_write: SetIssueState | None  # BugSpark did, and the issue follows

    @property
    def agreed(self) -> Status | None:
        """The stage that both sides last agreed on."""
        return Status(STAGE.base_value(self.base)) if self.base else None

    @property
    def is_report_open(self) -> bool:
        """Whether the report will be open."""
        return is_open(self.report.status)

    @property
    def is_issue_open(self) -> bool:
        """Whether the issue will be open."""
        return self.seen.state is IssueState.OPEN

    def with_kept_stage(self, base: Base) -> Base:
        """Return the base with the stage that was last agreed on, which is still to be written."""
        labels = self.base.stage_labels if self.base else None
        return replace(base, stage=self.agreed, stage_labels=labels)


def decide_fields_and_stage(
    report: Report,
    seen: SeenIssue,
    base: Base | None,
    policy: SyncPolicy,
    times: Mapping[Field, FieldChangeTimes],
    *,
    relabelled: bool = True,
    frozen: Collection[Field] = (),
    unsettled: Collection[Field] = (),
) -> FieldsDecision | frozenset[Field]:
    """Decide every field of one link, the stage last; see `decide_fields` for what goes in and out."""
    first = decide_fields(
        report,
        seen,
        base,
        policy,
        times,
        relabelled=relabelled,
        frozen=frozen,
        unsettled=unsettled,
        names=OTHER_FIELDS,
    )
    if isinstance(first, frozenset):
        return first
    if not STAGE.is_enabled(policy):
        return replace(first, base=STAGE.with_values_while_disabled(first.base, report, seen))
    sides = _link_after_fields(first, report, seen, base)
    if not {Field.STATUS, Field.STAGE}.isdisjoint(unsettled) or Field.STATUS in first.still_frozen:
        return replace(first, base=sides.with_kept_stage(first.base))
    if sides.is_report_open and sides.is_issue_open:
        second = decide_fields(
            sides.report,
            sides.seen,
            sides.base,
            _policy_after_reopening(sides, policy, times),
            times,
            relabelled=relabelled,
            frozen=frozen,
            names=(Field.STAGE,),
            next_base=sides.next_base,
        )
        return (
            second if isinstance(second, frozenset) else _merge_decisions(first, second, sides.status_write)
        )
    if sides.is_report_open or sides.is_issue_open:  # the settings let neither side follow the other
        return replace(first, base=STAGE.with_agreed_value(first.base, sides.report.status, sides.seen))
    return _remove_own_stage_labels(first, sides, policy, times)


def _link_after_fields(
    first: FieldsDecision, report: Report, seen: SeenIssue, base: Base | None
) -> _LinkAfterFields:
    """The sides after the other fields' decision. A report that GitHub reopens has no stage of its own yet.

    An issue that BugSpark reopens has only labels that are older than that: they say nothing.
    """
    status_write = next(
        (each for each in first.actions if isinstance(each, SetReportField) and each.field is Field.STATUS),
        None,
    )
    state_write = next((each for each in first.actions if isinstance(each, SetIssueState)), None)
    if status_write is not None:
        report = replace(report, status=Status(status_write.to))
    if state_write is not None:
        seen = replace(seen, state=state_write.state)
    before = _LinkAfterFields(
        report=report,
        seen=seen,
        base=base,
        next_base=first.base,
        status_write=status_write,
        state_write=state_write,
    )
    if not before.is_report_open or not before.is_issue_open:
        return before
    if status_write is not None:
        labels = base.stage_labels if base else ()
        reopened = replace(first.base, stage=report.status, stage_labels=labels)
        return replace(before, base=reopened, next_base=reopened)
    if base is None:
        return before
    kept = before.with_kept_stage(first.base)
    if state_write is not None:
        kept = replace(kept, stage_labels=seen.labels)
    return replace(before, base=kept, next_base=kept)


def _policy_after_reopening(
    sides: _LinkAfterFields, policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes]
) -> SyncPolicy:
    """The policy in which stage labels have their meaning only since GitHub reopened the issue."""
    if sides.status_write is None:
        return policy
    # Before the events are read, any time makes them be read for a label that is new.
    status = times.get(Field.STATUS)
    reopened_at = status.remote if status else sides.seen.updated_at
    since: dict[str, datetime] = dict(policy.label_history.since)
    for label in STAGE.value_of_labels(sides.seen.labels, policy.labels).labels:
        key = label_key(label)
        since[key] = max(since.get(key, reopened_at), reopened_at)
    return replace(policy, label_history=replace(policy.label_history, since=since))


def _merge_decisions(
    first: FieldsDecision, second: FieldsDecision, status_write: SetReportField | None
) -> FieldsDecision:
    """Both decisions as one. A report that GitHub reopens gets status and stage by the same write."""
    actions: tuple[Action, ...] = (*first.actions, *second.actions)
    stage_write = next((each for each in second.actions if isinstance(each, SetReportField)), None)
    if status_write is not None and stage_write is not None:
        both = replace(status_write, to=stage_write.to, why=replace(status_write.why, to=stage_write.to))
        actions = tuple(both if each is status_write else each for each in first.actions)
    return FieldsDecision(
        base=second.base,
        actions=actions,
        conflicts=first.conflicts + second.conflicts,
        notes=first.notes + second.notes,
        still_frozen=first.still_frozen | second.still_frozen,
    )


def _remove_own_stage_labels(
    first: FieldsDecision,
    sides: _LinkAfterFields,
    policy: SyncPolicy,
    times: Mapping[Field, FieldChangeTimes],
) -> FieldsDecision | frozenset[Field]:
    """Remove the stage labels that this program added from an issue that has been closed since the base."""
    ended = replace(first, base=STAGE.with_agreed_value(first.base, sides.report.status, sides.seen))
    reading = STAGE.value_of_labels(sides.seen.labels, policy.labels)
    was_open = sides.agreed is not None and is_open(sides.agreed)
    if not was_open or not reading.labels or not policy.direction(Field.STAGE).writes_github:
        return ended
    if Field.STAGE not in times:
        return frozenset({Field.STAGE})
    added = times[Field.STAGE].added
    ours = tuple(
        label
        for label in reading.labels
        if (event := added.get(label_key(label))) is not None and event.is_own
    )
    if not ours:
        return ended
    why = Why(
        rule=Rule.CLOSED,
        base=sides.agreed,
        local=sides.report.status,
        remote=reading.value,
        to=sides.report.status,
    )
    retired = STAGE.own_retired_labels(sides.seen, policy, added)
    swap = SwapLabels(field=Field.STAGE, add=None, remove=(*retired, *ours), why=why)
    return replace(first, base=sides.with_kept_stage(first.base), actions=(*first.actions, swap))
