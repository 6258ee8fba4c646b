"""The flap breaker: a field in which our writes are undone again and again (docs/design.md, Guard).

Counted are reversals of what *we* wrote and GitHub confirmed: the value that was there before is there again.
A third value, or a person who changes their mind about their own, counts for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field
from reconciler.model.kinds import FIELD_WRITE_KINDS, Kind
from reconciler.model.plan import FieldWrite, LinkPlan, Rule, SetField
from reconciler.model.snapshot import FieldChange

FLAP_WINDOW = timedelta(hours=1)
MAX_REVERSALS = 3
"""So many reversals within an hour freeze a field."""

LOCAL_ONLY_RULES = (Rule.LOCAL_MOVED, Rule.SWAP_UNFINISHED)
OBSERVED_KINDS = (Kind.SET_FIELD, Kind.CONFLICT)


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
