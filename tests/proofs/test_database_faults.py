"""The database refuses, from any point of a pass to its end: full, read-only, busy, deadlocks, serialization.

As soon as it works again everything settles: nothing lost, nothing doubled. Where the refusal begins moves on
from pass to pass until a whole pass has run without meeting it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from reconciler.errors import ReconcilerError
from reconciler.model.passes import PassResult
from tests.support.postgres import Server
from tests.support.promises import settled
from tests.support.stores import fill_postgres, sqlite_template
from tests.support.town import Town, open_town
from tests.support.db_faults import PostgresFaults, sqlite_faults

__all__ = ["sqlite_template"]


class DatabaseFaults(Protocol):
    def start(self, trouble: str) -> None: ...

    def clear(self) -> None: ...


TROUBLES = [
    ("sqlite", "disk full"),
    ("sqlite", "read-only"),
    ("sqlite", "busy"),
    ("postgresql", "disk full"),
    ("postgresql", "read-only"),
    ("postgresql", "serialization failure"),
    ("postgresql", "deadlock"),
]
SAID = {
    "disk full": "its disk is full",
    "read-only": "it is read-only",
    "busy": "it is busy",
    "serialization failure": "somebody else",
    "deadlock": "somebody else",
}
STEP = 1 if "PROVE" in os.environ else 13
"""So many points lie between one beginning and the next; in `make prove` they are all tried."""


@pytest.fixture
def exposed(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path
) -> Iterator[tuple[str, DatabaseFaults]]:
    with ExitStack() as resources:
        if request.param == "sqlite":
            path = Path(shutil.copy(sqlite_template, tmp_path / "bugspark.db"))
            yield f"sqlite:///{path}", resources.enter_context(sqlite_faults(path))
            return
        server: Server = request.getfixturevalue("postgres_server")
        url = resources.enter_context(
            server.database(template=server.template("bugspark, migrated", fill_postgres))
        )
        yield url, PostgresFaults(url.replace("postgresql+psycopg://", "postgresql://"))


def work(town: Town) -> None:
    """Something of every kind, for the next pass."""
    first, second = list(town.reports)[:2]
    for report in (first, second):
        town.say_here(report)
        town.say_there(report)
    town.edit(town.notes[-1])
    town.unsay(town.notes[-5] if len(town.notes) > 5 else town.notes[0])
    is_open = town.github.web.issue(1).state == "open"
    town.set_here(first, "status", "resolved" if is_open else "new")
    town.set_here(first, "severity", "high" if is_open else "low")
    town.set_there(second, "status", "closed" if is_open else "new")
    filed = town.bugspark.add_report(town.project, f"no. {len(town.reports)}", at=town.clock.now())
    town.reports[filed] = None


async def refused(town: Town, faults: DatabaseFaults, trouble: str, point: int) -> tuple[bool, list[str]]:
    """A pass whose database refuses from `point` on: whether it came to that, and what it said."""
    await town.start()
    met: list[int] = []

    def start() -> None:
        met.append(point)
        faults.start(trouble)

    town.crash_points.reset(acts={point: turn})
    town.github.clock.advance(61)
    said = []
    try:
        result: PassResult | None = await town.whole(town.one_pass)
        said = [result.error.message] if result and result.error else []
    except ReconcilerError as error:
        said = [str(error)]
    faults.clear()
    town.crash_points.reset()
    return bool(met), said


@pytest.mark.timeout(0 if "PROVE" in os.environ else 120)
@pytest.mark.parametrize(("exposed", "trouble"), TROUBLES, indirect=["exposed"])
async def test_a_database_that_refuses_anywhere_in_a_pass_loses_and_doubles_nothing(
    exposed: tuple[str, DatabaseFaults], trouble: str
) -> None:
    url, faults = exposed
    async with open_town(url, export="all") as town:
        for title in ("first", "second"):
            await town.export(title=title)
        await town.run()
        point, told, met = 1, [], True
        while met:
            work(town)
            met, said = await refused(town, faults, trouble, point)
            told += said
            wrong = await settled(town)
            assert not wrong, f"{trouble} from point {point} on:\n" + "\n".join(wrong)
            point += STEP
        assert point > 40, "the pass had hardly any work"
        assert any(SAID[trouble] in each for each in told), told
