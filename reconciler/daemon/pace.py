"""Which projects are due. Intervals are measured on the monotonic clock: a wall clock that jumps moves none.

The database says when each project was looked at last, by whatever daemon, and `model.schedule` when it is
due again. How long that is from now is asked of the wall clock once, when a pass is first seen; from then on
the monotonic clock counts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.ids import ProjectId
from reconciler.model.schedule import RAREST, Scheduled, due_at

JITTER = 0.1
"""Looks are put off by up to a tenth of their interval, so that what began together drifts apart."""
AGAIN = 5.0
"""Seconds before a project is tried again whose pass left no trace: it was busy, or the database was away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One project as it was when it last looked different, and what follows. Times are monotonic."""

    project: Scheduled
    due: float
    until: float  # not before, not even when nudged by the local scan
    tried: float = float("-inf")  # when it was last put into the queue by us


class Pacer:
    """What one daemon has seen of the projects' passes."""

    def __init__(self, interval: float) -> None:
        self.interval = interval  # poll.interval_seconds
        self._seen: dict[ProjectId, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def due(self, projects: Sequence[Scheduled], now: datetime, monotonic: float) -> list[ProjectId]:
        """Those to be looked at now, the longest overdue first. Projects not named are forgotten."""
        # One whose integration can't be used is looked at, too: that costs no request, and so it is
        # recorded, put off, and told to who wants alerts.
        wanted = [each for each in projects if not each.paused]
        self._seen = {each.project_id: self._look(each, now, monotonic) for each in wanted}
        late = [
            (max(seen.due, seen.tried + AGAIN), project_id)
            for project_id, seen in self._seen.items()
            if seen.due <= monotonic and seen.tried + AGAIN <= monotonic
        ]
        return [project_id for _, project_id in sorted(late)]

    def tried(self, projects: Iterable[ProjectId], monotonic: float) -> None:
        """These were put into the queue."""
        for project_id in projects:
            if seen := self._seen.get(project_id):
                self._seen[project_id] = replace(seen, tried=monotonic)

    def may(self, project_id: ProjectId, monotonic: float) -> bool:
        """Whether it may be looked at before it is due: it is known, and nothing said wait."""
        seen = self._seen.get(project_id)
        return seen is not None and seen.until <= monotonic

    def forget(self) -> None:
        """The configuration changed: work everything out anew."""
        self._seen = {}

    def _look(self, each: Scheduled, now: datetime, monotonic: float) -> _Seen:
        seen = self._seen.get(each.project_id)
        if seen is not None and _same(seen.project, each):
            return seen
        if seen is not None and seen.project.config != each.config:
            return _Seen(project=each, due=monotonic, until=monotonic)
        if seen is None and each.failures:
            # A back-off from before this start or this configuration: what was wrong may have been mended.
            return _Seen(project=each, due=monotonic, until=monotonic)
        wait = (due_at(each, timedelta(seconds=self.interval), now) - now).total_seconds()
        if each.next_at is not None:
            return _Seen(project=each, due=monotonic + wait, until=monotonic + wait)
        wait = max(-RAREST * self.interval, wait + self.interval * JITTER * _chance(each))
        return _Seen(project=each, due=monotonic + wait, until=monotonic)


def _same(one: Scheduled, other: Scheduled) -> bool:
    """Nothing has happened that moves its time."""
    return (one.last_pass_at, one.next_at, one.config) == (other.last_pass_at, other.next_at, other.config)


def _chance(project: Scheduled) -> float:
    """In [0, 1): another after each pass, the same on every machine; 0 for a project never looked at."""
    if project.last_pass_at is None:
        return 0.0
    digest = hashlib.sha256(project.project_id.bytes + repr(project.last_pass_at).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
