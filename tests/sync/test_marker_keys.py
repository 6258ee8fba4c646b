"""A marker outlives the key it was signed with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from reconciler.bootstrap.application import open_application
from reconciler.bootstrap.markers import InstanceMarkers, load_instance_markers
from reconciler.demo.github.faults import Drop, Limit
from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.ids import RepositoryId
from reconciler.model.passes import NullProgress
from reconciler.model.secret import Secret
from reconciler.store.schema.database_identity import MarkerKeyStore
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import migrate
from tests.support.bugspark import BugSpark, connected
from tests.support.github import GitHub
from tests.support.sync import FollowingClock, open_sync, settings_for

FIRST, SECOND, THIRD = (Fernet.generate_key().decode() for _ in range(3))
HERE = DatabaseInstance(instance="here", is_bound=True)
PLACE = ("comment", RepositoryId(7), 3)


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path}/bugspark.db"
    migrate(found)
    return found


@asynccontextmanager
async def markers(url: str, *keys: str, **sync: str) -> AsyncIterator[InstanceMarkers]:
    """As a process with these ENCRYPTION_KEYs, newest first, has them."""
    wanted = settings_for(
        url, "http://127.0.0.1:1", bugspark={"encryption_key": Secret(",".join(keys))}, sync=sync
    )
    database = open_database(url)
    try:
        ring = MarkerKeyStore(database, wanted.bugspark.encryption_keys)
        yield (await load_instance_markers(wanted, ring)).for_identity(HERE)
    finally:
        await database.aclose()


async def test_keys_are_rotated_twice_and_what_the_first_one_signed_is_still_ours(url: str) -> None:
    local = uuid4()
    async with markers(url, FIRST) as signing:
        line = signing.sign(*PLACE, local)
        await signing.store_keys()
    for keys in ((SECOND, FIRST), (SECOND,), (THIRD, SECOND), (THIRD,)):
        async with markers(url, *keys) as reading:
            assert reading.local_id_of_marker(line, *PLACE) == local
            assert reading.unreadable_key_names == ()
            await reading.store_keys()
            assert reading.sign(*PLACE, local) != line or keys == (FIRST,)
    async with markers(url, THIRD) as settled:
        assert settled.unstored_keys == {}


async def test_a_key_that_was_swapped_without_an_overlap_is_named_and_opens_again(url: str) -> None:
    local = uuid4()
    async with markers(url, FIRST) as signing:
        line = signing.sign(*PLACE, local)
        await signing.store_keys()
    async with markers(url, SECOND) as reading:
        await reading.store_keys()
        assert reading.local_id_of_marker(line, *PLACE) is None
        assert reading.unreadable_key_names == (line.split()[3],)
    async with markers(url, SECOND, FIRST) as again:
        await again.store_keys()
    async with markers(url, SECOND) as reading:
        assert reading.local_id_of_marker(line, *PLACE) == local
        assert reading.unreadable_key_names == ()


async def test_a_configured_key_and_the_one_made_by_migrate_outlive_their_use_too(url: str) -> None:
    local = uuid4()
    async with markers(url) as made:
        lines = [made.sign(*PLACE, local)]
        await made.store_keys()
    async with markers(url, FIRST, marker_key="configured for a while") as configured:
        lines.append(configured.sign(*PLACE, local))
        await configured.store_keys()
    async with markers(url, FIRST) as reading:
        assert [reading.local_id_of_marker(line, *PLACE) for line in lines] == [local, local]


async def test_no_marker_key_is_kept_in_clear_where_there_is_an_encryption_key(url: str) -> None:
    async with markers(url, FIRST, marker_key="configured for a while") as signing:
        await signing.store_keys()
    with connected(url) as engine:
        kept = [row for row in BugSpark(engine).rows_of("sync_meta") if row["key"].startswith("marker_key:")]
    assert len(kept) == 2
    assert all(row["value"].startswith("gAAAA") for row in kept)


async def test_a_lost_answer_is_found_although_its_key_has_been_rotated_away(
    url: str, github: GitHub
) -> None:
    def keys(*wanted: str) -> dict[str, Secret]:
        return {"encryption_key": Secret(",".join(wanted))}

    async with open_sync(url, github, bugspark=keys(FIRST)) as sync:
        report, number = await sync.linked()
        sync.add_comment(report, "was it sent?")
        github.simulator.faults.add(Drop(applied=True), method="POST", path="/comments$")
        assert (await sync.run()).pending == 1
    for wanted in ((SECOND, FIRST), (THIRD, SECOND), (THIRD,)):
        if wanted != (THIRD,):  # a pass that sees nothing, but knows its keys
            github.simulator.faults.add(Limit(wait=10), method="GET")
        opened = settings_for(url, github.api, bugspark=keys(*wanted))
        async with open_application(opened, FollowingClock(github.clock)) as app:
            github.clock.advance(200)
            last = await app.run_pass(
                await app.find_project(str(sync.project)), wait=False, accept=None, progress=NullProgress()
            )
            assert last.pending == (wanted != (THIRD,))
    assert sum("was it sent?" in row.body for row in github.web.thread(number)) == 1
