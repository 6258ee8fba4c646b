"""Signal handlers: SIGTERM and SIGINT end the service, SIGHUP reads the configuration again."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.logs import EventLogger

FORCED_EXIT_SECONDS = 9.5
"""The kernel ends the process at the latest this long after SIGTERM. A write that is being sent then has an
unknown outcome, as after a crash (docs/design.md, Writing to GitHub).
"""

log = EventLogger(__name__)


@contextmanager
def handle_signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """Handle signals within the block, on the running event loop. `reload` must return at once."""
    loop = asyncio.get_running_loop()

    is_ending = False

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("stopping", signal=name)
            stop.set()

    def limit_end(*_: object) -> None:
        """Set the alarm at once, even while the loop is blocked and can't call `end`."""
        nonlocal is_ending
        if not is_ending:
            is_ending = True
            _end_process_after(FORCED_EXIT_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
        signal.signal(number, limit_end)  # the loop is also notified, by its wakeup descriptor
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _end_process_after(seconds: float) -> None:
    """Let the kernel end the process with SIGALRM, also while it is blocked."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
