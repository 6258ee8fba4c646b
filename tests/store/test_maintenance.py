"""What is older than `keep.days` is deleted in small steps; what `resolve` may be asked for stays."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from reconciler.model.fields import Field
from reconciler.model.kinds import Kind
from reconciler.store import maintenance
from reconciler.store.schema import tables
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, linked

OLD = NOW - timedelta(days=91)
BEFORE = NOW - timedelta(days=90)


def add(bugspark: BugSpark, table: sa.Table, *rows: dict[str, Any]) -> None:
    with bugspark.engine.begin() as connection:
        connection.execute(sa.insert(table), list(rows))


def line(
    project: UUID, report: UUID, at: datetime, kind: Kind = Kind.SET_FIELD, field: str = "status"
) -> Any:
    columns = {"project_id": project, "report_id": report, "at": at, "side": "bugspark", "kind": kind}
    return {**columns, "field": field, "rule": f"{kind} of {field} at {at:%d}"}


def run(project: UUID, at: datetime) -> dict[str, Any]:
    return {"project_id": project, "at": at, "outcome": "ok", "result": "{}"}


def delivery(project: UUID, id_: str, at: datetime) -> dict[str, Any]:
    return {"project_id": project, "id": id_, "event": "issues", "at": at}


async def test_old_runs_changes_and_deliveries_are_deleted_and_the_others_stay(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "ROWS_PER_DELETION_STEP", 3)
    link = await linked(stores, bugspark)
    project, report = link.project_id, link.report_id
    bugspark.execute("DELETE FROM sync_changes")
    add(bugspark, tables.runs, *(run(project, OLD) for _ in range(7)), run(project, NOW))
    add(bugspark, tables.changes, *(line(project, report, OLD) for _ in range(7)), line(project, report, NOW))
    add(bugspark, tables.deliveries, *(delivery(project, str(n), OLD) for n in range(7)))
    add(bugspark, tables.deliveries, delivery(project, "new", NOW))
    assert await stores.maintenance.delete_older_than(BEFORE) == 21
    for table in (tables.runs, tables.changes, tables.deliveries):
        assert [row["at"] for row in bugspark.rows(sa.select(table))] == [NOW], table.name
    assert await stores.maintenance.delete_older_than(BEFORE) == 0


async def test_the_newest_conflict_of_a_field_stays_as_long_as_its_report(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "ROWS_PER_DELETION_STEP", 2)
    link = await linked(stores, bugspark)
    project, report, gone = link.project_id, link.report_id, bugspark.add_report(link.project_id)
    bugspark.delete_report(gone)
    bugspark.execute("DELETE FROM sync_changes")
    older = OLD - timedelta(days=1)
    add(
        bugspark,
        tables.changes,
        line(project, report, older, Kind.CONFLICT),
        line(project, gone, OLD, Kind.CONFLICT),
        line(project, report, older, Kind.CONFLICT, "severity"),
        line(project, report, OLD, Kind.CONFLICT),
        line(project, report, OLD),
        line(project, report, NOW, Kind.CONFLICT, "severity"),
    )
    assert await stores.maintenance.delete_older_than(BEFORE) == 4
    left = [
        (row["field"], row["at"])
        for row in bugspark.rows(sa.select(tables.changes).order_by(tables.changes.c.id))
    ]
    assert left == [("status", OLD), ("severity", NOW)]
    assert await stores.queries.newest_conflict(report, Field.STATUS) is not None


async def test_one_process_cleans_up_at_a_time(stores: DatabaseStores) -> None:
    hour = timedelta(hours=1)
    assert await stores.maintenance.try_begin_cleanup(NOW, hour)
    assert not await stores.maintenance.try_begin_cleanup(NOW + timedelta(minutes=59), hour)
    assert await stores.maintenance.try_begin_cleanup(NOW + hour, hour)
    assert await stores.maintenance.try_begin_cleanup(NOW, hour), (
        "a stamp from the future is no reason to wait for it"
    )


async def test_rows_of_a_project_that_bugspark_no_longer_has_are_deleted_after_the_time_to_keep(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "ROWS_PER_DELETION_STEP", 3)
    link, other = await linked(stores, bugspark), await linked(stores, bugspark, number=13)
    gone, stays = link.project_id, other.project_id
    assert gone != stays
    for project, report in ((gone, link.report_id), (stays, other.report_id)):
        bugspark.execute(f"DELETE FROM sync_projects WHERE project_id = {literal(bugspark, project)}")
        add(bugspark, tables.projects, {"project_id": project, "paused": False})
        add(bugspark, tables.runs, *(run(project, NOW) for _ in range(7)))
        add(bugspark, tables.changes, line(project, report, NOW))
        add(bugspark, tables.deliveries, delivery(project, "new", NOW))
    delete = stores.maintenance.delete_rows_of_deleted_projects
    assert await delete(OLD, OLD - timedelta(days=90)) == 0, "every project is there"
    bugspark.execute(f"DELETE FROM projects WHERE id = {literal(bugspark, gone)}")
    assert await delete(OLD, OLD - timedelta(days=90)) == 0, "it may come back"
    assert await delete(OLD + timedelta(days=89), OLD - timedelta(days=1)) == 0
    assert await delete(NOW, BEFORE) >= 11
    for table in maintenance.PROJECT_TABLES:
        left = {row["project_id"] for row in bugspark.rows(sa.select(table.c.project_id))}
        assert gone not in left, table.name
    for table in (tables.projects, tables.links, tables.runs, tables.changes, tables.deliveries):
        assert stays in {row["project_id"] for row in bugspark.rows(sa.select(table.c.project_id))}


async def test_a_project_that_comes_back_keeps_its_rows(stores: DatabaseStores, bugspark: BugSpark) -> None:
    project = (await linked(stores, bugspark)).project_id
    bugspark.execute(f"DELETE FROM sync_projects WHERE project_id = {literal(bugspark, project)}")
    add(bugspark, tables.projects, {"project_id": project, "paused": False, "deleted_at": OLD})
    assert await stores.maintenance.delete_rows_of_deleted_projects(NOW, BEFORE) == 0
    (row,) = bugspark.rows(sa.select(tables.projects).where(tables.projects.c.project_id == project))
    assert row["deleted_at"] is None


def literal(bugspark: BugSpark, id_: UUID) -> str:
    """As a statement writes this id."""
    return f"'{id_.hex if bugspark.engine.dialect.name == 'sqlite' else id_}'"
