"""Bad weather in the database: full, read-only, busy, deadlocks, serialization failures; switched on and off.

Within `sqlite_weather()` the program's transactions on SQLite meet SQLite's own refusals. `PostgresWeather`
makes PostgreSQL refuse the program's commits with the SQLSTATE of the trouble, and nobody else's.
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

FINE = ("query_only=OFF", "max_page_count=1073741823")
REFUSING = {"read-only": ("query_only=ON",), "disk full": ("max_page_count=1",)}  # 1: as many as it has


@dataclass(slots=True)
class SqliteWeather:
    """`turn("disk full")`, and all is well again after `clear()`."""

    path: Path
    pragmas: tuple[str, ...] = FINE
    _rival: ExitStack = field(default_factory=ExitStack)

    def turn(self, trouble: str) -> None:
        if trouble != "busy":
            self.pragmas = REFUSING[trouble]
            return
        rival = sqlite3.connect(self.path, isolation_level=None)
        self._rival.callback(rival.close)
        rival.execute("BEGIN IMMEDIATE")

    def clear(self) -> None:
        self._rival.close()
        self.pragmas = FINE


@contextmanager
def sqlite_weather(path: Path) -> Iterator[SqliteWeather]:
    """Programs opened within on this file meet its weather, and wait for a busy one only a moment."""
    weather, original = SqliteWeather(path), opened._create_sqlite_engine

    def exposed(url: Any, connections: int) -> Engine:
        made = original(url, connections)

        @sa.event.listens_for(made, "begin")
        def _begin(connection: sa.Connection) -> None:
            for pragma in (*FINE, *weather.pragmas):
                connection.exec_driver_sql(f"PRAGMA {pragma}")

        return made

    with (
        patch.object(opened, "_create_sqlite_engine", exposed),
        patch.object(opened, "SQLITE_BUSY_TIMEOUT_SECONDS", 0.02),
    ):
        try:
            yield weather
        finally:
            weather.clear()


CODES = {"serialization failure": "40001", "deadlock": "40P01", "disk full": "53100"}
TABLES = ("sync_links", "sync_comments", "sync_intents", "sync_projects", "sync_changes")
TRIGGERS = f"""
CREATE TABLE weather (code text);
CREATE FUNCTION weather() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE trouble text;
BEGIN
    SELECT code INTO trouble FROM weather;
    IF FOUND AND current_setting('application_name') = '{APPLICATION_NAME}' THEN
        RAISE EXCEPTION 'bad weather' USING ERRCODE = trouble;
    END IF;
    RETURN NULL;
END $$;
""" + "".join(
    f"CREATE CONSTRAINT TRIGGER weather AFTER INSERT OR UPDATE OR DELETE ON {table}"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weather();"
    for table in TABLES
)


class PostgresWeather:
    """It is the COMMIT that fails; `read-only` ends the sessions as well, as a failover does."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._sealed = False
        self._do(TRIGGERS)

    def turn(self, trouble: str) -> None:
        self._sealed = trouble == "read-only"
        if self._sealed:
            self._read_only("on")
        else:
            self._do(f"INSERT INTO weather VALUES ('{CODES[trouble]}')")

    def clear(self) -> None:
        if self._sealed:
            self._read_only("off")
        self._do("DELETE FROM weather")

    def _read_only(self, value: str) -> None:
        self._do(
            f"""DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}',
                current_database()); END $$;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE '{APPLICATION_NAME}%'"""
        )

    def _do(self, statements: str) -> None:
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(self._conninfo, autocommit=True, options=options) as connection:
            connection.execute(statements.encode())
