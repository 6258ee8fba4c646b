"""Plans whose preconditions no longer hold. Rows are locked as they are checked: what holds keeps holding."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ReportId
from reconciler.model.link import LIVE_STATES
from reconciler.model.plan import EditLocalComment, LinkPlan
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bulk import ColumnTypes, ids_subquery, rows_as_table
from reconciler.store.schema.tables import comment_pairs, links
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION

Digest = Callable[[str], str]


async def find_stale_reports(
    connection: AsyncConnection, plans: Sequence[LinkPlan], digest: Digest
) -> frozenset[ReportId]:
    """Find the reports whose plans were decided on something that has changed since."""
    checks = (
        _find_reports_with_outdated_links,
        _find_deleted_reports,
        _find_reports_with_taken_issues,
        _find_reports_with_paired_comments,
    )
    found = [await check(connection, plans) for check in checks]
    found.append(await _find_reports_with_edited_copies(connection, plans, digest))
    return frozenset(report for each in found for report in each)


async def _find_reports_with_outdated_links(
    connection: AsyncConnection, plans: Sequence[LinkPlan]
) -> set[ReportId]:
    """Links that are not at the revision they were read at."""
    stored = [plan.link for plan in plans if plan.link.revision]
    query = select(links.c.id, links.c.revision).order_by(links.c.id).with_for_update()
    found = await _fetch_by_id(connection, query, links.c.id, (link.id for link in stored))
    revisions = {row[0]: row[1] for row in found}
    return {link.report_id for link in stored if revisions.get(link.id) != link.revision}


async def _find_deleted_reports(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> set[ReportId]:
    """Reports that were deleted. The lock keeps the others until comments on them are inserted."""
    wanted = {plan.link.report_id for plan in plans if plan.report is not None}
    query = select(reports.c.id).order_by(reports.c.id).with_for_update(read=True, key_share=True)
    found = {row[0] for row in await _fetch_by_id(connection, query, reports.c.id, wanted)}
    return wanted - found


async def _find_reports_with_taken_issues(
    connection: AsyncConnection, plans: Sequence[LinkPlan]
) -> set[ReportId]:
    """Stored links that would become live while another live link holds their issue or report."""
    revived = [
        p
        for p in plans
        if p.link.revision and p.link.state not in LIVE_STATES and p.after.state in LIVE_STATES
    ]
    if not revived:
        return set()
    types: ColumnTypes = {
        "id": Uuid(),
        "report_id": Uuid(),
        "repository_id": BigInteger(),
        "number": BigInteger(),
    }
    given = rows_as_table(
        connection,
        types,
        [(p.link.id, p.link.report_id, p.link.repository_id, p.link.number) for p in revived],
    )
    same = and_(links.c.repository_id == given.c.repository_id, links.c.number == given.c.number)
    query = select(given.c.report_id).where(
        LIVE_LINK_CONDITION, links.c.id != given.c.id, or_(same, links.c.report_id == given.c.report_id)
    )
    return set((await connection.execute(query)).scalars())


async def _find_reports_with_paired_comments(
    connection: AsyncConnection, plans: Sequence[LinkPlan]
) -> set[ReportId]:
    """Comments to be imported that are in the ledger of the same link by now."""
    types: ColumnTypes = {
        "id": Uuid(),
        "report_id": Uuid(),
        "link_id": Uuid(),
        "remote_id": BigInteger(),
        "local_id": Uuid(),
    }
    rows = [
        (pair.id, plan.link.report_id, pair.link_id, pair.remote_id, pair.local_id)
        for plan in plans
        for pair in plan.pairs
    ]
    if not rows:
        return set()
    given = rows_as_table(connection, types, rows)
    found = set()
    for key in ("remote_id", "local_id"):
        query = select(given.c.report_id).where(
            comment_pairs.c[key] == given.c[key],
            comment_pairs.c.link_id == given.c.link_id,
            comment_pairs.c.id != given.c.id,
        )
        found |= set((await connection.execute(query)).scalars())
    return found


async def _find_reports_with_edited_copies(
    connection: AsyncConnection, plans: Sequence[LinkPlan], digest: Digest
) -> set[ReportId]:
    """Copies to be edited that were deleted or differ from what the ledger says of them."""
    edits = [(plan, each) for plan in plans for each in plan.actions if isinstance(each, EditLocalComment)]
    query = select(comments.c.id, comments.c.body).order_by(comments.c.id).with_for_update(key_share=True)
    wanted = (each.pair.local_id for _, each in edits if each.pair.local_id)
    digests = {row[0]: digest(row[1]) for row in await _fetch_by_id(connection, query, comments.c.id, wanted)}
    return {
        plan.link.report_id
        for plan, each in edits
        if each.pair.local_id not in digests or digests[each.pair.local_id] != each.pair.local_digest
    }


async def _fetch_by_id(
    connection: AsyncConnection, query: Any, column: Any, wanted: Iterable[UUID]
) -> Sequence[Any]:
    wanted = list(wanted)
    if not wanted:
        return ()
    return (
        await connection.execute(query.where(column.in_(ids_subquery(connection.dialect.name, wanted))))
    ).all()
