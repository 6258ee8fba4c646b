"""Access and numbers, from both databases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.demo.github.faults import Reply
from reconciler.model.health import LinkCountsByUrgency
from reconciler.model.ids import ProjectId
from reconciler.model.viewer import OPERATOR, Access
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import migrate
from reconciler.store.stores import DatabaseStores
from reconciler.store.views import counts
from tests.support.bugspark import LONG_AGO
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

__all__ = ["github", "github_process", "pytest_generate_tests", "sqlite_template", "sync", "world_url"]


@pytest.fixture
def stores(sync: Sync) -> DatabaseStores:
    """The stores of the program under test."""
    found = sync.app._container.stores
    assert isinstance(found, DatabaseStores)
    return found


async def test_links_are_counted_once_by_the_most_urgent_thing(sync: Sync, stores: DatabaseStores) -> None:
    await sync.linked()  # in sync
    both, number = await sync.linked()
    waiting, _ = await sync.linked()
    quarantined, _ = await sync.linked()
    gone, _ = await sync.linked()
    cut, _ = await sync.linked()
    sync.bugspark.add_report(sync.project)  # never linked
    # Both sides change one field apart from one another: one value loses.
    sync.change(both, severity="low")
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    assert await link_counts(sync, stores) == LinkCountsByUrgency(synced=5, conflict=1)
    (gauges,) = (await stores.queries.gauges()).projects
    assert (gauges.conflicts, gauges.quarantined_links, gauges.withheld_deletions) == (1, 0, 0)
    soon = (sync.clock.now() + timedelta(hours=1)).replace(tzinfo=None).isoformat(sep=" ")
    set_link(sync, quarantined, f"quarantined_until = '{soon}'")
    set_link(sync, both, f"quarantined_until = '{soon}'")
    set_link(sync, waiting, "state = 'new'")
    set_link(sync, gone, "state = 'gone'")
    set_link(sync, cut, "state = 'unlinked'")
    assert await link_counts(sync, stores) == LinkCountsByUrgency(
        synced=1, pending=1, conflict=0, attention=3, unequal=3
    )
    (gauges,) = (await stores.queries.gauges()).projects
    assert (gauges.conflicts, gauges.quarantined_links) == (1, 2)


async def link_counts(sync: Sync, stores: DatabaseStores) -> LinkCountsByUrgency:
    """Count for one project and for all, which must give the same."""
    [alone], [among] = await stores.queries.health(sync.project), await stores.queries.health()
    assert alone.link_counts == among.link_counts
    assert replace(alone.coverage, p95=None) == replace(among.coverage, p95=None)
    return alone.link_counts


def set_link(sync: Sync, report: object, change: str) -> None:
    sync.bugspark.execute(
        f"UPDATE sync_links SET {change} WHERE report_id = :report", report=_id(sync, report)
    )


def _id(sync: Sync, report: object) -> object:
    return report if sync.bugspark.engine.dialect.name == "postgresql" else str(report).replace("-", "")


async def test_a_conflict_is_shown_for_a_week_and_until_its_field_changes_again(
    sync: Sync, stores: DatabaseStores
) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="low")
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    assert (await link_counts(sync, stores)).conflict == 1
    if sync.bugspark.engine.dialect.name == "sqlite":
        sync.change(report, severity="high")
        await sync.settle()
    else:
        sync.github.clock.advance(8 * 86_400)
    assert await link_counts(sync, stores) == LinkCountsByUrgency(synced=1)


async def test_access_follows_bugsparks_rules(sync: Sync, stores: DatabaseStores) -> None:
    nobody, root = sync.ada, sync.bugspark.add_user("Root", role="superadmin")
    viewer, all_of_it = await stores.queries.viewer(nobody), await stores.queries.viewer(root)
    assert viewer is not None
    assert all_of_it is not None
    assert await stores.queries.access(viewer, sync.project) is Access.NONE
    assert await stores.queries.accessible_projects(viewer) == {}
    for each in (all_of_it, OPERATOR):
        assert await stores.queries.access(each, sync.project) is Access.CHANGE
        assert await stores.queries.access(each, ProjectId(uuid4())) is Access.NONE


async def test_gauges_have_links_intents_passes_and_limits(sync: Sync, stores: DatabaseStores) -> None:
    report, _ = await sync.linked()
    (project,) = (await stores.queries.gauges()).projects
    assert (project.project_id, project.links, project.verified) == (sync.project, {"active": 1}, 1)
    assert (project.intents, project.oldest_intent) == ({}, None)
    assert project.last_success_at == project.last_pass_at
    assert [each.limit for each in (await stores.queries.gauges()).limits] == [5000]

    sync.github.simulator.faults.add(Reply(status=502), method="POST")
    sync.bugspark.add_comment(report, "on its way", author=sync.ada)
    await sync.run()
    (project,) = (await stores.queries.gauges()).projects
    (shown,) = await stores.queries.health()
    assert (project.intents, shown.pending) == ({"unknown": 1}, 1)
    assert project.oldest_intent == shown.oldest_intent is not None


async def test_exceptions_are_found_by_their_own_indexes(tmp_path: Path) -> None:
    """On SQLite, which plans alike however much there is."""
    url = f"sqlite:///{tmp_path}/bugspark.db"
    migrate(url)
    database, plans = open_database(url), []
    async with database.read() as connection:
        for question in counts._link_urgency_queries(LONG_AGO):
            asked = counts._restrict_to_projects(question, ProjectId(uuid4()))
            query = asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
            plans.append(" ".join(str(row["detail"]) for row in rows.mappings()))
    await database.aclose()
    quarantined, frozen, held, new, open_intents, conflicts = plans
    assert "ix_sync_links_quarantined (project_id=? AND quarantined_until>?)" in quarantined
    assert "ix_sync_links_frozen (project_id=?)" in frozen
    assert "SEARCH sync_withheld USING" in held
    assert "SEARCH sync_links USING INDEX sqlite_autoindex_sync_links_1 (id=?)" in held
    assert "(project_id=? AND state=?)" in new
    assert "ix_sync_intents_project_id_created_at (project_id=?)" in open_intents
    assert "ix_sync_changes_conflicts" in conflicts
