"""The local scan: a change in BugSpark is synced soon, not only when the project is due.

One query covers all projects. Each change it finds is nudged once; a difference that a pass leaves (a frozen
field, a withheld deletion) is nudged again more and more rarely, until it changes.

A full scan compares every link, and pauses long after that on a large database. Between two full scans,
incremental ones find rows whose own timestamp is new (docs/decisions/0042-glances.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.ids import ProjectId

MIN_SCAN_INTERVAL_SECONDS = 5.0
"""Seconds between two scans, at least."""
REST_FACTOR = 50.0
"""The pause after a scan, in multiples of its duration: scans take at most a fiftieth of the time."""
FIRST_NUDGE_AGAIN_SECONDS, MAX_NUDGE_AGAIN_SECONDS = 10.0, 600.0
"""Until the same difference is nudged again: at first, and at most."""


@dataclass(slots=True, kw_only=True)
class _NudgeRecord:
    """The difference a project was nudged for, and when it may be nudged again."""

    fingerprint: int
    nudged_monotonic: float
    wait_seconds: float


class ScanPlanner:
    """The full scan, and the incremental scans between two of them."""

    def __init__(self, every: float = MIN_SCAN_INTERVAL_SECONDS) -> None:
        self._full, self._incremental = ScanSchedule(every), ScanSchedule(every, incremental=True)

    def next_due_scan(self, now: float) -> "ScanSchedule | None":
        """Return the scan to make now, if any: an incremental one only while the full scan pauses."""
        return next((each for each in (self._full, self._incremental) if each.is_due(now)), None)

    def record_scan(self, scan: "ScanSchedule", began: float, ended: float) -> None:
        """Record the end of a scan, failed or not. A full scan replaces the next incremental one."""
        scan.record_scan(began, ended)
        if scan is self._full:
            self._incremental.postpone(ended)


class ScanSchedule:
    """When to scan, and which projects to nudge for what it finds. Times are monotonic seconds."""

    def __init__(self, every: float = MIN_SCAN_INTERVAL_SECONDS, *, incremental: bool = False) -> None:
        self.incremental = incremental
        self._min_interval_seconds = every
        self._next_monotonic = 0.0
        self._nudge_records: dict[ProjectId, _NudgeRecord] = {}

    def is_due(self, now: float) -> bool:
        """Whether to scan now."""
        return now >= self._next_monotonic

    def record_scan(self, began: float, ended: float) -> None:
        """Record the end of a scan, failed or not."""
        self._next_monotonic = ended + max(self._min_interval_seconds, REST_FACTOR * (ended - began))

    def postpone(self, now: float) -> None:
        """Delay the next scan: another one has just seen all that it would."""
        self._next_monotonic = max(self._next_monotonic, now + self._min_interval_seconds)

    def select_nudges(
        self, found: Mapping[ProjectId, int], may: Callable[[ProjectId], bool], now: float
    ) -> list[ProjectId]:
        """Return those of the found projects to nudge now. `may`: whether a project may run early."""
        self._nudge_records = {each: known for each, known in self._nudge_records.items() if each in found}
        return [
            each
            for each, fingerprint in found.items()
            if may(each) and self._record_if_news(each, fingerprint, now)
        ]

    def _record_if_news(self, project_id: ProjectId, fingerprint: int, now: float) -> bool:
        known = self._nudge_records.get(project_id)
        if known is None or known.fingerprint != fingerprint:
            self._nudge_records[project_id] = _NudgeRecord(
                fingerprint=fingerprint, nudged_monotonic=now, wait_seconds=FIRST_NUDGE_AGAIN_SECONDS
            )
            return True
        if now - known.nudged_monotonic < known.wait_seconds:
            return False
        known.nudged_monotonic, known.wait_seconds = now, min(2 * known.wait_seconds, MAX_NUDGE_AGAIN_SECONDS)
        return True
