"""What of a project needs a person, what of that is news, and who is still to be told of it. Pure.

What comes and goes is found by comparing two sets: the one that was told last, which is remembered, and the
present one. So a restart repeats nothing and misses nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.snapshot import Attention
from reconciler.model.told import Concern, Notice, Told
from reconciler.model.values import dataclass

STUBBORN = 3
"""A failure that may pass by itself (GitHub not answering) needs a person after so many in a row."""

PASSING = frozenset({"github", "fence"})
HARMLESS = frozenset({"busy", "paused"})
LONGEST = 300
"""Characters of a reason that are remembered and sent."""

MOST_OWED = 200
MOST_TRIES = 10
"""Alerts that were not taken are offered again with the next passes; after so many tries they are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is told at once of one project."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attending:
    """A project's attention as the database knows it."""

    withheld: str | None  # the hash
    exposed: bool
    items: tuple[Attention, ...]
    whole: bool  # `items` is all there are: what is missing in it has left


def concerns(result: PassResult, now: Attending) -> tuple[Concern, ...]:
    """Everything that needs a person after a pass."""
    return (*_failing(result), *_held(now), *map(_item, now.items))


def _failing(result: PassResult) -> Iterable[Concern]:
    if result.outcome not in (Outcome.FAILED, Outcome.REFUSED) or result.error is None:
        return
    kind = result.error.kind
    if kind not in HARMLESS and (kind not in PASSING or result.failures >= STUBBORN):
        yield Concern(what="failing", reason=result.error.message[:LONGEST])


def _held(now: Attending) -> Iterable[Concern]:
    if now.withheld:
        yield Concern(what="withheld", mark=now.withheld, reason="deletions wait to be accepted")
    if now.exposed:
        yield Concern(what="public", reason="the repository has become public; text is held back")


def _item(item: Attention) -> Concern:
    return Concern(
        what=item.what,
        reason=item.reason[:LONGEST],
        report_id=str(item.report_id),
        report=item.report,
        issue=item.issue,
        field=item.field,
    )


def news(told: Told, now: Sequence[Concern], at: datetime, *, whole: bool = True) -> tuple[Notice, ...]:
    """What has entered since, then what has left; `whole`: False where `now` may lack some."""
    before, present = {each.key for each in told.known}, {each.key: each for each in now}
    entered = (each for key, each in present.items() if key not in before)
    left = (each for each in told.known if whole and each.key not in present)
    return (
        *(Notice(entered=True, about=each, at=at) for each in entered),
        *(Notice(entered=False, about=each, at=at) for each in left),
    )


def remembered(told: Told, now: Sequence[Concern], fresh: Sequence[Notice], *, whole: bool = True) -> Told:
    """What is known from now on, and owed to whoever wants to be told."""
    present = {each.key for each in now}
    kept = () if whole else tuple(each for each in told.known if each.key not in present)
    return Told(known=(*now, *kept), owed=(*told.owed, *fresh)[-MOST_OWED:], tries=told.tries)
