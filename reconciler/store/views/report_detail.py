"""All that is stored about a single report, for `reconcile why` and its page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.fields import Side
from reconciler.model.ids import CommentPairId, LinkId, ReportId
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link, LinkState
from reconciler.model.report import LocalComment
from reconciler.model.report_detail import IssueHolder, ReportDetail
from reconciler.store.audit_log import read_audit_entries_of_report
from reconciler.store.bugspark.bugspark_tables import comments, reports, users
from reconciler.store.bugspark.mappers import (
    REPORT_COLUMNS,
    local_comments_query,
    to_link_columns,
    to_local_comment,
    to_report_and_unknown_values,
)
from reconciler.store.bugspark.reports import read_report_name
from reconciler.store.mappers import to_comment_pair, to_intent, to_link
from reconciler.store.schema.tables import comment_pairs, intents, links, skipped_reports, withheld
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION
from reconciler.store.sync.link_writes import read_link_of_report
from reconciler.store.views.followers import read_followed_reports, read_followers


async def read_report_detail(
    connection: AsyncConnection, report_id: ReportId, lines: int
) -> ReportDetail | None:
    """Read a report with at most `lines` of its history, the newest."""
    passed_over = select(skipped_reports.c.reason).where(skipped_reports.c.report_id == report_id)
    name = select(users.c.name).where(users.c.id == reports.c.assignee_id)
    report_query = select(
        *REPORT_COLUMNS,
        name.scalar_subquery().label("assignee_name"),
        passed_over.scalar_subquery().label("passed_over"),
    ).where(reports.c.id == report_id)
    row = (await connection.execute(report_query)).mappings().first()
    if row is None:
        return None
    link = await read_link_of_report(connection, report_id)
    is_linked = link is not None and not link.is_past
    leads = {} if is_linked else await read_followed_reports(connection, [report_id])
    follows = leads.get(report_id)
    comment_query = local_comments_query().where(comments.c.report_id == report_id)
    thread = follows.link if follows else link
    pair_query = _comment_pairs_query(thread.id if thread else None, report_id if follows else None)
    intent_query = select(intents).where(intents.c.report_id == report_id)
    intent_query = intent_query.order_by(intents.c.created_at, intents.c.id)
    withheld_query = select(withheld.c.entry_id, withheld.c.kind).where(
        withheld.c.project_id == row["project_id"],
        withheld.c.report_id == report_id,
        withheld.c.kind != Kind.END_LINK,
    )
    report, unknown = to_report_and_unknown_values(row)
    pairs = [to_comment_pair(each) for each in (await connection.execute(pair_query)).mappings()]
    local = [to_local_comment(each) for each in (await connection.execute(comment_query)).mappings()]
    return ReportDetail(
        report=report,
        unknown=unknown,
        assignee_name=row["assignee_name"],
        link=link,
        holder=await _read_holder_of_other_project(connection, link),
        passed_over=row["passed_over"],
        columns=to_link_columns(row) if link is None or link.is_past else None,
        comments=_in_order_of_github(local, pairs),
        pairs=tuple(pairs),
        intents=tuple(to_intent(each) for each in (await connection.execute(intent_query)).mappings()),
        history=await history_log.read_history(connection, report_id, lines),
        audit_entries=await read_audit_entries_of_report(connection, report_id, lines),
        second_issues=await _read_second_issues(connection, report_id),
        follows=follows,
        followers=await read_followers(connection, link.id) if link is not None and is_linked else (),
        withheld={CommentPairId(pair): Kind(kind) for pair, kind in await connection.execute(withheld_query)},
    )


async def _read_second_issues(connection: AsyncConnection, report_id: ReportId) -> tuple[Link, ...]:
    query = select(links).where(links.c.report_id == report_id, links.c.state == LinkState.SECOND)
    rows = await connection.execute(query.order_by(links.c.number))
    return tuple(to_link(each) for each in rows.mappings())


def _comment_pairs_query(link_id: LinkId | None, follower_id: ReportId | None) -> Select[Any]:
    """The ledger rows of a link that are of its own report, or of one that follows it."""
    return (
        select(comment_pairs)
        .where(
            comment_pairs.c.link_id == link_id,
            comment_pairs.c.follower_id.is_not_distinct_from(follower_id),
        )
        .order_by(comment_pairs.c.remote_updated_at, comment_pairs.c.remote_id, comment_pairs.c.id)
    )


async def _read_holder_of_other_project(connection: AsyncConnection, link: Link | None) -> IssueHolder | None:
    """Read which report of another project is linked to the issue that this link names and does not hold."""
    if link is None or link.state is not LinkState.CONTESTED:
        return None
    query = (
        select(links.c.project_id, links.c.report_id)
        .where(
            LIVE_LINK_CONDITION,
            links.c.repository_id == link.repository_id,
            links.c.number == link.number,
            links.c.project_id != link.project_id,
        )
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    name = await read_report_name(connection, row.report_id)
    return IssueHolder(project_id=row.project_id, name=name)


def _in_order_of_github(
    local: Sequence[LocalComment], pairs: Sequence[CommentPair]
) -> tuple[LocalComment, ...]:
    """Return comments, oldest first; copies of one time in the order of their ids on GitHub.

    Earlier releases stored no microseconds.
    """
    remote_ids = {pair.local_id: pair.remote_id or 0 for pair in pairs if pair.origin is Side.GITHUB}
    return tuple(sorted(local, key=lambda row: (row.created_at, remote_ids.get(row.id, 0), row.id)))
