"""docs/least-privilege-role.sql: enough for everything the store does, and not more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.bootstrap.application import open_application
from reconciler.daemon.pass_queue import QueuedPass
from reconciler.daemon.procrastinate_queue import open_procrastinate_queue
from reconciler.errors import DatabaseError
from reconciler.model.alerts import NO_MAIL_STATE
from reconciler.model.fields import Field, Side
from reconciler.model.ids import AccountId, CommentId, Fingerprint, ProjectId, RemoteCommentId, ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.plan import (
    EditLocalComment,
    ImportComment,
    LinkPlan,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
)
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import ProjectState, StoreResult
from reconciler.model.viewer import OPERATOR, Viewer
from reconciler.ports import Confirmation
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema import engine, tables
from reconciler.store.schema.engine import Database, open_database
from reconciler.store.schema.version import require_schema
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.sync import local_scan
from tests.store.test_intents import an_intent_of
from tests.support.bugspark import BugSpark, connected
from tests.support.factories import a_result
from tests.support.github import GitHub, github
from tests.support.postgres import Server
from tests.support.rights import droppable_rights, recorded
from tests.support.stores import (
    NAME,
    NOW,
    REPOSITORY,
    FixedClock,
    a_link,
    a_pair,
    a_remote_comment,
    digest,
    fill_postgres,
    linked,
    store,
    the_report,
)
from tests.support.sync import FollowingClock, Sync, settings_for
from tests.sync.test_assignee import assigned, assignee, mapped
from tests.web.harness import issue_event, open_web
from tests.web.users import JWT_SECRET, bearer, owner_of

__all__ = ["github"]

GRANTS = Path(__file__).parents[2] / "docs" / "least-privilege-role.sql"
WHY = Why(rule=Rule.REMOTE_MOVED)
ROLE = "reconciler"
FORBIDDEN = (
    "DELETE FROM reports",
    "SELECT network_logs FROM reports",
    "UPDATE users SET name = 'x'",
    "SELECT email FROM users",
    "SELECT password_hash FROM users",
    "SELECT email FROM project_members",
    *(f"SELECT {name} FROM projects" for name in ("api_key_hash", "api_key_prefix", "settings", "domain")),
    "UPDATE integrations SET config = '{}' WHERE provider = 'linear'",
    "UPDATE integrations SET config = '{}'",
    "SELECT secret FROM webhooks",
    "INSERT INTO background_tasks (id, task_type, payload) VALUES (gen_random_uuid(), 'send_email', '{}')",
    "SELECT * FROM background_tasks",
    "CREATE TABLE public.mine (id int)",
)
USE_OF_QUEUE = """
    SELECT procrastinate_register_worker_v1();
    SELECT procrastinate_update_heartbeat_v1((SELECT max(id) FROM procrastinate_workers));
    SELECT procrastinate_defer_jobs_v1(
        ARRAY[ROW('reconciler', 'look', 0, 'a lock', 'a lock', '{}', NULL)::procrastinate_job_to_defer_v1]);
    SELECT procrastinate_fetch_job_v2('{reconciler}', (SELECT max(id) FROM procrastinate_workers));
    SELECT procrastinate_finish_job_v1((SELECT max(id) FROM procrastinate_jobs), 'succeeded', true);
    SELECT procrastinate_unregister_worker_v1((SELECT max(id) FROM procrastinate_workers));
"""
"""What a daemon does with a job, in one go: what the functions touch depends on the rows that are there."""
ALONE = "SELECT pg_advisory_lock(4711)"  # roles belong to the server, which other tests share


async def do_everything_with_links(stores: DatabaseStores, bugspark: BugSpark) -> None:
    """Do one of each thing that the store does with links."""
    link = await linked(stores, bugspark)
    project = link.project_id
    pair = a_pair(link)
    imported = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    edited = EditLocalComment(pair=pair, comment=a_remote_comment(), body="again", why=WHY)
    resolved = SetReportField(field=Field.STATUS, to="resolved", why=WHY)
    # Of the same second, and made before: the comment that is there already has to move.
    earlier = ImportComment(comment=a_remote_comment(1000), body="copied too", why=WHY)
    other = a_pair(link, remote_id=RemoteCommentId(1000))
    steps = [(imported, resolved), (earlier,), (edited,), (RemoveLocalComment(pair=pair, why=WHY),)]
    for revision, actions in enumerate(steps, 1):
        at = a_link(project, link.report_id, id=link.id, revision=revision)
        plan = LinkPlan(
            link=at,
            report=await the_report(stores, link.report_id),
            after=at,
            actions=actions,
            pairs=(pair, other) if revision == 2 else (pair,),
        )
        assert await store(stores, project, plan, intents=(an_intent_of(link),)) == StoreResult()
    await stores.ledger.snapshot(project, REPOSITORY, NAME)
    await stores.ledger.local_threads([link])
    claim = await stores.intents.claim((await stores.intents.list_open(project))[0], NOW)
    assert claim
    await stores.intents.confirm(
        Confirmation(intent=claim.intent, link=claim.link, pair=None, changes=[], at=NOW)
    )
    await stores.intents.cancel([claim.intent])
    await stores.webhooks.record_hook(project, 1, NOW)
    await stores.webhooks.record_listed_changes(project, {link.number: NOW + timedelta(hours=1)}, NOW)
    await stores.webhooks.mark_handled(project, ["none"], NOW)
    await stores.ledger.unlink(link)
    await stores.ledger.create_link(link, IssueColumns(repository=NAME, number=1))
    await stores.ledger.save_withheld_deletions(
        project, "h4sh", [(link, RemoveLocalComment(pair=pair, why=WHY))]
    )
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
    await stores.queries.members(project)
    assert await stores.queries.project_of_report(report) == project
    assert (await stores.queries.gauges()).projects
    await stores.rate_limiter.reserve_write(Fingerprint("f00d"), 5)
    await stores.identity.bind()
    assert not (await stores.identity.read()).is_moved
    await stores.reports.record_excluded_from_export(project, [report], NOW)
    await stores.settings.adopt_mapping(project, REPOSITORY)
    assert await stores.owner_mails.save(project, NO_MAIL_STATE, "failing", NOW)
    await stores.identity.record_duplicate_instance("acme/web#1")
    await stores.identity.declare_identity("copy")
    await stores.marker_keys.save_keys({})
    await stores.marker_keys.read_keys()
    await stores.restores.begin_reread(project, NOW)
    await stores.restores.end_reread(project)
    await stores.restores.links_held_by_other_databases(project)
    await stores.restores.filter_unrecorded_copies({RemoteCommentId(1): CommentId(report)})
    async with stores.project_locks.acquire(project) as lock:
        await lock.ensure_held()


async def test_the_program_does_everything_with_the_rights_of_the_file_and_needs_every_one(
    postgres_server: Server, github: GitHub
) -> None:
    with least_privileged_database(postgres_server) as url, recorded(ROLE) as statements:
        with connected(url) as engine:
            await as_reconciler(url, BugSpark(engine))
            await sync_as_reconciler(url, BugSpark(engine), github)
        await browse_as_reconciler(url)
        unneeded = droppable_rights(server_url(url), ROLE, {**statements, USE_OF_QUEUE: None})
        assert not unneeded, "\n".join(unneeded)


async def test_what_the_file_does_not_grant_is_refused(postgres_server: Server) -> None:
    with least_privileged_database(postgres_server) as url:
        database = open_database(url.replace("postgres@", f"{ROLE}@"))
        try:
            for forbidden in FORBIDDEN:
                with pytest.raises(DatabaseError, match="lacks a right"):
                    async with database.write() as connection:
                        await connection.exec_driver_sql(forbidden)
        finally:
            await database.aclose()


@contextmanager
def least_privileged_database(server: Server) -> Iterator[str]:
    """A migrated database (its address is its owner's) with a role that has the rights of the file."""
    template = server.template("bugspark, migrated", fill_postgres)
    with (
        psycopg.connect(server.conninfo(), autocommit=True) as owner,
        server.database(template=template) as url,
    ):
        owner.execute(ALONE)
        owner.execute(f"CREATE ROLE {ROLE} LOGIN")
        try:
            with psycopg.connect(server_url(url), autocommit=True) as database:
                database.execute(GRANTS.read_bytes())
            yield url
        finally:
            with psycopg.connect(server_url(url), autocommit=True) as database:
                database.execute(f"DROP OWNED BY {ROLE}")
            owner.execute(f"DROP ROLE {ROLE}")


async def use_the_queue(arguments: dict[str, Any]) -> None:
    """Run one queued pass, and look for jobs of a dead worker."""
    project, ran = ProjectId(uuid4()), asyncio.Event()

    async def run(_: QueuedPass) -> bool:
        ran.set()
        return True

    async with open_procrastinate_queue(arguments, engine.psycopg_connection_class()) as queue:
        await queue.nudge(project)
        assert (await queue.backlog()).waiting == {project}
        queue_worker = queue.create_worker(run, 1)
        working = asyncio.create_task(queue_worker.serve())
        await ran.wait()
        queue_worker.stop(5.0)
        await working
        assert await queue.requeue_stalled() == 0
        assert not (await queue.backlog()).running


async def as_reconciler(url: str, bugspark: BugSpark) -> None:
    database = open_database(url.replace("postgres@", f"{ROLE}@"))
    try:
        await require_schema(database)
        stores = build_stores(database, StoreSettings(digest=digest, notify_webhooks=True), FixedClock())
        await do_everything_with_links(stores, bugspark)
        assert await stores.maintenance.other_roles_with_access() == ()
        assert await stores.maintenance.outgoing_webhooks_problem() is None
        assert await stores.owner_mails.find_problem() is None
        await scan_twice(database, bugspark)
        await forget_deleted_project(stores, bugspark)
        await use_the_queue(engine.psycopg_arguments(database.url, "queue"))
    finally:
        await database.aclose()
    assert bugspark.rows(sa.select(tables.projects))


async def scan_twice(database: Database, bugspark: BugSpark) -> None:
    """Find a difference, and find it ended."""
    for status in ("closed", "new"):
        bugspark.execute(f"UPDATE reports SET status = '{status}'")
        await local_scan.find_changed_projects(database, NOW, export_all=True)


async def forget_deleted_project(stores: DatabaseStores, bugspark: BugSpark) -> None:
    """Delete a project in BugSpark, beside which another one stays; ours of it goes too."""
    gone = await linked(stores, bugspark, 2)
    await stores.projects.save_state(ProjectState(project_id=gone.project_id, account=AccountId(1)))
    bugspark.execute(f"DELETE FROM projects WHERE id = '{gone.project_id}'")
    later = NOW + timedelta(days=100)
    await stores.maintenance.delete_rows_of_deleted_projects(NOW, NOW)
    assert await stores.maintenance.delete_rows_of_deleted_projects(later, later)
    await stores.maintenance.delete_older_than(later)


async def sync_as_reconciler(url: str, bugspark: BugSpark, github: GitHub) -> None:
    """Sync every kind of change in both directions, export, notify, and run the commands."""
    project = bugspark.add_project("Synced")
    bugspark.add_integration(project, token=github.token)
    add_outgoing_webhook(bugspark, project)
    s3 = {
        "endpoint_url": "https://store.test",
        "bucket_name": "uploads",
        "access_key": "k",
        "secret_key": "s",
    }
    settings = settings_for(
        url.replace("postgres@", f"{ROLE}@"),
        github.api,
        bugspark={"notify_webhooks": True, "s3": s3},
        sync={"export": "all", "title": "both"},
        write={"settle_seconds": 30.0},
        web={"public_url": "https://sync.example.test"},
    )
    clock = FollowingClock(github.clock)
    async with open_application(settings, clock) as app:
        world = Sync(
            github=github,
            bugspark=bugspark,
            app=app,
            clock=clock,
            project=project,
            ada=bugspark.add_user("Ada"),
        )
        await sync_everything(world)
        await command_everything(world)
    assert bugspark.rows_of("background_tasks")


async def sync_everything(sync: Sync) -> None:
    """Change everything that is synced, on both sides."""
    (alice,) = await mapped(sync, "alice")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    assert assigned(sync, number) == ["alice"]
    sync.github.web.unassign(number, "alice", by="alice")
    await sync.settle()
    assert assignee(sync, report) is None
    copied = [sync.add_comment(report, text) for text in ("one", "two", "three")]
    originals = [sync.github.web.comment(number, text, by="alice").id for text in ("four", "five")]
    sync.change(report, status="resolved", severity="critical", category="crash", title="Another title")
    await sync.settle()
    sync.bugspark.delete_comment(copied[0])
    sync.github.web.edit_comment(originals[0], "four again", by="alice")
    sync.github.web.delete_comment(originals[1], by="alice")
    sync.github.web.reopen(number, by="alice")
    sync.github.web.relabel(number, ["low", "ui"], by="alice")
    sync.github.web.retitle(number, "A title of GitHub's", by="alice")
    await sync.settle(6)
    assert (sync.status(report), sync.severity(report), sync.category(report)) == ("new", "low", "ui")
    assert len(sync.texts_on_github(number)) == 3
    sync.bugspark.add_report(sync.project, created_at=sync.clock.now())
    await sync.run(seconds=120)


async def command_everything(sync: Sync) -> None:
    """Run the commands that read or write something of their own."""
    app, (report, number) = sync.app, await sync.linked()
    project = await app.find_project(str(sync.project))
    sync.press_button(sync.bugspark.add_report(sync.project))
    await app.discover(project, apply=True, progress=NullProgress())
    await app.unlink(str(report))
    await app.link(str(report), f"acme/web#{number}", backfill=True)
    follower = sync.bugspark.add_report(sync.project)
    await app.follow(str(follower), f"acme/web#{number}")
    sync.change(report, status="in_progress")
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert sync.status(follower) == "resolved"
    await app.unlink(str(follower))
    await app.resolve(str(report), Field.STATUS, Side.BUGSPARK)
    await app.retry(str(report))
    await app.pause(str(sync.project))
    await app.resume(str(sync.project))
    await app.show_webhook_setup(project)
    await app.rotate_webhook(project)
    await app.plan(project, NullProgress())
    await app.verify(project, wait=False, progress=NullProgress())
    await app.status(None)
    await app.explain_report(str(report))
    await app.run_self_check()
    await app.delete_old_records()


async def browse_as_reconciler(url: str) -> None:
    """Look at every page as the project's owner, and deliver a webhook."""
    async with open_web(url, role=ROLE, bugspark={"jwt_secret": JWT_SECRET}) as harness:
        report = harness.bugspark.add_report(harness.project)
        signed_in = bearer(harness, owner_of(harness, harness.project))
        for path in (
            "/",
            f"/projects/{harness.project}",
            f"/projects/{harness.project}/setup",
            f"/reports/{report}",
            "/api/v1/projects",
            f"/api/v1/reports/{report}",
            "/metrics",
            "/readyz",
        ):
            answer = await harness.client.get(path, headers=signed_in)
            assert answer.status_code == 200, (path, answer.text)
        stored = await harness.client.put(
            f"/api/v1/projects/{harness.project}/settings",
            json={"conflict": "github"},
            headers=signed_in | {"If-Match": '"v0"'},
        )
        assert stored.status_code == 200, stored.text
        for event in ("issues", "label"):
            answer = await harness.deliver(issue_event(action="edited"), event=event)
            assert answer.status_code == 202


def add_outgoing_webhook(bugspark: BugSpark, project: ProjectId) -> None:
    row = {"id": uuid4(), "project_id": project, "url": "https://customer.test", "secret": "s"}
    with bugspark.engine.begin() as connection:
        connection.execute(sa.insert(bugspark_tables.webhooks).values(row | {"events": ["report.updated"]}))


def server_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
