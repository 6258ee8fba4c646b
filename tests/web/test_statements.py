"""The number of statements of a page does not depend on the amount of data."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from reconciler.store.schema import tables
from tests.support.github import github
from tests.support.sync import Sync
from tests.web.page_fixtures import client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]

MOST = 42
"""Statements, BEGIN included, of the page that shows most; two of them ask whether the session has ended.
Each costs half a millisecond of CPU."""


@pytest.fixture
def asked(sync: Sync) -> Iterator[list[str]]:
    """Every statement of the program under test, as it is asked."""
    engine, statements = sync.app._container.database._engine, []

    def hear(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", hear)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", hear)


async def counts(sync: Sync, client: httpx.AsyncClient, asked: list[str], report: object) -> dict[str, int]:
    """How many statements each page takes."""
    project = f"/projects/{sync.project}"
    paths = ["/", "/api/v1/projects", f"/api/v1{project}", f"/reports/{report}", f"/api/v1/reports/{report}"]
    paths += [f"/api/v1/reports?ids={report}", "/api/v1/reports?state=synced"]
    paths += [project, f"{project}?state=synced", f"{project}?state=attention", f"{project}?q=word"]
    found = {}
    for path in (*paths, f"{project}/setup"):
        asked.clear()
        assert (await client.get(path, headers={"Accept": "text/html"})).status_code == 200
        found[path] = len(asked)
    return found


async def test_a_page_asks_as_often_for_a_hundred_links_as_for_one(
    sync: Sync, client: httpx.AsyncClient, asked: list[str]
) -> None:
    report, _ = await sync.linked()
    few = await counts(sync, client, asked, report)
    multiply(sync, 100)
    for name in ("Alpha", "Beta", "Gamma"):
        sync.bugspark.add_integration(sync.bugspark.add_project(name), repo=name)
    many = await counts(sync, client, asked, report)
    assert all(many[path] <= few[path] for path in few), (few, many)
    assert max(few.values()) <= MOST, few


def multiply(sync: Sync, times: int) -> None:
    """Add copies of the existing link, for reports that are not shown."""
    with sync.bugspark.engine.begin() as connection:
        link = connection.execute(sa.select(tables.links)).mappings().one()
        rows = [
            {**link, "id": uuid4(), "report_id": uuid4(), "number": 1000 + place} for place in range(times)
        ]
        connection.execute(sa.insert(tables.links), rows)
