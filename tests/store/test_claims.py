"""A claim that takes its slot and stores the confirmation of the write before, in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import PausedError, ProjectLockLostError
from reconciler.model.ids import Fingerprint, RemoteCommentId
from reconciler.model.intent import Intent, IntentState
from reconciler.model.link import CommentPairState
from reconciler.ports import Claim, Confirmation, NoWriteSlot
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.sync.rate_limiter import WriteSlot
from tests.store.test_intents import a_change, a_post, the_intent
from tests.store.test_locks import break_lock
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, FixedClock, digest

F00D = Fingerprint("f00d")


async def sent_and_next(stores: DatabaseStores, bugspark: BugSpark) -> tuple[Confirmation, Intent]:
    """What GitHub confirmed of a comment, and the next one, planned. The credential has a budget."""
    link, pair, first = await a_post(stores, bugspark)
    _, _, following = await a_post(stores, bugspark, 2, project=link.project_id)
    await stores.rate_limiter.reserve_reads(F00D, 2)
    claim = await stores.intents.claim(first, NOW)
    assert claim
    live = replace(pair, state=CommentPairState.LIVE, remote_id=RemoteCommentId(42))
    confirmed = Confirmation(intent=claim.intent, link=None, pair=live, changes=[a_change(link)], at=NOW)
    return confirmed, following


async def claim_if_slot_free(
    stores: DatabaseStores, intent: Intent, confirmed: Confirmation | None
) -> Claim | NoWriteSlot | None:
    return await stores.intents.claim_if_slot_free(
        intent, NOW, credential=F00D, points=5, confirmed=confirmed
    )


def is_stored(bugspark: BugSpark, confirmed: Confirmation) -> bool:
    """Whether the first comment is live with its history row and its intent is deleted; or none of these."""
    of_intent = sa.select(tables.intents.c.id).where(tables.intents.c.id == confirmed.intent.id)
    of_pair = sa.select(tables.comment_pairs.c.remote_id).where(tables.comment_pairs.c.remote_id == 42)
    of_history = sa.select(tables.changes.c.id).where(tables.changes.c.request_id == "ABCD:1")
    found = [len(bugspark.rows(query)) for query in (of_intent, of_pair, of_history)]
    assert found in ([0, 1, 1], [1, 0, 0])
    return found == [0, 1, 1]


def last_write(bugspark: BugSpark) -> str:
    (row,) = bugspark.rows(sa.select(tables.credential_budgets))
    return str(row["spent"])


async def test_slot_claim_and_the_confirmation_before_are_one_transaction(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    original, opened = Database.write, list[Database]()

    @asynccontextmanager
    async def count(database: Database) -> AsyncIterator[AsyncConnection]:
        opened.append(database)
        async with original(database) as connection:
            yield connection
            assert not is_stored(bugspark, confirmed), "nothing is seen before the commit"

    monkeypatch.setattr(Database, "write", count)
    claim = await claim_if_slot_free(stores, following, confirmed)
    assert isinstance(claim, Claim)
    assert claim.intent.state is IntentState.SENDING
    assert await the_intent(stores, following) == claim.intent
    assert is_stored(bugspark, confirmed)
    assert f'"last_write":{NOW.timestamp()}' in last_write(bugspark)
    assert len(opened) == 1


async def test_where_the_next_write_has_to_wait_only_the_confirmation_is_stored(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    assert await stores.rate_limiter.reserve_write(F00D, 5) == NOW
    before = last_write(bugspark)
    assert await claim_if_slot_free(stores, following, confirmed) == NoWriteSlot()
    assert is_stored(bugspark, confirmed)
    assert await the_intent(stores, following) == following
    assert last_write(bugspark) == before


async def test_where_a_limit_is_used_up_only_the_confirmation_is_stored(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    await stores.rate_limiter.block(F00D, datetime(2027, 1, 1, tzinfo=UTC), "GitHub said wait.")
    assert await claim_if_slot_free(stores, following, confirmed) == NoWriteSlot()
    assert is_stored(bugspark, confirmed)
    assert await the_intent(stores, following) == following


async def test_a_slot_that_another_process_took_first_is_not_taken_twice(
    stores: DatabaseStores, bugspark: BugSpark, database: Database, clock: FixedClock
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    other = build_stores(database, StoreSettings(digest=digest), FixedClock())
    await other.rate_limiter.reserve_write(F00D, 5)
    before = last_write(bugspark)
    assert await claim_if_slot_free(stores, following, confirmed) == NoWriteSlot()
    assert is_stored(bugspark, confirmed)
    assert await the_intent(stores, following) == following
    assert last_write(bugspark) == before
    clock.at += timedelta(seconds=1)
    assert isinstance(await claim_if_slot_free(stores, following, None), Claim), "the budget is read again"


async def test_the_confirmation_is_stored_where_the_project_was_paused(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    await stores.projects.set_paused(following.project_id, paused=True)
    before = last_write(bugspark)
    with pytest.raises(PausedError):
        await claim_if_slot_free(stores, following, confirmed)
    assert is_stored(bugspark, confirmed)
    assert await the_intent(stores, following) == following
    assert last_write(bugspark) == before


async def test_the_confirmation_is_stored_where_the_lock_was_lost_and_nothing_is_claimed(
    stores: DatabaseStores, bugspark: BugSpark, database: Database, store_url: str
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    competitor = build_stores(database, StoreSettings(digest=digest), FixedClock())
    before = last_write(bugspark)
    async with stores.project_locks.acquire(following.project_id):
        await break_lock(bugspark, store_url, following.project_id)
        async with competitor.project_locks.acquire(following.project_id):
            with pytest.raises(ProjectLockLostError):
                await claim_if_slot_free(stores, following, confirmed)
    assert is_stored(bugspark, confirmed)
    assert await the_intent(stores, following) == following
    assert last_write(bugspark) == before


async def test_a_write_whose_cause_is_gone_takes_no_slot(stores: DatabaseStores, bugspark: BugSpark) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)
    bugspark.delete_comment(following.local_id)
    before = last_write(bugspark)
    claim = await claim_if_slot_free(stores, following, confirmed)
    assert isinstance(claim, Claim)
    assert claim.cause_gone
    assert is_stored(bugspark, confirmed)
    assert last_write(bugspark) == before


async def test_a_transaction_that_fails_stores_neither_the_confirmation_nor_the_claim(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, following = await sent_and_next(stores, bugspark)

    async def fail(connection: AsyncConnection, slot: WriteSlot) -> bool:
        raise OSError("the connection broke")

    monkeypatch.setattr(stores.rate_limiter, "take", fail)
    before = bugspark.dump()
    with pytest.raises(OSError, match="broke"):
        await claim_if_slot_free(stores, following, confirmed)
    assert bugspark.dump() == before
