"""The local scan: what changed in BugSpark is looked at soon, not when GitHub's turn comes.

One question for all projects. What it finds is nudged once; a difference that a pass leaves standing (a
frozen field, a withheld deletion) is nudged again ever more rarely, until it looks different.

A whole scan compares every link, so that on large databases it has to rest for long. Between two of those a
glance finds what says itself that it is new (docs/decisions/0042-glances.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.ids import ProjectId

MIN_SCAN_INTERVAL_SECONDS = 5.0
"""Seconds between two scans, at least."""
REST_FACTOR = 50.0
"""A scan rests for so many times as long as it took: it never takes more than a fiftieth of the database."""
FIRST_NUDGE_AGAIN_SECONDS, MAX_NUDGE_AGAIN_SECONDS = 10.0, 600.0
"""Seconds until the same difference is nudged again: at first, and at most."""


@dataclass(slots=True, kw_only=True)
class _NudgeRecord:
    """What was nudged for, and when it is again."""

    fingerprint: int
    nudged_monotonic: float
    wait_seconds: float


class ScanPlanner:
    """The whole scan, and the glances between two of those."""

    def __init__(self, every: float = MIN_SCAN_INTERVAL_SECONDS) -> None:
        self._full, self._incremental = ScanSchedule(every), ScanSchedule(every, lately=True)

    def next_due_scan(self, now: float) -> "ScanSchedule | None":
        """What to do now: a glance only while the whole scan rests."""
        return next((each for each in (self._full, self._incremental) if each.is_due(now)), None)

    def record_scan(self, scan: "ScanSchedule", began: float, ended: float) -> None:
        """It is over, well or not. A whole scan has seen what a glance would."""
        scan.record_scan(began, ended)
        if scan is self._full:
            self._incremental.postpone(ended)


class ScanSchedule:
    """When to scan, and whom to nudge for what it finds. All times are monotonic seconds."""

    def __init__(self, every: float = MIN_SCAN_INTERVAL_SECONDS, *, lately: bool = False) -> None:
        self.incremental = lately  # a glance
        self._min_interval_seconds = every
        self._next_monotonic = 0.0
        self._nudge_records: dict[ProjectId, _NudgeRecord] = {}

    def is_due(self, now: float) -> bool:
        """Whether to scan now."""
        return now >= self._next_monotonic

    def record_scan(self, began: float, ended: float) -> None:
        """A scan is over, well or not."""
        self._next_monotonic = ended + max(self._min_interval_seconds, REST_FACTOR * (ended - began))

    def postpone(self, now: float) -> None:
        """Another one has just seen all that this one would."""
        self._next_monotonic = max(self._next_monotonic, now + self._min_interval_seconds)

    def select_nudges(
        self, found: Mapping[ProjectId, int], may: Callable[[ProjectId], bool], now: float
    ) -> list[ProjectId]:
        """Of the projects found, those to be nudged now. `may`: nothing said that it has to wait."""
        self._nudge_records = {each: known for each, known in self._nudge_records.items() if each in found}
        return [
            each for each, print_ in found.items() if may(each) and self._record_if_news(each, print_, now)
        ]

    def _record_if_news(self, project_id: ProjectId, print_: int, now: float) -> bool:
        known = self._nudge_records.get(project_id)
        if known is None or known.fingerprint != print_:
            self._nudge_records[project_id] = _NudgeRecord(
                fingerprint=print_, nudged_monotonic=now, wait_seconds=FIRST_NUDGE_AGAIN_SECONDS
            )
            return True
        if now - known.nudged_monotonic < known.wait_seconds:
            return False
        known.nudged_monotonic, known.wait_seconds = now, min(2 * known.wait_seconds, MAX_NUDGE_AGAIN_SECONDS)
        return True
