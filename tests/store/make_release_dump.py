"""Make dumps of the present schema with data: `python -m tests.store.make_release_dump`.

They go into tests/store/released, before the first migration after a release (CONTRIBUTING.md, How a release
is made). Reports were linked, changed on both sides, closed and unlinked, with a conflict, a refused comment,
and an issue whose answer was lost; the project has settings of its own, and one report
follows another.
"""

import asyncio
import sqlite3
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.demo.github.faults import Drop, Reply
from reconciler.store.schema.migrate import migrate
from reconciler.store.schema.version import REVISIONS
from tests.support import pg_binaries
from tests.support.postgres import private_server
from tests.support.scenario import Scenario, open_scenario
from tests.support.stores import fill_postgres

RELEASED = Path(__file__).parent / "released"
LOST = Drop(applied=True, reset=True)
SETTINGS = {
    "stage": {"in_progress": ["in progress"]},
    "private_prefix": "[intern]",
    "resolution_comment": True,
}
REFUSED = Reply(status=422, body=b'{"message": "Validation Failed"}')
COMMENT_POSTS = r"/issues/\d+/comments$"


async def fill(scenario: Scenario) -> None:
    """Have people and the program do what the module's docstring says."""

    faults = scenario.github.simulator.faults
    await scenario.save_settings(**SETTINGS)
    first, second, third, fourth = [await scenario.export(title=f"report {place}") for place in range(4)]
    await scenario.run()
    scenario.comment_in_bugspark(first)
    scenario.comment_on_github(first)
    scenario.set_in_bugspark(first, "status", "in_progress")
    scenario.set_on_github(second, "severity", "critical")
    scenario.set_in_bugspark(second, "severity", "low")
    await scenario.run(seconds=61)
    follower = scenario.bugspark.add_report(scenario.project, "the same", at=scenario.bugspark_now())
    number = scenario.issue_numbers()[first]
    await scenario.run_work(lambda app: app.follow(str(follower), f"acme/web#{number}"))
    at = scenario.bugspark_now()
    scenario.bugspark.add_comment(first, "[intern] not for GitHub", author=scenario.ada, at=at)
    scenario.set_on_github(first, "status", "resolved")
    await scenario.run(seconds=61)
    await scenario.unlink(fourth)
    scenario.comment_in_bugspark(third)
    faults.add(REFUSED, method="POST", path=COMMENT_POSTS, times=None)
    faults.add(LOST, method="POST", path="/issues$")
    await scenario.export(title="lost")


async def fill_server(url: str) -> None:
    async with open_scenario(url) as scenario:
        await fill(scenario)


def dump_sqlite(path: Path) -> str:
    migrate(f"sqlite:///{path}")
    asyncio.run(fill_server(f"sqlite:///{path}"))
    with sqlite3.connect(path) as database:
        return "\n".join(database.iterdump()) + "\n"


def dump_postgresql() -> str:
    with private_server() as server:
        name = server.create()
        fill_postgres(server.url(name))
        asyncio.run(fill_server(server.url(name)))
        command = [str(pg_binaries.find() / "pg_dump"), "--inserts", "--no-owner", "--no-privileges"]
        done = subprocess.run([*command, server.conninfo(name)], capture_output=True, text=True, check=True)
    kept = (line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\")))
    return "\n".join(kept) + "\n"


def main() -> None:
    """Write both dumps."""
    with TemporaryDirectory() as folder:
        dumps = {"sqlite": dump_sqlite(Path(folder) / "bugspark.db")}
    dumps["postgresql"] = dump_postgresql()
    for kind, text in dumps.items():
        path = RELEASED / f"{REVISIONS[-1]}-{kind}.sql"
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {len(text)} characters")


if __name__ == "__main__":
    main()
