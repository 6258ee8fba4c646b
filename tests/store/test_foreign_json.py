"""JSON of BugSpark's tables is bounded in bytes and depth; a value beyond that affects only its row."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

import reconciler.store
from reconciler.errors import ProjectError
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.report import MAX_STORED_TEXT_CHARS, UnusableJson
from reconciler.store.bugspark import bugspark_tables, projects
from reconciler.store.bugspark.integrations import active_github_rows
from reconciler.store.foreign_json import (
    MAX_CONFIG_BYTES,
    MAX_DEPTH,
    MAX_REPORT_JSON_BYTES,
    ForeignJsonError,
    decode_foreign_json,
    excerpt,
)
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.types import JsonDocument, TextArray
from tests.store.test_outgoing_webhooks import hook, set_status, tasks
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, FixedClock, digest, linked

DEEP = "[" * 2_000 + "]" * 2_000
READ = {
    "integrations.config",
    "reports.console_logs",
    "reports.network_logs",
    "reports.user_actions",
    "reports.metadata",
    "webhooks.events",
}
"""What is read, each in a test below."""
NEVER_READ = {"projects.settings", "background_tasks.payload"}
REPORT_COLUMNS = ("console_logs", "network_logs", "user_actions", "metadata")
JSON_NAMES = sorted(name.partition(".")[2] for name in READ | NEVER_READ)


def large(size: int) -> str:
    return json.dumps({"token": "t", "padding": "x" * size})


HOSTILE = {
    "deep": DEEP,
    "deep object": '{"a":' * 1_500 + "1" + "}" * 1_500,
    "large": large(MAX_REPORT_JSON_BYTES + 1),
    "many small values": "[" + "1," * 600_000 + "1]",
    "a huge number": "[1e5000]",
}


@pytest.mark.parametrize(
    "text", ["[]", "[1, 2]", '{"a": [1]}', '"x"', "null", "[" * MAX_DEPTH + "]" * MAX_DEPTH]
)
def test_what_is_within_the_bounds_is_decoded(text: str) -> None:
    assert decode_foreign_json(text, 200) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "is nested more than 64 levels deep"),
        ('{"a":' * 65 + "1" + "}" * 65, "is nested more than 64 levels deep"),
        ("[" * 100_000 + "]" * 100_000, "is nested more than 64 levels deep"),
        ('"' + "x" * 2**20 + '"', "is larger than 1024 KiB"),
        ('"' + "ü" * 2**19 + '"', "is larger than 1024 KiB"),
        ("[1e999]", "has a number that is out of range"),
        ("1" * 5_000, "has a number that is out of range"),
        ("[1", "is not JSON"),
        ("\ud800", "is not JSON"),
        ("", "is not JSON"),
    ],
)
def test_what_exceeds_a_bound_is_named(text: str, reason: str) -> None:
    with pytest.raises(ForeignJsonError, match=f"^{reason}$"):
        decode_foreign_json(text, 2**20)


def test_an_excerpt_keeps_what_an_issue_shows_and_is_small() -> None:
    entry = {f"k{number}": "v" for number in range(1_000)} | {"message": "m", "level": "warn"}
    kept = excerpt([entry] * 1_000)
    assert len(kept) == 40
    assert (kept[0]["message"], kept[0]["level"], kept[0]["k0"], len(kept[0])) == ("m", "warn", "v", 42)
    assert excerpt({"a": "x" * 10_000, "b": None, "c": 1.5}) == {"a": "x" * 4_000, "b": None, "c": 1.5}
    assert excerpt([[[[[[[1]]]]]]]) == [[[[[[[]]]]]]]


def test_every_json_column_is_one_that_a_test_here_reads() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in bugspark_tables.metadata.tables.values()
        for column in table.c
        if isinstance(column.type, JsonDocument | TextArray)
    }
    assert found == READ | NEVER_READ


def test_foreign_json_has_one_decoder() -> None:
    """`types` decodes what this program wrote itself."""
    decoders = {
        path.name
        for path in Path(reconciler.store.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("decode", "loads")
        and "json" in ast.unparse(node.value)
    }
    assert decoders == {"foreign_json.py", "types.py"}


@pytest.fixture
def selected(database: Database) -> Iterator[list[str]]:
    """The SELECT statements that are sent."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "SELECT" in statement:
            sent.append(statement)

    sa.event.listen(database._engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(database._engine, "before_cursor_execute", note)


def unbounded_reads(statement: str) -> list[str]:
    """JSON columns in the result of a statement that are not cut there.

    On PostgreSQL the inner SELECT of the ranked rows passes the column on, which is decompressed where it is
    cut. SQLite would copy it whole to sort the rows.
    """
    bounded = re.sub(r"substr\(CAST\((to_jsonb\()?[\w.]+\)? AS TEXT\), 1, \d+\)", "", statement)
    bounded = re.sub(r"pg_column_size\((to_jsonb\()?[\w.]+\)?\)", "", bounded)
    if "pg_column_size" in statement:
        bounded = bounded.replace("integrations.config AS config, integrations.created_at", "")
    bounded = re.sub(r"(active_github_rows|cut_rows|ranked_rows)\.config( AS \w+)?", "", bounded)
    bounded = re.sub(r"AS (config|events|\w+_logs|user_actions|metadata)\b", "", bounded)
    return [name for name in JSON_NAMES if re.search(rf"\b{name}\b", bounded)]


def write_raw(bugspark: BugSpark, table: sa.Table, id_: UUID, column: str, text: str) -> None:
    """As PostgreSQL stores it, or as SQLite does: text."""
    on_postgresql = bugspark.engine.name == "postgresql"
    value = "CAST(:raw AS jsonb)" if on_postgresql else ":raw"
    statement = sa.text(f"UPDATE {table.name} SET {column} = {value} WHERE id = :id")
    with bugspark.engine.begin() as connection:
        connection.execute(
            statement.bindparams(sa.bindparam("id", type_=sa.Uuid())), {"raw": text, "id": id_}
        )


def projects_with_config(bugspark: BugSpark, text: str) -> tuple[ProjectId, ProjectId]:
    hostile, honest = bugspark.add_project("A hostile one"), bugspark.add_project("Honest")
    row = bugspark.add_integration(hostile)
    bugspark.add_integration(honest, token="fine")
    write_raw(bugspark, bugspark_tables.integrations, row, "config", text)
    return hostile, honest


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind != "large"] + ["just too large"])
async def test_a_config_beyond_a_bound_is_the_trouble_of_its_project(
    stores: DatabaseStores, bugspark: BugSpark, selected: list[str], kind: str
) -> None:
    hostile, honest = projects_with_config(bugspark, HOSTILE.get(kind, large(MAX_CONFIG_BYTES)))
    bad, fine = await stores.projects.list_active()
    assert (bad.id, fine.id, fine.problem) == (hostile, honest, None)
    assert bad.problem
    assert re.search("deep|larger than 64 KiB|out of range", bad.problem)
    assert "set it up again in BugSpark" in bad.problem
    assert (await stores.projects.find_project("A hostile one")).problem == bad.problem
    (first, second) = await stores.projects.pass_schedule()
    assert (first.problem, second.problem) == (bad.problem, None)
    keys = await stores.maintenance.check_encrypted_secrets()
    assert (keys.plain_count, keys.encrypted_count) == (1, 0)
    with pytest.raises(ProjectError, match="A hostile one: Its github integration"):
        await stores.webhooks.current_secret(hostile)
    assert await stores.webhooks.current_secret(honest) is None
    shown = await stores.queries.project_setup(hostile, 5)
    assert (shown.credential, shown.has_secret) == (None, False)
    assert {each.name for each in await stores.queries.health()} == {"A hostile one", "Honest"}
    assert [unbounded_reads(each) for each in selected if unbounded_reads(each)] == []


async def test_no_more_of_a_config_than_its_bound_travels(database: Database, bugspark: BugSpark) -> None:
    projects_with_config(bugspark, large(MAX_CONFIG_BYTES * 3))
    async with database.read() as connection:
        found = await projects.read_schedule_rows(connection)
    assert max(len(text) for each, _ in found for text in each.configs) == MAX_CONFIG_BYTES + 1


async def test_a_thousand_integrations_of_one_project_are_not_read(
    database: Database, stores: DatabaseStores, bugspark: BugSpark
) -> None:
    hostile, _ = projects_with_config(bugspark, "{}")
    for _ in range(10):
        bugspark.add_integration(hostile)
    bad, fine = await stores.projects.list_active()
    assert bad.problem
    assert "more than three active github integrations" in bad.problem
    assert fine.problem is None
    async with database.read() as connection:
        assert len((await connection.execute(sa.select(active_github_rows))).all()) == 5


@pytest.fixture
def announcing_stores(database: Database, clock: FixedClock) -> DatabaseStores:
    return build_stores(database, StoreSettings(digest=digest, notify_webhooks=True), clock)


@pytest.mark.parametrize("kind", HOSTILE)
async def test_json_of_a_report_beyond_a_bound_is_left_out_and_named(
    announcing_stores: DatabaseStores,
    bugspark: BugSpark,
    selected: list[str],
    kind: str,
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    other = bugspark.add_report(link.project_id, console_logs=["fine"])
    for column in REPORT_COLUMNS:
        write_raw(bugspark, bugspark_tables.reports, link.report_id, column, HOSTILE[kind])
    found = await announcing_stores.reports.details([link.report_id, other])
    details = found[ReportId(link.report_id)][1]
    assert isinstance(details.console_logs, UnusableJson)
    assert details.metadata == details.console_logs
    assert found[other][1].console_logs == ["fine"]
    if kind == "a huge number" and bugspark.engine.name == "postgresql":
        return  # its payload is made by the database, which has such numbers
    await set_status(announcing_stores, link, "resolved")
    (task,) = tasks(bugspark)
    assert [task["payload"]["data"][column] for column in REPORT_COLUMNS] == [None] * 4
    assert task["payload"]["data"]["status"] == "resolved"
    assert [unbounded_reads(each) for each in selected if unbounded_reads(each)] == []


async def test_events_of_a_customer_webhook_beyond_a_bound_ask_for_nothing(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    if bugspark.engine.name == "sqlite":  # on PostgreSQL it is an array of texts, which is not decoded
        hook(bugspark, link.project_id, "report.updated", *("x" * 1_000 for _ in range(1_100)))
        write_raw(bugspark, bugspark_tables.webhooks, hook(bugspark, link.project_id), "events", DEEP)
    wanted = hook(bugspark, link.project_id, "report.updated")
    await set_status(announcing_stores, link, "resolved")
    assert [task["payload"]["webhook_id"] for task in tasks(bugspark)] == [str(wanted)]


async def test_a_customer_with_many_webhooks_gets_a_bounded_number_of_tasks(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    row = {"project_id": link.project_id, "url": "https://customer.test", "secret": "s"}
    rows = [row | {"id": uuid4(), "events": ["report.updated"]} for _ in range(130)]
    with bugspark.engine.begin() as connection:
        connection.execute(sa.insert(bugspark_tables.webhooks), rows)
    await set_status(announcing_stores, link, "resolved")
    assert len(tasks(bugspark)) == 100


async def test_a_long_description_or_comment_is_cut_as_it_is_read(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    bugspark.set_report(link.report_id, description="d" * 3_000_000)
    comment = bugspark.add_comment(link.report_id, "c" * 3_000_000, at=NOW - timedelta(seconds=1))
    (_, details) = (await stores.reports.details([link.report_id]))[link.report_id]
    assert len(details.description) == MAX_STORED_TEXT_CHARS + 1
    shown = await stores.queries.report_detail(link.report_id, 5)
    assert shown
    (found,) = [each for each in shown.comments if each.id == comment]
    assert len(found.body) == MAX_STORED_TEXT_CHARS + 1
