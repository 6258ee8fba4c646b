"""Indexes on BugSpark's tables that make the incremental scan cheap (`reconcile migrate --indexes`).

Offered, never required (docs/decisions/0083-indexes-not-triggers.md). They are made without blocking writes,
and only where no index begins with the column. An empty SQLite file has them from the start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from reconciler.store.connection import translate_errors
from reconciler.store.schema.engine import parse_url
from reconciler.store.schema.migrate import open_migration_engine

LOCK_TIMEOUT = "10s"
"""So long the creation waits for other transactions' locks; they do not wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanIndex:
    """An index that the incremental scan uses."""

    name: str
    table: str
    column: str


SCAN_INDEXES = (
    ScanIndex(name="ix_reports_reconciler_updated_at", table="reports", column="updated_at"),
    ScanIndex(name="ix_comments_reconciler_created_at", table="comments", column="created_at"),
)

FIND_INDEX_SQL = text("""
    SELECT count(*) FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = CAST(:table AS regclass) AND a.attname = :column AND i.indisvalid AND i.indpred IS NULL
""")
DROP_UNFINISHED_SQL = "DROP INDEX CONCURRENTLY IF EXISTS {name}"
CREATE_SQL = "CREATE INDEX CONCURRENTLY {name} ON {table} ({column})"


def create_scan_indexes(url: str) -> tuple[str, ...]:
    """Create what is missing, and say for each index what was done. Raises DatabaseError.

    A role that may not, or a table that is too busy, is said, not raised: nothing depends on the indexes.
    """
    address = parse_url(url)
    if address.get_backend_name() == "sqlite":
        return ("an SQLite file has its indexes already",)
    with translate_errors(address), _open_autocommit_connection(url) as connection:
        connection.execute(text("SELECT set_config('lock_timeout', :limit, false)"), {"limit": LOCK_TIMEOUT})
        return tuple(_create_index(connection, index) for index in SCAN_INDEXES)


@contextmanager
def _open_autocommit_connection(url: str) -> Iterator[Connection]:
    with open_migration_engine(parse_url(url)) as engine, engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _create_index(connection: Connection, index: ScanIndex) -> str:
    place = f"{index.table}.{index.column}"
    found = connection.execute(FIND_INDEX_SQL, {"table": index.table, "column": index.column}).scalar()
    if found:
        return f"{place} has an index already"
    names = {"name": index.name, "table": index.table, "column": index.column}
    try:
        # One that an interrupted creation left behind is invalid, and still costs each write.
        connection.exec_driver_sql(DROP_UNFINISHED_SQL.format(**names))
        connection.exec_driver_sql(CREATE_SQL.format(**names))
    except DBAPIError as error:
        match getattr(error.orig, "sqlstate", None):
            case "42501":
                return (
                    f"{place} got no index: only the owner of BugSpark's tables may make one;"
                    " run this with the owner's address, or do without"
                )
            case "55P03":
                return f"{place} got no index: the table was in use for too long; run this again later"
            case _:
                raise
    return f"{place} has the index {index.name} now"
