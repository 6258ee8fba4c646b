"""What people ask and mend about single reports: `ports.Stories`."""

from datetime import datetime

from sqlalchemy import Text, cast, select, update

from reconciler.errors import ProjectLockLostError
from reconciler.model.fields import Field, Side
from reconciler.model.ids import CommentPairId, ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import Link
from reconciler.model.report_detail import ReportDetail
from reconciler.model.snapshot import Change
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.connection import AsyncConnection
from reconciler.store.mappers import link_row, to_comment_pair, to_intent, to_local_comment, to_report
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import intents, withheld
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import (
    REPORT_COLUMNS,
    comment_pairs,
    links,
    local_comments,
    reports,
)
from reconciler.store.sync.difference_queries import comments as bugspark_comments
from reconciler.store.sync.ledger import StoredLedger


class StoredStories:
    """Stories in the database."""

    def __init__(self, database: Database, ledger: StoredLedger, customers: OutgoingWebhooks) -> None:
        self._database = database
        self._ledger = ledger
        self._customers = customers

    async def report_detail(self, report_id: ReportId, lines: int) -> ReportDetail | None:
        """One consistent look. Raises ValueError for a value this program does not know."""
        link = await self._ledger.find_link_of_report(report_id)
        async with self._database.read() as connection:
            query = select(*REPORT_COLUMNS).where(reports.c.id == report_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            said = await connection.execute(
                local_comments().where(bugspark_comments.c.report_id == report_id)
            )
            known = select(comment_pairs).where(comment_pairs.c.link_id == (link.id if link else None))
            known_rows = await connection.execute(
                known.order_by(comment_pairs.c.remote_updated_at, comment_pairs.c.id)
            )
            wishes = select(intents).where(intents.c.report_id == report_id)
            open_rows = await connection.execute(wishes.order_by(intents.c.created_at, intents.c.id))
            mine = (withheld.c.project_id == row["project_id"], withheld.c.report_id == report_id)
            held = await connection.execute(select(withheld.c.entry_id, withheld.c.kind).where(*mine))
            return ReportDetail(
                report=to_report(row),
                link=link,
                comments=tuple(to_local_comment(each) for each in said.mappings()),
                pairs=tuple(to_comment_pair(each) for each in known_rows.mappings()),
                intents=tuple(to_intent(each) for each in open_rows.mappings()),
                history=await history_log.read_history(connection, report_id, lines),
                withheld={CommentPairId(entry): Kind(kind) for entry, kind in held},
            )

    async def newest_conflict(self, report_id: ReportId, field: Field) -> Change | None:
        async with self._database.read() as connection:
            return await history_log.newest_change(connection, report_id, field.value, Kind.CONFLICT)

    async def restore_lost_value(self, link: Link, change: Change, at: datetime) -> bool:
        assert change.field is not None
        column = reports.c[Field(change.field).value]
        same = (reports.c.id == change.report_id, cast(column, Text) == change.local)
        value = change.to if change.field == Field.TITLE else cast(change.to, column.type)
        async with self._database.write() as connection:
            done = await connection.execute(
                update(reports).where(*same).values({column: value, "updated_at": at})
            )
            if done.rowcount == 0:
                return False
            await _update_link(connection, link)
            await history_log.append_changes(connection, link.project_id, at, [change])
            await self._customers.enqueue_deliveries(connection, link.project_id, [change.report_id], at)
            return True

    async def record_kept_value(self, link: Link, change: Change, at: datetime) -> bool:
        assert change.field is not None
        column = reports.c[Field(change.field).value]
        same = (reports.c.id == change.report_id, cast(column, Text) == change.local)
        async with self._database.write() as connection:
            held = await connection.execute(select(reports.c.id).where(*same).with_for_update())
            if held.first() is None:
                return False
            await history_log.append_changes(connection, link.project_id, at, [change])
            return True

    async def release_quarantine(
        self, link: Link | None, report_id: ReportId, told: str, at: datetime
    ) -> int:
        resting = (intents.c.report_id == report_id, intents.c.state == IntentState.QUARANTINED)
        free = {"state": IntentState.PLANNED.value, "not_before": None, "reason": None}
        async with self._database.write() as connection:
            owner = (await connection.execute(select(intents.c.project_id).where(*resting))).scalar()
            done = await connection.execute(update(intents).where(*resting).values(free))
            if link is not None:
                await _update_link(connection, link)
            project = link.project_id if link is not None else owner
            if project is not None:
                await history_log.append_changes(
                    connection, project, at, [_retry_change(link, report_id, told)]
                )
            return done.rowcount


async def _update_link(connection: AsyncConnection, link: Link) -> None:
    same = (links.c.id == link.id, links.c.revision == link.revision)
    row = link_row(link, link.revision + 1)
    if (await connection.execute(update(links).where(*same).values(row))).rowcount == 0:
        raise ProjectLockLostError(
            f"The link of {link.repository}#{link.number} was changed by somebody else."
        )


def _retry_change(link: Link | None, report_id: ReportId, told: str) -> Change:
    return Change(
        report_id=report_id,
        link_id=link.id if link else None,
        side=Side.GITHUB,
        kind=Kind.RETRY,
        field=None,
        base=None,
        local=None,
        remote=None,
        to=None,
        rule=told,
    )
