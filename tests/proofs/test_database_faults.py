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
from tests.support.db_faults import PostgresFaults, sqlite_faults
from tests.support.invariants import settle_and_check
from tests.support.postgres import Server
from tests.support.scenario import Scenario, open_scenario
from tests.support.stores import fill_postgres, sqlite_template

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
EXPECTED_MESSAGES = {
    "disk full": "its disk is full",
    "read-only": "it is read-only",
    "busy": "it is busy",
    "serialization failure": "somebody else",
    "deadlock": "somebody else",
}
STEP = 1 if "PROVE" in os.environ else 47
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


def work(scenario: Scenario) -> None:
    """Something of every kind, for the next pass."""
    first, second = list(scenario.reports)[:2]
    for report in (first, second):
        scenario.comment_in_bugspark(report)
        scenario.comment_on_github(report)
    scenario.edit(scenario.notes[-1])
    scenario.delete_comment_of(scenario.notes[-5] if len(scenario.notes) > 5 else scenario.notes[0])
    is_open = scenario.github.web.issue(1).state == "open"
    scenario.set_in_bugspark(first, "status", "resolved" if is_open else "new")
    scenario.set_in_bugspark(first, "severity", "high" if is_open else "low")
    scenario.set_on_github(second, "status", "closed" if is_open else "new")
    filed = scenario.bugspark.add_report(
        scenario.project, f"no. {len(scenario.reports)}", at=scenario.clock.now()
    )
    scenario.reports[filed] = None


async def refused(
    scenario: Scenario, faults: DatabaseFaults, trouble: str, point: int
) -> tuple[bool, list[str]]:
    """Run a pass whose database fails from `point` on; return whether it came to that, and the messages."""
    await scenario.start()
    met: list[int] = []

    def start_fault() -> None:
        met.append(point)
        faults.start(trouble)

    scenario.crash_points.reset(acts={point: start_fault})
    scenario.github.clock.advance(61)
    messages = []
    try:
        result: PassResult | None = await scenario.run_work(scenario.one_pass)
        messages = [result.error.message] if result and result.error else []
    except ReconcilerError as error:
        messages = [str(error)]
    faults.clear()
    scenario.crash_points.reset()
    return bool(met), messages


@pytest.mark.timeout(0 if "PROVE" in os.environ else 600)
@pytest.mark.parametrize(("exposed", "trouble"), TROUBLES, indirect=["exposed"])
async def test_a_database_that_refuses_anywhere_in_a_pass_loses_and_doubles_nothing(
    exposed: tuple[str, DatabaseFaults], trouble: str
) -> None:
    url, faults = exposed
    async with open_scenario(url, export="all") as scenario:
        for title in ("first", "second"):
            await scenario.export(title=title)
        await scenario.run()
        point, all_messages, met = 1, [], True
        while met:
            work(scenario)
            met, messages = await refused(scenario, faults, trouble, point)
            all_messages += messages
            wrong = await settle_and_check(scenario)
            assert not wrong, f"{trouble} from point {point} on:\n" + "\n".join(wrong)
            point += STEP
        assert point > 40, "the pass had hardly any work"
        assert any(EXPECTED_MESSAGES[trouble] in each for each in all_messages), all_messages
