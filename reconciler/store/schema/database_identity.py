"""What `sync_meta` says of this database: which one it is (`ports.DatabaseIdentity`), and its marker keys.

The instance id travels with every copy. The location it is bound to does not: PostgreSQL's system identifier
and the database's OID, or an SQLite file's device and inode (docs/decisions/0030-which-database.md).

Marker keys are all keys that markers were ever signed with, so that markers stay valid when the key changes:
one row per key, encrypted with BugSpark's ENCRYPTION_KEY (docs/decisions/0031-marker-keys.md). Without an
ENCRYPTION_KEY there is only the key that `migrate` made, which is stored unencrypted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import ConfigurationError, DatabaseError, RefusedError, UsageError
from reconciler.model.database_identity import ACCEPT_COPY, ACCEPT_MOVED, DatabaseInstance
from reconciler.model.secret import Secret
from reconciler.store.bulk import upsert_row
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import links, meta, projects
from reconciler.store.types import decode_json, encode_json

INSTANCE_KEY = "instance"  # a uuid: names this database in every marker
MARKER_KEY = "marker_key"  # 32 random bytes as hex, made by `reconcile migrate` as the instance is
LOCATION_KEY = "place"  # JSON of a DatabaseLocation: where the instance was bound
DUPLICATE_LOCATION_KEY = "twin"  # where another database was seen to write as this one, for people
PAST_INSTANCES_KEY = "past"  # JSON list: instances that no longer exist
COMMENT_RULES_KEY = "comment_rules"  # JSON of an OperatorHistory (`owner_settings.history`)
SELECT_IDENTITY = select(meta.c.key, meta.c.value).where(
    meta.c.key.in_(
        [INSTANCE_KEY, LOCATION_KEY, DUPLICATE_LOCATION_KEY, PAST_INSTANCES_KEY, COMMENT_RULES_KEY]
    )
)

DatabaseLocation = Mapping[str, str]

LOCATION_SQL = text(
    "SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,"
    " 'sync_meta'::regclass::oid::text AS table,"
    " has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may"
)
SYSTEM_IDENTIFIER_SQL = text("SELECT system_identifier::text FROM pg_catalog.pg_control_system()")


class StoredIdentity:
    """The identity of one open database."""

    def __init__(self, database: Database, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._new_id = new_id

    async def read(self) -> DatabaseInstance:
        async with self._database.read() as connection:
            return await read_identity(connection)

    async def bind(self) -> None:
        async with self._database.write() as connection:
            if not (await read_identity(connection)).is_bound:
                await save_meta_value(connection, LOCATION_KEY, encode_json(await _read_location(connection)))

    async def declare_identity(self, word: str) -> None:
        async with self._database.write() as connection:
            found = await read_identity(connection)
            if word in (ACCEPT_MOVED, ACCEPT_COPY):
                if found.reason_not_to_write is None:
                    raise RefusedError(
                        f"nothing is to be decided: this database is {found.instance}, as it was"
                    )
                if word == ACCEPT_COPY:
                    await save_meta_value(connection, INSTANCE_KEY, str(self._new_id()))
                await save_meta_value(connection, LOCATION_KEY, encode_json(await _read_location(connection)))
                await connection.execute(delete(meta).where(meta.c.key == DUPLICATE_LOCATION_KEY))
            else:
                await _take_over_instance(connection, found, word)
            await connection.execute(update(projects).values(recovering=True, restored_at=None))

    async def record_duplicate_instance(self, where: str) -> None:
        async with self._database.write() as connection:
            await save_meta_value(connection, DUPLICATE_LOCATION_KEY, where)


async def _take_over_instance(connection: AsyncConnection, found: DatabaseInstance, instance: str) -> None:
    """Treat what that instance wrote as written by this one, and release the links it held."""
    held = select(func.count()).select_from(links).where(links.c.held_by == instance)
    if not (await connection.execute(held)).scalar():
        raise UsageError(f"no link is held by a database called {instance}")
    await save_meta_value(
        connection, PAST_INSTANCES_KEY, encode_json(sorted({*found.past_instances, instance}))
    )
    free = update(links).where(links.c.held_by == instance)
    await connection.execute(free.values(held_by=None, revision=links.c.revision + 1))


async def save_meta_value(connection: AsyncConnection, key: str, value: str) -> None:
    """Insert or replace a value of `sync_meta`."""
    await upsert_row(connection, meta, {"key": key}, {"value": value})


async def read_identity(connection: AsyncConnection) -> DatabaseInstance:
    """Read the identity of the connected database. Raises ConfigurationError, DatabaseError."""
    known = {row.key: row.value for row in await connection.execute(SELECT_IDENTITY)}
    if INSTANCE_KEY not in known:
        raise ConfigurationError("this database has no instance id; run `reconcile migrate`")
    bound = decode_json(known[LOCATION_KEY], dict[str, str]) if LOCATION_KEY in known else None
    return DatabaseInstance(
        instance=known[INSTANCE_KEY],
        is_bound=bound is not None,
        is_moved=bound is not None and not is_same_location(bound, await _read_location(connection)),
        twin=known.get(DUPLICATE_LOCATION_KEY),
        past_instances=frozenset(decode_json(known[PAST_INSTANCES_KEY], list[str]))
        if PAST_INSTANCES_KEY in known
        else frozenset(),
        comment_rules=known.get(COMMENT_RULES_KEY),
    )


def is_same_location(one: DatabaseLocation, other: DatabaseLocation) -> bool:
    """Whether both are the same location. Where the role may not read the system identifier, the OID of a
    table of ours decides, which a dump and its restore do not preserve either.
    """
    if "system" in one and "system" in other:
        return (one["system"], one["database"]) == (other["system"], other["database"])
    return {**one, "system": ""} == {**other, "system": ""}


async def _read_location(connection: AsyncConnection) -> DatabaseLocation:
    if connection.dialect.name == "sqlite":
        rows = (await connection.exec_driver_sql("PRAGMA database_list")).mappings()
        return _file_device_and_inode(next(str(row["file"]) for row in rows if row["name"] == "main"))
    # What names the server and the database can't change while the session lasts.
    of_session = connection.info
    if LOCATION_KEY in of_session:
        known: DatabaseLocation = of_session[LOCATION_KEY]
        return known
    row = (await connection.execute(LOCATION_SQL)).one()
    location = {"database": row.database, "table": row.table}
    if row.may:
        location["system"] = (await connection.execute(SYSTEM_IDENTIFIER_SQL)).scalar_one()
        of_session[LOCATION_KEY] = location
    return location


def _file_device_and_inode(path: str) -> DatabaseLocation:
    try:
        file = Path(path).stat()
    except OSError:  # an open connection would go on with the deleted file
        raise DatabaseError(
            f"The database file {path} can't be used: it is not at its place any more; put it back."
        ) from None
    return {"device": str(file.st_dev), "inode": str(file.st_ino)}


MARKER_META_KEY_PREFIX = "marker_key:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMarkerKeys:
    """The marker keys at rest, by name."""

    migrated_key: Secret | None = None  # made by `migrate`
    keys: Mapping[str, Secret] = field(default_factory=dict)  # as hexadecimal digits
    outdated_names: frozenset[str] = frozenset()  # encrypted with an older ENCRYPTION_KEY: to be saved again
    unreadable_names: tuple[str, ...] = ()  # no ENCRYPTION_KEY that is configured decrypts them


class MarkerKeyStore:
    """Reads and writes marker keys. `keys`: BugSpark's ENCRYPTION_KEYs, newest first."""

    def __init__(self, database: Database, keys: tuple[Secret, ...]) -> None:
        self._database = database
        self._keys = tuple(key.reveal().encode() for key in keys)

    async def read_keys(self) -> StoredMarkerKeys:
        query = select(meta).where(
            or_(meta.c.key == MARKER_KEY, meta.c.key.startswith(MARKER_META_KEY_PREFIX))
        )
        async with self._database.read() as connection:
            rows = {row.key: row.value for row in await connection.execute(query)}
        made = rows.pop(MARKER_KEY, None)
        names = {key.removeprefix(MARKER_META_KEY_PREFIX): value for key, value in rows.items()}
        decrypted = {name: self._decrypt(value) for name, value in names.items()}
        return StoredMarkerKeys(
            migrated_key=Secret(made) if made else None,
            keys={name: found[0] for name, found in decrypted.items() if found},
            outdated_names=frozenset(name for name, found in decrypted.items() if found and found[1]),
            unreadable_names=tuple(sorted(name for name, found in decrypted.items() if not found)),
        )

    async def save_keys(self, keys: Mapping[str, Secret]) -> None:
        """Store these, encrypted with the newest key. Without any key nothing is stored."""
        if not self._keys:
            return
        from cryptography.fernet import Fernet  # late: not needed without keys

        newest = Fernet(self._keys[0])
        async with self._database.write() as connection:
            # One order for all sessions: they wait for each other, but never in a circle.
            for name, key in sorted(keys.items()):
                await save_meta_value(
                    connection, MARKER_META_KEY_PREFIX + name, newest.encrypt(key.reveal().encode()).decode()
                )

    def _decrypt(self, stored: str) -> tuple[Secret, bool] | None:
        """The key, and whether an older ENCRYPTION_KEY decrypted it; None if none does."""
        from cryptography.fernet import Fernet, InvalidToken

        for index, key in enumerate(self._keys):
            try:
                return Secret(Fernet(key).decrypt(stored.encode()).decode()), index > 0
            except InvalidToken:
                continue
        return None
