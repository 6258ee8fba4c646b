"""`python -m reconciler.demo.github`: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from reconciler.demo.github.clock import SystemClock
from reconciler.demo.github.seeding import seed
from reconciler.demo.github.server import serve
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.world import World


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; the address is the one line on stdout."""
    parser = argparse.ArgumentParser(prog="python -m reconciler.demo.github", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--base-path", default="", help="/api/v3 to look like an Enterprise Server")
    parser.add_argument("--seed-file", type=Path, help="JSON: users, repositories (see seeding.py)")
    chosen = parser.parse_args(arguments)
    world = World(SystemClock())
    if chosen.seed_file is not None:
        seed(world, msgspec.json.decode(chosen.seed_file.read_bytes()))
    asyncio.run(_serve(Simulator(world, base_path=chosen.base_path, control=True), chosen.port))
    return 0


async def _serve(simulator: Simulator, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve(simulator, port) as address:
        print(address, flush=True)  # noqa: T201 - the address is this command's output
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
