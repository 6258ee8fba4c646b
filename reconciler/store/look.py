"""The reading half of a snapshot: every query, on one connection, into Findings."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, func, select
from sqlalchemy.sql.expression import Executable

from reconciler.model.ids import (
    CommentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.link import Entry, Link, LinkState
from reconciler.model.report import Report
from reconciler.model.snapshot import Poisoned
from reconciler.store import questions
from reconciler.store.connection import AsyncConnection
from reconciler.store.questions import LIVE, entries, links, reports
from reconciler.store.records import to_entry, to_link, to_report
from reconciler.store.rows import ids, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one snapshot is asked for."""

    project: ProjectId
    repository_id: RepositoryId
    repository: str
    numbers: Collection[IssueNumber]
    comments: Collection[RemoteCommentId]
    copies: Collection[CommentId]
    local: bool
    now: datetime
    rested: datetime  # a quarantine that ends before this is over: later than now when asked for by hand
    new_id: Callable[[], UUID]


@dataclass(slots=True, kw_only=True)
class Findings:
    """What the questions brought, before it is sorted into a Snapshot."""

    moved: Sequence[RowMapping] = ()
    orphans: frozenset[UUID] = frozenset()
    unknown: Sequence[RowMapping] = ()
    gone: Sequence[Entry] = ()
    entries: Sequence[Entry] = ()
    links: dict[UUID, Link] = field(default_factory=dict)
    new: set[UUID] = field(default_factory=set)
    released: set[UUID] = field(default_factory=set)
    asked: set[UUID] = field(default_factory=set)
    reports: dict[ReportId, Report] = field(default_factory=dict)
    held: frozenset[int] = frozenset()  # issue numbers that a live link holds
    counted: Mapping[LinkId, int] = field(default_factory=dict)
    poisoned: list[Poisoned] = field(default_factory=list)


class Look:
    """The queries of one snapshot, all on one connection."""

    def __init__(self, connection: AsyncConnection, found: Findings) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._found = found

    async def differences(self, wanted: Wanted) -> None:
        """BugSpark's own differences, and links that wait for something."""
        found, project, repository, now = self._found, wanted.project, wanted.repository_id, wanted.rested
        await self._moved(wanted)
        found.unknown = await self._rows(questions.unknown(), project=project)
        found.gone = [to_entry(row) for row in await self._rows(questions.gone(), project=project)]
        waiting = await self._rows(questions.waiting(), project=project, repository_id=repository, now=now)
        found.new = self._keep(waiting)
        freed = self._keep(await self._rows(questions.released(), project=project, now=now))
        found.released = {id_ for id_ in freed if _is_active(found.links[id_], repository)}
        await self._links_of_differences()
        await self._claims(wanted)

    async def _moved(self, wanted: Wanted) -> None:
        found, project, repository = self._found, wanted.project, wanted.repository.lower()
        if self._dialect == "postgresql":
            query = questions.moved_or_orphaned()
            rows = await self._rows(query, project=project, repository=repository)
            found.moved = [row for row in rows if row["report_id"] is not None]
            found.orphans = frozenset(row["link_id"] for row in rows if row["report_id"] is None)
        else:
            found.moved = await self._rows(questions.moved(), project=project, repository=repository)
            lost = await self._rows(questions.orphans(), project=project)
            found.orphans = frozenset(row["id"] for row in lost)

    async def asked(self, wanted: Wanted) -> None:
        """ACTIVE links by issue number, ledger rows by either id."""
        if wanted.numbers:
            numbers = listed(self._dialect, "numbers", BigInteger(), wanted.numbers)
            query = select(links).where(
                links.c.project_id == wanted.project,
                links.c.repository_id == wanted.repository_id,
                LIVE,
                links.c.state == LinkState.ACTIVE,
                links.c.number.in_(numbers),
            )
            self._found.asked |= self._keep(await self._rows(query))
        if wanted.comments or wanted.copies:
            await self._entries(wanted)

    async def details(self) -> None:
        """The reports of all links found, and how many comments each is believed to have on GitHub."""
        found = self._found
        wanted = {link.report_id for link in found.links.values()} | {row["report_id"] for row in found.moved}
        for row in await self._rows_of(select(*questions.REPORT_COLUMNS), reports.c.id, wanted):
            try:
                found.reports[row["id"]] = to_report(row)
            except ValueError as error:
                found.poisoned.append(self._poisoned(row["id"], error))
        per_link = select(entries.c.link_id, func.count().label("count")).where(questions.alive_remotely())
        rows = await self._rows_of(per_link.group_by(entries.c.link_id), entries.c.link_id, found.links)
        found.counted = {row["link_id"]: row["count"] for row in rows}

    def _poisoned(self, report: UUID, error: ValueError) -> Poisoned:
        mine = (link.id for link in self._found.links.values() if link.report_id == report)
        return Poisoned(what=f"report {report}", reason=f"{error}.", link_id=next(mine, None))

    async def _links_of_differences(self) -> None:
        found = self._found
        wanted = {row["link_id"] for row in found.moved if row["link_id"] is not None} | found.orphans
        wanted |= {entry.link_id for entry in found.gone}
        self._keep(await self._rows_of(select(links), links.c.id, wanted - found.links.keys()))
        of_reports = select(links).where(links.c.state == LinkState.ACTIVE)
        authors = {row["report_id"] for row in found.unknown}
        found.asked |= self._keep(await self._rows_of(of_reports, links.c.report_id, authors))
        found.asked |= {entry.link_id for entry in found.gone}

    async def _claims(self, wanted: Wanted) -> None:
        """Columns that name an issue where there is no link: who holds it, and was it theirs before."""
        found = self._found
        fresh = {row["report_id"] for row in found.moved if row["link_id"] is None}
        past = select(links).where(
            links.c.state == LinkState.UNLINKED, links.c.repository_id == wanted.repository_id
        )
        self._keep(await self._rows_of(past, links.c.report_id, fresh))
        if fresh:
            named = select(reports.c.github_issue_number).where(reports.c.id.in_(ids(self._dialect, fresh)))
            holders = select(links.c.number).where(
                links.c.repository_id == wanted.repository_id, LIVE, links.c.number.in_(named)
            )
            found.held = frozenset(row["number"] for row in await self._rows(holders))

    async def _entries(self, wanted: Wanted) -> None:
        known = (
            select(entries)
            .join(links, links.c.id == entries.c.link_id)
            .where(
                entries.c.project_id == wanted.project,
                entries.c.repository_id == wanted.repository_id,
                links.c.state != LinkState.UNLINKED,
            )
        )
        theirs = listed(self._dialect, "theirs", BigInteger(), wanted.comments)
        ours = ids(self._dialect, wanted.copies, "ours")
        rows = [
            *(await self._rows(known.where(entries.c.remote_id.in_(theirs))) if wanted.comments else ()),
            *(await self._rows(known.where(entries.c.local_id.in_(ours))) if wanted.copies else ()),
        ]
        self._found.entries = list({row["id"]: to_entry(row) for row in rows}.values())
        mine = {entry.link_id for entry in self._found.entries} - self._found.links.keys()
        active = select(links).where(links.c.state == LinkState.ACTIVE)
        self._found.asked |= self._keep(await self._rows_of(active, links.c.id, mine))
        self._found.asked |= {entry.link_id for entry in self._found.entries}

    def _keep(self, rows: Iterable[RowMapping]) -> set[UUID]:
        """Remember these links; one that can't be read poisons only itself."""
        kept = set()
        for row in rows:
            try:
                self._found.links[row["id"]] = to_link(row)
                kept.add(row["id"])
            except ValueError as error:
                what = f"issue {row['repository']}#{row['number']}"
                self._found.poisoned.append(Poisoned(what=what, reason=f"{error}.", link_id=row["id"]))
        return kept

    async def _rows(self, query: Executable, **values: Any) -> Sequence[RowMapping]:
        return (await self._connection.execute(query, values)).mappings().all()

    async def _rows_of(self, query: Any, column: Any, wanted: Collection[UUID]) -> Sequence[RowMapping]:
        if not wanted:
            return ()
        return await self._rows(query.where(column.in_(ids(self._dialect, wanted))))


def _is_active(link: Link, repository: RepositoryId) -> bool:
    return link.state is LinkState.ACTIVE and link.repository_id == repository
