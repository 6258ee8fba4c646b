"""Progress bars: only for long work, only on a terminal, and hidden while lines are printed."""

import pytest

from reconciler.cli.progress import SHOW_BARS_AFTER_SECONDS, ProgressDisplay
from tests.cli.fakes import Terminal


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_short_work_shows_nothing(watch: Watch) -> None:
    stream = Terminal(terminal=True)
    with ProgressDisplay(stream, {}, watch) as display:
        bar = display.new_progress()
        bar.start("reading", 2)
        bar.advance()
        bar.advance()
        bar.finish()
    assert stream.text() == ""


def test_long_work_shows_where_it_is(watch: Watch) -> None:
    stream = Terminal(terminal=True)
    with ProgressDisplay(stream, {}, watch) as display:
        bar = display.new_progress()
        bar.start("reading \x1b[2J", 10)
        bar.advance(3)
        watch.seconds += SHOW_BARS_AFTER_SECONDS
        bar.advance(4)
        display.hide()
        bar.finish()
    assert r"reading \x1b[2J" in stream.text()
    assert "7/10" in stream.text()


def test_the_next_piece_of_work_takes_the_last_ones_place(watch: Watch) -> None:
    stream = Terminal(terminal=True)
    with ProgressDisplay(stream, {"NO_COLOR": "1"}, watch) as display:
        bar = display.new_progress()
        for what in ("first", "second"):
            bar.start(what, None)
            watch.seconds += SHOW_BARS_AFTER_SECONDS
            bar.advance()
            display.hide()
        bar.finish()
    assert stream.text().index("first") < stream.text().index("second")
    assert "second" not in stream.text().rpartition("first")[0]
    assert "\x1b[3" not in stream.text()


def test_without_a_terminal_nothing_is_written(watch: Watch) -> None:
    stream = Terminal()
    with ProgressDisplay(stream, {}, watch) as display:
        bar = display.new_progress()
        bar.start("reading", 10)
        watch.seconds += SHOW_BARS_AFTER_SECONDS
        bar.advance()
        bar.finish()
    assert stream.text() == ""
