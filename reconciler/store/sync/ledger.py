"""Links, bases and the comment ledger: `ports.Ledger`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Select, exists, func, not_, or_, select, update

from reconciler.model.fields import Field, Side
from reconciler.model.health import VerificationCoverage
from reconciler.model.ids import (
    CommentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    Link,
    LinkOrigin,
    LinkState,
    UnsyncedFieldChange,
)
from reconciler.model.plan import WithheldItem
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import (
    Change,
    FieldChange,
    LocalThread,
    ReportIdentity,
    Snapshot,
    StoreResult,
    TransactionBatch,
    WithheldDeletions,
)
from reconciler.ports import Clock
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import select_values
from reconciler.store.mappers import to_link
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import comment_pairs, links
from reconciler.store.sync import (
    comment_readings,
    history_log,
    link_writes,
    missing_rows,
    snapshot,
    verification_coverage,
    withheld_deletions,
)
from reconciler.store.sync.apply_batch import StoreDependencies, apply_batch
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION, QUARANTINED_LINK_CONDITION
from reconciler.store.sync.field_differences import read_differences
from reconciler.store.sync.followers.follower_queries import is_following
from reconciler.store.sync.snapshot_reader import SnapshotRequest
from reconciler.store.types import END_OF_TIME, ONE

HAS_LIVE_LINK = exists(ONE).where(links.c.report_id == reports.c.id, LIVE_LINK_CONDITION)
IS_FREE = (reports.c.github_issue_number.is_(None), not_(HAS_LIVE_LINK), not_(is_following(reports.c.id)))
DISCOVERY_QUERY = select(
    reports.c.id.label("report_id"),
    reports.c.project_id,
    reports.c.tracking_id,
    reports.c.title,
    reports.c.created_at,
)


class StoredLedger:
    """The ledger in the database."""

    def __init__(
        self, database: Database, clock: Clock, context: StoreDependencies, new_id: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._clock = clock
        self._context = context
        self._new_id = new_id

    async def snapshot(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        repository: str,
        *,
        numbers: Collection[IssueNumber] = (),
        comments: Collection[RemoteCommentId] = (),
        copies: Collection[CommentId] = (),
        local: bool = True,
        by_hand: bool = False,
        followers: bool = False,
    ) -> Snapshot:
        now = self._clock.now()
        wanted = SnapshotRequest(
            project=project_id,
            repository_id=repository_id,
            repository=repository,
            numbers=numbers,
            comments=comments,
            copies=copies,
            include_local=local,
            include_followers=followers,
            now=now,
            quarantine_ends_before=END_OF_TIME if by_hand else now,
            new_id=self._new_id,
        )
        async with self._database.read() as connection:
            return await snapshot.read_snapshot(connection, wanted)

    async def local_threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        async with self._database.read() as connection:
            return await snapshot.read_local_threads(connection, links)

    async def apply_batch(self, batch: TransactionBatch) -> StoreResult:
        async with self._database.write() as connection:
            return await apply_batch(connection, batch, self._context)

    async def live_comment_counts_by_origin(self, project_id: ProjectId) -> Mapping[Side, int]:
        query = (
            select(comment_pairs.c.origin, func.count())
            .where(comment_pairs.c.project_id == project_id, comment_pairs.c.state == CommentPairState.LIVE)
            .group_by(comment_pairs.c.origin)
        )
        async with self._database.read() as connection:
            return {Side(origin): count for origin, count in await connection.execute(query)}

    async def are_all_known_comments_missing(self) -> bool:
        async with self._database.read() as connection:
            return await missing_rows.are_all_known_comments_missing(connection)

    async def are_all_known_reports_missing(self) -> bool:
        async with self._database.read() as connection:
            return await missing_rows.are_all_known_reports_missing(connection)

    async def comments_missing_on_github(self, project_id: ProjectId) -> tuple[CommentPair, ...]:
        async with self._database.read() as connection:
            return await comment_readings.read_missing_comments(connection, project_id)

    async def links_with_due_second_readings(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        async with self._database.read() as connection:
            return await comment_readings.read_due_links(connection, project_id, repository_id, at, limit)

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, items: Sequence[tuple[Link, WithheldItem]]
    ) -> None:
        async with self._database.read() as connection:
            if (
                digest is None
                and await withheld_deletions.read_withheld_digest(connection, project_id) is None
            ):
                return
        async with self._database.write() as connection:
            await withheld_deletions.replace_withheld(connection, project_id, digest, items)

    async def withheld_deletions(self, project_id: ProjectId) -> WithheldDeletions:
        async with self._database.read() as connection:
            return await withheld_deletions.read_withheld(connection, project_id)

    async def accept_withheld_deletions(self, project_id: ProjectId, digest: str) -> bool:
        async with self._database.write() as connection:
            return await withheld_deletions.accept_withheld(connection, project_id, digest)

    async def links_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        return await self._longest_unverified_links(links.c.check_due, project_id, repository_id, at, limit)

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        return await self._longest_unverified_links(
            links.c.checked_at, project_id, repository_id, since, limit
        )

    async def field_history(
        self, reports: Collection[ReportId], since: datetime
    ) -> Mapping[ReportId, tuple[FieldChange, ...]]:
        async with self._database.read() as connection:
            return await history_log.read_field_history(connection, reports, since)

    async def field_differences(self, link_id: LinkId) -> Mapping[Field, UnsyncedFieldChange]:
        async with self._database.read() as connection:
            return await read_differences(connection, link_id)

    async def links_moved_to(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        query = select(links).where(
            links.c.project_id == project_id,
            links.c.state == LinkState.TRANSFERRED,
            links.c.successor_repository_id == repository_id,
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(links.c.successor_number, links.c.id))
            return tuple(to_link(row) for row in rows.mappings())

    async def contested_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        query = select(links).where(
            links.c.project_id == project_id,
            links.c.repository_id == repository_id,
            links.c.state == LinkState.CONTESTED,
        )
        async with self._database.read() as connection:
            return tuple(to_link(row) for row in (await connection.execute(query)).mappings())

    async def quarantined_link_ids(self, project_id: ProjectId, at: datetime) -> frozenset[LinkId]:
        query = select(links.c.id).where(
            links.c.project_id == project_id, QUARANTINED_LINK_CONDITION, links.c.quarantined_until > at
        )
        async with self._database.read() as connection:
            return frozenset(LinkId(each) for each in (await connection.execute(query)).scalars())

    async def mark_all_due_for_verification(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        at: datetime,
        *,
        compared_before: datetime | None = None,
    ) -> None:
        due = update(links).where(
            links.c.project_id == project_id,
            links.c.repository_id == repository_id,
            links.c.state == LinkState.ACTIVE,
            links.c.checked_at.is_not(None),
        )
        if compared_before is not None:
            due = due.where(links.c.checked_at < compared_before, links.c.check_due > at)
        async with self._database.write() as connection:
            await connection.execute(due.values(check_due=at, revision=links.c.revision + 1))

    async def verification_coverage(self, project_id: ProjectId, since: datetime) -> VerificationCoverage:
        async with self._database.read() as connection:
            return await verification_coverage.read_project_coverage(connection, project_id, since)

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        async with self._database.read() as connection:
            return await link_writes.read_link_of_report(connection, report_id)

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        same = (links.c.report_id == report_id, links.c.repository_id == repository_id)
        return await self._first_link(select(links).where(*same, links.c.number == number))

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        return await self._first_link(
            select(links).where(
                links.c.repository_id == repository_id, links.c.number == number, LIVE_LINK_CONDITION
            )
        )

    async def numbers_contested_by_others(
        self, project_id: ProjectId, repository_id: RepositoryId
    ) -> frozenset[IssueNumber]:
        async with self._database.read() as connection:
            return await link_writes.numbers_contested_by_others(connection, project_id, repository_id)

    async def request_linking_right_check(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        numbers: Collection[IssueNumber],
        at: datetime,
    ) -> None:
        async with self._database.write() as connection:
            await link_writes.request_linking_right_check(connection, project_id, repository_id, numbers, at)

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """The report's other links become UNLINKED. An earlier one to the same issue is used again, because
        its ledger knows the comments. Raises RefusedError when a live link holds the report or the issue.
        """
        async with self._database.write() as connection:
            link = await link_writes.create_link(connection, link, columns)
            if link.origin is LinkOrigin.TRANSFER:
                await link_writes.carry_over_unsent_comments(connection, link, self._new_id)
            change = history_log.link_change(
                link,
                Kind.LINK,
                Side.BUGSPARK,
                history_log.LINK_ORIGIN_TEXTS[link.origin],
                to=history_log.issue_reference(link),
            )
            await history_log.append_changes(connection, link.project_id, link.created_at, [change])

    async def unlink(self, link: Link) -> None:
        """Columns that name another issue by now stay: somebody has set them since."""
        async with self._database.write() as connection:
            await link_writes.unlink(connection, link)
            change = history_log.link_change(
                link, Kind.UNLINK, Side.BUGSPARK, "unlinked by command", was=history_log.issue_reference(link)
            )
            await history_log.append_changes(connection, link.project_id, self._clock.now(), [change])

    async def write_resolved_report_value(self, link: Link, change: Change, at: datetime) -> bool:
        webhooks = self._context.outgoing_webhooks
        async with self._database.write() as connection:
            return await link_writes.write_resolved_report_value(connection, webhooks, link, change, at)

    async def record_settled_conflict(self, link: Link, change: Change, at: datetime) -> bool:
        async with self._database.write() as connection:
            return await link_writes.record_settled_conflict(connection, link, change, at)

    async def release_quarantine(
        self, link: Link | None, report_id: ReportId, rule: str, at: datetime
    ) -> int:
        async with self._database.write() as connection:
            return await link_writes.release_quarantine(connection, link, report_id, rule, at)

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        return await self._find_by_tracking_ids(DISCOVERY_QUERY.where(*IS_FREE), tracking_ids)

    async def find_linked_or_following(
        self, project_id: ProjectId, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        is_attached = or_(HAS_LIVE_LINK, is_following(reports.c.id))
        query = DISCOVERY_QUERY.where(reports.c.project_id == project_id, is_attached)
        return await self._find_by_tracking_ids(query, tracking_ids)

    async def _find_by_tracking_ids(
        self, query: Select[Any], tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        if not tracking_ids:
            return ()
        wanted = select_values(self._database.dialect, "wanted", reports.c.tracking_id.type, tracking_ids)
        query = query.where(reports.c.tracking_id.in_(wanted)).order_by(reports.c.id)
        async with self._database.read() as connection:
            return tuple(ReportIdentity(**row) for row in (await connection.execute(query)).mappings())

    async def _longest_unverified_links(
        self, when: Column[datetime], project: ProjectId, repository: RepositoryId, by: datetime, limit: int
    ) -> tuple[Link, ...]:
        query = verification_coverage.longest_unverified_links_query(when)
        wanted = {"project": project, "repository_id": repository, "now": by, "rows": limit}
        async with self._database.read() as connection:
            return tuple(to_link(row) for row in (await connection.execute(query, wanted)).mappings())

    async def _first_link(self, query: Select[Any]) -> Link | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query.limit(1))).mappings().first()
            return to_link(row) if row else None
