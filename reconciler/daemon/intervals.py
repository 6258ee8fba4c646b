"""The intervals of a daemon's periodic work."""

from dataclasses import dataclass

from reconciler.daemon.scan_schedule import MIN_INCREMENTAL_INTERVAL_SECONDS, MIN_SCAN_INTERVAL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceIntervals:
    """The intervals of periodic work, in seconds."""

    interval: float = 60.0  # poll.interval_seconds
    concurrency: int = 8  # poll.concurrency
    tick: float = 1.0
    refill: float = 0.1  # minimum between two times that due projects are queued between ticks
    schema_check: float = 10.0  # between two checks of the schema
    scan: float = MIN_SCAN_INTERVAL_SECONDS
    incremental_scan: float = MIN_INCREMENTAL_INTERVAL_SECONDS
    requeue_stalled: float = 5.0
    retry: float = 2.0  # after a worker lost the database
    heartbeat: float = 1.0
    retention: float = 600.0  # between two attempts; one daemon per hour succeeds
