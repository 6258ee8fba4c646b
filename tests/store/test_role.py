"""docs/least-privilege-role.sql: enough for everything the store does, and not more."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.daemon.procrastinate_queue import open_procrastinate_queue
from reconciler.errors import DatabaseError
from reconciler.model.fields import Field
from reconciler.model.ids import AccountId, CommentId, Fingerprint, ProjectId, RemoteCommentId, ReportId
from reconciler.model.plan import EditLocal, ImportComment, LinkPlan, RemoveLocal, Rule, SetField, Why
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import ProjectState, StoreResult
from reconciler.model.viewer import OPERATOR, Viewer
from reconciler.store.bugspark.outgoing_webhooks import find_enqueue_problem
from reconciler.store.schema import engine, tables
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.version import require_schema
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from tests.store.test_intents import an_intent_of
from tests.support.bugspark import BugSpark, connected
from tests.support.factories import a_result
from tests.support.postgres import Server
from tests.support.stores import (
    NAME,
    NOW,
    REPOSITORY,
    StillClock,
    a_link,
    a_pair,
    a_remote_comment,
    digest,
    fill_postgres,
    linked,
    store,
    the_report,
)

GRANTS = Path(__file__).parents[2] / "docs" / "least-privilege-role.sql"
WHY = Why(rule=Rule.REMOTE_MOVED)
ALONE = "SELECT pg_advisory_lock(4711)"  # roles belong to the server, which other tests share


async def do_everything_with_links(stores: DatabaseStores, bugspark: BugSpark) -> None:
    """Do one of each thing that the store does with links."""
    link = await linked(stores, bugspark)
    project = link.project_id
    pair = a_pair(link)
    imported = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    edited = EditLocal(pair=pair, comment=a_remote_comment(), body="again", why=WHY)
    resolved = SetField(field=Field.STATUS, to="resolved", why=WHY)
    for revision, actions in enumerate(
        [(imported, resolved), (edited,), (RemoveLocal(pair=pair, why=WHY),)], 1
    ):
        at = a_link(project, link.report_id, id=link.id, revision=revision)
        plan = LinkPlan(
            link=at,
            report=await the_report(stores, link.report_id),
            after=at,
            actions=actions,
            pairs=(pair,),
        )
        assert await store(stores, project, plan, intents=(an_intent_of(link),)) == StoreResult()
    await stores.ledger.snapshot(project, REPOSITORY, NAME)
    await stores.ledger.local_threads([link])
    claim = await stores.intents.claim((await stores.intents.list_open(project))[0], NOW)
    assert claim
    await stores.intents.confirm(claim.intent, link=claim.link, pair=None, changes=[], at=NOW)
    await stores.intents.cancel([claim.intent])
    await stores.ledger.unlink(link)
    await stores.ledger.create_link(link, IssueColumns(repository=NAME, number=1))
    await stores.ledger.save_withheld_deletions(project, "h4sh", [(link, RemoveLocal(pair=pair, why=WHY))])
    await stores.ledger.save_withheld_deletions(project, None, [])
    await do_everything_else(stores, project, link.report_id)


async def do_everything_else(stores: DatabaseStores, project: ProjectId, report: ReportId) -> None:
    """Read and write projects, users, credentials, this database's identity and restores."""
    await stores.projects.save_state(ProjectState(project_id=project, account=AccountId(1)))
    await stores.projects.record_pass(a_result(project, conflicts=1), NOW)
    await stores.queries.health()
    viewer = Viewer(user_id=uuid4(), name="Nobody", sees_all_projects=False)
    assert await stores.queries.viewer(uuid4()) is None
    assert await stores.queries.accessible_projects(viewer) == {}
    assert await stores.queries.access(OPERATOR, project)
    assert await stores.queries.project_of_report(report) == project
    assert (await stores.queries.gauges()).projects
    await stores.rate_limiter.reserve_write(Fingerprint("f00d"), 5)
    await stores.identity.bind()
    assert not (await stores.identity.read()).is_moved
    await stores.identity.record_duplicate_instance("acme/web#1")
    await stores.identity.declare_identity("copy")
    await stores.marker_keys.save_keys({})
    await stores.marker_keys.read_keys()
    await stores.restores.begin_reread(project, NOW)
    await stores.restores.end_reread(project)
    await stores.restores.links_held_by_other_databases(project)
    await stores.restores.unknown_copies({RemoteCommentId(1): CommentId(report)})
    async with stores.project_locks.acquire(project) as lock:
        await lock.ensure_held()


async def test_a_role_with_exactly_these_grants_can_do_everything_and_no_more(
    postgres_server: Server,
) -> None:
    template = postgres_server.template("bugspark, migrated", fill_postgres)
    with (
        psycopg.connect(postgres_server.conninfo(), autocommit=True) as server,
        postgres_server.database(template=template) as url,
    ):
        server.execute(ALONE)
        server.execute("CREATE ROLE reconciler LOGIN")
        try:
            with connected(url) as engine:
                with engine.begin() as connection:
                    connection.exec_driver_sql(GRANTS.read_text())
                    sequences = connection.exec_driver_sql(
                        "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'sync%%'"
                        " AND NOT has_table_privilege('reconciler', tablename, 'INSERT')"
                    )
                    assert sequences.scalar() == 0
                await as_reconciler(url, BugSpark(engine))
            with psycopg.connect(server_url(url), autocommit=True) as owner:
                owner.execute("DROP OWNED BY reconciler")
        finally:
            server.execute("DROP ROLE reconciler")


async def use_the_queue(arguments: dict[str, Any]) -> None:
    """Run one queued pass, and look for jobs of a dead worker."""
    project, ran = ProjectId(uuid4()), asyncio.Event()

    async def run(_: ProjectId) -> None:
        ran.set()

    async with open_procrastinate_queue(arguments, engine.psycopg_connection_class()) as queue:
        await queue.nudge(project)
        assert (await queue.backlog()).waiting == {project}
        stint = queue.create_worker(run, 1)
        working = asyncio.create_task(stint.serve())
        await ran.wait()
        stint.stop(5.0)
        await working
        assert await queue.requeue_stalled() == 0
        assert not (await queue.backlog()).running


async def as_reconciler(url: str, bugspark: BugSpark) -> None:
    database = open_database(url.replace("postgres@", "reconciler@"))
    try:
        await require_schema(database)
        await do_everything_with_links(
            build_stores(database, StoreSettings(digest=digest), StillClock()), bugspark
        )
        await use_the_queue(engine.psycopg_arguments(database.url, "queue"))
        async with database.read() as connection:
            assert "lacks the right to SELECT on webhooks" in str(await find_enqueue_problem(connection))
        for forbidden in (
            "DELETE FROM reports",
            "UPDATE users SET name = 'x'",
            "SELECT password_hash FROM users",
        ):
            with pytest.raises(DatabaseError, match="lacks a right"):
                async with database.write() as connection:
                    await connection.exec_driver_sql(forbidden)
    finally:
        await database.aclose()
    assert bugspark.rows(sa.select(tables.projects))


def server_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
