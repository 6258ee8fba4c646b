"""The log of a pass: one line if something changed, only a count if nothing did."""

import asyncio
import logging
from dataclasses import replace
from uuid import UUID

import pytest

from reconciler.bootstrap.container import SystemClock
from reconciler.daemon.comparison_schedule import ComparisonSchedule
from reconciler.daemon.pass_queue import QueuedPass
from reconciler.daemon.worker import PassRunner
from reconciler.errors import DatabaseError
from reconciler.logs import RECORD_VALUES_ATTRIBUTE
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, Cost, Failure, Outcome, PassResult
from tests.support.factories import a_result

ONE = ProjectId(UUID(int=1))
IDLE = a_result(ONE)


class Ends:
    """A runtime in which every pass ends the same way."""

    def __init__(self, end: PassResult | Exception | None) -> None:
        self.end = end

    async def run_pass(self, *_: object, **__: object) -> PassResult | None:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


async def run_and_count(
    caplog: pytest.LogCaptureFixture, end: PassResult | Exception | None
) -> tuple[list[str], int, bool]:
    """Return the levels of log lines from info on, the number of counted passes, and whether one was run."""
    counted: list[PassResult] = []
    worker = PassRunner(Ends(end), SystemClock(), lambda: UUID(int=7), counted.append, ComparisonSchedule())  # type: ignore[arg-type]  # only `run_pass`
    with caplog.at_level(logging.INFO, "reconciler"):
        has_run = await worker.run_pass(QueuedPass(project_id=ONE, is_nudged=True), None)
    assert (worker.running_count, worker.ended_count) == (0, 1)
    return [record.levelname for record in caplog.records], len(counted), has_run


@pytest.mark.parametrize(
    ("end", "levels", "counted"),
    [
        (IDLE, [], 1),
        (replace(IDLE, applied=AppliedCounts(comments_imported=1)), ["INFO"], 1),
        (replace(IDLE, outcome=Outcome.REFUSED, error=Failure(kind="busy", message="at work")), [], 1),
        (
            replace(IDLE, outcome=Outcome.FAILED, error=Failure(kind="credential", message="no")),
            ["WARNING"],
            1,
        ),
        (None, [], 0),
        (DatabaseError("away"), ["WARNING"], 0),
        (ValueError("a mistake of ours"), ["ERROR"], 0),
    ],
    ids=["idle", "did something", "busy", "failed", "switched off", "no database", "a mistake"],
)
async def test_a_pass_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture, end: PassResult | Exception | None, levels: list[str], counted: int
) -> None:
    is_busy = isinstance(end, PassResult) and end.error is not None and end.error.kind == "busy"
    assert await run_and_count(caplog, end) == (levels, counted, not is_busy)


async def test_a_pass_that_begins_after_the_cut_is_cut_as_well() -> None:
    never = Ends(ValueError("it was begun"))
    worker = PassRunner(never, SystemClock(), lambda: UUID(int=7), lambda _: None, ComparisonSchedule())  # type: ignore[arg-type]  # only `run_pass`
    worker.cancel_all()
    with pytest.raises(asyncio.CancelledError):
        await worker.run_pass(QueuedPass(project_id=ONE, is_nudged=True), None)
    assert (worker.running_count, worker.ended_count) == (0, 0)


async def test_a_line_says_what_was_done_and_what_it_cost(caplog: pytest.LogCaptureFixture) -> None:
    done = replace(
        IDLE, applied=AppliedCounts(comments_imported=3), github=Cost(requests=4, cost=2), pending=1
    )
    await run_and_count(caplog, done)
    values = getattr(caplog.records[0], RECORD_VALUES_ATTRIBUTE)
    assert values == {
        "outcome": "ok",
        "repository": "acme/web",
        "duration_ms": 12,
        "requests": 4,
        "cost": 2,
        "comments_imported": 3,
        "pending": 1,
    }
