"""Database faults that a test starts and clears: disk full, read-only, busy, deadlock, serialization failure.

Within `sqlite_faults()` the program's transactions on SQLite fail with SQLite's own errors. `PostgresFaults`
makes PostgreSQL fail the commits of the program, and only those, with the SQLSTATE of the fault.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine

from reconciler.store.schema import engine as opened
from reconciler.store.schema.engine import APPLICATION_NAME

NO_FAULT = ("query_only=OFF", "max_page_count=1073741823")
REFUSING = {"read-only": ("query_only=ON",), "disk full": ("max_page_count=1",)}  # 1: as many as it has


@dataclass(slots=True)
class SqliteFaults:
    """Faults of one SQLite file: `start("disk full")`, until `clear()`."""

    path: Path
    pragmas: tuple[str, ...] = NO_FAULT
    _competitor: ExitStack = field(default_factory=ExitStack)

    def start(self, trouble: str) -> None:
        if trouble != "busy":
            self.pragmas = REFUSING[trouble]
            return
        competitor = sqlite3.connect(self.path, isolation_level=None)
        self._competitor.callback(competitor.close)
        competitor.execute("BEGIN IMMEDIATE")

    def clear(self) -> None:
        self._competitor.close()
        self.pragmas = NO_FAULT


@contextmanager
def sqlite_faults(path: Path) -> Iterator[SqliteFaults]:
    """Expose programs that are opened within to the faults of this file; their busy timeout is short."""
    faults, original = SqliteFaults(path), opened._create_sqlite_engine

    def exposed(url: Any, connections: int) -> Engine:
        made = original(url, connections)

        @sa.event.listens_for(made, "begin")
        def _begin(connection: sa.Connection) -> None:
            for pragma in (*NO_FAULT, *faults.pragmas):
                connection.exec_driver_sql(f"PRAGMA {pragma}")

        return made

    with (
        patch.object(opened, "_create_sqlite_engine", exposed),
        patch.object(opened, "SQLITE_BUSY_TIMEOUT_SECONDS", 0.02),
    ):
        try:
            yield faults
        finally:
            faults.clear()


CODES = {"serialization failure": "40001", "deadlock": "40P01", "disk full": "53100"}
TABLES = ("sync_links", "sync_comments", "sync_intents", "sync_projects", "sync_changes")
TRIGGERS = f"""
CREATE TABLE db_fault (code text);
CREATE FUNCTION db_fault() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE trouble text;
BEGIN
    SELECT code INTO trouble FROM db_fault;
    IF FOUND AND current_setting('application_name') = '{APPLICATION_NAME}' THEN
        RAISE EXCEPTION 'simulated fault' USING ERRCODE = trouble;
    END IF;
    RETURN NULL;
END $$;
""" + "".join(
    f"CREATE CONSTRAINT TRIGGER db_fault AFTER INSERT OR UPDATE OR DELETE ON {table}"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION db_fault();"
    for table in TABLES
)


class PostgresFaults:
    """Faults of PostgreSQL: COMMIT fails; `read-only` also ends the sessions, as a failover does."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._sealed = False
        self._do(TRIGGERS)

    def start(self, trouble: str) -> None:
        self._sealed = trouble == "read-only"
        if self._sealed:
            set_read_only(self._conninfo, value=True, ends_sessions=True)
        else:
            self._do(f"INSERT INTO db_fault VALUES ('{CODES[trouble]}')")

    def clear(self) -> None:
        if self._sealed:
            set_read_only(self._conninfo, value=False, ends_sessions=True)
        self._do("DELETE FROM db_fault")

    def _do(self, statements: str) -> None:
        _execute_writing(self._conninfo, statements)


def set_read_only(url: str, *, value: bool, ends_sessions: bool = False) -> None:
    """Make new sessions of this database read-only, as those of a standby are, or writable again.

    `ends_sessions`: those of the program as well, as a failover does. All others stay what they were.
    """
    _execute_writing(
        url,
        f"""DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}',
            current_database()); END $$""",
    )
    if ends_sessions:
        _execute_writing(
            url,
            f"""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE '{APPLICATION_NAME}%'""",
        )


def _execute_writing(url: str, statements: str) -> None:
    """Execute in a session that writes, also while the database is set to read-only."""
    conninfo = url.replace("postgresql+psycopg://", "postgresql://")
    options = "-c default_transaction_read_only=off"
    with psycopg.connect(conninfo, autocommit=True, options=options) as connection:
        connection.execute(statements.encode())
