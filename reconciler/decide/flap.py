"""The flap breaker: a field in which our writes are undone again and again (docs/design.md, Guard).

Counted are reversals of what *we* wrote and GitHub confirmed: the value that was there before is there again.
A third value, or a person who changes their mind about their own, counts for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.decide.mapping import class_of
from reconciler.model.fields import Field, Status
from reconciler.model.kinds import Kind
from reconciler.model.plan import LinkPlan, Rule, SetField, SetState, SetTitle, SwapLabels
from reconciler.model.snapshot import Step

HOUR = timedelta(hours=1)
LIMIT = 3
"""So many reversals within an hour freeze a field."""

WRITES = (Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE)
OURS_ALONE = (Rule.LOCAL_MOVED, Rule.SWAP_UNFINISHED)
SIGHTS = (Kind.SET_FIELD, Kind.CONFLICT)


def moved_remotely(plan: LinkPlan) -> Mapping[Field, str]:
    """What GitHub says now in each field that it has moved and the plan would write, on either side."""
    found: dict[Field, str] = {}
    for action in plan.actions:
        match action:
            case SetField() | SwapLabels():
                field = action.field
            case SetState():
                field = Field.STATUS
            case SetTitle():
                field = Field.TITLE
            case _:
                continue
        if action.why.remote is not None and action.why.rule not in OURS_ALONE:
            found[field] = action.why.remote
    return found


def flapping(plan: LinkPlan, steps: Iterable[Step], now: datetime) -> frozenset[Field]:
    """The fields whose last three reversals, the one just seen included, lie within an hour.

    `steps`: the fields' story, oldest first, at least two hours of it.
    """
    told = list(steps)
    found = moved_remotely(plan)
    return frozenset(
        field for field, remote in found.items() if _is_third(_of(told, field), field, remote, now)
    )


def _of(steps: Iterable[Step], field: Field) -> list[Step]:
    return [step for step in steps if step.field == field]


def _is_third(steps: Sequence[Step], field: Field, remote: str, now: datetime) -> bool:
    last = steps[-1] if steps else None
    if last is None or not undoes(field, last, remote):
        return False
    earlier = [at for at in reversals(field, steps) if at > now - HOUR]
    return len(earlier) + 1 >= LIMIT


def reversals(field: Field, steps: Iterable[Step]) -> Iterator[datetime]:
    """When our writes were seen to be undone."""
    before: Step | None = None
    for step in steps:
        seen = step.kind in SIGHTS and before is not None and undoes(field, before, step.remote)
        if seen:
            yield step.at
        before = step


def undoes(field: Field, write: Step, remote: str | None) -> bool:
    """Whether GitHub says again what it said before this write of ours, and not what we wrote."""
    if write.kind not in WRITES or write.remote is None or remote is None:
        return False
    return _same(field, remote, write.remote) and not _same(field, remote, write.to)


def _same(field: Field, one: str, other: str | None) -> bool:
    if field is Field.STATUS and other is not None:  # an issue knows only open and closed
        return class_of(Status(one)) is class_of(Status(other))
    return one == other
