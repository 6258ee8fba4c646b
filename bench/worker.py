"""Several passes in one process, as in the daemon: `python -m bench.worker CONFIG PROJECT COUNT`.

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
from reconciler.model.passes import NullProgress
from reconciler.sync.passes.run_pass import run_pass


def main(arguments: list[str]) -> int:
    config, project, count = arguments
    settings = load_configuration(Path(config), {}).settings
    redaction = logs.Redaction(settings.secrets())
    logs.configure_logging(
        level="warning", style="json", redaction=redaction, colour=False, stream=sys.stderr
    )
    print(asyncio.run(_measure_passes(settings, project, int(count))))
    return 0


async def _measure_passes(settings: Any, project: str, count: int) -> str:
    async with open_container(settings) as container:
        return msgspec.json.encode(
            {"passes": [await _measure_pass(container, project) for _ in range(count)]}
        ).decode()


async def _measure_pass(container: Container, name: str) -> dict[str, Any]:
    spent: defaultdict[str, float] = defaultdict(float)
    project = await container.stores.projects.find_project(name)
    context = timed(await container.build_context(project, NullProgress(), manual=True), spent)
    wall, cpu = time.perf_counter(), time.process_time()
    result = await run_pass(context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "spent": dict(spent), "result": result}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
