"""Reports that follow the report which leads an issue: `ports.Followers`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Text, Uuid, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import RefusedError
from reconciler.fields import COLUMN_FIELDS
from reconciler.fields.status import STATUS
from reconciler.model.fields import Field, IssueState, Side
from reconciler.model.ids import LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.kinds import Kind
from reconciler.model.link import LIVE_STATES, CommentPairState, Link
from reconciler.model.plan import FollowerPlan
from reconciler.model.snapshot import Change, Follower, FollowingReport
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import (
    REPORT_COLUMNS,
    field_as_stored,
    field_as_text,
    to_report_and_unknown_values,
)
from reconciler.store.bulk import ids_subquery, insert_new, rows_as_table
from reconciler.store.mappers import to_link
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import comment_pairs, followers, links
from reconciler.store.sync import history_log
from reconciler.store.sync.apply_batch import StoreDependencies
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION
from reconciler.store.sync.followers import promotion
from reconciler.store.sync.followers.follower_queries import is_leaderless, is_outdated, is_present
from reconciler.store.sync.link_writes import UNSENT_PAIR_COLUMNS
from reconciler.store.types import column_types

FOLLOWERS_PER_READ = 500
"""Followers that are read, and stored, at a time."""


class StoredFollowers:
    """The followers of one database."""

    def __init__(self, database: Database, context: StoreDependencies, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._context = context
        self._new_id = new_id

    async def find(self, report_id: ReportId) -> Follower | None:
        query = select(followers).where(followers.c.report_id == report_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_follower(row) if row else None

    async def find_followed_link(self, follower: Follower) -> Link:
        async with self._database.read() as connection:
            return await _read_link(connection, follower)

    async def tracking_ids_by_link(self, link_ids: Collection[LinkId]) -> Mapping[LinkId, tuple[str, ...]]:
        found: defaultdict[LinkId, list[str]] = defaultdict(list)
        query = (
            select(followers.c.link_id, reports.c.tracking_id)
            .join(reports, reports.c.id == followers.c.report_id)
            .where(followers.c.link_id.in_(ids_subquery(self._database.dialect, link_ids)), is_present())
            .order_by(followers.c.followed_at, followers.c.report_id)
        )
        async with self._database.read() as connection:
            for link_id, name in await connection.execute(query):
                found[LinkId(link_id)].append(name)
        return {link_id: tuple(names) for link_id, names in found.items()}

    async def request_full_link_read(self, link_id: LinkId) -> None:
        due = update(links).where(links.c.id == link_id, links.c.checked_at.is_not(None))
        values = {"check_due": links.c.checked_at, "etag_issue": None, "revision": links.c.revision + 1}
        async with self._database.write() as connection:
            await connection.execute(due.values(values))

    async def count(self, link_id: LinkId) -> int:
        query = select(func.count()).select_from(followers).where(followers.c.link_id == link_id)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def add(self, follower: Follower, skipped_reason: str, rule: str) -> None:
        async with self._database.write() as connection:
            held = select(links.c.id).where(LIVE_LINK_CONDITION, links.c.report_id == follower.report_id)
            known = select(followers.c.report_id).where(followers.c.report_id == follower.report_id)
            link = await _read_link(connection, follower)
            if (await connection.execute(held)).first() or (await connection.execute(known)).first():
                raise RefusedError("The report is linked, or follows another one, since a moment ago.")
            row = {
                "report_id": follower.report_id,
                "project_id": follower.project_id,
                "link_id": follower.link_id,
                "state": follower.state.value,
                "followed_at": follower.followed_at,
            }
            await connection.execute(followers.insert().values(row))
            await self._skip_present_comments(connection, follower, link, skipped_reason)
            await self._append_history(connection, follower, link, Kind.LINK, rule, follower.followed_at)

    async def _skip_present_comments(
        self, connection: AsyncConnection, follower: Follower, link: Link, reason: str
    ) -> None:
        """Record the report's comments: each without a row of this link's ledger would be sent as new."""
        query = select(comments.c.id, comments.c.source).where(comments.c.report_id == follower.report_id)
        owner = (link.id, link.project_id, link.repository_id)
        rows = [
            (
                self._new_id(), *owner, Side.GITHUB if row.source == Side.GITHUB else Side.BUGSPARK,
                CommentPairState.SKIPPED, row.id, reason, follower.report_id,
            )
            for row in await connection.execute(query)
        ]  # fmt: skip
        await insert_new(connection, comment_pairs, column_types(comment_pairs, *UNSENT_PAIR_COLUMNS), rows)

    async def remove(self, report_id: ReportId, rule: str, at: datetime) -> None:
        async with self._database.write() as connection:
            row = (
                (await connection.execute(select(followers).where(followers.c.report_id == report_id)))
                .mappings()
                .first()
            )
            if row is None:
                return
            follower = to_follower(row)
            link = await _read_link(connection, follower)
            await promotion.end_unsent_comments(connection, [report_id])
            await connection.execute(delete(followers).where(followers.c.report_id == report_id))
            await self._append_history(connection, follower, link, Kind.UNLINK, rule, at)

    async def _append_history(
        self,
        connection: AsyncConnection,
        follower: Follower,
        link: Link,
        kind: Kind,
        rule: str,
        at: datetime,
    ) -> None:
        issue = history_log.issue_reference(link)
        ends = kind is Kind.UNLINK
        change = Change(
            report_id=follower.report_id, link_id=link.id, side=Side.BUGSPARK, kind=kind, field=None,
            base=None, local=issue if ends else None, remote=None, to=None if ends else issue, rule=rule,
        )  # fmt: skip
        await history_log.append_changes(connection, follower.project_id, at, [change])

    async def outdated(
        self, project_id: ProjectId, repository_id: RepositoryId, *, every: bool = False
    ) -> tuple[FollowingReport, ...]:
        query = (
            select(followers)
            .join(links, links.c.id == followers.c.link_id)
            .where(followers.c.project_id == project_id, links.c.repository_id == repository_id, is_present())
            .order_by(followers.c.followed_at, followers.c.report_id)
        )
        if not every:
            query = query.where(is_outdated()).limit(FOLLOWERS_PER_READ)
        async with self._database.read() as connection:
            found = [to_follower(row) for row in (await connection.execute(query)).mappings()]
            return await _with_reports_and_links(connection, found)

    async def apply(
        self, project_id: ProjectId, plans: Sequence[FollowerPlan], at: datetime
    ) -> frozenset[ReportId]:
        async with self._database.write() as connection:
            await self._context.require_fence(connection, project_id)
            stale = await _set_statuses(connection, plans, at)
            done = [plan for plan in plans if plan.report.id not in stale]
            await _store_issue_states(connection, done)
            shown = [plan.as_link_plan for plan in done if plan.action is not None]
            await history_log.append_changes(connection, project_id, at, history_log.changes_of_plans(shown))
            changed = [plan.link.report_id for plan in shown]
            await self._context.outgoing_webhooks.enqueue_deliveries(connection, project_id, changed, at)
        return stale

    async def ended_links_with_followers(self, project_id: ProjectId) -> tuple[Link, ...]:
        led = select(followers.c.link_id).where(followers.c.project_id == project_id)
        query = select(links).where(links.c.id.in_(led), is_leaderless()).order_by(links.c.number, links.c.id)
        async with self._database.read() as connection:
            return tuple(to_link(row) for row in (await connection.execute(query)).mappings())

    async def promote_oldest_follower(self, ended: Link, at: datetime) -> ReportId | None:
        async with self._database.write() as connection:
            await self._context.require_fence(connection, ended.project_id)
            return await promotion.promote_oldest_follower(
                connection, ended, at, self._new_id, self._context.web_url
            )

    async def move_followers_to_live_link(self, report_id: ReportId) -> None:
        mine = select(links.c.id).where(links.c.report_id == report_id)
        live = mine.where(LIVE_LINK_CONDITION).scalar_subquery()
        moved = update(followers).where(followers.c.link_id.in_(mine), live.is_not(None))
        async with self._database.write() as connection:
            await connection.execute(moved.values(link_id=live))

    async def end_followers_of(self, ended: Link, at: datetime) -> None:
        async with self._database.write() as connection:
            await promotion.end_followers_of(connection, ended, at)

    async def end_linked_followers(self, project_id: ProjectId, at: datetime) -> None:
        linked = (
            select(followers.c.report_id)
            .join(links, links.c.report_id == followers.c.report_id)
            .where(followers.c.project_id == project_id, links.c.state.in_(LIVE_STATES))
        )
        async with self._database.read() as connection:
            found = (await connection.execute(linked)).scalars().all()
        for report_id in found:
            await self.remove(ReportId(report_id), "the report has got a link of its own", at)


def to_follower(row: RowMapping) -> Follower:
    """Convert a row of sync_followers."""
    return Follower(
        report_id=row["report_id"],
        project_id=row["project_id"],
        link_id=row["link_id"],
        state=IssueState(row["state"]),
        followed_at=row["followed_at"],
    )


async def _read_link(connection: AsyncConnection, follower: Follower) -> Link:
    query = select(links).where(links.c.id == follower.link_id)
    return to_link((await connection.execute(query)).mappings().one())


async def _with_reports_and_links(
    connection: AsyncConnection, found: Sequence[Follower]
) -> tuple[FollowingReport, ...]:
    """The followers with their reports and links; without one whose report has an unknown value."""
    if not found:
        return ()
    dialect = connection.dialect.name
    of_links = select(links).where(links.c.id.in_(ids_subquery(dialect, {each.link_id for each in found})))
    linked = {row["id"]: to_link(row) for row in (await connection.execute(of_links)).mappings()}
    of_reports = select(*REPORT_COLUMNS).where(
        reports.c.id.in_(ids_subquery(dialect, [each.report_id for each in found]))
    )
    rows = (await connection.execute(of_reports)).mappings()
    known = {row["id"]: to_report_and_unknown_values(row) for row in rows}
    return tuple(
        FollowingReport(follower=each, report=known[each.report_id][0], link=linked[each.link_id])
        for each in found
        if each.report_id in known and not known[each.report_id][1]
    )


async def _set_statuses(
    connection: AsyncConnection, plans: Sequence[FollowerPlan], at: datetime
) -> frozenset[ReportId]:
    """Write each status if the report still has the one that was read; return the reports with another."""
    rows = [
        (plan.report.id, STATUS.local_value(plan.report), plan.action.to)
        for plan in plans
        if plan.action is not None
    ]
    if not rows:
        return frozenset()
    given = rows_as_table(connection, {"id": Uuid(), "was": Text(), "status": Text()}, rows)
    written = (
        update(reports)
        .where(reports.c.id == given.c.id, field_as_text(reports, COLUMN_FIELDS[Field.STATUS]) == given.c.was)
        .values(status=field_as_stored(STATUS, given.c.status), updated_at=at)
        .returning(reports.c.id)
    )
    done = set((await connection.execute(written)).scalars())
    return frozenset(ReportId(row[0]) for row in rows if row[0] not in done)


async def _store_issue_states(connection: AsyncConnection, plans: Sequence[FollowerPlan]) -> None:
    """Record which state of the issue each of them has taken over."""
    for state in IssueState:
        of_state = [plan.report.id for plan in plans if plan.state is state]
        if of_state:
            wanted = followers.c.report_id.in_(ids_subquery(connection.dialect.name, of_state))
            await connection.execute(update(followers).where(wanted).values(state=state.value))
