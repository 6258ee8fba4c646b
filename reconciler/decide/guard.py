"""Brakes on a finished plan: they return a smaller plan and what they held back, and raise nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from reconciler.model.fields import Side
from reconciler.model.ids import EntryId
from reconciler.model.link import EntryState
from reconciler.model.plan import DeleteRemote, Deletion, LinkPlan, RemoveLocal
from reconciler.model.policy import GuardPolicy

FEW = 5
"""So many deletions are never suspicious by their share alone (DESIGN.md, Guard)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The plans that may be carried out, and the hash of the deletions that may not."""

    plans: tuple[LinkPlan, ...]
    digest: str | None = None


def deletions(plans: Sequence[LinkPlan]) -> tuple[Deletion, ...]:
    """Every deletion of a comment that these plans would make."""
    return tuple(a for plan in plans for a in plan.actions if isinstance(a, RemoveLocal | DeleteRemote))


def guard(
    plans: Sequence[LinkPlan],
    *,
    known: Mapping[Side, int],
    accepted: Collection[EntryId],
    policy: GuardPolicy,
) -> Guarded:
    """Withhold suspicious deletions; everything else goes on.

    `known`: comments the project's ledger believes alive, by the side of their original. `accepted`: ledger
    rows whose deletion the operator has accepted; they neither count nor wait. Plans that hold deletions back
    already may come again with new ones: then these wait with them, under one hash.
    """
    held = tuple(item for plan in plans for item in plan.withheld)
    wanted = tuple(item for item in (*held, *deletions(plans)) if item.entry.id not in accepted)
    if not held and not suspicious(wanted, known, policy):
        return Guarded(plans=tuple(plans))
    ids = frozenset(item.entry.id for item in wanted)
    return Guarded(plans=tuple(_without(plan, ids) for plan in plans), digest=digest(wanted))


def suspicious(wanted: Sequence[Deletion], known: Mapping[Side, int], policy: GuardPolicy) -> bool:
    """Too many, too large a share, or all there is of five and more (DESIGN.md, Guard)."""
    count = len(wanted)
    if count > policy.max_deletions:
        return True
    if count > FEW and count > policy.max_share * sum(known.values()):
        return True
    return any(len(_of_side(wanted, side)) >= max(known.get(side, 0), FEW) for side in Side)


def digest(wanted: Sequence[Deletion]) -> str:
    """The hash the operator accepts: of exactly these deletions, in no particular order.

    A comment is named by its ids on both sides: a ledger row that is not stored yet has a new id each time.
    """
    lines = sorted(f"{type(item).__name__} {item.entry.local_id} {item.entry.remote_id}" for item in wanted)
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def _of_side(wanted: Sequence[Deletion], origin: Side) -> list[Deletion]:
    return [item for item in wanted if item.entry.origin is origin]


def _without(plan: LinkPlan, ids: frozenset[EntryId]) -> LinkPlan:
    """What is held back did not happen, so its row does not end; what was seen of it is still remembered."""
    held = tuple(a for a in plan.actions if isinstance(a, RemoveLocal | DeleteRemote) and a.entry.id in ids)
    if not held:
        return plan
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action not in held),
        entries=tuple(e for e in plan.entries if e.id not in ids or e.state is not EntryState.ENDED),
        withheld=plan.withheld + held,
    )
