"""BugSpark's own webhooks: customers hear of a synced change as of a person's.

BugSpark's worker delivers; here only its tasks are written, in the transaction that changes the report.

Source: docs/reference/bugspark.md, Tables.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import JSON, RowMapping, Text, cast, insert, select, text
from sqlalchemy import inspect as inspector

from reconciler.logs import Log
from reconciler.model.ids import ProjectId, ReportId
from reconciler.store.bugspark import background_tasks, reports, webhooks
from reconciler.store.connection import AsyncConnection
from reconciler.store.rows import harmless, ids

EVENT = "report.updated"
TASK = "webhook_delivery"
MAX_ATTEMPTS = 3
AT_ONCE = 50
"""So many reports, with their logs, are held in memory at a time."""

REPORT = tuple(
    cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in reports.c
)
DOCUMENTS = frozenset(column.name for column in reports.c if isinstance(column.type, JSON))
RIGHTS = (
    ("webhooks", "SELECT", "has_any_column_privilege"),
    ("background_tasks", "INSERT", "has_table_privilege"),
)

log = Log(__name__)


class Customers:
    """Those whose webhooks a project's owner has entered. `wanted`: `bugspark.notify_webhooks`."""

    def __init__(self, *, wanted: bool, new_id: Callable[[], UUID] = uuid4) -> None:
        self.wanted = wanted
        self._new_id = new_id
        self._able: bool | None = None  # not known yet

    async def tell(
        self, connection: AsyncConnection, project: ProjectId, changed: Collection[ReportId], at: datetime
    ) -> None:
        """One task per changed report and active webhook that asked for it, in the connection's transaction.

        Without BugSpark's tables, or the right to write them, nobody is told: the sync goes on, and
        `reconcile check` says what is missing (`trouble`).
        """
        if not self.wanted or not changed or not await self._is_able(connection):
            return
        hooks = await _subscribed(connection, project)
        wanted = sorted(changed)
        for start in range(0, len(wanted) if hooks else 0, AT_ONCE):
            some = ids(connection.dialect.name, wanted[start : start + AT_ONCE])
            rows = (await connection.execute(select(*REPORT).where(reports.c.id.in_(some)))).mappings().all()
            if tasks := [self._task(hook, _shown(row), at) for row in rows for hook in hooks]:
                await connection.execute(insert(background_tasks), tasks)

    async def _is_able(self, connection: AsyncConnection) -> bool:
        if not self._able:
            missing = await trouble(connection)
            if missing and self._able is None:  # said once, looked at again each time
                log.warning("customers' webhooks are not told", reason=missing)
            self._able = missing is None
        return self._able

    def _task(self, hook: UUID, report: dict[str, Any], at: datetime) -> dict[str, Any]:
        """A row as BugSpark's own code writes it; everything is said, for its defaults may be its ORM's."""
        return {
            "id": self._new_id(),
            "task_type": TASK,
            "payload": {"webhook_id": str(hook), "event": EVENT, "data": report},
            "status": "pending",
            "attempts": 0,
            "max_attempts": MAX_ATTEMPTS,
            "created_at": at,
            "updated_at": at,
        }


async def trouble(connection: AsyncConnection) -> str | None:
    """What keeps customers from being told, in a sentence; None: nothing."""
    present = set(await connection.run_sync(lambda sync: inspector(sync).get_table_names()))
    if missing := [table for table, _, _ in RIGHTS if table not in present]:
        return f"this BugSpark has no table {' and no table '.join(missing)}"
    if connection.dialect.name != "postgresql":
        return None
    for table, right, has in RIGHTS:
        if not (
            await connection.execute(text(f"SELECT {has}(:name, :right)"), {"name": table, "right": right})
        ).scalar():
            return f"the database role lacks the right to {right} on {table} (docs/least-privilege-role.sql)"
    return None


async def _subscribed(connection: AsyncConnection, project: ProjectId) -> Sequence[UUID]:
    query = select(webhooks.c.id, webhooks.c.events).where(
        webhooks.c.project_id == project, webhooks.c.is_active
    )
    found = await connection.execute(query.order_by(webhooks.c.created_at, webhooks.c.id))
    return [id_ for id_, events in found if EVENT in (events or ())]


def _shown(row: RowMapping) -> dict[str, Any]:
    """A report in JSON's kinds, snake_case."""
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if name in DOCUMENTS and value is not None:
        return _document(value)
    return harmless(value)


def _document(value: str) -> Any:
    """A stranger's JSON; what does not parse (SQLite lets anything in) says nothing."""
    try:
        return msgspec.json.decode(value)
    except ValueError:
        return None
