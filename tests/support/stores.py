"""Databases ready for the store, of both kinds, and values to fill them with.

A conftest takes the fixtures from here: `store_url` (each test runs on SQLite and on
PostgreSQL), `bugspark` (people at work in it), `database`, `clock` and `stores`.
"""

import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.model.fields import Base, Category, IssueState, Severity, Side, Status
from reconciler.model.ids import (
    AccountId,
    CommentId,
    CommentPairId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.issue import Account, RemoteComment
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkOrigin, LinkState, SeenIssue
from reconciler.model.plan import LinkPlan
from reconciler.model.report import Report
from reconciler.model.snapshot import StoreResult, TransactionBatch
from reconciler.store.schema.engine import Database, open_database
from reconciler.store.schema.migrate import migrate
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from tests.support import bugspark as live
from tests.support.bugspark import BugSpark
from tests.support.postgres import Server

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
REPOSITORY = RepositoryId(77)
NAME = "acme/web"


class FixedClock:
    """A clock that moves only when it is set, or by sleeping."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=max(seconds, 0))


def digest(body: str) -> str:
    """Stands in for the one that `decide` makes."""
    return hashlib.sha256(body.encode()).hexdigest()


def fill_postgres(url: str) -> None:
    """A live BugSpark, migrated."""
    live.install(url)
    migrate(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file, migrated once per process and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "bugspark.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database of either kind, dropped afterwards."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "bugspark.db")
        yield f"sqlite:///{tmp_path / 'bugspark.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(template=server.template("bugspark, migrated", fill_postgres)) as url:
        yield url


@pytest.fixture
def bugspark(store_url: str) -> Iterator[BugSpark]:
    """People at work in this database's BugSpark."""
    with live.connected(store_url) as engine:
        yield BugSpark(engine)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """The database, opened as the program opens it."""
    opened = open_database(store_url)
    try:
        yield opened
    finally:
        await opened.aclose()


@pytest.fixture
def stores(database: Database, clock: FixedClock) -> DatabaseStores:
    return build_stores(database, StoreSettings(digest=digest), clock)


def a_link(project: ProjectId, report: ReportId, number: int = 1, **values: Any) -> Link:
    """A link as the first contact leaves it, not stored yet; `values` replace any of it."""
    link = Link(
        id=LinkId(uuid4()),
        project_id=project,
        report_id=report,
        repository_id=REPOSITORY,
        repository=NAME,
        number=IssueNumber(number),
        origin=LinkOrigin.COMMAND,
        backfill=False,
        state=LinkState.ACTIVE,
        reason=None,
        base=Base(
            status=Status.NEW,
            severity=Severity.MEDIUM,
            category=Category.BUG,
            title="It breaks",
            remote_title="[BUG-0001] It breaks",
        ),
        seen=SeenIssue(
            state=IssueState.OPEN,
            state_reason=None,
            labels=("bug", "medium-priority"),
            title="[BUG-0001] It breaks",
            comments=0,
            locked=False,
            updated_at=NOW,
        ),
        created_at=NOW,
        revision=0,
    )
    return replace(link, **values)


def a_pair(link: Link, **values: Any) -> CommentPair:
    """A ledger row of an imported comment whose copy exists; `values` replace any of it."""
    entry = CommentPair(
        id=CommentPairId(uuid4()),
        link_id=link.id,
        origin=Side.GITHUB,
        state=CommentPairState.LIVE,
        local_id=CommentId(uuid4()),
        remote_id=RemoteCommentId(1001),
        local_digest=digest("copied"),
        remote_digest=digest("said"),
        remote_updated_at=NOW,
        author="octocat",
    )
    return replace(entry, **values)


def a_remote_comment(id_: int = 1001, number: int = 1, **values: Any) -> RemoteComment:
    """A comment of a user on GitHub; `values` replaces any field."""
    comment = RemoteComment(
        id=RemoteCommentId(id_),
        issue_number=IssueNumber(number),
        body="said",
        author=Account(id=AccountId(9), login="octocat"),
        collaborator=False,
        url=f"https://github.com/{NAME}/issues/{number}#issuecomment-{id_}",
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(comment, **values)


async def the_report(stores: DatabaseStores, report: ReportId) -> Report:
    """The report as the store reads it now."""
    return (await stores.reports.details([report]))[report][0]


async def store(stores: DatabaseStores, project: ProjectId, *plans: LinkPlan, **values: Any) -> StoreResult:
    """One batch of these plans, at NOW."""
    return await stores.ledger.apply_batch(
        TransactionBatch(project_id=project, at=NOW, plans=plans, **values)
    )


async def linked(
    stores: DatabaseStores, bugspark: BugSpark, number: int = 1, *, project: ProjectId | None = None
) -> Link:
    """A stored ACTIVE link of a fresh report, at revision 1."""
    project = project or bugspark.add_project()
    report = bugspark.add_report(project, github_issue_number=number, github_repo=NAME)
    link = a_link(project, report, number)
    plan = LinkPlan(link=link, report=await the_report(stores, report), after=link, pairs=())
    unlike = replace(plan, link=replace(link, state=LinkState.NEW, base=None))
    assert await store(stores, project, unlike) == StoreResult()
    return replace(link, revision=1)
