"""Database rows of reports that have been linked for a long time, as the program would have written them.

Inserted with the program's own row builders and bulk INSERT: 100,000 initial syncs would take an hour.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Table

from bench.home import Home
from bench.hub import IssueComment
from bench.plot import Plot
from reconciler.model.fields import Base, Category, IssueState, Severity, Side, Status
from reconciler.model.ids import CommentId, CommentPairId, IssueNumber, LinkId, ReportId
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    Link,
    LinkOrigin,
    LinkState,
    SeenIssue,
    Verification,
)
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bulk import insert_all
from reconciler.store.mappers import (
    COMMENT_PAIR_COLUMN_TYPES,
    LINK_COLUMN_TYPES,
    comment_pair_row,
    link_row,
)
from reconciler.store.schema import tables
from reconciler.store.schema.engine import open_database
from reconciler.store.types import column_types
from reconciler.text import comment_to_bugspark, text_digest

LONG_AGO = timedelta(days=30)
NOT_DUE = timedelta(hours=6)
LABELS = ("bug", "medium-priority")
CHUNK = 5_000
DESCRIPTION = (
    "1. Put something into the cart.\n2. Reload.\n\nExpected: it is there. Seen: an empty page.\n" * 6
)
REPORT = column_types(
    bugspark_tables.reports, "id", "project_id", "tracking_id", "title", "description", "severity",
    "category", "status",
    "console_logs_included", "created_at", "updated_at", "github_issue_number", "github_issue_url",
    "github_repo",
)  # fmt: skip
COMMENT = column_types(bugspark_tables.comments, "id", "report_id", "body", "created_at", "source")
RUN = column_types(tables.runs, "project_id", "at", "outcome", "result")
CHANGE = column_types(
    tables.changes, "project_id", "report_id", "link_id", "at", "side", "kind", "field", "rule", "since"
)
MINUTES = 1_440
Row = Sequence[Any]
RowsByTable = dict[Table, tuple[Mapping[str, Any], Iterable[Row]]]


def insert_links(home: Home, count: int, *, comments: Iterable[IssueComment] = ()) -> list[Link]:
    """Insert links to the issues 1 to `count`, all in sync for a month. `comments`: already imported ones."""
    rows = list(comments)
    counts = Counter(comment.number for comment in rows)
    links = _links(home.plot, count, counts)
    threads = [(links[comment.number - 1], comment, CommentId(uuid4())) for comment in rows]
    asyncio.run(
        _insert(
            home.url,
            _synced_rows(links)
            | {
                bugspark_tables.comments: (COMMENT, (_comment(*thread) for thread in threads)),
                tables.comment_pairs: (
                    COMMENT_PAIR_COLUMN_TYPES,
                    (_comment_pair(*thread) for thread in threads),
                ),
            },
        )
    )
    return links


def insert_project_links(url: str, plots: Iterable[Plot], count: int) -> list[list[Link]]:
    """Insert such links for many projects, `count` each, without comments. Returns the links per project."""
    links_by_project = [_links(plot, count, Counter()) for plot in plots]
    asyncio.run(_insert(url, _synced_rows([link for links in links_by_project for link in links])))
    return links_by_project


def insert_day(home: Home, links: Sequence[Link]) -> None:
    """Insert the history of a busy day: one pass with two changes every minute."""
    at, minute = datetime.now(UTC), timedelta(minutes=1)
    minutes = range(MINUTES)
    passes = [(home.project, at - minute * index, "ok", "{}") for index in minutes]
    changes = [
        (
            home.project,
            link.report_id,
            link.id,
            at - minute * index,
            side,
            kind,
            "status",
            "",
            at - minute * (index + 1),
        )
        for index in minutes
        for link in [links[index % len(links)]]
        for side, kind in (("github", "set_state"), ("bugspark", "set_field"))
    ]
    asyncio.run(_insert(home.url, {tables.runs: (RUN, passes), tables.changes: (CHANGE, changes)}))


def insert_comments(home: Home, links: Iterable[Link], body: str) -> None:
    """Insert one new comment on each of these reports, written in BugSpark by a person a minute ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    rows = ((uuid4(), link.report_id, body.replace("{n}", str(link.number)), at, None) for link in links)
    asyncio.run(_insert(home.url, {bugspark_tables.comments: (COMMENT, rows)}))


def _synced_rows(links: Sequence[Link]) -> RowsByTable:
    return {
        bugspark_tables.reports: (REPORT, (_report(link) for link in links)),
        tables.links: (LINK_COLUMN_TYPES, (tuple(link_row(link, 1).values()) for link in links)),
    }


async def _insert(url: str, rows_by_table: RowsByTable) -> None:
    database = open_database(url)
    try:
        for table, (types, rows) in rows_by_table.items():
            for chunk in _chunks(rows):
                async with database.write() as connection:
                    await insert_all(connection, table, types, chunk)
    finally:
        await database.aclose()


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _links(plot: Plot, count: int, comments: Counter[IssueNumber]) -> list[Link]:
    numbers = (IssueNumber(number) for number in range(1, count + 1))
    return [_link(plot, number, comments[number]) for number in numbers]


def _link(plot: Plot, number: IssueNumber, comments: int) -> Link:
    now = datetime.now(UTC).replace(microsecond=0)
    at = now - LONG_AGO
    title = f"Cart is empty ({number})"
    return Link(
        id=LinkId(uuid4()),
        project_id=plot.project,
        report_id=ReportId(uuid4()),
        repository_id=plot.repository_id,
        repository=plot.repository,
        number=number,
        origin=LinkOrigin.EXPORT,
        backfill=True,
        state=LinkState.ACTIVE,
        reason=None,
        base=Base(
            status=Status.NEW,
            severity=Severity.MEDIUM,
            category=Category.BUG,
            title=title,
            remote_title=title,
        ),
        seen=SeenIssue(
            state=IssueState.OPEN,
            state_reason=None,
            labels=LABELS,
            title=title,
            comments=comments,
            locked=False,
            updated_at=at,
        ),
        created_at=at,
        revision=1,
        # No verification is due during a measurement: it would make requests.
        verification=Verification(at=now, due=now + NOT_DUE, etags=None),
    )


def _report(link: Link) -> Row:
    assert link.base is not None
    base, at = link.base, link.created_at - timedelta(days=1)
    url = f"https://github.com/{link.repository}/issues/{link.number}"
    return (
        link.report_id, link.project_id, f"BUG-{link.number:04}", base.title, DESCRIPTION,
        base.severity.value, base.category.value, base.status.value, False, at, at, link.number, url,
        link.repository,
    )  # fmt: skip


def _comment(link: Link, comment: IssueComment, copy: CommentId) -> Row:
    return (copy, link.report_id, comment_to_bugspark("alice", comment.body), comment.at, "github")


def _comment_pair(link: Link, comment: IssueComment, copy: CommentId) -> Row:
    pair = CommentPair(
        id=CommentPairId(uuid4()),
        link_id=link.id,
        origin=Side.GITHUB,
        state=CommentPairState.LIVE,
        local_id=copy,
        remote_id=comment.id,
        local_digest=text_digest(comment_to_bugspark("alice", comment.body)),
        remote_digest=text_digest(comment.body),
        remote_updated_at=comment.at,
        author="alice",
    )
    return comment_pair_row(pair, link)
