"""The guard of a finished plan: it withholds deletions, finds flapping fields, and raises nothing.

Suspicious deletions are withheld. The flap breaker finds a field in which our writes are undone again and
again: a reversal is counted when *we* wrote a value, GitHub confirmed it, and the value from before is there
again. A third value does not count, nor does a person who changes a value of their own (docs/design.md,
Guard).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import CommentPairId, LinkId
from reconciler.model.kinds import FIELD_WRITE_KINDS, Kind
from reconciler.model.link import CommentPair, CommentPairState, LinkState
from reconciler.model.plan import (
    DeleteRemoteComment,
    Deletion,
    EndLink,
    IssueFieldWrite,
    LinkPlan,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
    WithheldItem,
)
from reconciler.model.policy import GuardPolicy
from reconciler.model.snapshot import FieldChange

MAX_UNSUSPICIOUS_DELETIONS = 5
"""Up to this many deletions are never suspicious by their share alone (docs/design.md, Guard)."""
WITHHELD_READ_INTERVAL = timedelta(hours=1)
"""A comment whose deletion is withheld is read again this often."""
FLAP_WINDOW = timedelta(hours=1)
MAX_REVERSALS = 3
"""This many reversals within an hour freeze a field."""
LOCAL_ONLY_RULES = (Rule.LOCAL_MOVED, Rule.SWAP_UNFINISHED)
KINDS_SEEN_ON_GITHUB = (Kind.SET_FIELD, Kind.CONFLICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardResult:
    """The plans that may be applied, and all deletions withheld so far."""

    plans: tuple[LinkPlan, ...]
    withheld: tuple[Deletion, ...] = ()


def deletions_in_plans(plans: Sequence[LinkPlan]) -> tuple[Deletion, ...]:
    """Return every deletion of a comment in these plans."""
    return tuple(
        a for plan in plans for a in plan.actions if isinstance(a, RemoveLocalComment | DeleteRemoteComment)
    )


def withhold_suspicious_deletions(
    plans: Sequence[LinkPlan],
    *,
    now: datetime,
    live_counts: Mapping[Side, int],
    accepted: Collection[CommentPairId],
    policy: GuardPolicy,
    missing: Sequence[CommentPair] = (),
    applied: Sequence[Deletion] = (),
    withheld: Sequence[Deletion] = (),
    local_unseen: bool = False,
) -> GuardResult:
    """Withhold suspicious deletions; everything else stays in the plans.

    `live_counts`: how many live comments the project's ledger has, by the side of their original. `accepted`:
    ledger rows whose deletion the operator has accepted; these are not counted and not withheld. `applied`,
    `withheld`: the deletions that earlier observations of this pass applied or withheld; they are counted,
    and once one is withheld, all later ones are. `missing`: comments that a first reading did not show; they
    are counted as well, for they may be the rest of the same deletion. `local_unseen`: BugSpark showed none
    of the comments that the ledger knows, so one that seems to be deleted there is suspicious. What is
    withheld is read again an hour after `now`: it may be shown by then.
    """
    candidates = {
        deletion_key(item): item for item in deletions_in_plans(plans) if item.pair.id not in accepted
    }
    earlier = {deletion_key(item): item for item in (*applied, *withheld)}
    counted = tuple((earlier | candidates).values())
    unseen = local_unseen and any(isinstance(item, DeleteRemoteComment) for item in candidates.values())
    suspicious = unseen or are_deletions_suspicious(counted, live_counts, policy, missing=missing)
    if not withheld and not suspicious:
        return GuardResult(plans=tuple(plans))
    ids = frozenset(item.pair.id for item in candidates.values())
    withheld_by_key = {deletion_key(item): item for item in withheld} | candidates
    return GuardResult(
        plans=tuple(_withhold_deletions(plan, ids, now + WITHHELD_READ_INTERVAL) for plan in plans),
        withheld=tuple(withheld_by_key.values()),
    )


def is_link_end_for_missing_report(plan: LinkPlan) -> bool:
    """Whether this plan ends a live link because its report is not in BugSpark any more."""
    return plan.link.is_live and plan.after.state is LinkState.REPORT_DELETED


def withhold_link_ends(plans: Sequence[LinkPlan], accepted: Collection[LinkId]) -> tuple[LinkPlan, ...]:
    """Withhold the ends of links that nobody accepted; for use while none of the known reports is shown.

    Such a link becomes due for verification: what GitHub shows until its report is back is compared then.
    """
    return tuple(
        replace(
            plan,
            after=replace(plan.link, verification=None),
            withheld=(EndLink(link_id=plan.link.id, why=Why(rule=Rule.REPORTS_MISSING)),),
        )
        if is_link_end_for_missing_report(plan) and plan.link.id not in accepted
        else plan
        for plan in plans
    )


def without_unaccepted_deletions(plan: LinkPlan, accepted: Collection[CommentPairId]) -> LinkPlan:
    """Return the plan without deletions that nobody accepted, and its link due for verification.

    For use before the lists have been read to their ends: until then it is unknown how many deletions there
    will be, and whether our tables are an older copy of themselves (docs/decisions/0032).
    """
    ids = frozenset(item.pair.id for item in deletions_in_plans([plan]) if item.pair.id not in accepted)
    if not ids:
        return plan
    return replace(
        _withhold_deletions(plan, ids, None),
        withheld=plan.withheld,
        after=replace(plan.after, verification=None),
    )


def deletion_key(item: WithheldItem) -> str:
    """Return the name of a deletion: its comment's ids on both sides.

    The row's id will not do: a row that is not stored yet gets a new id at each decision.
    """
    if isinstance(item, EndLink):
        return f"EndLink {item.link_id}"
    return f"{type(item).__name__} {item.pair.local_id} {item.pair.remote_id}"


def are_deletions_suspicious(
    candidates: Sequence[Deletion],
    live_counts: Mapping[Side, int],
    policy: GuardPolicy,
    *,
    missing: Sequence[CommentPair] = (),
) -> bool:
    """Whether these are too many, too large a share, or all comments of a side that has five or more.

    `missing`: further comments that a first reading did not show. Source: docs/design.md, Guard.
    """
    pairs = {item.pair.id: item.pair for item in candidates}
    pairs.update((pair.id, pair) for pair in missing)
    origins = [pair.origin for pair in pairs.values()]
    count = len(origins)
    if count > policy.max_deletions:
        return True
    if count > MAX_UNSUSPICIOUS_DELETIONS and count > policy.max_share * sum(live_counts.values()):
        return True
    return any(
        origins.count(side) >= max(live_counts.get(side, 0), MAX_UNSUSPICIOUS_DELETIONS) for side in Side
    )


def deletions_digest(candidates: Sequence[WithheldItem]) -> str | None:
    """Return the hash by which the operator accepts exactly these deletions, in any order; None for none."""
    if not candidates:
        return None
    return sha256("\n".join(sorted(deletion_key(item) for item in candidates)).encode()).hexdigest()[:16]


def _withhold_deletions(
    plan: LinkPlan, ids: frozenset[CommentPairId], read_again_at: datetime | None
) -> LinkPlan:
    """Move these deletions to `withheld`. Their rows do not end; other changes of the rows are kept."""
    withheld = tuple(
        a
        for a in plan.actions
        if isinstance(a, RemoveLocalComment | DeleteRemoteComment) and a.pair.id in ids
    )
    if not withheld:
        return plan
    kept = (pair for pair in plan.pairs if pair.id not in ids or pair.state is not CommentPairState.ENDED)
    read = (_with_later_reading(action.pair, read_again_at) for action in withheld)
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action not in withheld),
        pairs=(*kept, *(pair for pair in read if pair is not None)),
        withheld=plan.withheld + withheld,
    )


def _with_later_reading(pair: CommentPair, at: datetime | None) -> CommentPair | None:
    """The row of a comment that is read again later; None: its row does not change."""
    if at is None or pair.first_reading is None:
        return None
    return replace(pair, first_reading=replace(pair.first_reading, second_due=at))


def changed_remote_values(plan: LinkPlan) -> Mapping[Field, str]:
    """Return GitHub's value of each field that changed on GitHub and that the plan writes on either side."""
    remote_values: dict[Field, str] = {}
    for action in plan.actions:
        if not isinstance(action, SetReportField | IssueFieldWrite):
            continue
        if action.why.remote is not None and action.why.rule not in LOCAL_ONLY_RULES:
            remote_values[action.field] = action.why.remote
    return remote_values


def flapping_fields(plan: LinkPlan, history: Iterable[FieldChange], now: datetime) -> frozenset[Field]:
    """Return the fields whose last three reversals, the present one included, are within an hour.

    `history`: the history of the fields, oldest first, of at least the last two hours.
    """
    changes = list(history)
    remote_values = changed_remote_values(plan)
    return frozenset(
        field
        for field, remote in remote_values.items()
        if _is_third_reversal(_changes_of_field(changes, field), field, remote, now)
    )


def _changes_of_field(changes: Iterable[FieldChange], field: Field) -> list[FieldChange]:
    return [change for change in changes if change.field == field]


def _is_third_reversal(changes: Sequence[FieldChange], field: Field, remote: str, now: datetime) -> bool:
    last = changes[-1] if changes else None
    if last is None or not is_reversal(field, last, remote):
        return False
    earlier = [at for at in reversal_times(field, changes) if at > now - FLAP_WINDOW]
    return len(earlier) + 1 >= MAX_REVERSALS


def reversal_times(field: Field, changes: Iterable[FieldChange]) -> Iterator[datetime]:
    """Yield the time of each reversal of a field."""
    before: FieldChange | None = None
    for change in changes:
        seen = (
            change.kind in KINDS_SEEN_ON_GITHUB
            and before is not None
            and is_reversal(field, before, change.remote)
        )
        if seen:
            yield change.at
        before = change


def is_reversal(field: Field, write: FieldChange, remote: str | None) -> bool:
    """Whether GitHub shows again the value from before this write of ours, and not the value we wrote."""
    if write.kind not in FIELD_WRITE_KINDS or write.remote is None or remote is None:
        return False
    is_same_value = SYNCED_FIELDS[field].is_same_value
    return is_same_value(remote, write.remote) and not is_same_value(remote, write.to)
