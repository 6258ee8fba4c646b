"""Two workers on one database: one is paused between its claim and its first byte, the other continues."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reconciler.bootstrap.application import open_application
from reconciler.model.passes import NullProgress, Outcome
from reconciler.store.sync.intents import StoredIntents
from tests.support.github import GitHub
from tests.support.sync import Sync, settings_for


def paused_after_claim(monkeypatch: pytest.MonkeyPatch, later: Callable[[], Awaitable[None]]) -> list[str]:
    """The first claim of a comment is committed, and then its process is paused while others continue."""
    claim: Any = StoredIntents.claim_if_slot_free
    happened: list[str] = []

    async def slow(self: StoredIntents, *given: object, **named: object) -> object:
        found = await claim(self, *given, **named)
        if not happened:
            happened.append("paused")
            await later()
        return found

    monkeypatch.setattr(StoredIntents, "claim_if_slot_free", slow)
    return happened


def lose_the_lock(sync: Sync) -> None:
    """What a long sleep does to it: the row runs out, or the server gives the connection up."""
    if sync.bugspark.engine.dialect.name == "sqlite":
        sync.github.clock.advance(31)
    else:
        sync.bugspark.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE '%fence'"
        )
        sync.github.clock.advance(2)


@pytest.mark.parametrize("looks", [1, 4])
async def test_a_worker_that_wakes_after_another_took_over_sends_nothing(
    sync: Sync, world_url: str, github: GitHub, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "only once")
    counts: list[int] = []
    async with open_application(settings_for(world_url, github.api), sync.clock) as other:

        async def later() -> None:
            lose_the_lock(sync)
            for _ in range(looks):  # one: it sees the claim; four: it has looked twice and sent it itself
                found = await other.find_project(str(sync.project))
                assert (
                    await other.run_pass(found, wait=False, accept=None, progress=NullProgress())
                ).outcome in (
                    Outcome.OK,
                    Outcome.PARTIAL,
                )
                github.clock.advance(61 if looks > 1 else 0)
            counts.append(len(sync.texts_on_github(number)))
            assert sync.bugspark.rows_of("sync_locks") == []

        happened = paused_after_claim(monkeypatch, later)
        await sync.run()
        assert happened == ["paused"]
        assert counts == [int(looks == 4)]
        assert len(sync.texts_on_github(number)) == counts[0]  # the one that woke has sent nothing
        await sync.settle(passes=5)
    assert len(sync.texts_on_github(number)) == 1
    assert sync.bugspark.rows_of("sync_intents") == []


async def test_a_claim_that_took_long_is_given_back_and_sent_by_the_next_pass(
    sync: Sync, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "later")

    async def later() -> None:
        github.clock.advance(6)

    paused_after_claim(monkeypatch, later)
    await sync.run()
    assert sync.texts_on_github(number) == []
    assert [row["state"] for row in sync.bugspark.rows_of("sync_intents")] == ["planned"]
    await sync.run()
    assert len(sync.texts_on_github(number)) == 1
