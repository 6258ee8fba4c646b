"""SIGTERM and SIGINT end the service, SIGHUP reads the configuration again."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.logs import EventLogger

FORCED_EXIT_SECONDS = 9.5
"""After SIGTERM the process exits at the latest now. A write under way is recorded as of unknown outcome, as
after a crash (docs/design.md, Writing to GitHub).
"""
FORCED_EXIT_STATUS = 1
ALARM_MARGIN_SECONDS = 0.25
"""So much later the kernel's alarm ends the process, if no thread of ours gets to run."""

log = EventLogger(__name__)


@contextmanager
def handle_signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """Handle signals within the block, on the running loop. `reload` must return at once."""
    loop = asyncio.get_running_loop()

    hurried = False

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("stopping", signal=name)
            _exit_after(FORCED_EXIT_SECONDS)
            stop.set()

    def hurry(*_: object) -> None:
        """Set the alarm at once, also while the loop is blocked and does not get to `end`."""
        nonlocal hurried
        if not hurried:
            hurried = True
            _alarm_after(FORCED_EXIT_SECONDS + ALARM_MARGIN_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
        signal.signal(number, hurry)  # the loop is notified as well, by its wakeup descriptor
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _exit_after(seconds: float) -> None:
    """Exit from a thread, because the loop may be what hangs."""
    timer = threading.Timer(seconds, os._exit, (FORCED_EXIT_STATUS,))
    timer.daemon = True
    timer.start()


def _alarm_after(seconds: float) -> None:
    """Let the kernel end the process: no thread may be started in a signal handler."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
