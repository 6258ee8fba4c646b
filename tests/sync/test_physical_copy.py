"""A physical copy of PostgreSQL, really made: stopped, its directory copied, both started.

Server and database are the same by name and number: only what the other one writes tells that there are two.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from signal import SIGINT

import sqlalchemy as sa

from reconciler.errors import DatabaseError
from reconciler.model.passes import Outcome
from tests.support import pg_keeper
from tests.support.copies import health, opened
from tests.support.github import GitHub
from tests.support.outages import PATIENCE, ShakyServer, shaky_server
from tests.support.postgres import Server, owned_home
from tests.support.stores import fill_postgres
from tests.support.sync import Sync, open_sync

PLACE = sa.text(
    "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database())"
    " FROM pg_control_system()"
)


@contextmanager
def copy_of(original: ShakyServer) -> Iterator[Server]:
    """A second server on a copy of the first one's directory."""
    with owned_home() as home:
        original.process.send_signal(SIGINT)
        original.process.wait(PATIENCE)
        subprocess.run(["cp", "-a", original.home / "data", home], check=True)
        process = pg_keeper.start(home, original.binaries, original.account)
        try:
            original.process = pg_keeper.start(original.home, original.binaries, original.account)
            pg_keeper.wait_until_ready(home, process)
            pg_keeper.wait_until_ready(original.home, original.process)
            yield Server(home=home)
        finally:
            pg_keeper.stop(process)


def place(world: Sync) -> tuple[object, ...]:
    with world.bugspark.engine.connect() as connection:
        return tuple(connection.execute(PLACE).one())


async def test_a_physical_copy_looks_like_its_original_until_it_is_seen_to_write(github: GitHub) -> None:
    with shaky_server() as original:
        name = original.server.create()
        fill_postgres(original.server.url(name))
        async with open_sync(original.server.url(name), github) as sync:
            report, number = await sync.linked()
            sync.bugspark.engine.dispose()
            with copy_of(original) as server:
                with suppress(DatabaseError):  # its connections went with the server
                    await sync.app.list_projects()
                async with opened(server.url(name), github, sync) as twin:
                    assert place(twin) == place(sync)
                    sync.say(report, "the original goes on")
                    await sync.settle()
                    seen = await twin.run()
                    assert (seen.outcome, twin.writes) == (Outcome.OK, [])  # it may have been restored
                    twin.say(report, "the copy, too")
                    sync.say(report, "and on")
                    await sync.settle()
                    stopped = await twin.run()
                    assert (stopped.outcome, stopped.error and stopped.error.kind) == (
                        Outcome.REFUSED,
                        "identity",
                    )
                    assert not twin.writes
                    await twin.run(accept="copy")
                    await twin.settle()
                    assert [item.what for item in (await health(twin)).attention] == ["held"]
                    assert (await sync.settle()).outcome is Outcome.OK
                    assert len(twin.said_there(number)) == 2
                    twin.bugspark.engine.dispose()
