"""SIGTERM and SIGINT end the service, SIGHUP reads the configuration again."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.logs import Log

LAST = 9.5
"""Seconds after SIGTERM: whatever still holds the process up by then is cut off. What was being written is
recorded as of unknown outcome, as after a crash (docs/design.md, Writing to GitHub).
"""
CUT_OFF = 1
MORE = 0.25
"""Seconds later the kernel's alarm does it, where no thread of ours gets to it."""

log = Log(__name__)


@contextmanager
def signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    """For the time of the block, on the running loop. `reload` must return at once."""
    loop = asyncio.get_running_loop()

    hurried = False

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("stopping", signal=name)
            _give_up_after(LAST)
            stop.set()

    def hurry(*_: object) -> None:
        """At once, also while the loop is busy and does not get to `end`."""
        nonlocal hurried
        if not hurried:
            hurried = True
            _alarm_after(LAST + MORE)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
        signal.signal(number, hurry)  # the loop hears of it all the same, by its wakeup descriptor
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _give_up_after(seconds: float) -> None:
    """A thread of its own, because the loop may be what hangs."""
    timer = threading.Timer(seconds, os._exit, (CUT_OFF,))
    timer.daemon = True
    timer.start()


def _alarm_after(seconds: float) -> None:
    """No thread is needed for it, and none may be started in a signal's handler."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
