"""Which passes compare BugSpark with the bases themselves, although the local scan does so for all projects.

An idle pass that leaves the comparison out does not grow with the links. Why nothing is missed by that:
docs/decisions/0082-due-passes-do-not-compare.md.
"""

from collections.abc import Collection, Mapping

from reconciler.daemon.pass_queue import QueuedPass
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome, PassResult

MAX_FULL_SCAN_AGE_SECONDS = 600.0
"""Without a full scan that succeeded and began at most so long ago, every pass compares.

It is also at most `poll.interval_seconds`, so that a slow scan, on a large database or a busy machine, delays
no change by more than that.
"""


class ComparisonSchedule:
    """What one daemon's scans found, and which projects its passes have compared since it started."""

    def __init__(self, interval_seconds: float = MAX_FULL_SCAN_AGE_SECONDS) -> None:
        self._max_scan_age = min(interval_seconds, MAX_FULL_SCAN_AGE_SECONDS)
        self._full_scan_monotonic = float("-inf")  # the beginning of the last full scan that succeeded
        self._named: dict[ProjectId, float] = {}  # by a scan → when that scan ended
        self._configs: Mapping[ProjectId, str] = {}
        self._compared: dict[ProjectId, str | None] = {}  # → its config at that time

    def record_scan(
        self, found: Collection[ProjectId], began: float, ended: float, *, incremental: bool
    ) -> None:
        """Record the projects that a scan found. A full scan replaces what earlier ones found."""
        if not incremental:
            self._full_scan_monotonic, self._named = began, {}
        self._named |= dict.fromkeys(found, ended)

    def forget_outdated_projects(self, configs: Mapping[ProjectId, str]) -> None:
        """Forget projects that are paused, not synced any more, or connected otherwise than before.

        `configs`: the scheduled projects, each with a value that changes with its integration.
        """
        self._configs = configs
        self._compared = {
            project_id: config
            for project_id, config in self._compared.items()
            if config is not None and configs.get(project_id) == config
        }

    def reset(self, interval_seconds: float) -> None:
        """Forget all, because the configuration changed."""
        self._max_scan_age = min(interval_seconds, MAX_FULL_SCAN_AGE_SECONDS)
        self._full_scan_monotonic, self._named, self._compared = float("-inf"), {}, {}

    def is_needed(self, queued: QueuedPass, now: float) -> bool:
        """Return whether this pass compares."""
        return (
            queued.is_nudged
            or queued.project_id in self._named
            or queued.project_id not in self._compared
            or now - self._full_scan_monotonic > self._max_scan_age
        )

    def record_comparison(self, project_id: ProjectId, began: float, result: PassResult) -> None:
        """Record a pass that compared and began at `began`. One that was ended early does not count."""
        if result.outcome not in (Outcome.OK, Outcome.PARTIAL):
            return
        self._compared[project_id] = self._configs.get(project_id)
        if self._named.get(project_id, began) < began:
            del self._named[project_id]
