"""Brakes on a finished plan: they return a smaller plan and what they held back, and raise nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from reconciler.model.fields import Side
from reconciler.model.ids import CommentPairId
from reconciler.model.link import CommentPairState
from reconciler.model.plan import DeleteRemote, Deletion, LinkPlan, RemoveLocal
from reconciler.model.policy import GuardPolicy

MAX_UNSUSPICIOUS_DELETIONS = 5
"""So many deletions are never suspicious by their share alone (docs/design.md, Guard)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardResult:
    """The plans that may be carried out, and all deletions that are held back so far."""

    plans: tuple[LinkPlan, ...]
    withheld: tuple[Deletion, ...] = ()


def deletions(plans: Sequence[LinkPlan]) -> tuple[Deletion, ...]:
    """Every deletion of a comment that these plans would make."""
    return tuple(a for plan in plans for a in plan.actions if isinstance(a, RemoveLocal | DeleteRemote))


def withhold_suspicious(
    plans: Sequence[LinkPlan],
    *,
    known: Mapping[Side, int],
    accepted: Collection[CommentPairId],
    policy: GuardPolicy,
    applied: Sequence[Deletion] = (),
    held: Sequence[Deletion] = (),
) -> GuardResult:
    """Withhold suspicious deletions; everything else goes on.

    `known`: comments the project's ledger believes alive, by the side of their original. `accepted`: ledger
    rows whose deletion the operator has accepted; they neither count nor wait. `applied`, `held`: what became
    of the deletions of the pass's earlier looks; they count, and once one waits, all that follow wait too.
    """
    wanted = {deletion_key(item): item for item in deletions(plans) if item.pair.id not in accepted}
    earlier = {deletion_key(item): item for item in (*applied, *held)}
    if not held and not is_suspicious(tuple((earlier | wanted).values()), known, policy):
        return GuardResult(plans=tuple(plans))
    ids = frozenset(item.pair.id for item in wanted.values())
    waiting = {deletion_key(item): item for item in held} | wanted
    return GuardResult(
        plans=tuple(_without_deletions(plan, ids) for plan in plans), withheld=tuple(waiting.values())
    )


def without_unaccepted_deletions(plan: LinkPlan, accepted: Collection[CommentPairId]) -> LinkPlan:
    """The plan without deletions that nobody has accepted, and its link due to be looked at whole. While the
    lists have not been read to their ends nobody knows how many there will be, nor whether they will show
    that our tables are an older copy of what they were: then nothing is to be deleted (docs/decisions/0032).
    """
    ids = frozenset(item.pair.id for item in deletions([plan]) if item.pair.id not in accepted)
    if not ids:
        return plan
    return replace(
        _without_deletions(plan, ids), withheld=plan.withheld, after=replace(plan.after, verification=None)
    )


def deletion_key(item: Deletion) -> str:
    """A deletion is named by its comment's ids on both sides: a row that is not stored yet has a new id
    each time it is decided."""
    return f"{type(item).__name__} {item.pair.local_id} {item.pair.remote_id}"


def is_suspicious(wanted: Sequence[Deletion], known: Mapping[Side, int], policy: GuardPolicy) -> bool:
    """Too many, too large a share, or all there is of five and more (docs/design.md, Guard)."""
    count = len(wanted)
    if count > policy.max_deletions:
        return True
    if count > MAX_UNSUSPICIOUS_DELETIONS and count > policy.max_share * sum(known.values()):
        return True
    return any(
        len(_of_side(wanted, side)) >= max(known.get(side, 0), MAX_UNSUSPICIOUS_DELETIONS) for side in Side
    )


def deletions_digest(wanted: Sequence[Deletion]) -> str | None:
    """The hash the operator accepts: of exactly these deletions, in no particular order; None for none."""
    if not wanted:
        return None
    return sha256("\n".join(sorted(deletion_key(item) for item in wanted)).encode()).hexdigest()[:16]


def _of_side(wanted: Sequence[Deletion], origin: Side) -> list[Deletion]:
    return [item for item in wanted if item.pair.origin is origin]


def _without_deletions(plan: LinkPlan, ids: frozenset[CommentPairId]) -> LinkPlan:
    """What is held back did not happen, so its row does not end; what was seen of it is still remembered."""
    held = tuple(a for a in plan.actions if isinstance(a, RemoveLocal | DeleteRemote) and a.pair.id in ids)
    if not held:
        return plan
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action not in held),
        pairs=tuple(e for e in plan.pairs if e.id not in ids or e.state is not CommentPairState.ENDED),
        withheld=plan.withheld + held,
    )
