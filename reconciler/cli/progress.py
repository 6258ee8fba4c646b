"""Progress bars for long work, with rate and remaining time, on terminals only. The only use of rich."""

import math
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.model.formatting import escape_unprintable
from reconciler.model.passes import NullProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

SHOW_BARS_AFTER_SECONDS = 0.5  # an idle pass ends before that


class ProgressDisplay:
    """The bars at the bottom of stderr. rich is imported when work takes longer than SHOW_AFTER_SECONDS."""

    def __init__(
        self, stream: TextIO, environ: Mapping[str, str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self.now = now
        self._stream = stream
        self._environ = environ
        self._bars: Bars | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def new_progress(self) -> Progress:
        """Return a bar for one piece of work."""
        return ProgressBar(self) if self._stream.isatty() else NullProgress()

    def hide(self) -> None:
        """Hide the bars so that a line can be printed. The next step shows them again."""
        if self._bars is not None:
            self._bars.stop()

    def start_bars(self) -> "Bars":
        """Show the bars and return them."""
        if self._bars is None:
            self._bars = _new_bars(self._stream, self._environ)
        self._bars.start()
        return self._bars


class ProgressBar:
    """One bar of the display."""

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display
        self._task: TaskID | None = None
        self._work: tuple[str, int | None] = ("", None)
        self._started_at = math.inf
        self._steps = 0

    def start(self, what: str, total: int | None) -> None:
        """Begin a piece of work of `total` steps (None: unknown).

        Its bar is shown after SHOW_AFTER_SECONDS.
        """
        self.finish()
        self._work = (escape_unprintable(what), total)
        self._started_at, self._steps = self._display.now(), 0

    def advance(self, steps: int = 1) -> None:
        """Count steps, and show the bar if it is time."""
        self._steps += steps
        if self._task is not None:
            self._display.start_bars().advance(self._task, steps)
        elif self._display.now() - self._started_at >= SHOW_BARS_AFTER_SECONDS:
            what, total = self._work
            self._task = self._display.start_bars().add_task(what, total=total, completed=self._steps)

    def finish(self) -> None:
        """Remove the bar."""
        self._started_at = math.inf
        if self._task is not None:
            self._display.start_bars().remove_task(self._task)
            self._task = None


def _new_bars(stream: TextIO, environ: Mapping[str, str]) -> "Bars":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    console = Console(
        file=stream,
        force_terminal=True,
        no_color=bool(environ.get("NO_COLOR")),
        highlight=False,
        markup=False,
    )
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    return Progress(
        *columns,
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
