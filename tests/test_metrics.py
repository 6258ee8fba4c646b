"""What the program counts of itself."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from reconciler.metrics import Metrics
from reconciler.model.health import CredentialLimits, Gauges, ProjectGauges
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, Cost, Outcome, PassResult

PROJECT = ProjectId(UUID(int=7))
NO_COST, NOTHING_APPLIED = Cost(), AppliedCounts()
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


def read(metrics: Metrics, gauges: Gauges | None = None) -> dict[str, float]:
    """`name{label values}` → value; the project comes first."""
    text = metrics.render(gauges).decode()
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
    found = read(metrics)
    assert found[f"passes_total{{{PROJECT},ok}}"] == 1
    assert found[f"passes_total{{{PROJECT},partial}}"] == 1
    assert found[f"passes_idle_total{{{PROJECT}}}"] == 1
    assert found[f"github_requests_total{{{PROJECT},read}}"] == 2
    assert found[f"github_requests_total{{{PROJECT},not_modified}}"] == 3
    assert found[f"github_requests_total{{{PROJECT},write}}"] == 2
    assert found[f"github_cost_total{{{PROJECT}}}"] == 4
    assert found[f"changes_total{{{PROJECT},comments_posted}}"] == 2
    assert found[f"conflicts_total{{{PROJECT}}}"] == 1
    assert found["pass_seconds_sum{ok}"] == 1.5


def test_answers_and_attention_are_counted_by_word() -> None:
    metrics = Metrics()
    for status in (200, 304, 304, None):
        metrics.count_github_answer(status)
    metrics.count_attention_changes(PROJECT, entered=True, count=2)
    metrics.count_attention_changes(PROJECT, entered=False)
    found = read(metrics)
    assert [found[f"github_answers_total{{{each}}}"] for each in ("200", "304", "none")] == [1, 2, 1]
    assert found[f"attention_total{{{PROJECT},entered}}"] == 2
    assert found[f"attention_total{{{PROJECT},left}}"] == 1


def test_metrics_show_what_the_database_holds_and_omit_the_unknown() -> None:
    limit = CredentialLimits(
        credential="abc", remaining=4000, limit=5000, reset_at=AT, blocked_until=None, points_last_minute=3
    )
    project = ProjectGauges(
        project_id=PROJECT, links={"active": 5}, verified=4, intents={"planned": 2}, oldest_intent=AT
    )
    found = read(Metrics(), Gauges(projects=(project,), limits=(limit,)))
    assert found[f"links{{{PROJECT},active}}"] == 5
    assert found[f"links_verified{{{PROJECT}}}"] == 4
    assert found[f"intents_pending{{{PROJECT},planned}}"] == 2
    assert found[f"intent_oldest_timestamp_seconds{{{PROJECT}}}"] == AT.timestamp()
    assert found["github_limit_remaining{abc}"] == 4000
    assert found["github_limit_reset_timestamp_seconds{abc}"] == AT.timestamp()
    assert "github_blocked_until_timestamp_seconds{abc}" not in found
    assert f"last_pass_timestamp_seconds{{{PROJECT}}}" not in found


def test_two_of_them_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.count_github_answer(200)
    assert "github_answers_total{200}" not in read(other)
