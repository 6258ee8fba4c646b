"""The queries of a snapshot, all on one connection, into SnapshotRows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
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
from reconciler.model.link import CommentPair, Link, LinkState
from reconciler.model.report import OTHER_PROJECTS_REPORT, Report, report_name, unknown_values_reason
from reconciler.model.snapshot import PoisonedItem
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import REPORT_COLUMNS, to_report_and_unknown_values
from reconciler.store.bulk import ids_subquery, select_values
from reconciler.store.mappers import to_comment_pair, to_link
from reconciler.store.schema.tables import comment_pairs, links
from reconciler.store.sync import difference_queries
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRequest:
    """What one snapshot is asked for."""

    project: ProjectId
    repository_id: RepositoryId
    repository: str
    numbers: Collection[IssueNumber]
    comments: Collection[RemoteCommentId]
    copies: Collection[CommentId]
    include_local: bool
    include_followers: bool  # the project has some
    now: datetime
    quarantine_ends_before: datetime  # which quarantines are over; later than now when ordered by a person
    new_id: Callable[[], UUID]


@dataclass(slots=True, kw_only=True)
class SnapshotRows:
    """What the queries returned, before it is sorted into a Snapshot."""

    changed_rows: Sequence[RowMapping] = ()
    orphans: frozenset[UUID] = frozenset()
    unknown_comments: Sequence[RowMapping] = ()
    deleted_pairs: Sequence[CommentPair] = ()
    pairs: Sequence[CommentPair] = ()
    links: dict[UUID, Link] = field(default_factory=dict)
    new_links: set[UUID] = field(default_factory=set)
    released_links: set[UUID] = field(default_factory=set)
    requested_links: set[UUID] = field(default_factory=set)
    reports: dict[ReportId, Report] = field(default_factory=dict)
    unreadable: dict[ReportId, str] = field(default_factory=dict)  # why, of reports that are not among these
    # issue numbers that a live link holds, and the name of its report
    holders: Mapping[int, str] = field(default_factory=dict)
    remote_comment_counts: Mapping[LinkId, int] = field(default_factory=dict)
    poisoned: list[PoisonedItem] = field(default_factory=list)


class SnapshotReader:
    """The queries of one snapshot, all on one connection."""

    def __init__(self, connection: AsyncConnection, found: SnapshotRows) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._found = found

    async def read_differences(self, wanted: SnapshotRequest) -> None:
        """Read BugSpark's own differences, and links that wait for something."""
        found, project, repository, now = (
            self._found,
            wanted.project,
            wanted.repository_id,
            wanted.quarantine_ends_before,
        )
        await self._read_changed_and_orphaned(wanted)
        found.unknown_comments = await self._fetch(difference_queries.unknown_comments(), project=project)
        if wanted.include_followers:
            query = difference_queries.unknown_follower_comments()
            found.unknown_comments = [*found.unknown_comments, *await self._fetch(query, project=project)]
        found.deleted_pairs = [
            to_comment_pair(row)
            for row in await self._fetch(difference_queries.deleted_comments(), project=project)
        ]
        waiting = await self._fetch(
            difference_queries.links_awaiting_initial_sync(),
            project=project,
            repository_id=repository,
            now=now,
        )
        found.new_links = self._collect_links(waiting)
        freed = self._collect_links(
            await self._fetch(difference_queries.links_with_ended_quarantine(), project=project, now=now)
        )
        found.released_links = {id_ for id_ in freed if _is_active(found.links[id_], repository)}
        await self._read_links_of_differences()
        await self._read_holders_and_past_links(wanted)

    async def _read_changed_and_orphaned(self, wanted: SnapshotRequest) -> None:
        found, project, repository = self._found, wanted.project, wanted.repository.lower()
        if self._dialect == "postgresql":
            query = difference_queries.changed_reports_or_orphaned_links()
            rows = await self._fetch(query, project=project, repository=repository)
            found.changed_rows = [row for row in rows if row["report_id"] is not None]
            found.orphans = frozenset(row["link_id"] for row in rows if row["report_id"] is None)
        else:
            found.changed_rows = await self._fetch(
                difference_queries.changed_reports(), project=project, repository=repository
            )
            orphaned = await self._fetch(difference_queries.orphaned_links(), project=project)
            found.orphans = frozenset(row["id"] for row in orphaned)

    async def read_requested_links_and_pairs(self, wanted: SnapshotRequest) -> None:
        """Read ACTIVE links by issue number, ledger rows by either id."""
        if wanted.numbers:
            numbers = select_values(self._dialect, "numbers", BigInteger(), wanted.numbers)
            query = select(links).where(
                links.c.project_id == wanted.project,
                links.c.repository_id == wanted.repository_id,
                LIVE_LINK_CONDITION,
                links.c.state == LinkState.ACTIVE,
                links.c.number.in_(numbers),
            )
            self._found.requested_links |= self._collect_links(await self._fetch(query))
        if wanted.comments or wanted.copies:
            await self._read_pairs(wanted)

    async def read_reports_and_comment_counts(self) -> None:
        """Read the reports of all links found, and how many comments each should have on GitHub."""
        found = self._found
        wanted = {link.report_id for link in found.links.values()} | {
            row["report_id"] for row in found.changed_rows
        }
        for row in await self._fetch_by_id(select(*REPORT_COLUMNS), reports.c.id, wanted):
            report, unknown = to_report_and_unknown_values(row)
            if unknown:
                found.unreadable[row["id"]] = unknown_values_reason(unknown)
                found.poisoned.append(self._to_poisoned(row, found.unreadable[row["id"]]))
            else:
                found.reports[row["id"]] = report
        per_link = select(comment_pairs.c.link_id, func.count().label("count")).where(
            difference_queries.is_comment_expected_on_github()
        )
        rows = await self._fetch_by_id(
            per_link.group_by(comment_pairs.c.link_id), comment_pairs.c.link_id, found.links
        )
        found.remote_comment_counts = {row["link_id"]: row["count"] for row in rows}

    def _to_poisoned(self, report: RowMapping, reason: str) -> PoisonedItem:
        mine = (link.id for link in self._found.links.values() if link.report_id == report["id"])
        return PoisonedItem(
            what=f"report {report['tracking_id']}", reason=f"{reason}.", link_id=next(mine, None)
        )

    async def _read_links_of_differences(self) -> None:
        found = self._found
        wanted = {row["link_id"] for row in found.changed_rows if row["link_id"] is not None} | found.orphans
        wanted |= {pair.link_id for pair in found.deleted_pairs}
        self._collect_links(await self._fetch_by_id(select(links), links.c.id, wanted - found.links.keys()))
        of_reports = select(links).where(links.c.state == LinkState.ACTIVE)
        authors = {row.get("lead_id") or row["report_id"] for row in found.unknown_comments}
        found.requested_links |= self._collect_links(
            await self._fetch_by_id(of_reports, links.c.report_id, authors)
        )
        found.requested_links |= {pair.link_id for pair in found.deleted_pairs}

    async def _read_holders_and_past_links(self, wanted: SnapshotRequest) -> None:
        """Read who holds the issues that columns name without a link, and earlier links of their reports."""
        found = self._found
        fresh = {row["report_id"] for row in found.changed_rows if row["link_id"] is None}
        past = select(links).where(
            links.c.state.in_((LinkState.UNLINKED, LinkState.SECOND)),
            links.c.repository_id == wanted.repository_id,
        )
        self._collect_links(await self._fetch_by_id(past, links.c.report_id, fresh))
        if fresh:
            named = select(reports.c.github_issue_number).where(
                reports.c.id.in_(ids_subquery(self._dialect, fresh))
            )
            held = reports.alias("held")  # another name than in `named`, which would refer to this one
            holders = (
                select(
                    links.c.number,
                    links.c.report_id,
                    links.c.project_id,
                    held.c.tracking_id,
                    bugspark_projects.c.name,
                )
                .select_from(links)
                .outerjoin(held, held.c.id == links.c.report_id)
                .outerjoin(bugspark_projects, bugspark_projects.c.id == held.c.project_id)
                .where(
                    links.c.repository_id == wanted.repository_id,
                    LIVE_LINK_CONDITION,
                    links.c.number.in_(named),
                )
            )
            found.holders = {
                row["number"]: _name_of_holder(row, wanted.project) for row in await self._fetch(holders)
            }

    async def _read_pairs(self, wanted: SnapshotRequest) -> None:
        known = (
            select(comment_pairs)
            .join(links, links.c.id == comment_pairs.c.link_id)
            .where(
                comment_pairs.c.project_id == wanted.project,
                comment_pairs.c.repository_id == wanted.repository_id,
                links.c.state != LinkState.UNLINKED,
            )
        )
        remote_ids = select_values(self._dialect, "theirs", BigInteger(), wanted.comments)
        local_ids = ids_subquery(self._dialect, wanted.copies, "ours")
        rows = [
            *(
                await self._fetch(known.where(comment_pairs.c.remote_id.in_(remote_ids)))
                if wanted.comments
                else ()
            ),
            *(
                await self._fetch(known.where(comment_pairs.c.local_id.in_(local_ids)))
                if wanted.copies
                else ()
            ),
        ]
        self._found.pairs = list({row["id"]: to_comment_pair(row) for row in rows}.values())
        mine = {pair.link_id for pair in self._found.pairs} - self._found.links.keys()
        active = select(links).where(links.c.state == LinkState.ACTIVE)
        self._found.requested_links |= self._collect_links(await self._fetch_by_id(active, links.c.id, mine))
        self._found.requested_links |= {pair.link_id for pair in self._found.pairs}

    def _collect_links(self, rows: Iterable[RowMapping]) -> set[UUID]:
        """Keep these links; one that can't be read is kept as poisoned, alone."""
        kept = set()
        for row in rows:
            try:
                self._found.links[row["id"]] = to_link(row)
                kept.add(row["id"])
            except ValueError as error:
                what = f"issue {row['repository']}#{row['number']}"
                self._found.poisoned.append(PoisonedItem(what=what, reason=f"{error}.", link_id=row["id"]))
        return kept

    async def _fetch(self, query: Executable, **values: Any) -> Sequence[RowMapping]:
        return (await self._connection.execute(query, values)).mappings().all()

    async def _fetch_by_id(self, query: Any, column: Any, wanted: Collection[UUID]) -> Sequence[RowMapping]:
        if not wanted:
            return ()
        return await self._fetch(query.where(column.in_(ids_subquery(self._dialect, wanted))))


def _name_of_holder(row: RowMapping, project: ProjectId) -> str:
    """Name the report that holds an issue; what belongs to another project is not shown to this one."""
    if row["project_id"] != project:
        return OTHER_PROJECTS_REPORT
    deleted = row["tracking_id"] is None
    return f"report {row['report_id']}" if deleted else report_name(row["tracking_id"], row["name"])


def _is_active(link: Link, repository: RepositoryId) -> bool:
    return link.state is LinkState.ACTIVE and link.repository_id == repository
