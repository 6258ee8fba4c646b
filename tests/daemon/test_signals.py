"""The end of a process that does not stop after SIGTERM."""

import signal
import subprocess
import sys
import time

BUSY = """
import asyncio, time
from reconciler.daemon import signals

async def main():
    stop = asyncio.Event()
    with signals.handle_signals(stop, lambda: None):
        print("up", flush=True)
        {work}

signals.FORCED_EXIT_SECONDS = {last}
asyncio.run(main())
"""


def ended(work: str, last: float = 0.3) -> tuple[int, float]:
    """The exit status after SIGTERM during this, and how many seconds it took."""
    command = [sys.executable, "-c", BUSY.format(work=work, last=last)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        return process.wait(120), time.monotonic() - began


def test_a_blocked_event_loop_is_terminated() -> None:
    code, seconds = ended("while True: pass")
    assert (code, seconds < 60) == (-signal.SIGALRM, True)


def test_an_end_that_hangs_is_cut_off() -> None:
    code, seconds = ended("await stop.wait(); time.sleep(600)")
    assert (code, seconds < 60) == (-signal.SIGALRM, True)


def test_an_end_in_time_is_a_clean_one() -> None:
    assert ended("await stop.wait()", last=25.0)[0] == 0
