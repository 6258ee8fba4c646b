"""The local scan: finds changes in BugSpark, so that they are synced before the project is due.

One query covers all projects. A project is nudged once for each change; if a difference remains after the
pass (a frozen field, a withheld deletion), it is nudged again at growing intervals, until the difference
changes.

A full scan compares every link; after it follows a pause, which is long on a large database. Between two full
scans, incremental ones find rows with a new timestamp (docs/decisions/0042-incremental-scan.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.ids import ProjectId

MIN_SCAN_INTERVAL_SECONDS = 5.0
"""Minimum time between two full scans."""
MIN_INCREMENTAL_INTERVAL_SECONDS = 1.0
"""Minimum time between two scans of which one is incremental."""
PAUSE_AFTER_SCAN_FACTOR = 50.0
"""The pause after a scan, as a multiple of its duration: scans take at most 2 % of the time."""
FIRST_NUDGE_AGAIN_SECONDS, MAX_NUDGE_AGAIN_SECONDS = 10.0, 600.0
"""Delay until the same difference is nudged again: the first one, and the longest."""


@dataclass(slots=True, kw_only=True)
class _NudgeRecord:
    """The difference that a project was nudged for, and when it may be nudged again."""

    fingerprint: int
    nudged_monotonic: float
    wait_seconds: float


class FullAndIncrementalScans:
    """Chooses between full scans and incremental scans in between."""

    def __init__(
        self,
        every: float = MIN_SCAN_INTERVAL_SECONDS,
        incremental_every: float = MIN_INCREMENTAL_INTERVAL_SECONDS,
    ) -> None:
        self._full = ScanSchedule(every)
        self._incremental = ScanSchedule(min(every, incremental_every), incremental=True)

    def find_due_scan(self, now: float) -> "ScanSchedule | None":
        """Return the scan to run now, if any: an incremental one only during the pause of the full scan."""
        return next((scan for scan in (self._full, self._incremental) if scan.is_due(now)), None)

    def record_scan(self, scan: "ScanSchedule", began: float, ended: float) -> None:
        """Record the end of a scan, also a failed one. A full scan replaces the next incremental one."""
        scan.record_scan(began, ended)
        if scan is self._full:
            self._incremental.postpone(ended)


class ScanSchedule:
    """Decides when to scan, and which projects to nudge for the result. Times are monotonic seconds."""

    def __init__(self, every: float = MIN_SCAN_INTERVAL_SECONDS, *, incremental: bool = False) -> None:
        self.incremental = incremental
        self._min_interval_seconds = every
        self._next_monotonic = 0.0
        self._nudge_records: dict[ProjectId, _NudgeRecord] = {}

    def is_due(self, now: float) -> bool:
        """Return whether to scan now."""
        return now >= self._next_monotonic

    def record_scan(self, began: float, ended: float) -> None:
        """Record the end of a scan, also a failed one."""
        self._next_monotonic = ended + max(
            self._min_interval_seconds, PAUSE_AFTER_SCAN_FACTOR * (ended - began)
        )

    def postpone(self, now: float) -> None:
        """Delay the next scan, because another one has just found everything that it would find."""
        self._next_monotonic = max(self._next_monotonic, now + self._min_interval_seconds)

    def select_nudges(
        self, fingerprints: Mapping[ProjectId, int], may: Callable[[ProjectId], bool], now: float
    ) -> list[ProjectId]:
        """Return the projects to nudge now.

        `found`: project → fingerprint of its changes; `may`: returns whether a project may run early.
        """
        self._nudge_records = {
            project_id: record
            for project_id, record in self._nudge_records.items()
            if project_id in fingerprints
        }
        return [
            project_id
            for project_id, fingerprint in fingerprints.items()
            if may(project_id) and self._record_nudge_if_due(project_id, fingerprint, now)
        ]

    def _record_nudge_if_due(self, project_id: ProjectId, fingerprint: int, now: float) -> bool:
        record = self._nudge_records.get(project_id)
        if record is None or record.fingerprint != fingerprint:
            self._nudge_records[project_id] = _NudgeRecord(
                fingerprint=fingerprint, nudged_monotonic=now, wait_seconds=FIRST_NUDGE_AGAIN_SECONDS
            )
            return True
        if now - record.nudged_monotonic < record.wait_seconds:
            return False
        record.nudged_monotonic, record.wait_seconds = (
            now,
            min(2 * record.wait_seconds, MAX_NUDGE_AGAIN_SECONDS),
        )
        return True
