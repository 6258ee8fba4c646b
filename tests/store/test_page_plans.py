"""Query plans of pages with 100,000 links: one count along an index, the rest looked up."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from reconciler.model.ids import ProjectId
from reconciler.model.views import LinkFilter, Urgency
from reconciler.store.bulk import ids_subquery
from reconciler.store.schema.engine import Database
from reconciler.store.sync import verification_coverage
from reconciler.store.views import attention, counts, link_pages
from tests.store.test_query_plans import fill, plan_of
from tests.support.bugspark import LONG_AGO, BugSpark

NOW = LONG_AGO + timedelta(days=1)


@pytest.fixture
def project(database: Database, bugspark: BugSpark) -> ProjectId:
    """A project with links that were nearly all verified recently, and statistics in PostgreSQL."""
    made = ProjectId(fill(bugspark))
    links = sa.table("sync_links", sa.column("checked_at"), sa.column("number"))
    with bugspark.engine.begin() as connection:
        connection.execute(sa.update(links).values(checked_at=_stored(database, NOW)))
        late = sa.update(links).where(links.c.number < 4)
        connection.execute(late.values(checked_at=_stored(database, LONG_AGO)))
    if database.dialect == "postgresql":
        with bugspark.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return made


def _stored(database: Database, at: datetime) -> object:
    return at if database.dialect == "postgresql" else at.replace(tzinfo=None).isoformat(sep=" ")


async def planned(database: Database, question: Any) -> str:
    return await plan_of(database, question)


def looks_up(database: Database, plan: str, index: str, columns: str) -> bool:
    """Whether this index is used with these columns, without reading all rows (SQLite: all of an index)."""
    if database.dialect == "sqlite":
        covering = "" if index == "ix_sync_links_repository" else "COVERING "
        return f"sync_links USING {covering}INDEX {index} ({columns})" in plan
    return f"Index Only Scan using {index} on sync_links" in plan


async def test_links_are_counted_along_an_index_and_the_late_ones_looked_up(
    database: Database, project: ProjectId
) -> None:
    index = "ix_sync_links_project_id_state_checked_at"
    plan = await planned(database, verification_coverage.link_state_counts_query(project))
    assert looks_up(database, plan, index, "project_id=? AND state=?"), plan
    assert "Seq Scan" not in plan and not re.search(r"SCAN (?!.*COVERING)", plan), plan
    plan = await planned(database, verification_coverage.coverage_query(database.dialect, [project], NOW))
    assert looks_up(database, plan, index, "project_id=? AND state=? AND checked_at<?"), plan
    assert "Seq Scan on sync_links" not in plan and "SCAN sync_links" not in plan, plan


async def test_links_of_another_repository_are_found_from_both_ends_of_an_index(
    database: Database, bugspark: BugSpark, project: ProjectId
) -> None:
    plan = await planned(database, attention.links_of_other_repositories_query(database.dialect, [project]))
    for end in "<>":
        assert looks_up(
            database, plan, "ix_sync_links_repository", f"project_id=? AND repository_id{end}?"
        ), plan
    assert "Seq Scan on sync_links" not in plan and "SCAN sync_links" not in plan, plan


async def test_links_not_synced_are_looked_up_when_all_projects_are_read(
    database: Database, project: ProjectId
) -> None:
    odd = counts.links_not_synced_query(NOW, ids_subquery(database.dialect, [project]))
    plan = await planned(database, odd)
    assert "Seq Scan on sync_links" not in plan and not re.search(r"SCAN sync_links(?! USING)", plan), plan


async def test_a_word_is_searched_once_and_then_the_few_links_that_have_it(
    database: Database, bugspark: BugSpark, project: ProjectId
) -> None:
    few = ids_subquery(database.dialect, _some_reports(bugspark), "titled")
    for pressing in (None, Urgency.SYNCED, Urgency.ATTENTION):
        wanted = LinkFilter(text="a word", urgency=pressing)
        plan = await planned(
            database, link_pages.link_page_query(database.dialect, project, wanted, 51, NOW, few)
        )
        assert "report_id=?" in plan or "report_id = titled" in plan or "(id = " in plan, plan
    plan = await planned(database, link_pages.reports_by_title_query(database.dialect, project, "a word"))
    assert "sync_links" not in plan and (database.dialect == "postgresql" or "COVERING" in plan), plan


def _some_reports(bugspark: BugSpark) -> list[UUID]:
    with bugspark.engine.connect() as connection:
        found: list[Any] = list(connection.exec_driver_sql("SELECT id FROM reports LIMIT 3").scalars())
    return [each if isinstance(each, UUID) else UUID(each) for each in found]
