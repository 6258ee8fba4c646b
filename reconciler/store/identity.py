"""Which database this is: `ports.Identities`, in `sync_meta`.

Its name travels with every copy. The place it is bound to does not: PostgreSQL's system identifier and the
database's OID, or an SQLite file's device and inode (docs/decisions/0030-which-database.md).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, func, select, text, update

from reconciler.errors import ConfigurationError, DatabaseError, UsageError
from reconciler.model.identity import COPY, MOVED, Identity
from reconciler.store.connection import AsyncConnection
from reconciler.store.engine import Database
from reconciler.store.meta import INSTANCE, put
from reconciler.store.records import from_json, to_json
from reconciler.store.tables import links, meta, projects

PLACE = "place"  # JSON of a Place: where the instance was bound
TWIN = "twin"  # where another database was seen to write as this one, in words
PAST = "past"  # JSON list: instances that are no more

Place = Mapping[str, str]

POSTGRESQL = text(
    "SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,"
    " 'sync_meta'::regclass::oid::text AS table,"
    " has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may"
)
SYSTEM = text("SELECT system_identifier::text FROM pg_catalog.pg_control_system()")


class StoredIdentity:
    """The identity of one open database."""

    def __init__(self, database: Database, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._new_id = new_id

    async def read(self) -> Identity:
        async with self._database.read() as connection:
            return await found_in(connection)

    async def bind(self) -> None:
        async with self._database.write() as connection:
            if not (await found_in(connection)).bound:
                await put(connection, PLACE, to_json(await _place(connection)))

    async def decide(self, word: str) -> None:
        async with self._database.write() as connection:
            found = await found_in(connection)
            if word in (MOVED, COPY):
                if found.doubt is None:
                    raise UsageError(
                        f"nothing is to be decided: this database is {found.instance}, as it was"
                    )
                if word == COPY:
                    await put(connection, INSTANCE, str(self._new_id()))
                await put(connection, PLACE, to_json(await _place(connection)))
                await connection.execute(delete(meta).where(meta.c.key == TWIN))
            else:
                await _bury(connection, found, word)
            await connection.execute(update(projects).values(recovering=True, restored_at=None))

    async def doubt(self, where: str) -> None:
        async with self._database.write() as connection:
            await put(connection, TWIN, where)


async def _bury(connection: AsyncConnection, found: Identity, instance: str) -> None:
    """What it wrote is ours from now on, and what it held is free."""
    held = select(func.count()).select_from(links).where(links.c.held_by == instance)
    if not (await connection.execute(held)).scalar():
        raise UsageError(f"no link is held by a database called {instance}")
    await put(connection, PAST, to_json(sorted({*found.past, instance})))
    free = update(links).where(links.c.held_by == instance)
    await connection.execute(free.values(held_by=None, revision=links.c.revision + 1))


async def found_in(connection: AsyncConnection) -> Identity:
    """The identity of the database at the other end. Raises ConfigurationError, DatabaseError."""
    wanted = select(meta.c.key, meta.c.value).where(meta.c.key.in_([INSTANCE, PLACE, TWIN, PAST]))
    known = {row.key: row.value for row in await connection.execute(wanted)}
    if INSTANCE not in known:
        raise ConfigurationError("this database has no instance id; run `reconcile migrate`")
    bound = from_json(known[PLACE], dict[str, str]) if PLACE in known else None
    return Identity(
        instance=known[INSTANCE],
        bound=bound is not None,
        moved=bound is not None and not same(bound, await _place(connection)),
        twin=known.get(TWIN),
        past=frozenset(from_json(known[PAST], list[str])) if PAST in known else frozenset(),
    )


def same(one: Place, other: Place) -> bool:
    """Whether two places are one. A role that may not read the system identifier goes by the OID of a table
    of ours, which a dump and its restore do not carry along either.
    """
    if "system" in one and "system" in other:
        return (one["system"], one["database"]) == (other["system"], other["database"])
    return {**one, "system": ""} == {**other, "system": ""}


async def _place(connection: AsyncConnection) -> Place:
    if connection.dialect.name == "sqlite":
        rows = (await connection.exec_driver_sql("PRAGMA database_list")).mappings()
        return _of_file(next(str(row["file"]) for row in rows if row["name"] == "main"))
    row = (await connection.execute(POSTGRESQL)).one()
    place = {"database": row.database, "table": row.table}
    if row.may:
        place["system"] = (await connection.execute(SYSTEM)).scalar_one()
    return place


def _of_file(path: str) -> Place:
    try:
        file = Path(path).stat()
    except OSError:  # an open connection goes on reading and writing what is not there any more
        raise DatabaseError(
            f"The database file {path} can't be used: it is not at its place any more; put it back."
        ) from None
    return {"device": str(file.st_dev), "inode": str(file.st_ino)}
