"""Query plans of a pass's heavy queries: ids hashed on PostgreSQL, covering indexes walked on SQLite."""

import re
import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from reconciler.model.ids import ProjectId, RepositoryId
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.sync import comment_readings, difference_queries, local_scan
from tests.support.bugspark import LONG_AGO, BugSpark

REPORTS = 3000
ON_POSTGRESQL = (
    difference_queries.changed_reports_or_orphaned_links,
    difference_queries.unknown_comments,
    difference_queries.deleted_comments,
)
ON_SQLITE = (
    difference_queries.changed_reports,
    difference_queries.orphaned_links,
    difference_queries.unknown_comments,
    difference_queries.deleted_comments,
)


def report_row(number: int, project: uuid.UUID, report: uuid.UUID) -> dict[str, Any]:
    """A report as BugSpark has it, linked to the issue of this number."""
    return {
        "id": report,
        "project_id": project,
        "tracking_id": f"BUG-{number}",
        "title": "t",
        "description": "d" * 200,
        "severity": "low",
        "category": "bug",
        "status": "new",
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
        "github_issue_number": number,
        "github_repo": "acme/web",
    }


def link_row(number: int, project: uuid.UUID, report: uuid.UUID, link: uuid.UUID) -> dict[str, Any]:
    """Its link, whose base it equals."""
    return {
        "id": link,
        "project_id": project,
        "report_id": report,
        "repository_id": 77,
        "repository": "acme/web",
        "number": number,
        "origin": "export",
        "backfill": False,
        "state": "active",
        "base_status": "new",
        "base_severity": "low",
        "base_category": "bug",
        "base_title": "t",
        "created_at": LONG_AGO,
        "revision": 1,
    }


def entry_row(number: int, project: uuid.UUID, link: uuid.UUID, comment: uuid.UUID) -> dict[str, Any]:
    """A comment that came from GitHub, in the ledger."""
    return {
        "id": uuid.uuid4(),
        "link_id": link,
        "project_id": project,
        "repository_id": 77,
        "origin": "github",
        "state": "live",
        "local_id": comment,
        "remote_id": number,
    }


def fill(people: BugSpark) -> uuid.UUID:
    """A project of many linked reports, each with a comment that the ledger knows."""
    project = people.add_project()
    ids = [(number, uuid.uuid4(), uuid.uuid4(), uuid.uuid4()) for number in range(1, REPORTS + 1)]
    rows = {
        bugspark_tables.reports: [report_row(number, project, report) for number, report, _, _ in ids],
        tables.links: [link_row(number, project, report, link) for number, report, link, _ in ids],
        bugspark_tables.comments: [
            {"id": comment, "report_id": report, "body": "b", "created_at": LONG_AGO}
            for _, report, _, comment in ids
        ],
        tables.comment_pairs: [entry_row(number, project, link, comment) for number, _, link, comment in ids],
    }
    with people.engine.begin() as connection:
        for table, given in rows.items():
            connection.execute(sa.insert(table), given)
    return project


async def plan_of(database: Database, query: sa.Select[Any], **values: Any) -> str:
    """The lines of EXPLAIN."""
    query = query.params(values)
    prefix = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    async with database.read() as connection:
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        rows = await connection.execute(sa.text(f"{prefix} {compiled}".replace(":", r"\:")))
        return "\n".join(str(row[-1]) for row in rows)


async def test_the_heavy_queries_keep_their_shapes(database: Database, bugspark: BugSpark) -> None:
    project = fill(bugspark)
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
        for query in ON_POSTGRESQL:
            plan = await plan_of(database, query(), project=project, repository="acme/web")
            message = f"{query.__name__}:\n{plan}"
            assert re.search(r"Hash (Full|Anti|Right Anti|Left|Right)( Anti)? ?Join", plan), message
        return
    for query in ON_SQLITE:
        plan = await plan_of(database, query(), project=project, repository="acme/web")
        message = f"{query.__name__}:\n{plan}"
        assert not re.search(r"SCAN (?!comments USING COVERING)", plan), message
        assert "AUTOMATIC" not in plan, message


async def test_an_incremental_scan_walks_no_report_that_was_linked_long_ago(
    database: Database, bugspark: BugSpark
) -> None:
    """On PostgreSQL BugSpark has no index on its times: one plain scan of each of its tables, and no more."""
    fill(bugspark)
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    plan = await plan_of(
        database, local_scan.scan_query(LONG_AGO + timedelta(days=1), export_all=True, incremental=True)
    )
    if database.dialect == "postgresql":
        assert not re.search(r"(Scan on|Scan using \S+ on) sync_(links|comments)(?!.*\n.*Cond)", plan), plan
        assert not re.search(r"Hash (Anti|Left|Right)", plan), plan
        return
    assert not re.search(
        r"SCAN (reports|comments|sync_links|sync_comments)(?! .*(quarantined|reading))", plan
    ), plan
    assert "AUTOMATIC" not in plan, plan


async def test_asking_by_number_and_by_id_uses_indexes(database: Database, bugspark: BugSpark) -> None:
    project = fill(bugspark)
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    now = LONG_AGO
    for query in (
        difference_queries.links_awaiting_initial_sync(),
        difference_queries.links_with_ended_quarantine(),
    ):
        plan = await plan_of(database, query, project=project, repository_id=77, now=now)
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan


async def test_due_second_readings_are_found_without_walking_comments(
    database: Database, bugspark: BugSpark
) -> None:
    project = fill(bugspark)
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    plan = await plan_of(
        database,
        comment_readings.due_links_query(),
        project=ProjectId(project),
        repository_id=RepositoryId(77),
        now=LONG_AGO,
        rows=100,
    )
    assert "ix_sync_comments_reading" in plan, plan
    assert not re.search(r"SCAN sync_(links|comments)(?! .*reading)|Seq Scan on sync_comments", plan), plan
