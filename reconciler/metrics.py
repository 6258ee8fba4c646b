"""Metrics for Prometheus: counted here, or read from daemon and database when they are requested.

In: what happened, what the daemon knows of its work, and what the database says. Out: Prometheus text. Labels
are few and bounded: a project's id, a credential's fingerprint, fixed words; never a name, an issue or a user
(docs/reference/contract.md, HTTP). May import: model. The registry is this object's own: nothing is global.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from reconciler.model.health import Gauges, WorkGauges
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, Outcome, PassResult

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PASS_SECONDS_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
REQUEST_SECONDS_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5)


class Metrics:
    """The metrics of one process. Every method only counts, and raises nothing."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()

        def counter(name: str, description: str, *labels: str) -> Counter:
            return Counter(f"reconciler_{name}", description, labels, registry=registry)

        self._passes = counter("passes", "Passes, by how they ended", "project", "outcome")
        self._idle_passes = counter("passes_idle", "Passes that found nothing to do", "project")
        self._requests = counter("github_requests", "Requests that passes made of GitHub", "project", "kind")
        self._cost = counter("github_cost", "Primary rate limit used", "project")
        self._github_answers = counter("github_answers", "GitHub's answers, by status", "status")
        self._changes = counter("changes", "What passes changed on either side", "project", "kind")
        self._conflicts = counter("conflicts", "Conflicts recorded", "project")
        self._deliveries = counter("webhook_deliveries", "Verified deliveries", "project", "result")
        self._rejected_deliveries = counter(
            "webhook_rejected", "Rejected deliveries, by our answer", "status"
        )
        self._attention = counter("attention", "Problems that began or ended", "project", "change")
        self._http_requests = counter(
            "http_requests", "Requests answered, by route and status", "route", "status"
        )
        self._pass_seconds = Histogram(
            "reconciler_pass_seconds",
            "How long passes took",
            ("outcome",),
            buckets=PASS_SECONDS_BUCKETS,
            registry=registry,
        )
        self._http_request_seconds = Histogram(
            "reconciler_http_request_seconds",
            "How long requests took to answer",
            ("route",),
            buckets=REQUEST_SECONDS_BUCKETS,
            registry=registry,
        )

    def count_pass(self, result: PassResult) -> None:
        """Count a pass that ended."""
        project = str(result.project_id)
        self._passes.labels(project, result.outcome.value).inc()
        self._pass_seconds.labels(result.outcome.value).observe(result.duration_ms / 1000)
        if result.outcome is Outcome.OK and result.applied == AppliedCounts() and not result.github.writes:
            self._idle_passes.labels(project).inc()
        cost = result.github
        self._requests.labels(project, "read").inc(max(0, cost.requests - cost.not_modified - cost.writes))
        self._requests.labels(project, "not_modified").inc(cost.not_modified)
        self._requests.labels(project, "write").inc(cost.writes)
        self._cost.labels(project).inc(cost.cost)
        self._conflicts.labels(project).inc(result.conflicts)
        for kind in AppliedCounts.__dataclass_fields__:
            if count := getattr(result.applied, kind):
                self._changes.labels(project, kind).inc(count)
        for entered, count in ((True, result.entered), (False, result.left)):
            if count:
                self.count_attention_changes(result.project_id, entered=entered, count=count)

    def count_github_answer(self, status: int | None) -> None:
        """Count a request to GitHub by its status; None: no answer came."""
        self._github_answers.labels("none" if status is None else str(status)).inc()

    def count_delivery(self, project_id: ProjectId, *, replayed: bool) -> None:
        """Count a delivery with a valid signature."""
        self._deliveries.labels(str(project_id), "replayed" if replayed else "accepted").inc()

    def count_rejected_delivery(self, status: int) -> None:
        """Count a rejected delivery, without its project: anybody can put any id there."""
        self._rejected_deliveries.labels(str(status)).inc()

    def count_attention_changes(self, project_id: ProjectId, *, entered: bool, count: int = 1) -> None:
        """Count problems that began (`entered`) or ended."""
        self._attention.labels(str(project_id), "entered" if entered else "left").inc(count)

    def count_http_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request. `route` is the route's pattern, never the path that was requested."""
        self._http_requests.labels(route, str(status)).inc()
        self._http_request_seconds.labels(route).observe(seconds)

    def render(self, work: WorkGauges, gauges: Gauges | None) -> bytes:
        """Return all metrics as Prometheus text; without `gauges`, those that need no database."""
        registry = CollectorRegistry()
        registry.register(_InProcessCollector(self._registry))
        registry.register(_WorkCollector(work))
        if gauges is not None:
            registry.register(_DatabaseCollector(gauges))
        return generate_latest(registry)


class _InProcessCollector:
    """The metrics counted in this process, without the `_created` samples, which are not used."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [each for each in metric.samples if not each.name.endswith("_created")]
            yield metric


class _WorkCollector:
    """The metrics of the daemon's work, as a collector."""

    def __init__(self, work: WorkGauges) -> None:
        self._work = work

    def collect(self) -> Iterator[Metric]:
        work = self._work
        scheduled = (((str(project_id),), 1.0) for project_id in sorted(work.scheduled))
        yield _gauge_family("project_scheduled", "1: active, connected, not paused", ("project",), scheduled)
        for name, description, attribute in _WORK_GAUGES:
            yield _gauge_family(name, description, (), (((), getattr(work, attribute)),))
        scans = ((("full",), work.full_scan_lag), (("any",), work.scan_lag))
        yield _gauge_family("scan_lag_seconds", "Since the last successful local scan", ("scan",), scans)
        yield _gauge_family(
            "passes_waiting",
            "Passes that wait to start or to write, by credential, named by one of its projects",
            ("credential_project", "waits_to"),
            (
                ((str(project_id), word), number)
                for project_id, waiting in sorted(work.waiting.items())
                for word, number in (("start", waiting.start), ("write", waiting.write))
            ),
        )


class _DatabaseCollector:
    """The metrics read from the database, as a collector."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        yield from self._project_metrics()
        yield from self._credential_metrics()
        if (locks := self._gauges.locks) is not None:
            states = ((("alive",), locks.alive), (("ended",), locks.ended))
            yield _gauge_family(
                "project_locks",
                "Project locks this process holds, by whether their sessions live",
                ("session",),
                states,
            )

    def _project_metrics(self) -> Iterator[Metric]:
        projects = [(str(project.project_id), project) for project in self._gauges.projects]
        yield _gauge_family(
            "links",
            "Links, by state",
            ("project", "state"),
            (((id_, state), number) for id_, project in projects for state, number in project.links.items()),
        )
        for name, description, attribute in _COUNT_GAUGES:
            numbers = (((id_,), getattr(project, attribute)) for id_, project in projects)
            yield _gauge_family(name, description, ("project",), numbers)
        yield _gauge_family(
            "intents_pending",
            "Writes to GitHub not yet confirmed, by state",
            ("project", "state"),
            (
                ((id_, state), number)
                for id_, project in projects
                for state, number in project.intents.items()
            ),
        )
        for name, description, attribute in _TIMESTAMP_GAUGES:
            moments = (((id_,), getattr(project, attribute)) for id_, project in projects)
            yield _gauge_family(
                name, description, ("project",), ((key, _unix_seconds(at)) for key, at in moments)
            )

    def _credential_metrics(self) -> Iterator[Metric]:
        credentials = [((str(limits.credential),), limits) for limits in self._gauges.limits]
        for name, description, attribute in _LIMIT_GAUGES:
            yield _gauge_family(
                name,
                description,
                ("credential",),
                ((key, _gauge_value(getattr(limits, attribute))) for key, limits in credentials),
            )


_WORK_GAUGES = (
    ("projects_due", "Projects that are due and have no running pass", "due"),
    ("schedule_lag_seconds", "How long the longest overdue of these projects has been due", "schedule_lag"),
    ("queue_length", "Passes that wait in the queue", "queue_length"),
    ("queue_oldest_seconds", "How long the oldest of them has waited", "queue_oldest"),
)
_COUNT_GAUGES = (
    ("links_verified", "Links compared in full within poll.verify_seconds", "verified"),
    ("links_quarantined", "Links that wait in quarantine", "quarantined_links"),
    ("conflicts_standing", "Conflicts whose outcome still stands", "conflicts"),
    ("deletions_withheld", "Deletions that wait until a person accepts them", "withheld_deletions"),
)
_TIMESTAMP_GAUGES = (
    ("intent_oldest_timestamp_seconds", "When the oldest unconfirmed write was recorded", "oldest_intent"),
    ("last_pass_timestamp_seconds", "When the last pass ended, whatever its outcome", "last_pass_at"),
    ("last_success_timestamp_seconds", "When the last successful pass ended", "last_success_at"),
    ("next_pass_timestamp_seconds", "When the next pass is due, if it was delayed", "next_at"),
    ("webhook_last_timestamp_seconds", "When the last delivery was received", "last_delivery_at"),
)
_LIMIT_GAUGES = (
    ("github_limit_remaining", "Primary rate limit left, as GitHub last sent it", "remaining"),
    ("github_limit", "Primary rate limit", "limit"),
    ("github_limit_reset_timestamp_seconds", "When the limit is reset", "reset_at"),
    ("github_blocked_until_timestamp_seconds", "Until when GitHub said to wait", "blocked_until"),
    ("github_points_last_minute", "Points reserved in the last minute", "points_last_minute"),
)


def _gauge_family(
    name: str, description: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float | None]]
) -> Metric:
    family = GaugeMetricFamily(f"reconciler_{name}", description, labels=labels)
    for key, value in rows:
        if value is not None:
            family.add_metric(key, value)
    return family


def _gauge_value(value: datetime | float | None) -> float | None:
    return _unix_seconds(value) if isinstance(value, datetime) else value


def _unix_seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
