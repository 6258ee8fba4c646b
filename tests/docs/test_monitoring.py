"""Dashboard and alert rules use what the program exports: their metrics, labels and values exist."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import pytest
import yaml
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
from reconciler.model.intent import IntentState
from reconciler.model.link import LinkState
from reconciler.model.passes import AppliedCounts, Cost, Outcome, PassResult
from tests.docs.markdown import ROOT, read

PAGE = read(ROOT / "docs/monitoring.md")
ALERTS = ROOT / "docs/monitoring/alerts.yaml"
DASHBOARD = ROOT / "docs/monitoring/dashboard.json"
PROJECT, AT = ProjectId(UUID(int=7)), datetime(2026, 1, 1, tzinfo=UTC)
OF_PROMETHEUS = {"up": {"job": {"bugspark-reconciler"}, "instance": {""}}}
OF_THE_SCRAPE = frozenset({"job", "instance"})
SELECTOR = re.compile(r"\b(reconciler_\w+|up)\b(?:\{(?P<matchers>[^}]*)\})?")
MATCHER = re.compile(r'(?P<label>\w+)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
LABEL_SHOWN = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An expression, with the texts that show its labels."""

    where: str
    expression: str
    texts: tuple[str, ...]


@cache
def exported() -> dict[str, dict[str, set[str]]]:
    """Return what the program exports when everything has happened: sample → label → values."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(busy_metrics().render(WORK, GAUGES).decode()):
        for sample in family.samples:
            for label, value in sample.labels.items():
                found[sample.name][label].add(value)
            found[sample.name]["job"].add("bugspark-reconciler")
    return found


def busy_metrics() -> Metrics:
    """Return metrics in which everything was counted."""
    metrics = Metrics()
    for outcome in Outcome:
        metrics.count_pass(a_pass(outcome))
    metrics.count_pass(a_pass(Outcome.OK, applied=AppliedCounts(**dict.fromkeys(APPLIED, 1))))
    for status in (200, 304, 401, 403, 404, 500, 502, 503, None):
        metrics.count_github_answer(status)
    for replayed in (False, True):
        metrics.count_delivery(PROJECT, replayed=replayed)
        metrics.count_attention_changes(PROJECT, entered=replayed)
    for status in (400, 401, 413, 415, 503):
        metrics.count_rejected_delivery(status)
    for route in ("/readyz", "/healthz", "/metrics", "/api/v1/webhooks/github/{project_id}"):
        for status in (200, 503):
            metrics.count_http_request(route, status, 0.1)
    return metrics


def a_pass(outcome: Outcome, applied: AppliedCounts | None = None) -> PassResult:
    return PassResult(
        project_id=PROJECT,
        project_name="Shop",
        repository="acme/web",
        outcome=outcome,
        error=None,
        duration_ms=1500,
        github=Cost(requests=3, not_modified=1, writes=1, cost=3) if applied else Cost(),
        applied=applied or AppliedCounts(),
        conflicts=1,
        quarantined=0,
        pending=0,
    )


APPLIED = [each.name for each in fields(AppliedCounts)]
WORK = WorkGauges(scheduled=frozenset({PROJECT}), waiting={PROJECT: WaitingPasses(start=1, write=1)})
GAUGES = Gauges(
    projects=(
        ProjectGauges(
            project_id=PROJECT,
            links=dict.fromkeys(LinkState, 1),
            intents=dict.fromkeys(IntentState, 1),
            oldest_intent=AT,
            last_pass_at=AT,
            last_success_at=AT,
            next_at=AT,
            last_delivery_at=AT,
        ),
    ),
    limits=(
        CredentialLimits(
            credential="abc", remaining=1, limit=2, reset_at=AT, blocked_until=AT, points_last_minute=1
        ),
    ),
    locks=HeldLocks(alive=1),
)


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def queries() -> Iterator[Query]:
    """Return every expression of both files, the dashboard's variables included."""
    for rule in rules():
        yield Query(where=rule["alert"], expression=rule["expr"], texts=tuple(rule["annotations"].values()))
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            texts = (target["legendFormat"],)
            yield Query(where=f"panel {panel['title']}", expression=target["expr"], texts=texts)
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert found is not None, variable["query"]
            texts = (f"{{{{{found[2]}}}}}",)
            yield Query(where=f"variable {variable['name']}", expression=found[1], texts=texts)


EVERY_QUERY = pytest.mark.parametrize("query", tuple(queries()), ids=lambda query: query.where)


def wrong_selectors(expression: str) -> Iterator[str]:
    """Return metrics, labels and values of the expression's selectors that the program does not export."""
    for selector in SELECTOR.finditer(expression):
        labels = (OF_PROMETHEUS | exported()).get(selector[1])
        if labels is None:
            yield selector[1]
            continue
        for matcher in MATCHER.finditer(selector["matchers"] or ""):
            label, value = matcher["label"], matcher["value"]
            if label not in labels:
                yield f"{selector[1]}: label {label}"
            elif "$" not in value and not matches_any(matcher, labels[label]):
                yield f"{selector[1]}: {matcher[0]}"


def matches_any(matcher: re.Match[str], values: set[str]) -> bool:
    """Whether the matcher's value, or each alternative of it, is one of those that exist."""
    if matcher["operator"] in ("=", "!="):
        return matcher["value"] in values
    alternatives = matcher["value"].split("|")
    return all(any(re.fullmatch(each, value) for value in values) for each in alternatives)


def labels_of(expression: str) -> set[str]:
    """Return the labels of the expression's metrics."""
    names = {selector[1] for selector in SELECTOR.finditer(expression)}
    every: Mapping[str, Mapping[str, set[str]]] = OF_PROMETHEUS | exported()
    return {label for name in names for label in every[name]} | OF_THE_SCRAPE


def labels_of_result(expression: str) -> set[str]:
    """Return the labels that a result can have: those it is grouped by, if it is grouped."""
    kept = [labels for kind, labels in GROUPING.findall(expression) if kind == "by"]
    if kept:
        return {label.strip() for labels in kept for label in labels.split(",")}
    return labels_of(expression)


@EVERY_QUERY
def test_every_metric_label_and_value_in_use_is_exported(query: Query) -> None:
    assert SELECTOR.search(query.expression)
    assert list(wrong_selectors(query.expression)) == []
    grouped = {
        label.strip() for _, labels in GROUPING.findall(query.expression) for label in labels.split(",")
    }
    assert sorted(grouped - labels_of(query.expression)) == []


@EVERY_QUERY
def test_every_label_that_is_shown_is_one_of_the_result(query: Query) -> None:
    shown = {label for text in query.texts for label in LABEL_SHOWN.findall(text)}
    assert sorted(shown - labels_of_result(query.expression)) == []


@EVERY_QUERY
def test_a_number_that_every_daemon_reads_from_the_database_is_taken_once(query: Query) -> None:
    """A sum over daemons would count each project once for each of them."""
    alone = read_from_the_database()
    outside = re.sub(r"\b(?:max|min) by \([^)]*\) \(", "once(", query.expression)
    added = re.findall(r"\b(?:sum|count)(?: by \([^)]*\))? ?\((reconciler_\w+)", outside)
    assert sorted(alone & set(added)) == []


def read_from_the_database() -> set[str]:
    return {
        family.name for family in text_string_to_metric_families(Metrics().render(WORK, GAUGES).decode())
    } - {family.name for family in text_string_to_metric_families(Metrics().render(WORK, None).decode())}


@pytest.mark.parametrize(
    "expression",
    [
        "reconciler_queue_lenght > 1",
        'sum(reconciler_passes_total{result="failed"})',
        'reconciler_passes_total{outcome="fialed"}',
        'rate(reconciler_github_answers_total{status=~"5..|nothing"}[5m])',
        "rate(reconciler_passes[5m])",
    ],
)
def test_what_is_not_exported_is_found(expression: str) -> None:
    assert list(wrong_selectors(expression)) != []


def test_every_exported_metric_is_in_use_or_explained() -> None:
    used = {selector[1] for query in queries() for selector in SELECTOR.finditer(query.expression)}
    families = list(text_string_to_metric_families(busy_metrics().render(WORK, GAUGES).decode()))
    assert len(families) > 30
    unused = {
        family.name
        for family in families
        if not used & {family.name, *(sample.name for sample in family.samples)}
        and f"`{family.name.removeprefix('reconciler_')}`" not in PAGE.text
    }
    assert sorted(unused) == []


def test_the_operators_page_lists_every_exported_metric_with_its_labels() -> None:
    table = read(ROOT / "docs/operating.md").section("Probes and numbers")
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    listed = {name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    samples = {name.removeprefix("reconciler_") for name in exported()}
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in samples}
    assert listed == names


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_happened_and_its_runbook_is_a_section_of_the_page(
    rule: dict[str, Any],
) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"]["summary"]
    place, _, heading = rule["annotations"]["runbook_url"].partition("#")
    assert (ROOT / place, heading) == (PAGE.path, rule["alert"].lower())
    assert heading in PAGE.anchors


def test_every_alert_of_the_page_is_a_rule() -> None:
    described = set(re.findall(r"^### (Reconciler\w+)$", PAGE.text, re.MULTILINE))
    assert described == {rule["alert"] for rule in rules()}
    assert len(rules()) == len(described)


def test_panels_have_places_of_their_own_and_a_data_source_that_is_chosen() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
