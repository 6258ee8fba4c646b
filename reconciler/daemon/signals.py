"""SIGTERM and SIGINT end the service, SIGHUP reads the configuration again."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.logs import EventLogger

FORCED_EXIT_SECONDS = 9.5
"""Seconds after SIGTERM: whatever still holds the process up by then is cut off. What was being written is
recorded as of unknown outcome, as after a crash (docs/design.md, Writing to GitHub).
"""
FORCED_EXIT_STATUS = 1
ALARM_MARGIN_SECONDS = 0.25
"""Seconds later the kernel's alarm does it, where no thread of ours gets to it."""

log = EventLogger(__name__)


@contextmanager
def handle_signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """For the time of the block, on the running loop. `reload` must return at once."""
    loop = asyncio.get_running_loop()

    hurried = False

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("stopping", signal=name)
            _exit_after(FORCED_EXIT_SECONDS)
            stop.set()

    def hurry(*_: object) -> None:
        """At once, also while the loop is busy and does not get to `end`."""
        nonlocal hurried
        if not hurried:
            hurried = True
            _alarm_after(FORCED_EXIT_SECONDS + ALARM_MARGIN_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
        signal.signal(number, hurry)  # the loop hears of it all the same, by its wakeup descriptor
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _exit_after(seconds: float) -> None:
    """A thread of its own, because the loop may be what hangs."""
    timer = threading.Timer(seconds, os._exit, (FORCED_EXIT_STATUS,))
    timer.daemon = True
    timer.start()


def _alarm_after(seconds: float) -> None:
    """No thread is needed for it, and none may be started in a signal's handler."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
