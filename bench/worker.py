"""Passes in one process, as the daemon makes them: `python -m bench.worker CONFIG PROJECT COUNT`.

Prints one JSON object: {"passes": [{"wall", "cpu", "spent": {"ledger.store": seconds, …}, "result": …}]}.
"""

import asyncio
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from bench.stopwatch import timed
from reconciler import logs
from reconciler.bootstrap.container import Container, open_container
from reconciler.config.load import load_configuration
from reconciler.model.passes import NoProgress
from reconciler.sync.run import run_pass


def main(arguments: list[str]) -> int:
    config, project, count = arguments
    settings = load_configuration(Path(config), {}).settings
    redaction = logs.Redaction(settings.secrets())
    logs.configure(level="warning", style="json", redaction=redaction, colour=False, stream=sys.stderr)
    print(asyncio.run(_passes(settings, project, int(count))))
    return 0


async def _passes(settings: Any, project: str, count: int) -> str:
    async with open_container(settings) as parts:
        return msgspec.json.encode({"passes": [await _one(parts, project) for _ in range(count)]}).decode()


async def _one(parts: Container, name: str) -> dict[str, Any]:
    spent: defaultdict[str, float] = defaultdict(float)
    project = await parts.stores.projects.find(name)
    context = timed(await parts.build_context(project, NoProgress(), manual=True), spent)
    wall, cpu = time.perf_counter(), time.process_time()
    result = await run_pass(context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "spent": dict(spent), "result": result}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
