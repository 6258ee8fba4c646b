"""Opening, reading and writing a database, and the errors when that fails."""

import asyncio
import logging
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reconciler.errors import ConfigurationError, DatabaseError
from reconciler.store.connection import error_message
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database, open_database, parse_url
from reconciler.store.schema.migrate import migrate
from tests.support.bugspark import BugSpark, connected

COUNT = sa.select(sa.func.count()).select_from(tables.meta)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("not an address", "not an address"),
        ("mysql://u:hunter2@h/d", "names mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_unusable_address_is_one_sentence_without_secrets(url: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected) as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)


def test_an_sqlite_that_is_too_old_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.store.schema.engine.MIN_SQLITE_VERSION", (99, 0))
    with pytest.raises(ConfigurationError, match=r"99\.0 or newer is needed"):
        open_database("sqlite:///bugspark.db")


async def test_a_database_that_is_down_is_an_error_without_the_password() -> None:
    database = open_database("postgresql://me:hunter2@127.0.0.1:1/shop")
    with pytest.raises(DatabaseError, match=r"shop on 127\.0\.0\.1") as caught:
        async with database.read():
            raise AssertionError("read from nowhere")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(database)
    await database.aclose()


def test_a_database_that_is_down_can_not_be_migrated() -> None:
    with pytest.raises(DatabaseError, match=r"shop on 127\.0\.0\.1"):
        migrate("postgresql+psycopg://me:hunter2@127.0.0.1:1/shop")


async def test_a_file_that_can_not_be_opened_or_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, it only looks long enough" * 50)
    (tmp_path / "folder").mkdir()
    for name, expected in (("folder", "check its path"), ("text", "not an SQLite database")):
        database = open_database(f"sqlite:///{tmp_path / name}")
        with pytest.raises(DatabaseError, match=expected):
            async with database.read() as connection:
                await connection.execute(COUNT)
        await database.aclose()


async def test_a_failed_connection_to_sqlite_leaves_no_thread_of_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a thread prints a traceback when the event loop is closed before it ends."""

    class SlowHandler(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            time.sleep(0.1)

    driver_log = logging.getLogger("aiosqlite")
    monkeypatch.setattr(driver_log, "handlers", [SlowHandler()])
    monkeypatch.setattr(driver_log, "propagate", False)
    driver_log.setLevel(logging.DEBUG)
    (tmp_path / "folder").mkdir()
    database = open_database(f"sqlite:///{tmp_path / 'folder'}")
    before = set(threading.enumerate())
    try:
        with pytest.raises(DatabaseError):
            async with database.read():
                raise AssertionError("read from nowhere")
        left = [thread.name for thread in set(threading.enumerate()) - before]
        assert [name for name in left if not name.startswith("asyncio")] == []
    finally:
        driver_log.setLevel(logging.NOTSET)
        await database.aclose()


async def test_the_error_of_a_missing_table_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    database = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(DatabaseError, match="run `reconcile migrate`"):
        async with database.read() as connection:
            await connection.execute(COUNT)
    await database.aclose()


async def test_a_read_is_one_snapshot_however_long_it_lasts(database: Database, bugspark: BugSpark) -> None:
    async with database.read() as connection:
        before = (await connection.execute(COUNT)).scalar()
        bugspark.execute("INSERT INTO sync_meta (key, value) VALUES ('a', 'b')")
        assert (await connection.execute(COUNT)).scalar() == before
    async with database.read() as connection:
        assert (await connection.execute(COUNT)).scalar() == (before or 0) + 1


async def test_a_write_that_fails_stores_nothing(database: Database, bugspark: BugSpark) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(sa.insert(tables.meta).values(key="a", value="b"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert bugspark.rows(sa.select(tables.meta).where(tables.meta.c.key == "a")) == []


async def test_writers_do_not_lose_each_others_updates(database: Database, bugspark: BugSpark) -> None:
    bugspark.execute("INSERT INTO sync_meta (key, value) VALUES ('count', '0')")
    query = sa.select(tables.meta.c.value).where(tables.meta.c.key == "count").with_for_update()

    async def add() -> None:
        for _ in range(10):
            async with database.write() as connection:
                value = int((await connection.execute(query)).scalar_one())
                await asyncio.sleep(0)
                changed = sa.update(tables.meta).where(tables.meta.c.key == "count")
                await connection.execute(changed.values(value=str(value + 1)))

    await asyncio.gather(*(add() for _ in range(4)))
    (row,) = bugspark.rows(sa.select(tables.meta).where(tables.meta.c.key == "count"))
    assert row["value"] == "40"


async def test_a_read_only_database_is_an_error_that_says_so(database: Database) -> None:
    if database.dialect == "sqlite":
        read_only, expected = "PRAGMA query_only = ON", "readonly database|read-only"
    else:
        read_only, expected = "SET TRANSACTION READ ONLY", "read-only"

    async def attempt() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql(read_only)
            await connection.execute(sa.delete(tables.meta))

    with pytest.raises(DatabaseError, match=expected):
        await attempt()


def test_an_unknown_error_has_the_drivers_words_without_the_password() -> None:
    url = make_url("postgresql+psycopg://me:hunter2@db.test/shop")
    error = OperationalError("SELECT 1", {}, Exception("strange: hunter2 is odd.\nmore"))
    assert error_message(error, url) == (
        "The database shop on db.test does not answer as expected: strange: *** is odd."
    )


def test_an_exhausted_pool_and_a_full_disk_are_errors_that_say_so() -> None:
    url = make_url("sqlite:////data/bugspark.db")
    assert error_message(PoolTimeout("…"), url).endswith("every connection is taken.")
    full = DBAPIError("INSERT", {}, Exception("database or disk is full"))
    assert error_message(full, url) == "The database file /data/bugspark.db can't be used: its disk is full."


async def test_connections_that_died_in_the_pool_are_replaced(postgres_database: str) -> None:
    database = open_database(postgres_database)
    try:
        async with database.read() as one, database.read() as other:  # two idle ones afterwards
            for connection in (one, other):
                await connection.execute(sa.text("SELECT 1"))
        for reading in (True, False):
            _cut_all(postgres_database)
            async with database.read() if reading else database.write() as connection:
                assert (await connection.execute(sa.text("SELECT 1"))).scalar() == 1
    finally:
        await database.aclose()


async def test_a_connection_cut_within_a_transaction_fails_it(postgres_database: str) -> None:
    database = open_database(postgres_database)

    async def attempt() -> None:
        async with database.write() as connection:
            _cut_all(postgres_database)
            await connection.execute(sa.text("SELECT 1"))

    try:
        with pytest.raises(DatabaseError, match="its server was stopped"):
            await attempt()
    finally:
        await database.aclose()


def _cut_all(url: str) -> None:
    with connected(url) as engine, engine.begin() as other:
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
