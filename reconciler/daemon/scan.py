"""The local scan: what changed in BugSpark is looked at soon, not when GitHub's turn comes.

One question for all projects. What it finds is nudged once; a difference that a pass leaves standing (a
frozen field, a withheld deletion) is nudged again ever more rarely, until it looks different.

A whole scan compares every link, so that on large databases it has to rest for long. Between two of those a
glance finds what says itself that it is new (docs/decisions/0042-glances.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.ids import ProjectId

EVERY = 5.0
"""Seconds between two scans, at least."""
SHARE = 50.0
"""A scan rests for so many times as long as it took: it never takes more than a fiftieth of the database."""
AGAIN, LONGEST = 10.0, 600.0
"""Seconds until the same difference is nudged again: at first, and at most."""


@dataclass(slots=True, kw_only=True)
class _Nudged:
    """What was nudged for, and when it is again."""

    print: int
    at: float
    rest: float


class Scans:
    """The whole scan, and the glances between two of those."""

    def __init__(self, every: float = EVERY) -> None:
        self._whole, self._glance = Scan(every), Scan(every, lately=True)

    def due(self, now: float) -> "Scan | None":
        """What to do now: a glance only while the whole scan rests."""
        return next((each for each in (self._whole, self._glance) if each.is_due(now)), None)

    def took(self, scan: "Scan", began: float, ended: float) -> None:
        """It is over, well or not. A whole scan has seen what a glance would."""
        scan.took(began, ended)
        if scan is self._whole:
            self._glance.spared(ended)


class Scan:
    """When to scan, and whom to nudge for what it finds. All times are monotonic seconds."""

    def __init__(self, every: float = EVERY, *, lately: bool = False) -> None:
        self.lately = lately  # a glance
        self._every = every
        self._next = 0.0
        self._nudged: dict[ProjectId, _Nudged] = {}

    def is_due(self, now: float) -> bool:
        """Whether to scan now."""
        return now >= self._next

    def took(self, began: float, ended: float) -> None:
        """A scan is over, well or not."""
        self._next = ended + max(self._every, SHARE * (ended - began))

    def spared(self, now: float) -> None:
        """Another one has just seen all that this one would."""
        self._next = max(self._next, now + self._every)

    def nudges(
        self, found: Mapping[ProjectId, int], may: Callable[[ProjectId], bool], now: float
    ) -> list[ProjectId]:
        """Of the projects found, those to be nudged now. `may`: nothing said that it has to wait."""
        self._nudged = {each: known for each, known in self._nudged.items() if each in found}
        return [each for each, print_ in found.items() if may(each) and self._is_news(each, print_, now)]

    def _is_news(self, project_id: ProjectId, print_: int, now: float) -> bool:
        known = self._nudged.get(project_id)
        if known is None or known.print != print_:
            self._nudged[project_id] = _Nudged(print=print_, at=now, rest=AGAIN)
            return True
        if now - known.at < known.rest:
            return False
        known.at, known.rest = now, min(2 * known.rest, LONGEST)
        return True
