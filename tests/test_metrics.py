"""The metrics of the program."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from reconciler.metrics import Metrics
from reconciler.model.health import (
    CredentialLimits,
    Gauges,
    HeldLocks,
    ProjectGauges,
    WaitingPasses,
    WorkGauges,
)
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, Cost, Outcome, PassResult

PROJECT = ProjectId(UUID(int=7))
NO_COST, NOTHING_APPLIED, NO_WORK = Cost(), AppliedCounts(), WorkGauges()
AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_pass(
    outcome: Outcome = Outcome.OK, *, cost: Cost = NO_COST, applied: AppliedCounts = NOTHING_APPLIED
) -> PassResult:
    return PassResult(
        project_id=PROJECT,
        project_name="Shop",
        repository="acme/web",
        outcome=outcome,
        error=None,
        duration_ms=1500,
        github=cost,
        applied=applied,
        conflicts=1 if applied != AppliedCounts() else 0,
        quarantined=0,
        pending=0,
    )


def read(metrics: Metrics, gauges: Gauges | None = None, work: WorkGauges = NO_WORK) -> dict[str, float]:
    """Return `name{label values}` → value; the project comes first."""
    text = metrics.render(work, gauges).decode()
    return {
        f"{sample.name.removeprefix('reconciler_')}{{{_values(sample.labels)}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _values(labels: Mapping[str, str]) -> str:
    return ",".join(labels[name] for name in sorted(labels, key=lambda name: (name != "project", name)))


def test_passes_are_counted_by_outcome_and_the_idle_ones_apart() -> None:
    metrics = Metrics()
    metrics.count_pass(a_pass(cost=Cost(requests=2, not_modified=2)))
    busy = Cost(requests=5, not_modified=1, writes=2, cost=4)
    metrics.count_pass(a_pass(Outcome.PARTIAL, cost=busy, applied=AppliedCounts(comments_posted=2)))
    samples = read(metrics)
    assert samples[f"passes_total{{{PROJECT},ok}}"] == 1
    assert samples[f"passes_total{{{PROJECT},partial}}"] == 1
    assert samples[f"passes_idle_total{{{PROJECT}}}"] == 1
    assert samples[f"github_requests_total{{{PROJECT},read}}"] == 2
    assert samples[f"github_requests_total{{{PROJECT},not_modified}}"] == 3
    assert samples[f"github_requests_total{{{PROJECT},write}}"] == 2
    assert samples[f"github_cost_total{{{PROJECT}}}"] == 4
    assert samples[f"changes_total{{{PROJECT},comments_posted}}"] == 2
    assert samples[f"conflicts_total{{{PROJECT}}}"] == 1
    assert samples["pass_seconds_sum{ok}"] == 1.5


def test_answers_and_problems_are_counted_by_label() -> None:
    metrics = Metrics()
    for status in (200, 304, 304, None):
        metrics.count_github_answer(status)
    metrics.count_attention_changes(PROJECT, entered=True, count=2)
    metrics.count_attention_changes(PROJECT, entered=False)
    samples = read(metrics)
    assert [samples[f"github_answers_total{{{each}}}"] for each in ("200", "304", "none")] == [1, 2, 1]
    assert samples[f"attention_total{{{PROJECT},entered}}"] == 2
    assert samples[f"attention_total{{{PROJECT},left}}"] == 1


def test_gauges_have_the_databases_values_and_leave_out_unknown_ones() -> None:
    limit = CredentialLimits(
        credential="abc", remaining=4000, limit=5000, reset_at=AT, blocked_until=None, points_last_minute=3
    )
    project = ProjectGauges(
        project_id=PROJECT, links={"active": 5}, verified=4, intents={"planned": 2}, oldest_intent=AT
    )
    samples = read(Metrics(), Gauges(projects=(project,), limits=(limit,)))
    assert samples[f"links{{{PROJECT},active}}"] == 5
    assert samples[f"links_verified{{{PROJECT}}}"] == 4
    assert samples[f"intents_pending{{{PROJECT},planned}}"] == 2
    assert samples[f"intent_oldest_timestamp_seconds{{{PROJECT}}}"] == AT.timestamp()
    assert samples["github_limit_remaining{abc}"] == 4000
    assert samples["github_limit_reset_timestamp_seconds{abc}"] == AT.timestamp()
    assert "github_blocked_until_timestamp_seconds{abc}" not in samples
    assert f"last_pass_timestamp_seconds{{{PROJECT}}}" not in samples


def test_the_daemons_work_is_shown_without_a_database_and_without_a_fingerprint() -> None:
    work = WorkGauges(
        scheduled=frozenset({PROJECT}),
        due=3,
        schedule_lag=12.5,
        queue_length=2,
        queue_oldest=4.0,
        full_scan_lag=90.0,
        scan_lag=6.0,
        waiting={PROJECT: WaitingPasses(start=2, write=1)},
    )
    samples = read(Metrics(), None, work)
    assert samples[f"project_scheduled{{{PROJECT}}}"] == 1
    assert (samples["projects_due{}"], samples["schedule_lag_seconds{}"]) == (3, 12.5)
    assert (samples["queue_length{}"], samples["queue_oldest_seconds{}"]) == (2, 4)
    assert (samples["scan_lag_seconds{full}"], samples["scan_lag_seconds{any}"]) == (90, 6)
    assert samples[f"passes_waiting{{{PROJECT},start}}"] == 2
    assert samples[f"passes_waiting{{{PROJECT},write}}"] == 1
    assert "project_locks{alive}" not in samples


def test_what_waits_for_a_person_and_the_locks_come_from_the_database() -> None:
    project = ProjectGauges(project_id=PROJECT, conflicts=2, quarantined_links=3, withheld_deletions=21)
    samples = read(Metrics(), Gauges(projects=(project,), locks=HeldLocks(alive=4, ended=1)))
    assert samples[f"conflicts_standing{{{PROJECT}}}"] == 2
    assert samples[f"links_quarantined{{{PROJECT}}}"] == 3
    assert samples[f"deletions_withheld{{{PROJECT}}}"] == 21
    assert (samples["project_locks{alive}"], samples["project_locks{ended}"]) == (4, 1)


def test_two_registries_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.count_github_answer(200)
    assert "github_answers_total{200}" not in read(other)
