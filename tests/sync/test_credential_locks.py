"""Writes of one credential go one after another; others are not held up."""

import asyncio

import pytest

from reconciler.model.ids import Fingerprint
from reconciler.sync.context import CredentialLocks

OURS, THEIRS = Fingerprint("ours"), Fingerprint("theirs")


async def test_turns_come_one_after_another_and_in_the_order_they_were_asked_for() -> None:
    turns, order = CredentialLocks(), list[str]()

    async def write(name: str) -> None:
        async with turns.hold(OURS):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(*(write(name) for name in "abc"))
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


async def test_another_credential_does_not_wait() -> None:
    turns = CredentialLocks()
    async with turns.hold(OURS), asyncio.timeout(60), turns.hold(THEIRS):
        pass


async def test_a_write_that_fails_lets_the_next_one_go() -> None:
    turns = CredentialLocks()
    with pytest.raises(ValueError, match="refused"):
        async with turns.hold(OURS):
            raise ValueError("refused")
    async with asyncio.timeout(60), turns.hold(OURS):
        pass


async def test_those_that_wait_for_their_turn_are_counted_by_credential() -> None:
    turns = CredentialLocks()

    async def write() -> None:
        async with turns.hold(OURS):
            pass

    async with turns.hold(OURS), turns.hold(THEIRS):
        waiting = [asyncio.create_task(write()) for _ in range(3)]
        await asyncio.sleep(0)
        assert turns.waiting_counts == {OURS: 3}
        waiting[0].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert turns.waiting_counts == {OURS: 2}
    await asyncio.gather(*waiting[1:])
    assert not turns.waiting_counts
