"""The location of a database, by what its role may read."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.errors import DatabaseError, RefusedError, UsageError
from reconciler.model.database_identity import DatabaseInstance
from reconciler.store.schema.database_identity import StoredIdentity, is_same_location
from reconciler.store.schema.engine import open_database
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark

SYSTEM = {"system": "7", "database": "5", "table": "30"}
CLOSED = {"database": "5", "table": "30"}


def place(bugspark: BugSpark) -> dict[str, str]:
    (row,) = (row for row in bugspark.rows_of("sync_meta") if row["key"] == "place")
    found: dict[str, str] = json.loads(row["value"])
    return found


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (SYSTEM, SYSTEM, True),
        (SYSTEM, SYSTEM | {"system": "8"}, False),
        (SYSTEM, SYSTEM | {"database": "6"}, False),
        (SYSTEM, SYSTEM | {"table": "31"}, True),  # the identifier outweighs a table's OID
        (SYSTEM, CLOSED, True),  # the right to read it was granted or revoked
        (CLOSED, SYSTEM | {"table": "31"}, False),
        (CLOSED, CLOSED | {"database": "6"}, False),
        ({"device": "1", "inode": "2"}, {"device": "1", "inode": "3"}, False),
    ],
)
def test_two_locations_are_compared_by_what_both_know(
    one: dict[str, str], other: dict[str, str], equal: bool
) -> None:
    assert is_same_location(one, other) is equal is is_same_location(other, one)


async def test_an_instance_is_bound_once_and_recognised(stores: DatabaseStores, bugspark: BugSpark) -> None:
    before = await stores.identity.read()
    assert (before.is_bound, before.is_moved, before.reason_not_to_write) == (False, False, None)
    await stores.identity.bind()
    where = place(bugspark)
    await stores.identity.bind()
    assert place(bugspark) == where
    assert await stores.identity.read() == DatabaseInstance(instance=before.instance, is_bound=True)
    with pytest.raises(RefusedError, match="nothing is to be decided"):
        await stores.identity.declare_identity("copy")
    with pytest.raises(UsageError, match="no link is held"):
        await stores.identity.declare_identity("6f1f0d0e-3a52-4e0c-9d36-0a1d2c3b4e5f")


async def test_the_location_changes_with_a_copy(
    stores: DatabaseStores, bugspark: BugSpark, store_url: str
) -> None:
    await stores.identity.bind()
    where = place(bugspark)
    if store_url.startswith("sqlite"):
        file = Path(str(sa.make_url(store_url).database))
        assert where == on_disk(file)
        replaced(file)
    else:
        assert set(where) == {"system", "database", "table"}
        elsewhere = "UPDATE sync_meta SET value = replace(value, :here, '1') WHERE key = 'place'"
        bugspark.execute(elsewhere, here=where["system"])
    found = await stores.identity.read()
    assert found.is_moved
    assert found.reason_not_to_write
    assert "--accept moved" in found.reason_not_to_write


def on_disk(file: Path) -> dict[str, str]:
    found = file.stat()
    return {"device": str(found.st_dev), "inode": str(found.st_ino)}


def replaced(file: Path) -> None:
    """The same content under another inode."""
    copy = file.with_suffix(".copy")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)


async def test_a_role_that_may_not_read_the_system_identifier_compares_a_table_oid(
    store_url: str, stores: DatabaseStores, bugspark: BugSpark
) -> None:
    if store_url.startswith("sqlite"):
        await stores.identity.bind()
        assert "system" not in place(bugspark)
        return
    role = f"closed_{sa.make_url(store_url).database}"
    bugspark.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC")
    bugspark.execute(f'CREATE ROLE "{role}" LOGIN')
    bugspark.execute(f'GRANT SELECT, INSERT, UPDATE ON sync_meta TO "{role}"')
    closed = open_database(store_url.replace("postgres@", f"{role}@"))
    try:
        identity = StoredIdentity(closed, uuid4)
        await identity.bind()
        assert set(place(bugspark)) == {"database", "table"}
        assert not (await identity.read()).is_moved
        assert not (await stores.identity.read()).is_moved  # one that may read it agrees
        other = json.dumps(place(bugspark) | {"table": "9"})
        bugspark.execute("UPDATE sync_meta SET value = :other WHERE key = 'place'", other=other)
        assert (await identity.read()).is_moved
    finally:
        await closed.aclose()
        bugspark.execute(f'DROP OWNED BY "{role}"')
        bugspark.execute(f'DROP ROLE "{role}"')


async def test_a_file_that_was_moved_away_is_refused_though_it_can_still_be_written(
    sqlite_template: Path, tmp_path: Path
) -> None:
    file = Path(shutil.copy(sqlite_template, tmp_path / "here.db"))
    database = open_database(f"sqlite:///{file}")
    identity = StoredIdentity(database, uuid4)
    await identity.bind()
    renamed(tmp_path, "here", "there")
    with pytest.raises(DatabaseError, match=r"here\.db can't be used: it is not at its place any more"):
        await identity.read()
    renamed(tmp_path, "there", "here")
    assert not (await identity.read()).is_moved
    await database.aclose()


def renamed(home: Path, before: str, after: str) -> None:
    """The database and what SQLite keeps beside it."""
    for each in list(home.iterdir()):
        each.rename(each.with_name(each.name.replace(before, after)))
