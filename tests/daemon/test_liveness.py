"""What `/healthz` and the watchdog go by: a tick that finds the database away is progress, too."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import uuid4

import pytest

from reconciler.daemon import service as module
from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.service import Service
from reconciler.daemon.systemd import SystemdNotifier
from reconciler.errors import ConfigurationError, DatabaseError, GitHubError, SchemaError
from reconciler.model.ids import ProjectId
from reconciler.model.passes import ScheduledProject
from tests.daemon.test_service import QUICK, Clock, FakeBackend, liveness, serving

HOURS = 6 * 3600.0


@pytest.mark.parametrize("error", [DatabaseError("away"), SchemaError("older"), ConfigurationError("no id")])
async def test_ticks_with_an_unusable_database_count_as_progress(error: Exception) -> None:
    backend, clock = FakeBackend(schedule_error=error), Clock()
    async with serving(backend, clock) as service:
        await backend.until_checked(2)
        clock.ahead = HOURS
        await backend.until_checked(backend.checks + 3)
        assert service.is_alive
        backend.schedule_error = None
        backend.add(1)
        await backend.until(1)
        assert liveness(service) == (True, True)


@pytest.mark.parametrize(
    "error", [KeyError("x"), GitHubError("not of a tick")], ids=["unexpected", "not its own"]
)
async def test_repeated_ticks_with_an_unexpected_error_are_no_progress(error: Exception) -> None:
    backend, clock = FakeBackend(schedule_error=error), Clock()
    async with serving(backend, clock) as service:
        await backend.until_checked(3)
        assert service.is_alive
        clock.ahead = module.MAX_FAILING_SECONDS + 1
        await backend.until_checked(backend.checks + 2)
        assert liveness(service) == (False, False)


class HangingBackend(FakeBackend):
    """Its database does not answer."""

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> Sequence[ScheduledProject]:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_tick_that_does_not_end_is_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.daemon.scheduler.CANCEL_GRACE_SECONDS", 0.05)
    backend, clock = HangingBackend(), Clock()
    async with serving(backend, clock) as service:
        await backend.until_checked(1)
        clock.ahead = module.STUCK_TICK_SECONDS - 5
        assert service.is_alive
        clock.ahead = module.STUCK_TICK_SECONDS + 1
        assert liveness(service) == (False, False)


async def test_a_daemon_that_never_ticked_is_alive_for_as_long() -> None:
    clock = Clock()
    service = Service(FakeBackend(), MemoryQueue(), clock, SystemdNotifier({}), QUICK, new_id=uuid4)
    assert service.is_alive
    clock.ahead = module.STUCK_TICK_SECONDS + 1
    assert not service.is_alive
