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
from tests.support.outages import TIMEOUT_SECONDS, ShakyServer, shaky_server
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
        original.process.wait(TIMEOUT_SECONDS)
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
                async with opened(server.url(name), github, sync) as duplicate:
                    assert place(duplicate) == place(sync)
                    sync.add_comment(report, "the original goes on")
                    await sync.settle()
                    seen = await duplicate.run()
                    assert (seen.outcome, duplicate.writes) == (Outcome.OK, [])  # it may have been restored
                    duplicate.add_comment(report, "the copy, too")
                    sync.add_comment(report, "and on")
                    await sync.settle()
                    stopped = await duplicate.run()
                    assert (stopped.outcome, stopped.error and stopped.error.kind) == (
                        Outcome.REFUSED,
                        "identity",
                    )
                    assert not duplicate.writes
                    await duplicate.run(accept="copy")
                    await duplicate.settle()
                    assert [item.what for item in (await health(duplicate)).attention] == ["held"]
                    assert (await sync.settle()).outcome is Outcome.OK
                    assert len(duplicate.texts_on_github(number)) == 2
                    duplicate.bugspark.engine.dispose()
