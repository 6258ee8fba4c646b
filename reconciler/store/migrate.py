"""`reconcile migrate`: our schema up to date, beside a live BugSpark and without disturbing it."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import OperationalError

from reconciler.errors import SchemaError
from reconciler.model.values import dataclass
from reconciler.store import meta
from reconciler.store.engine import APPLICATION, BUSY_SECONDS, attend_sqlite, parse_url
from reconciler.store.failures import translated
from reconciler.store.schema import SENTENCES, VERSION_TABLE, SchemaState, revision, state_of
from reconciler.store.tables import meta as meta_table

ADVISORY_KEY = 0x6275677370617266  # one migration at a time per database; fences use other keys
LOCK_TIMEOUT = "3s"  # a live table waits for us at most this long, then we step back and try again
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """What `migrate` found and left behind. Revisions are None where there is no schema of ours."""

    before: str | None
    after: str | None
    added_columns: tuple[str, ...] = ()  # "table.column", those that were missing and are ours to remove
    made_tables: tuple[str, ...] = ()  # BugSpark's tables, made in an empty SQLite file


def migrate(url: str, *, pause: Callable[[float], None] = time.sleep) -> MigrationResult:
    """Bring the schema up to date; safe to run twice and from two machines at once.

    Raises SchemaError when this is no BugSpark database or a newer program migrated it; else DatabaseError.
    """
    return _run(url, _upgrade, pause)


def downgrade(url: str, *, pause: Callable[[float], None] = time.sleep) -> MigrationResult:
    """Remove what `migrate` added, and nothing else: what others added stays, rows of BugSpark's stay."""
    return _run(url, _downgrade, pause)


def migrations() -> Path:
    """The folder of the migrations: inside an installed package, or at the top of a checkout."""
    package = Path(str(resources.files("reconciler")))
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _run(
    url: str, work: Callable[[Connection], MigrationResult], pause: Callable[[float], None]
) -> MigrationResult:
    address = parse_url(url)
    with translated(address), _engine(address) as engine:
        for attempt in range(1, TRIES + 1):
            try:
                with engine.begin() as connection:
                    _take_turns(connection)
                    return work(connection)
            except OperationalError as error:
                if attempt == TRIES or getattr(error.orig, "sqlstate", None) != "55P03":
                    raise
            pause(float(attempt))
    raise AssertionError("the loop returns or raises")


@contextmanager
def _engine(url: URL) -> Iterator[Engine]:
    if url.get_backend_name() == "sqlite":
        arguments: dict[str, object] = {"isolation_level": None, "timeout": BUSY_SECONDS}
        engine = create_engine(url.set(drivername="sqlite"), connect_args=arguments, hide_parameters=True)
        attend_sqlite(engine)
    else:
        arguments = {"prepare_threshold": None, "connect_timeout": 10, "application_name": APPLICATION}
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args=arguments, hide_parameters=True
        )
    try:
        yield engine
    finally:
        engine.dispose()


def _take_turns(connection: Connection) -> None:
    """SQLite's BEGIN IMMEDIATE has done it already; the lock goes with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_KEY})
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": LOCK_TIMEOUT})


def _upgrade(connection: Connection) -> MigrationResult:
    before = revision(connection)
    if state_of(before) is SchemaState.NEWER:
        raise SchemaError(SENTENCES[SchemaState.NEWER])
    command.upgrade(_config(connection), "head")
    stored = connection.execute(select(meta_table.c.key, meta_table.c.value))
    known = dict(tuple(row) for row in stored)
    for key, value in ((meta.INSTANCE, str(uuid4())), (meta.MARKER_KEY, secrets.token_hex(32))):
        if key not in known:
            connection.execute(insert(meta_table).values(key=key, value=value))
    if before is not None:
        return MigrationResult(before=before, after=revision(connection))
    return MigrationResult(
        before=before,
        after=revision(connection),
        added_columns=_names(known["added_columns"]),
        made_tables=_names(known["made_tables"]),
    )


def _downgrade(connection: Connection) -> MigrationResult:
    before = revision(connection)
    if state_of(before) is SchemaState.NEWER:
        raise SchemaError(SENTENCES[SchemaState.NEWER])
    if before is not None:
        command.downgrade(_config(connection), "base")
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    return MigrationResult(before=before, after=None)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _names(text_of: str) -> tuple[str, ...]:
    return tuple(name for name in text_of.split(",") if name)
