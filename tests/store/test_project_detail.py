"""What the pages list: the same from both databases, and by indexes however many links are synced."""

import re
from datetime import timedelta

from reconciler.model.fields import Side
from reconciler.model.ids import IssueNumber, LinkId, ProjectId
from reconciler.model.passes import NullProgress
from reconciler.model.views import LinkFilter, LinkPosition, Urgency
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores
from reconciler.store.views import link_pages
from tests.store.test_queries import stores
from tests.store.test_query_plans import fill, plan_of
from tests.support.bugspark import LONG_AGO, BugSpark
from tests.support.sync import Sync
from tests.sync.conftest import (
    github,
    github_process,
    pytest_generate_tests,
    sqlite_template,
    sync,
    world_url,
)
from tests.sync.test_conflicts import relabel

__all__ = [
    "github",
    "github_process",
    "pytest_generate_tests",
    "sqlite_template",
    "stores",
    "sync",
    "world_url",
]


async def found(stores: DatabaseStores, sync: Sync, pressing: Urgency | None, text: str = "") -> list[int]:
    wanted = LinkFilter(urgency=pressing, text=text)
    return [row.number for row in (await stores.queries.link_page(sync.project, wanted, 50)).rows]


async def test_links_are_listed_under_the_most_urgent_thing_as_they_are_counted(
    sync: Sync, stores: DatabaseStores
) -> None:
    _, quiet = await sync.linked(title="Straße 100% _kaputt_")
    both, conflict = await sync.linked()
    _, gone = await sync.linked()
    _, pending = await sync.linked()
    cut, _ = await sync.linked()
    sync.change(both, severity="low")
    relabel(sync, conflict, "medium-priority", "critical")
    sync.github.web.delete_issue(gone, by="alice")
    await sync.app.unlink(str(cut))
    await sync.settle()
    for _ in range(3):
        await sync.app.verify(
            await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress()
        )
        sync.github.clock.advance(120)
    sync.bugspark.execute("UPDATE sync_links SET state = 'new' WHERE number = :number", number=pending)
    assert await found(stores, sync, Urgency.SYNCED) == [quiet]
    assert await found(stores, sync, Urgency.CONFLICT) == [conflict]
    assert await found(stores, sync, Urgency.PENDING) == [pending]
    assert await found(stores, sync, Urgency.ATTENTION) == [gone]
    assert await found(stores, sync, None) == sorted([quiet, conflict, gone, pending], reverse=True)
    counts = (await stores.queries.health(sync.project))[0].link_counts
    assert (counts.synced, counts.conflict, counts.pending, counts.attention) == (1, 1, 1, 1)
    for text in ("100% _k", "STRA", f"#{quiet}", f"acme/web#{quiet}", str(quiet)):
        assert await found(stores, sync, None, text) == [quiet], text
    for text in ("100_", "%", "'; --", "BUG-9999", "\u202e"):
        assert await found(stores, sync, None, text) == ([quiet] if text == "%" else []), text
    [health] = await stores.queries.health(sync.project)
    assert (health.conflicts, health.newest_conflict) == (1, "severity of BUG-0002")
    [conflict_line] = await stores.queries.unresolved_conflicts(sync.project, 10)
    assert (conflict_line.dated_change.change.report_id, conflict_line.issue) == (
        both,
        f"acme/web#{conflict}",
    )


async def test_changes_have_their_waiting_time_and_a_day_counts_them(
    sync: Sync, stores: DatabaseStores
) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "From there", by="alice")
    await sync.run(seconds=9)
    newest = (await stores.queries.recent_changes(sync.project, 1))[0]
    assert (newest.dated_change.change.report_id, newest.issue) == (report, f"acme/web#{number}")
    assert newest.dated_change.change.since is not None
    assert newest.dated_change.at - newest.dated_change.change.since == timedelta(seconds=9)
    now = sync.clock.now()
    day = await stores.queries.activity_between(sync.project, now - timedelta(days=1), now)
    assert day.writes[0].side is Side.BUGSPARK
    assert day.writes[0].waited == timedelta(seconds=9)
    assert day.runs and all(run.outcome == "ok" for run in day.runs)
    later = await stores.queries.activity_between(
        sync.project, now + timedelta(hours=1), now + timedelta(hours=2)
    )
    assert (later.runs, later.writes) == ((), ())
    limits = await stores.queries.rate_limits_by_project()
    assert limits[sync.project].limit == 5000


async def test_a_page_of_links_walks_an_index_from_where_the_last_ended(
    database: Database, bugspark: BugSpark
) -> None:
    project = ProjectId(fill(bugspark))
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    at = LinkPosition(number=IssueNumber(1500), link_id=LinkId(project))
    for pressing in (None, Urgency.SYNCED):
        for wanted in (
            LinkFilter(urgency=pressing),
            LinkFilter(urgency=pressing, after=at),
            LinkFilter(before=at),
        ):
            plan = await plan_of(
                database, link_pages.link_page_query(database.dialect, project, wanted, 51, LONG_AGO)
            )
            assert walks(database, plan), plan


async def test_the_few_links_that_are_not_synced_are_looked_up_by_themselves(
    database: Database, bugspark: BugSpark
) -> None:
    project = ProjectId(fill(bugspark))
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    for pressing in (Urgency.ATTENTION, Urgency.CONFLICT, Urgency.PENDING):
        plan = await plan_of(
            database,
            link_pages.link_page_query(database.dialect, project, LinkFilter(urgency=pressing), 51, LONG_AGO),
        )
        assert "Seq Scan on sync_links" not in plan, plan
        assert not re.search(r"SCAN sync_links(?! USING)", plan), plan


async def test_a_number_or_a_tracking_id_is_looked_up(database: Database, bugspark: BugSpark) -> None:
    project = ProjectId(fill(bugspark))
    if database.dialect == "postgresql":
        bugspark.execute("ANALYZE")
    for text in ("#77", "BUG-77"):
        plan = await plan_of(
            database,
            link_pages.link_page_query(database.dialect, project, LinkFilter(text=text), 51, LONG_AGO),
        )
        assert "Seq Scan" not in plan and "SCAN" not in plan.replace("SCALAR", ""), plan


def walks(database: Database, plan: str) -> bool:
    """Along the index of issue numbers, without sorting links."""
    index = "ix_sync_links_project_id_number_id"
    if database.dialect == "postgresql":
        return f"{index} on sync_links" in plan and "Seq Scan on sync_links" not in plan
    return f"sync_links USING INDEX {index}" in plan and "TEMP B-TREE FOR ORDER BY" not in plan
