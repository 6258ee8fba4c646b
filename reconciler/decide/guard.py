"""Brakes on a finished plan (docs/design.md, Guard): they hold something back and raise nothing.

Suspicious deletions are withheld. The flap breaker finds a field in which our writes are undone again and
again: counted are reversals of what we wrote and GitHub confirmed, where the value that was there before is
there again. A third value, or a person who changes their mind about their own, counts for nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import CommentPairId
from reconciler.model.kinds import FIELD_WRITE_KINDS, Kind
from reconciler.model.link import CommentPairState
from reconciler.model.plan import DeleteRemote, Deletion, FieldWrite, LinkPlan, RemoveLocal, Rule, SetField
from reconciler.model.policy import GuardPolicy
from reconciler.model.snapshot import FieldChange

MAX_UNSUSPICIOUS_DELETIONS = 5
"""So many deletions are never suspicious by their share alone (docs/design.md, Guard)."""
FLAP_WINDOW = timedelta(hours=1)
MAX_REVERSALS = 3
"""So many reversals within an hour freeze a field."""
LOCAL_ONLY_RULES = (Rule.LOCAL_MOVED, Rule.SWAP_UNFINISHED)
OBSERVED_KINDS = (Kind.SET_FIELD, Kind.CONFLICT)


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


def remote_values_moved(plan: LinkPlan) -> Mapping[Field, str]:
    """What GitHub says now in each field that it has moved and the plan would write, on either side."""
    found: dict[Field, str] = {}
    for action in plan.actions:
        if not isinstance(action, SetField | FieldWrite):
            continue
        if action.why.remote is not None and action.why.rule not in LOCAL_ONLY_RULES:
            found[action.field] = action.why.remote
    return found


def flapping_fields(plan: LinkPlan, steps: Iterable[FieldChange], now: datetime) -> frozenset[Field]:
    """The fields whose last three reversals, the one just seen included, lie within an hour.

    `steps`: the fields' story, oldest first, at least two hours of it.
    """
    changes = list(steps)
    found = remote_values_moved(plan)
    return frozenset(
        field for field, remote in found.items() if _is_third(_of_field(changes, field), field, remote, now)
    )


def _of_field(steps: Iterable[FieldChange], field: Field) -> list[FieldChange]:
    return [step for step in steps if step.field == field]


def _is_third(steps: Sequence[FieldChange], field: Field, remote: str, now: datetime) -> bool:
    last = steps[-1] if steps else None
    if last is None or not is_reversal(field, last, remote):
        return False
    earlier = [at for at in reversals(field, steps) if at > now - FLAP_WINDOW]
    return len(earlier) + 1 >= MAX_REVERSALS


def reversals(field: Field, steps: Iterable[FieldChange]) -> Iterator[datetime]:
    """When our writes were seen to be undone."""
    before: FieldChange | None = None
    for step in steps:
        seen = step.kind in OBSERVED_KINDS and before is not None and is_reversal(field, before, step.remote)
        if seen:
            yield step.at
        before = step


def is_reversal(field: Field, write: FieldChange, remote: str | None) -> bool:
    """Whether GitHub says again what it said before this write of ours, and not what we wrote."""
    if write.kind not in FIELD_WRITE_KINDS or write.remote is None or remote is None:
        return False
    is_same_value = SYNCED_FIELDS[field].is_same_value
    return is_same_value(remote, write.remote) and not is_same_value(remote, write.to)
