"""A simulator in a thread of its own, for tests that start the real command as a process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from reconciler.demo.github.simulator import Simulator

_PATIENCE = 10.0


@contextmanager
def running_in_thread(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve from a background thread until left; gives the address. People may act from any thread."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with simulator.serve(port) as address:
            started.set_result((address, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except OSError as error:  # the port is taken: the starter is to know
            started.set_exception(error)

    thread = threading.Thread(target=run, name="github-simulator", daemon=True)
    thread.start()
    address, loop, stop = started.result(_PATIENCE)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_PATIENCE)
