"""The thread in which SQLite executes: one of its own, or the test's."""

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event

from reconciler.store.schema.engine import open_database
from tests.support.inline_sqlite import inline


def create(path: Path) -> None:
    path.touch()


async def worker(path: Path) -> int:
    """The thread that executes a statement of the program."""
    create(path)
    database = open_database(f"sqlite:///{path}")

    @event.listens_for(database._engine, "connect")
    def _add_function(dbapi: Any, _: object) -> None:
        dbapi.create_function("thread", 0, threading.get_ident)

    try:
        async with database.read() as connection:
            return int((await connection.exec_driver_sql("SELECT thread()")).scalar_one())
    finally:
        await database.aclose()


async def test_a_statement_is_executed_by_the_tests_own_thread_only_within_the_block(tmp_path: Path) -> None:
    here = threading.get_ident()
    assert await worker(tmp_path / "1.db") != here
    with inline():
        assert await worker(tmp_path / "2.db") == here
    assert await worker(tmp_path / "3.db") != here
