"""docs/least-privilege-role.sql: enough for everything the store does, and not more."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.daemon.on_postgresql import open_queue
from reconciler.errors import DatabaseError
from reconciler.model.fields import Field
from reconciler.model.ids import AccountId, CommentId, Fingerprint, ProjectId, RemoteCommentId, ReportId
from reconciler.model.plan import EditLocal, ImportComment, LinkPlan, RemoveLocal, Rule, SetField, Why
from reconciler.model.report import Columns
from reconciler.model.snapshot import Memory, Stored
from reconciler.model.viewer import OPERATOR, Viewer
from reconciler.store import libpq, tables
from reconciler.store.customers import trouble
from reconciler.store.engine import open_engine
from reconciler.store.schema import require_schema
from reconciler.store.stores import OpenStores, StoreSettings, open_stores
from tests.store.test_intents import a_wish
from tests.support.bugspark import BugSpark, connected
from tests.support.nouns import a_result
from tests.support.postgres import Server
from tests.support.stores import (
    NAME,
    NOW,
    REPOSITORY,
    StillClock,
    a_link,
    a_remote_comment,
    an_entry,
    digest,
    fill_postgres,
    linked,
    store,
    the_report,
)

GRANTS = Path(__file__).parents[2] / "docs" / "least-privilege-role.sql"
WHY = Why(rule=Rule.REMOTE_MOVED)
ALONE = "SELECT pg_advisory_lock(4711)"  # roles belong to the server, which other tests share


async def everything(stores: OpenStores, bugspark: BugSpark) -> None:
    """One of each thing that the store does."""
    link = await linked(stores, bugspark)
    project = link.project_id
    entry = an_entry(link)
    imported = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    edited = EditLocal(entry=entry, comment=a_remote_comment(), body="again", why=WHY)
    resolved = SetField(field=Field.STATUS, to="resolved", why=WHY)
    for revision, actions in enumerate(
        [(imported, resolved), (edited,), (RemoveLocal(entry=entry, why=WHY),)], 1
    ):
        at = a_link(project, link.report_id, id=link.id, revision=revision)
        plan = LinkPlan(
            link=at,
            report=await the_report(stores, link.report_id),
            after=at,
            actions=actions,
            entries=(entry,),
        )
        assert await store(stores, project, plan, intents=(a_wish(link),)) == Stored()
    await stores.ledger.snapshot(project, REPOSITORY, NAME)
    await stores.ledger.threads([link])
    claim = await stores.intents.claim((await stores.intents.open(project))[0], NOW)
    assert claim
    await stores.intents.confirm(claim.intent, link=claim.link, entry=None, changes=[], at=NOW)
    await stores.intents.cancel([claim.intent])
    await stores.ledger.unlink(link)
    await stores.ledger.make_link(link, Columns(repository=NAME, number=1))
    await stores.ledger.withhold(project, "h4sh", [(link, RemoveLocal(entry=entry, why=WHY))])
    await stores.ledger.withhold(project, None, [])
    await beside_the_links(stores, project, link.report_id)


async def beside_the_links(stores: OpenStores, project: ProjectId, report: ReportId) -> None:
    """What is known of projects, people, credentials, this database and its backups."""
    await stores.projects.remember(Memory(project_id=project, account=AccountId(1)))
    await stores.projects.record(a_result(project, conflicts=1), NOW)
    await stores.projects.health()
    viewer = Viewer(user_id=uuid4(), name="Nobody", everything=False)
    assert await stores.views.viewer(uuid4()) is None
    assert await stores.views.accessible(viewer) == {}
    assert await stores.views.access(OPERATOR, project)
    assert await stores.views.project_of(report) == project
    assert (await stores.views.gauges()).projects
    await stores.governor.slot(Fingerprint("f00d"), 5)
    await stores.meta.set("key", "value")
    await stores.identity.bind()
    assert not (await stores.identity.read()).moved
    await stores.identity.doubt("acme/web#1")
    await stores.identity.decide("copy")
    await stores.keyring.keep({})
    await stores.keyring.read()
    await stores.recovery.begin(project, NOW)
    await stores.recovery.end(project)
    await stores.recovery.held(project)
    await stores.recovery.unheard_of({RemoteCommentId(1): CommentId(report)})
    async with stores.fences.hold(project) as fence:
        await fence.check()


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


async def the_queue(arguments: dict[str, Any]) -> None:
    """One pass, and a look for what a dead worker left."""
    project, ran = ProjectId(uuid4()), asyncio.Event()

    async def run(_: ProjectId) -> None:
        ran.set()

    async with open_queue(arguments) as queue:
        await queue.nudge(project)
        assert (await queue.backlog()).waiting == {project}
        stint = queue.stint(run, 1)
        working = asyncio.create_task(stint.serve())
        await ran.wait()
        stint.stop(5.0)
        await working
        assert await queue.rescue() == 0
        assert not (await queue.backlog()).running


async def as_reconciler(url: str, bugspark: BugSpark) -> None:
    database = open_engine(url.replace("postgres@", "reconciler@"))
    try:
        await require_schema(database)
        await everything(open_stores(database, StoreSettings(digest=digest), StillClock()), bugspark)
        await the_queue(libpq.arguments(database.url, "queue"))
        async with database.read() as connection:
            assert "lacks the right to SELECT on webhooks" in str(await trouble(connection))
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
