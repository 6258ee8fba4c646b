"""What a command with nothing to do costs, beside importing its libraries (docs/decisions/0051-values.md).

A ratio of two processes run in turn: seconds alone say more about the machine than about the program.
"""

import resource
import subprocess
import sys
from collections.abc import Callable
from statistics import median

from tests.support.command import Installation

IMPORT_LIBRARIES = "import sqlalchemy.ext.asyncio, httpx, pydantic, typer, cryptography.fernet"
MAX_RATIO = 2.3
"""About 1.9 is usual, 2.1 on PostgreSQL."""


def children_cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of the processes that `run` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_an_idle_command_costs_little_beside_the_libraries_it_imports(
    each_installation: Installation,
) -> None:
    def sync_idle_project() -> None:
        done = each_installation.sync_shop(PYTHONUNBUFFERED="")  # with an interpreter of its own
        assert (done.code, done.row["github"]["not_modified"]) == (0, 2)

    def import_libraries() -> None:
        subprocess.run([sys.executable, "-c", IMPORT_LIBRARIES], check=True)

    each_installation.linked()
    pairs = [
        (children_cpu_seconds(sync_idle_project), children_cpu_seconds(import_libraries)) for _ in range(3)
    ]
    # The middle pair: other work on the machine slows either of the two at random.
    assert median(command / libraries for command, libraries in pairs) < MAX_RATIO, pairs
