"""Bring our schema up to date beside a live BugSpark, without disturbing it (`reconcile migrate`)."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, func, insert, inspect, select, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import OperationalError

from reconciler.errors import SchemaError
from reconciler.store.connection import translate_errors
from reconciler.store.schema import database_identity, definer_functions, privileges
from reconciler.store.schema.engine import (
    APPLICATION_NAME,
    CONNECT_TIMEOUT_SECONDS,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    configure_sqlite,
    parse_url,
)
from reconciler.store.schema.sqlite_file import create_private_file
from reconciler.store.schema.tables import meta
from reconciler.store.schema.version import (
    STATE_MESSAGES,
    VERSION_TABLE,
    SchemaState,
    classify_revision,
    read_revision,
)

MIGRATION_LOCK_KEY = 0x6275677370617266  # one migration at a time per database; project locks use other keys
TABLE_LOCK_TIMEOUT = "3s"  # a live table is blocked for at most this long, then it is tried again later
LOCK_ATTEMPTS = 5
LOSSES = {
    "links with what is known of their comments": ("sync_links", "1 = 1"),
    "comments that were kept back": ("sync_comments", "state = 'skipped'"),
    "reports that follow another one": ("sync_followers", "1 = 1"),
    "reports that were kept from being exported": ("sync_skipped_reports", "1 = 1"),
    "versions of projects' settings": ("sync_settings", "1 = 1"),
    "lists of the operator's earlier rules about comments": (
        "sync_meta",
        "key = 'comment_rules' AND value LIKE '%},{%'",
    ),
}
"""What an initial sync does not bring back: the rows, by table and condition. Others are made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """What `migrate` found and did. Revisions are None where there is no schema of ours."""

    before: str | None
    after: str | None
    added_columns: tuple[str, ...] = ()  # "table.column", those that were missing and are ours to remove
    made_tables: tuple[str, ...] = ()  # BugSpark's tables, made in an empty SQLite file
    revoked_from: tuple[str, ...] = ()  # roles that lost rights on what is ours


def migrate(url: str, *, pause: Callable[[float], None] = time.sleep) -> MigrationResult:
    """Bring the schema up to date; safe to run twice and from two machines at once.

    Raises SchemaError when this is no BugSpark database or a newer program migrated it; else DatabaseError.
    """
    return _run_in_transaction(url, _upgrade, pause)


def downgrade(
    url: str, *, may_lose: bool = False, pause: Callable[[float], None] = time.sleep
) -> MigrationResult:
    """Remove what `migrate` added, and nothing else: what others added stays, and so do BugSpark's rows.

    Raises SchemaError, and changes nothing, where that would lose what can't be had again, unless it
    `may_lose` that; else DatabaseError.
    """
    return _run_in_transaction(url, partial(_downgrade, may_lose=may_lose), pause)


def migrations_folder() -> Path:
    """The folder of the migrations: inside an installed package, or at the top of a checkout."""
    package = Path(str(resources.files("reconciler")))
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _run_in_transaction(
    url: str, work: Callable[[Connection], MigrationResult], pause: Callable[[float], None]
) -> MigrationResult:
    address = parse_url(url)
    create_private_file(address)
    with translate_errors(address), open_migration_engine(address) as engine:
        for attempt in range(1, LOCK_ATTEMPTS + 1):
            try:
                with engine.begin() as connection:
                    _lock_migration(connection)
                    return work(connection)
            except OperationalError as error:
                if attempt == LOCK_ATTEMPTS or getattr(error.orig, "sqlstate", None) != "55P03":
                    raise
            pause(float(attempt))
    raise AssertionError("the loop returns or raises")


@contextmanager
def open_migration_engine(url: URL) -> Iterator[Engine]:
    """A synchronous engine for changes of the schema, disposed at the end."""
    if url.get_backend_name() == "sqlite":
        arguments: dict[str, object] = {"isolation_level": None, "timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = create_engine(url.set(drivername="sqlite"), connect_args=arguments, hide_parameters=True)
        configure_sqlite(engine)
    else:
        arguments = {
            "prepare_threshold": None,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": APPLICATION_NAME,
        }
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args=arguments, hide_parameters=True
        )
    try:
        yield engine
    finally:
        engine.dispose()


def _lock_migration(connection: Connection) -> None:
    """Keep other migrations out until the transaction ends; on SQLite BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK_KEY})
        connection.execute(
            text("SELECT set_config('lock_timeout', :limit, true), set_config('row_security', 'off', true)"),
            {"limit": TABLE_LOCK_TIMEOUT},
        )


def _upgrade(connection: Connection) -> MigrationResult:
    before = read_revision(connection)
    if classify_revision(before) is SchemaState.NEWER:
        raise SchemaError(STATE_MESSAGES[SchemaState.NEWER])
    command.upgrade(_alembic_config(connection), "head")
    revoked_from: tuple[str, ...] = ()
    if connection.dialect.name == "postgresql":
        definer_functions.make_functions(connection)
        revoked_from = privileges.revoke_unasked_rights(connection)
    stored = connection.execute(select(meta.c.key, meta.c.value))
    known = dict(tuple(row) for row in stored)
    for key, value in (
        (database_identity.INSTANCE_KEY, str(uuid4())),
        (database_identity.MARKER_KEY, secrets.token_hex(32)),
    ):
        if key not in known:
            connection.execute(insert(meta).values(key=key, value=value))
    if before is not None:
        return MigrationResult(before=before, after=read_revision(connection), revoked_from=revoked_from)
    return MigrationResult(
        before=before,
        after=read_revision(connection),
        revoked_from=revoked_from,
        added_columns=_split_names(known["added_columns"]),
        made_tables=_split_names(known["made_tables"]),
    )


def _downgrade(connection: Connection, *, may_lose: bool) -> MigrationResult:
    before = read_revision(connection)
    if classify_revision(before) is SchemaState.NEWER:
        raise SchemaError(STATE_MESSAGES[SchemaState.NEWER])
    if may_lose:
        _delete_what_revisions_refuse_to_lose(connection)
    elif losses := [f"{count} {what}" for what, count in _count_losses(connection) if count]:
        raise SchemaError(
            f"a downgrade would lose {', '.join(losses)}. Nothing was changed; "
            "downgrade(…, may_lose=True) removes them, too"
        )
    if connection.dialect.name == "postgresql":
        definer_functions.drop_functions(connection)
    if before is not None:
        command.downgrade(_alembic_config(connection), "base")
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    return MigrationResult(before=before, after=None)


def _count_losses(connection: Connection) -> Iterator[tuple[str, int]]:
    """What a downgrade would lose, in words, and how much of it there is."""
    present = set(inspect(connection).get_table_names())
    for what, (table, condition) in LOSSES.items():
        if table in present:
            query = select(func.count()).select_from(text(table)).where(text(condition))
            yield what, connection.execute(query).scalar_one()


def _delete_what_revisions_refuse_to_lose(connection: Connection) -> None:
    present = set(inspect(connection).get_table_names())
    for table, condition in LOSSES.values():
        if table in present:
            connection.execute(text(f"DELETE FROM {table} WHERE {condition}"))  # noqa: S608  # our own words


def _alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _split_names(joined: str) -> tuple[str, ...]:
    return tuple(name for name in joined.split(",") if name)
