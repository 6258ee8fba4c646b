"""Tasks for BugSpark's outgoing webhooks, which announce what a sync changed as what a person changed.

They are written in the transaction that changes the report; BugSpark's worker delivers them. On PostgreSQL a
function of the tables' owner writes them: this program's role can't insert a task (store/schema/
definer_functions.py).

Source: docs/reference/bugspark.md, Tables.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, and_, insert, select, text
from sqlalchemy import inspect as inspector
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.report import UnusableJson
from reconciler.store.bugspark.bugspark_tables import background_tasks, reports, webhooks
from reconciler.store.bugspark.mappers import bounded_long_text, decode_report_json
from reconciler.store.bugspark.object_store import ADDRESS_SCHEMES, ObjectStore, is_screenshot_address
from reconciler.store.bulk import ids_subquery, strip_unstorable
from reconciler.store.foreign_json import bounded_report_text
from reconciler.store.schema.definer_functions import (
    ENQUEUE_REPORT_UPDATED,
    ENQUEUE_WITH_ADDRESSES,
    JSON_MEMBERS,
    MAX_ATTEMPTS,
    MAX_REPORTS_PER_CALL,
    MAX_WEBHOOKS,
    PAYLOAD_MEMBERS,
    SCREENSHOT_MEMBERS,
)

OUTGOING_EVENT_NAME = "report.updated"
TASK_TYPE = "webhook_delivery"
PAYLOAD_COLUMNS = tuple(
    bounded_report_text(reports.c[name]).label(name)
    if name in JSON_MEMBERS
    else bounded_long_text(reports.c[name]).label(name)
    if name == "description"
    else reports.c[name]
    for name in PAYLOAD_MEMBERS
)
ENQUEUE_SQL = text("SELECT bugspark_sync.enqueue_report_updated(CAST(:changed AS uuid[]))")
ENQUEUE_WITH_ADDRESSES_SQL = text(
    "SELECT bugspark_sync.enqueue_report_updated(CAST(:changed AS uuid[]), CAST(:addresses AS jsonb))"
)
MAY_ENQUEUE_SQL = text(
    "SELECT EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure(:signature)"
    " AND has_schema_privilege(pronamespace, 'USAGE') AND has_function_privilege(oid, 'EXECUTE'))"
)
MAY_READ_SCREENSHOTS_SQL = text(
    "SELECT bool_and(has_column_privilege('reports', name, 'SELECT'))"
    " FROM unnest(CAST(:names AS text[])) AS name"
)
TABLES = ("webhooks", "background_tasks")

log = EventLogger(__name__)


class OutgoingWebhooks:
    """The webhooks that owners of projects have entered.

    `is_enabled`: `bugspark.notify_webhooks`. `screenshots`: BugSpark's object store; without one a screenshot
    is delivered as its column has it.
    """

    def __init__(
        self,
        *,
        is_enabled: bool,
        screenshots: ObjectStore | None = None,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._is_enabled = is_enabled
        self._screenshots = screenshots
        self._new_id = new_id
        self._is_permitted: bool | None = None  # not known yet

    async def enqueue_deliveries(
        self, connection: AsyncConnection, project: ProjectId, changed: Collection[ReportId], at: datetime
    ) -> None:
        """One task per changed report and active webhook that asked for it, in the connection's transaction.

        Without BugSpark's tables, or the right to write them, nothing is enqueued: the sync goes on, and
        `reconcile check` says what is missing.
        """
        if not self._is_enabled or not changed or not await self._has_enqueue_privileges(connection):
            return
        wanted = sorted(changed)
        for start in range(0, len(wanted), MAX_REPORTS_PER_CALL):
            some = wanted[start : start + MAX_REPORTS_PER_CALL]
            if connection.dialect.name == "postgresql":
                await self._call_enqueuer(connection, some, at)
            else:
                await self._insert_tasks(connection, project, some, at)

    async def _call_enqueuer(
        self, connection: AsyncConnection, some: Sequence[ReportId], at: datetime
    ) -> None:
        if self._screenshots is None:
            await connection.execute(ENQUEUE_SQL, {"changed": some})
            return
        query = select(*(reports.c[name] for name in SCREENSHOT_MEMBERS))
        rows = await connection.execute(query.where(reports.c.id.in_(ids_subquery("postgresql", some))))
        keys = {
            stored
            for row in rows
            for stored in row
            if stored is not None and not is_screenshot_address(stored)
        }
        addresses = {key: self._screenshots.screenshot_address(key, at) for key in sorted(keys)}
        values = {"changed": some, "addresses": json.dumps(addresses)}
        await connection.execute(ENQUEUE_WITH_ADDRESSES_SQL, values)

    async def _insert_tasks(
        self, connection: AsyncConnection, project: ProjectId, some: Sequence[ReportId], at: datetime
    ) -> None:
        """Do on SQLite, which has no rights, what the function does on PostgreSQL."""
        hooks = await _subscribed_webhook_ids(connection, project)
        query = select(*PAYLOAD_COLUMNS).where(reports.c.id.in_(ids_subquery(connection.dialect.name, some)))
        rows = (await connection.execute(query)).mappings().all() if hooks else ()
        if tasks := [self._task_row(hook, self._payload(row, at), at) for row in rows for hook in hooks]:
            await connection.execute(insert(background_tasks), tasks)

    def _payload(self, row: RowMapping, at: datetime) -> Mapping[str, Any]:
        data = _report_payload(row)
        if self._screenshots is None:
            return data
        return data | {
            name: self._screenshots.screenshot_address(data[name], at) for name in SCREENSHOT_MEMBERS
        }

    async def find_problem(self, connection: AsyncConnection) -> str | None:
        """Why no deliveries can be enqueued, in a sentence; None if they can."""
        return await find_enqueue_problem(connection, with_addresses=self._screenshots is not None)

    async def has_unsigned_screenshot_keys(self, connection: AsyncConnection) -> bool:
        """Whether a report has the key of a screenshot, and no object store is configured to address it."""
        if self._screenshots is not None:
            return False
        column = reports.c.screenshot_url
        is_key = and_(column != "", *(~column.startswith(scheme) for scheme in ADDRESS_SCHEMES))
        return (await connection.execute(select(reports.c.id).where(is_key).limit(1))).first() is not None

    async def _has_enqueue_privileges(self, connection: AsyncConnection) -> bool:
        if not self._is_permitted:
            missing = await self.find_problem(connection)
            if missing and self._is_permitted is None:  # logged once, checked again each time
                log.warning("outgoing webhooks get no deliveries", reason=missing)
            self._is_permitted = missing is None
        return self._is_permitted

    def _task_row(self, hook: UUID, report: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        """A row as BugSpark writes it. Every column is given: defaults may be in BugSpark's ORM only."""
        return {
            "id": self._new_id(),
            "task_type": TASK_TYPE,
            "payload": {"webhook_id": str(hook), "event": OUTGOING_EVENT_NAME, "data": report},
            "status": "pending",
            "attempts": 0,
            "max_attempts": MAX_ATTEMPTS,
            "created_at": at,
            "updated_at": at,
        }


async def find_enqueue_problem(connection: AsyncConnection, *, with_addresses: bool = False) -> str | None:
    """Why no deliveries can be enqueued, in a sentence; None if they can.

    `with_addresses`: with presigned addresses of screenshots, which takes a function and a column more.
    """
    present = set(await connection.run_sync(lambda sync: inspector(sync).get_table_names()))
    if missing := [table for table in TABLES if table not in present]:
        return f"this BugSpark has no table {' and no table '.join(missing)}"
    if connection.dialect.name != "postgresql":
        return None
    signature = ENQUEUE_WITH_ADDRESSES if with_addresses else ENQUEUE_REPORT_UPDATED
    remedy = "run `reconcile migrate`, then what `reconcile migrate --role-sql` prints"
    if not (await connection.execute(MAY_ENQUEUE_SQL, {"signature": signature})).scalar():
        return f"the database role lacks the right to use {signature}: {remedy}"
    names = {"names": list(SCREENSHOT_MEMBERS)}
    if with_addresses and not (await connection.execute(MAY_READ_SCREENSHOTS_SQL, names)).scalar():
        return f"the database role lacks the right to read the screenshots of reports: {remedy}"
    return None


async def _subscribed_webhook_ids(connection: AsyncConnection, project: ProjectId) -> Sequence[UUID]:
    """Read the oldest MAX_WEBHOOKS that asked for the event, on SQLite, where the list is JSON."""
    query = select(webhooks.c.id, bounded_report_text(webhooks.c.events)).where(
        webhooks.c.project_id == project, webhooks.c.is_active
    )
    found = await connection.execute(query.order_by(webhooks.c.created_at, webhooks.c.id))
    return [id_ for id_, events in found if _is_subscribed(decode_report_json(events))][:MAX_WEBHOOKS]


def _is_subscribed(events: object) -> bool:
    return isinstance(events, list) and OUTGOING_EVENT_NAME in events


def _report_payload(row: RowMapping) -> dict[str, Any]:
    """A report as JSON types, in snake_case; null in place of JSON that exceeds a bound."""
    return {name: _json_value(name, value) for name, value in row.items()}


def _json_value(name: str, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if name in JSON_MEMBERS:
        found = decode_report_json(value)
        return None if isinstance(found, UnusableJson) else found
    return strip_unstorable(value)
