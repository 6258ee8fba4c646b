"""The last day of a project as a drawing: when passes ran, what crossed over, how long that took. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log

from reconciler.model.fields import Side
from reconciler.model.listing import Crossing, Day
from reconciler.model.passes import Outcome
from reconciler.model.wording import counted

BUCKETS = 96
"""Quarters of an hour; the drawing is as many units wide, and 100 high."""
MIDDLE, REACH = 30.0, 28.0
"""Of the changes: up from here to GitHub, down to BugSpark, so far at most."""
PASSES, TICK = 76.0, 14.0
LATENCY, RISE = 100.0, 20.0
SLOWEST = 3600.0
"""Seconds at the top of the latency, which grows with the logarithm."""
BAR, GAP = 0.76, 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; `kind` is its class in the stylesheet."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """How long changes waited to be written on a side."""

    p50: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What the template draws, and the same in words for who can't see it."""

    bars: tuple[Bar, ...]
    hours: tuple[datetime, ...]  # moments below it, at even distances
    words: str
    to_github: Waited
    to_bugspark: Waited


def plot(day: Day) -> Plot:
    """The drawing of a day; empty where nothing happened."""
    length = (day.until - day.since) / BUCKETS
    quarters: list[list[Crossing]] = [[] for _ in range(BUCKETS)]
    for each in day.crossings:
        quarters[_index(each.at, day.since, length)].append(each)
    passes = [0] * BUCKETS
    failed = [0] * BUCKETS
    for run in day.runs:
        (failed if run.outcome == Outcome.FAILED else passes)[_index(run.at, day.since, length)] += 1
    bars = (*_changes(quarters), *_passes(passes, failed), *_latency(quarters))
    return Plot(
        bars=bars,
        hours=tuple(day.since + (day.until - day.since) * part / 4 for part in range(5)),
        words=_words(day),
        to_github=waited(day.crossings, Side.GITHUB),
        to_bugspark=waited(day.crossings, Side.BUGSPARK),
    )


def _index(at: datetime, since: datetime, length: timedelta) -> int:
    return min(BUCKETS - 1, max(0, int((at - since) / length)))


def _changes(quarters: Sequence[Sequence[Crossing]]) -> Iterable[Bar]:
    """Both directions by one scale."""
    out = [sum(each.side is Side.GITHUB for each in quarter) for quarter in quarters]
    into = [len(quarter) - sent for quarter, sent in zip(quarters, out, strict=True)]
    most = max((*out, *into, 1))
    for i, (sent, taken) in enumerate(zip(out, into, strict=True)):
        if sent:
            height = _share(sent, most)
            yield _bar("to-github", i, MIDDLE - height, height)
        if taken:
            yield _bar("to-bugspark", i, MIDDLE, _share(taken, most))


def _share(count: int, most: int) -> float:
    """One is still seen beside a thousand."""
    return max(2.0, REACH * count / most)


def _passes(passes: Sequence[int], failed: Sequence[int]) -> Iterable[Bar]:
    most = max(*map(sum, zip(passes, failed, strict=True)), 1)
    for i, (good, bad) in enumerate(zip(passes, failed, strict=True)):
        fine, poor = TICK * good / most, TICK * bad / most
        if good:
            yield _bar("passes", i, PASSES - fine, fine)
        if bad:
            yield _bar("failed", i, PASSES - fine - poor, poor)


def _latency(quarters: Sequence[Sequence[Crossing]]) -> Iterable[Bar]:
    """To the 95th percentile, and within that to the median."""
    for i, quarter in enumerate(quarters):
        times = sorted(each.waited for each in quarter if each.waited is not None)
        for kind, share in (("slow", 0.95), ("usual", 0.5)):
            found = percentile(times, share)
            if found is not None:
                height = max(1.5, _rise(found.total_seconds()))
                yield _bar(kind, i, LATENCY - height, height)


def _rise(seconds: float) -> float:
    return RISE * min(1.0, log(1 + seconds) / log(1 + SLOWEST))


def _bar(kind: str, index: int, y: float, height: float) -> Bar:
    return Bar(kind=kind, x=round(index + GAP, 2), y=round(y, 2), width=BAR, height=round(height, 2))


def waited(crossings: Iterable[Crossing], side: Side) -> Waited:
    """Over all of the day."""
    times = sorted(each.waited for each in crossings if each.side is side and each.waited is not None)
    return Waited(p50=percentile(times, 0.5), p95=percentile(times, 0.95))


def percentile(times: Sequence[timedelta], share: float) -> timedelta | None:
    """The nearest rank; None of nothing. `times` ascend."""
    return times[max(0, ceil(share * len(times)) - 1)] if times else None


def _words(day: Day) -> str:
    failed = sum(run.outcome == Outcome.FAILED for run in day.runs)
    sent = sum(each.side is Side.GITHUB for each in day.crossings)
    worked = f"{len(day.runs):,} {'pass' if len(day.runs) == 1 else 'passes'} with something to tell"
    return (
        f"{worked}, {failed:,} failed; {counted(sent, 'change')} to GitHub,"
        f" {counted(len(day.crossings) - sent, 'change')} to BugSpark."
    )
