"""What `resolve` and `retry` write about a single report, each within a given transaction."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import ProjectLockLostError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import Link
from reconciler.model.snapshot import Change
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bugspark.report_fields import field_as_stored, field_as_text
from reconciler.store.mappers import link_row
from reconciler.store.schema.tables import intents
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import links, reports


async def restore_lost_value(
    connection: AsyncConnection, webhooks: OutgoingWebhooks, link: Link, change: Change, at: datetime
) -> bool:
    """Set the report's field from `change.local` to `change.to`; False where it has another value by now."""
    assert change.field is not None
    field = SYNCED_FIELDS[Field(change.field)]
    same = (reports.c.id == change.report_id, field_as_text(reports, field) == change.local)
    value = {field.column: field_as_stored(field, change.to), "updated_at": at}
    done = await connection.execute(update(reports).where(*same).values(value))
    if done.rowcount == 0:
        return False
    await _update_link(connection, link)
    await history_log.append_changes(connection, link.project_id, at, [change])
    await webhooks.enqueue_deliveries(connection, link.project_id, [change.report_id], at)
    return True


async def record_kept_value(connection: AsyncConnection, link: Link, change: Change, at: datetime) -> bool:
    """Add the line of history; False where the report's field is not `change.local` any more."""
    assert change.field is not None
    field = SYNCED_FIELDS[Field(change.field)]
    same = (reports.c.id == change.report_id, field_as_text(reports, field) == change.local)
    found = await connection.execute(select(reports.c.id).where(*same).with_for_update())
    if found.first() is None:
        return False
    await history_log.append_changes(connection, link.project_id, at, [change])
    return True


async def release_quarantine(
    connection: AsyncConnection, link: Link | None, report_id: ReportId, rule: str, at: datetime
) -> int:
    """Plan the report's quarantined writes again, store the link; how many writes that were."""
    quarantined = (intents.c.report_id == report_id, intents.c.state == IntentState.QUARANTINED)
    planned = {"state": IntentState.PLANNED.value, "not_before": None, "reason": None}
    owner = (await connection.execute(select(intents.c.project_id).where(*quarantined))).scalar()
    done = await connection.execute(update(intents).where(*quarantined).values(planned))
    if link is not None:
        await _update_link(connection, link)
    project = link.project_id if link is not None else owner
    if project is not None:
        change = _retry_change(link, report_id, rule)
        await history_log.append_changes(connection, project, at, [change])
    return done.rowcount


async def _update_link(connection: AsyncConnection, link: Link) -> None:
    same = (links.c.id == link.id, links.c.revision == link.revision)
    row = link_row(link, link.revision + 1)
    if (await connection.execute(update(links).where(*same).values(row))).rowcount == 0:
        raise ProjectLockLostError(
            f"The link of {link.repository}#{link.number} was changed by somebody else."
        )


def _retry_change(link: Link | None, report_id: ReportId, rule: str) -> Change:
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
        rule=rule,
    )
