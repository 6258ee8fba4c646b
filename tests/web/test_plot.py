"""The plot of a day: all shapes inside the frame, nearest-rank percentiles."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.fields import Side
from reconciler.model.views import PassRun, ProjectActivity, PropagatedChange
from reconciler.web.pages.plot import PLOT_BUCKETS, build_plot, percentile

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(*crossings: PropagatedChange, runs: tuple[PassRun, ...] = ()) -> ProjectActivity:
    return ProjectActivity(since=SINCE, until=SINCE + 24 * HOUR, runs=runs, writes=crossings)


def crossing(hours: float, side: Side = Side.GITHUB, seconds: float | None = 1) -> PropagatedChange:
    waited = None if seconds is None else timedelta(seconds=seconds)
    return PropagatedChange(at=SINCE + hours * HOUR, side=side, waited=waited)


def test_of_a_quiet_day_nothing_is_drawn() -> None:
    drawn = build_plot(day())
    assert drawn.bars == ()
    assert drawn.to_github.p50 is None
    assert drawn.words.startswith("0 passes that made changes or failed, 0 failed; 0 changes to GitHub")


@pytest.mark.parametrize("seconds", [None, 0, 0.001, 30, 3600, 10**9])
@pytest.mark.parametrize("hours", [-1, 0, 12, 23.99, 24, 30])
def test_whatever_happened_stays_inside_the_frame(hours: float, seconds: float | None) -> None:
    many = [crossing(hours, side, seconds) for side in Side for _ in range(1000)]
    runs = tuple(PassRun(at=SINCE + hours * HOUR, outcome=outcome) for outcome in ("ok", "failed") * 50)
    bars = build_plot(day(*many, crossing(3), runs=runs)).bars
    assert bars
    for bar in bars:
        assert bar.x >= 0 and bar.x + bar.width <= PLOT_BUCKETS
        assert bar.y >= 0 and bar.y + bar.height <= 100.01
        assert bar.height > 0


def test_changes_stand_where_they_happened_and_point_to_their_side() -> None:
    bars = build_plot(day(crossing(6), crossing(6, Side.BUGSPARK), crossing(6.1, Side.BUGSPARK))).bars
    out = next(bar for bar in bars if bar.kind == "to-github")
    into = next(bar for bar in bars if bar.kind == "to-bugspark")
    assert int(out.x) == int(into.x) == PLOT_BUCKETS // 4
    assert out.y + out.height == into.y
    assert into.height == 2 * out.height


def test_percentiles_are_times_that_were_measured() -> None:
    times = [timedelta(seconds=second) for second in range(1, 101)]
    assert percentile(times, 0.5) == timedelta(seconds=50)
    assert percentile(times, 0.95) == timedelta(seconds=95)
    assert percentile(times[:1], 0.95) == percentile(times[:1], 0.5) == timedelta(seconds=1)
    assert percentile([], 0.5) is None
    measured = build_plot(
        day(*(crossing(1, seconds=second) for second in (1, 2, 60)), crossing(2, seconds=None))
    )
    assert measured.to_github.p50 == timedelta(seconds=2)
    assert measured.to_github.p95 == timedelta(seconds=60)
    assert measured.to_bugspark.p95 is None
