"""Brakes on a finished plan: they return a smaller plan and what they held back, and raise nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from reconciler.model.fields import Side
from reconciler.model.ids import EntryId
from reconciler.model.link import EntryState
from reconciler.model.plan import DeleteRemote, Deletion, LinkPlan, RemoveLocal
from reconciler.model.policy import GuardPolicy
from reconciler.model.values import dataclass

FEW = 5
"""So many deletions are never suspicious by their share alone (docs/design.md, Guard)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The plans that may be carried out, and all deletions that are held back so far."""

    plans: tuple[LinkPlan, ...]
    held: tuple[Deletion, ...] = ()


def deletions(plans: Sequence[LinkPlan]) -> tuple[Deletion, ...]:
    """Every deletion of a comment that these plans would make."""
    return tuple(a for plan in plans for a in plan.actions if isinstance(a, RemoveLocal | DeleteRemote))


def guard(
    plans: Sequence[LinkPlan],
    *,
    known: Mapping[Side, int],
    accepted: Collection[EntryId],
    policy: GuardPolicy,
    applied: Sequence[Deletion] = (),
    held: Sequence[Deletion] = (),
) -> Guarded:
    """Withhold suspicious deletions; everything else goes on.

    `known`: comments the project's ledger believes alive, by the side of their original. `accepted`: ledger
    rows whose deletion the operator has accepted; they neither count nor wait. `applied`, `held`: what became
    of the deletions of the pass's earlier looks; they count, and once one waits, all that follow wait too.
    """
    wanted = {identity(item): item for item in deletions(plans) if item.entry.id not in accepted}
    earlier = {identity(item): item for item in (*applied, *held)}
    if not held and not suspicious(tuple((earlier | wanted).values()), known, policy):
        return Guarded(plans=tuple(plans))
    ids = frozenset(item.entry.id for item in wanted.values())
    waiting = {identity(item): item for item in held} | wanted
    return Guarded(plans=tuple(_without(plan, ids) for plan in plans), held=tuple(waiting.values()))


def postponed(plan: LinkPlan, accepted: Collection[EntryId]) -> LinkPlan:
    """The plan without deletions that nobody has accepted, and its link due to be looked at whole. While the
    lists have not been read to their ends nobody knows how many there will be, nor whether they will show
    that our tables are an older copy of what they were: then nothing is to be deleted (docs/decisions/0032).
    """
    ids = frozenset(item.entry.id for item in deletions([plan]) if item.entry.id not in accepted)
    if not ids:
        return plan
    return replace(_without(plan, ids), withheld=plan.withheld, after=replace(plan.after, checked=None))


def identity(item: Deletion) -> str:
    """A deletion is named by its comment's ids on both sides: a row that is not stored yet has a new id
    each time it is decided."""
    return f"{type(item).__name__} {item.entry.local_id} {item.entry.remote_id}"


def suspicious(wanted: Sequence[Deletion], known: Mapping[Side, int], policy: GuardPolicy) -> bool:
    """Too many, too large a share, or all there is of five and more (docs/design.md, Guard)."""
    count = len(wanted)
    if count > policy.max_deletions:
        return True
    if count > FEW and count > policy.max_share * sum(known.values()):
        return True
    return any(len(_of_side(wanted, side)) >= max(known.get(side, 0), FEW) for side in Side)


def digest(wanted: Sequence[Deletion]) -> str | None:
    """The hash the operator accepts: of exactly these deletions, in no particular order; None for none."""
    if not wanted:
        return None
    return sha256("\n".join(sorted(identity(item) for item in wanted)).encode()).hexdigest()[:16]


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
