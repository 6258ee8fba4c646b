"""`reconcile migrate` on live and empty databases adds what is ours, and `downgrade` removes exactly that."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from reconciler.errors import DatabaseError, SchemaError
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema import tables, version
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import downgrade, migrate, migrations_folder
from reconciler.store.schema.version import SchemaState, read_schema_state, require_schema
from tests.support import bugspark as live
from tests.support.bugspark import BugSpark, connected

ALL_COLUMNS = (
    "reports.github_issue_number",
    "reports.github_issue_url",
    "reports.github_repo",
    "comments.source",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def unmigrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty SQLite file, or a live BugSpark on PostgreSQL, without our tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    url: str = request.getfixturevalue("postgres_database")
    live.install(url)
    yield url


@pytest.fixture
def live_bugspark(postgres_database: str) -> str:
    """A live BugSpark on PostgreSQL, without our tables."""
    live.install(postgres_database)
    return postgres_database


def differences(url: str, metadata: sa.MetaData, admit: Any) -> list[Any]:
    with connected(url) as engine, engine.connect().execution_options(reconciler_reads=True) as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": admit}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        return found


def shape(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    """Every table of BugSpark's with its columns, types and nullability."""
    with connected(url) as engine, engine.connect().execution_options(reconciler_reads=True) as connection:
        inspector = sa.inspect(connection)
        return {
            table: [
                (each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)
            ]
            for table in inspector.get_table_names()
            if not table.startswith(("sync_", "reconciler_", "procrastinate_"))
        }


def test_migrations_and_metadata_are_equal(unmigrated: str) -> None:
    migrate(unmigrated)
    assert differences(unmigrated, tables.metadata, version.include_object) == []


def test_a_partial_index_holds_the_rows_its_note_says(unmigrated: str) -> None:
    migrate(unmigrated)
    indexes = [index for table in tables.metadata.tables.values() for index in table.indexes]
    noted = {str(index.name): bare(index.info["only"]) for index in indexes if index.info}
    with connected(unmigrated) as engine:
        inspector, key = sa.inspect(engine), f"{engine.dialect.name}_where"
        found = {
            str(index["name"]): bare(str(index["dialect_options"][key]))
            for table in tables.metadata.tables
            for index in inspector.get_indexes(table)
            if index["dialect_options"].get(key) is not None
        }
    assert found == noted


def bare(condition: str) -> str:
    """A condition without what PostgreSQL adds to it: casts, brackets, spaces, and its form of IN."""
    plain = re.sub(r"::(text|character varying)(\[\])?|[()\[\] ]", "", condition)
    return plain.replace("=ANYARRAY", "IN")


def test_the_bugspark_tables_of_an_empty_sqlite_file_are_as_described(tmp_path: Path) -> None:
    def theirs(_: Any, name: str | None, kind: str, *__: Any) -> bool:
        return kind != "table" or not str(name).startswith(("sync_", "reconciler_"))

    url = f"sqlite:///{tmp_path / 'new.db'}"
    result = migrate(url)
    assert set(result.made_tables) == set(bugspark_tables.metadata.tables)
    assert differences(url, bugspark_tables.metadata, theirs) == []


def test_each_database_has_the_index_it_alone_needs(unmigrated: str) -> None:
    migrate(unmigrated)
    with (
        connected(unmigrated) as engine,
        engine.connect().execution_options(reconciler_reads=True) as connection,
    ):
        names = {index["name"] for index in sa.inspect(connection).get_indexes("sync_links")}
    mine, other = tables.SQLITE_ONLY_INDEX, tables.POSTGRESQL_ONLY_INDEX
    if not unmigrated.startswith("sqlite"):
        mine, other = other, mine
    assert mine in names
    assert other not in names


def test_migrating_twice_changes_nothing_more(unmigrated: str) -> None:
    first = migrate(unmigrated)
    assert (first.before, first.after, first.added_columns) == (None, version.REVISIONS[-1], ALL_COLUMNS)
    with connected(unmigrated) as engine:
        before = BugSpark(engine).rows(sa.select(tables.meta).order_by(tables.meta.c.key))
        again = migrate(unmigrated)
        assert (again.before, again.after, again.added_columns) == (first.after, first.after, ())
        assert BugSpark(engine).rows(sa.select(tables.meta).order_by(tables.meta.c.key)) == before
    assert {row["key"] for row in before} == {
        "added_columns",
        "instance",
        "made_tables",
        "marker_key",
        "queue",
    }


def test_two_processes_at_once_migrate_once(unmigrated: str) -> None:
    script = (
        "import sys; from reconciler.store.schema.migrate import migrate; print(migrate(sys.argv[1]).before)"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, unmigrated],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    outputs = sorted(each.communicate(timeout=60)[0].strip() for each in both)
    assert [each.returncode for each in both] == [0, 0]
    assert outputs == [version.REVISIONS[-1], "None"]


def test_a_live_bugspark_is_left_as_it_was_but_for_four_columns(live_bugspark: str) -> None:
    before = shape(live_bugspark)
    with connected(live_bugspark) as engine:
        people = BugSpark(engine)
        people.execute(FIRST_ROWS)
        migrate(live_bugspark)
        assert people.rows(sa.select(sa.text("version_num")).select_from(sa.text("alembic_version"))) == [
            {"version_num": live.ALEMBIC}
        ]
        (row,) = people.rows(sa.select(bugspark_tables.reports))
        assert (row["title"], row["status"], row["github_issue_number"]) == ("Kept", "triaging", None)
    after = shape(live_bugspark)
    added = {
        table: [column for column in columns if column not in before[table]]
        for table, columns in after.items()
    }
    assert {table: columns for table, columns in added.items() if columns} == {
        "reports": [
            ("github_issue_number", "INTEGER", True),
            ("github_issue_url", "VARCHAR(500)", True),
            ("github_repo", "VARCHAR(200)", True),
        ],
        "comments": [("source", "VARCHAR(20)", True)],
    }
    downgrade(live_bugspark)
    assert shape(live_bugspark) == before


FIRST_ROWS = """
WITH ada AS (INSERT INTO users (id, email, name, password_hash)
             VALUES (gen_random_uuid(), 'ada@x', 'Ada', 'x') RETURNING id),
shop AS (INSERT INTO projects (id, owner_id, name, domain, api_key_hash, api_key_prefix)
         SELECT gen_random_uuid(), id, 'Shop', 'x', 'x', 'x' FROM ada RETURNING id)
INSERT INTO reports (id, project_id, tracking_id, title, description, severity, category, status)
SELECT gen_random_uuid(), id, 'BUG-0001', 'Kept', '', 'low', 'ui', 'triaging' FROM shop
"""


def test_columns_that_bugspark_has_itself_survive_a_downgrade(live_bugspark: str) -> None:
    with connected(live_bugspark) as engine:
        BugSpark(engine).execute("ALTER TABLE reports ADD COLUMN github_issue_number integer")
    result = migrate(live_bugspark)
    assert "reports.github_issue_number" not in result.added_columns
    downgrade(live_bugspark)
    names = [name for name, *_ in shape(live_bugspark)["reports"]]
    assert "github_issue_number" in names
    assert "github_repo" not in names


def test_a_downgrade_removes_all_of_ours(unmigrated: str) -> None:
    before = shape(unmigrated)
    migrate(unmigrated)
    downgrade(unmigrated)
    assert shape(unmigrated) == before
    with (
        connected(unmigrated) as engine,
        engine.connect().execution_options(reconciler_reads=True) as connection,
    ):
        left = sa.inspect(connection).get_table_names()
        if connection.dialect.name == "postgresql":
            routines = "SELECT proname FROM pg_proc UNION SELECT typname FROM pg_type"
            left += connection.exec_driver_sql(routines).scalars().all()
    assert [name for name in left if name.startswith(("sync_", "reconciler_", "procrastinate_"))] == []
    assert downgrade(unmigrated).before is None
    assert migrate(unmigrated).before is None


def test_a_downgrade_keeps_sqlite_tables_that_hold_rows_of_bugspark(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    migrate(url)
    with connected(url) as engine:
        report = BugSpark(engine).add_report(BugSpark(engine).add_project())
    downgrade(url)
    assert "github_repo" not in [name for name, *_ in shape(url)["reports"]]
    migrate(url)
    with connected(url) as engine:
        assert BugSpark(engine).report(report)


def test_a_database_without_bugspark_is_refused_and_left_as_it_is(
    postgres_database: str, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with connected(other) as engine:
        BugSpark(engine).execute("CREATE TABLE songs (id integer)")
    for url in (postgres_database, other):
        with pytest.raises(SchemaError, match="not a BugSpark database"):
            migrate(url)
        with (
            connected(url) as engine,
            engine.connect().execution_options(reconciler_reads=True) as connection,
        ):
            assert set(sa.inspect(connection).get_table_names()) <= {"songs"}


def test_a_locked_table_is_waited_for_shortly_and_then_an_error(
    live_bugspark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.store.schema.migrate.TABLE_LOCK_TIMEOUT", "50ms")
    pauses: list[float] = []
    with connected(live_bugspark) as engine, engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE reports IN ACCESS SHARE MODE")
        with pytest.raises(DatabaseError, match="locked by somebody else; nothing was changed"):
            migrate(live_bugspark, pause=pauses.append)
    assert len(pauses) == 4
    assert migrate(live_bugspark).before is None


@pytest.mark.parametrize(
    ("found", "state", "expected"),
    [
        (None, SchemaState.MISSING, "run `reconcile migrate`"),
        (version.REVISIONS[-1], SchemaState.CURRENT, None),
        ("9999", SchemaState.NEWER, "newer version"),
    ],
)
async def test_the_state_of_a_schema_is_read(
    store_url: str, found: str | None, state: SchemaState, expected: str | None
) -> None:
    with connected(store_url) as engine:
        people = BugSpark(engine)
        if found is None:
            people.execute("DROP TABLE reconciler_alembic_version")
        else:
            people.execute("UPDATE reconciler_alembic_version SET version_num = :found", found=found)
    database = open_database(store_url)
    try:
        assert await read_schema_state(database) is state
        if expected is None:
            await require_schema(database)
            return
        with pytest.raises(SchemaError, match=expected):
            await require_schema(database)
    finally:
        await database.aclose()
    if state is SchemaState.NEWER:
        for action in (migrate, downgrade):
            with pytest.raises(SchemaError, match="newer version"):
                await asyncio.to_thread(action, store_url)


def test_an_older_revision_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "REVISIONS", ("0001", "0002"))
    assert version.classify_revision("0001") is SchemaState.OLDER


def test_the_program_knows_every_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == version.REVISIONS
