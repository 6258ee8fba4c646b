"""The plot of a project's last day: passes, changes written to each side, latency. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log

from reconciler.model.fields import Side
from reconciler.model.formatting import format_count
from reconciler.model.passes import Outcome
from reconciler.model.views import ProjectActivity, PropagatedChange

PLOT_BUCKETS = 96
"""Number of quarter hours; the drawing is BUCKETS units wide and 100 units high."""
CHANGES_BASELINE, CHANGES_HEIGHT = 30.0, 28.0
"""Position and height of the change bars: up from the baseline for GitHub, down for BugSpark."""
PASSES_BASELINE, PASSES_HEIGHT = 76.0, 14.0
LATENCY_BASELINE, LATENCY_HEIGHT = 100.0, 20.0
MAX_LATENCY_SECONDS = 3600.0
"""The maximum of the logarithmic latency scale."""
BAR_WIDTH, BAR_MARGIN = 0.76, 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotBar:
    """A rectangle; `kind` is its class in the stylesheet."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long changes waited until they were written to one side."""

    p50: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The shapes that the template draws, and a description for screen readers."""

    bars: tuple[PlotBar, ...]
    hours: tuple[datetime, ...]  # labels of the time axis, at even distances
    words: str
    to_github: Latency
    to_bugspark: Latency


def build_plot(day: ProjectActivity) -> Plot:
    """Compute the plot of a day; empty if nothing happened."""
    length = (day.until - day.since) / PLOT_BUCKETS
    quarters: list[list[PropagatedChange]] = [[] for _ in range(PLOT_BUCKETS)]
    for write in day.writes:
        quarters[_bucket_index(write.at, day.since, length)].append(write)
    passes = [0] * PLOT_BUCKETS
    failed = [0] * PLOT_BUCKETS
    for run in day.runs:
        (failed if run.outcome == Outcome.FAILED else passes)[_bucket_index(run.at, day.since, length)] += 1
    bars = (*_bars_of_changes(quarters), *_pass_bars(passes, failed), *_latency_bars(quarters))
    return Plot(
        bars=bars,
        hours=tuple(day.since + (day.until - day.since) * part / 4 for part in range(5)),
        words=_describe_activity(day),
        to_github=latency_of_writes(day.writes, Side.GITHUB),
        to_bugspark=latency_of_writes(day.writes, Side.BUGSPARK),
    )


def _bucket_index(at: datetime, since: datetime, length: timedelta) -> int:
    return min(PLOT_BUCKETS - 1, max(0, int((at - since) / length)))


def _bars_of_changes(quarters: Sequence[Sequence[PropagatedChange]]) -> Iterable[PlotBar]:
    """Yield the bars of both directions, on one scale."""
    out = [sum(write.side is Side.GITHUB for write in quarter) for quarter in quarters]
    into = [len(quarter) - sent for quarter, sent in zip(quarters, out, strict=True)]
    most = max((*out, *into, 1))
    for i, (sent, taken) in enumerate(zip(out, into, strict=True)):
        if sent:
            height = _height_of_changes(sent, most)
            yield _build_bar("to-github", i, CHANGES_BASELINE - height, height)
        if taken:
            yield _build_bar("to-bugspark", i, CHANGES_BASELINE, _height_of_changes(taken, most))


def _height_of_changes(count: int, most: int) -> float:
    """Return the bar height for a count; 1 stays visible beside 1,000."""
    return max(2.0, CHANGES_HEIGHT * count / most)


def _pass_bars(passes: Sequence[int], failed: Sequence[int]) -> Iterable[PlotBar]:
    most = max(*map(sum, zip(passes, failed, strict=True)), 1)
    for i, (good, bad) in enumerate(zip(passes, failed, strict=True)):
        fine, poor = PASSES_HEIGHT * good / most, PASSES_HEIGHT * bad / most
        if good:
            yield _build_bar("passes", i, PASSES_BASELINE - fine, fine)
        if bad:
            yield _build_bar("failed", i, PASSES_BASELINE - fine - poor, poor)


def _latency_bars(quarters: Sequence[Sequence[PropagatedChange]]) -> Iterable[PlotBar]:
    """Yield bars for the 95th percentile, and inside them for the median."""
    for i, quarter in enumerate(quarters):
        times = sorted(write.waited for write in quarter if write.waited is not None)
        for kind, share in (("slow", 0.95), ("usual", 0.5)):
            found = percentile(times, share)
            if found is not None:
                height = max(1.5, _latency_height(found.total_seconds()))
                yield _build_bar(kind, i, LATENCY_BASELINE - height, height)


def _latency_height(seconds: float) -> float:
    return LATENCY_HEIGHT * min(1.0, log(1 + seconds) / log(1 + MAX_LATENCY_SECONDS))


def _build_bar(kind: str, index: int, y: float, height: float) -> PlotBar:
    return PlotBar(
        kind=kind, x=round(index + BAR_MARGIN, 2), y=round(y, 2), width=BAR_WIDTH, height=round(height, 2)
    )


def latency_of_writes(writes: Iterable[PropagatedChange], side: Side) -> Latency:
    """Compute the latency of writes to one side."""
    times = sorted(write.waited for write in writes if write.side is side and write.waited is not None)
    return Latency(p50=percentile(times, 0.5), p95=percentile(times, 0.95))


def percentile(times: Sequence[timedelta], share: float) -> timedelta | None:
    """Return the nearest-rank percentile of ascending times; None without times. `share`: from 0 to 1."""
    return times[max(0, ceil(share * len(times)) - 1)] if times else None


def _describe_activity(day: ProjectActivity) -> str:
    failed = sum(run.outcome == Outcome.FAILED for run in day.runs)
    sent = sum(write.side is Side.GITHUB for write in day.writes)
    worked = f"{len(day.runs):,} {'pass' if len(day.runs) == 1 else 'passes'} that made changes or failed"
    return (
        f"{worked}, {failed:,} failed; {format_count(sent, 'change')} to GitHub,"
        f" {format_count(len(day.writes) - sent, 'change')} to BugSpark."
    )
