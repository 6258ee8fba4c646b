"""Deliveries, what they named, and whether the hook is alive: `ports.Webhooks`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, case, delete, exists, func, literal, select, update
from sqlalchemy.sql.expression import ColumnElement

from reconciler.errors import CredentialError, ProjectError
from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.secret import Secret
from reconciler.ports import Clock, Delivery, Named
from reconciler.store import silence, webhook_secrets
from reconciler.store.bulk import insertion
from reconciler.store.connection import AsyncConnection
from reconciler.store.engine import Database
from reconciler.store.records import kinds
from reconciler.store.rows import listed
from reconciler.store.secrets import Vault
from reconciler.store.tables import deliveries, hooks
from reconciler.store.types import Instant

KEPT = 1000
"""Deliveries kept per project, the newest: so large may its part of the table get, whatever is sent."""

LONGEST = 100
"""Characters of an id, an event, an action. GitHub's are shorter."""

HIGHEST = 2**31 - 1
COMMENTS = "issue_comment"
"""The event that tells of an issue's thread."""
KINDS = kinds(deliveries, "project_id", "id", "event", "action", "number", "at")
FRESH = kinds(hooks, "project_id", "received", "missed", "silent")


def waits(project_id: UUID) -> ColumnElement[bool]:
    """Whether any delivery of the project is still to be looked into: to be asked along with something."""
    return exists(select(literal(1)).where(*_unread(project_id)))


def works(project_id: UUID) -> ColumnElement[bool]:
    """Whether the project's hook is known to announce what happens."""
    return exists(select(literal(1)).where(hooks.c.project_id == project_id, hooks.c.known_at.is_not(None)))


class StoredWebhooks:
    """Deliveries and secrets in the database."""

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault

    async def secrets(self, project_id: ProjectId) -> tuple[Secret, ...]:
        async with self._database.read() as connection:
            try:
                where = await webhook_secrets.place(connection, project_id)
                present = webhook_secrets.read(self._vault, where)
                before = await webhook_secrets.previous(
                    connection, self._vault, project_id, where, self._clock.now()
                )
            except (ProjectError, CredentialError):  # nothing can be verified; `check` and `webhook` say why
                return ()
        return tuple(each for each in (present, before) if each)

    async def note(self, delivery: Delivery) -> bool:
        number = delivery.number if delivery.number and 0 < delivery.number <= HIGHEST else None
        event, action = _short(delivery.event), _short(delivery.action)
        row = (delivery.project_id, _short(delivery.id), event, action, number, delivery.at)
        async with self._database.write() as connection:
            statement = insertion(connection, deliveries, KINDS, [row]).on_conflict_do_nothing()
            if not (await connection.execute(statement.returning(deliveries.c.id))).scalars().all():
                return False
            # The hook's row first: whoever holds it trims alone.
            await _put(
                connection,
                delivery.project_id,
                {
                    "known_at": _since(delivery.at),
                    "last_at": delivery.at,
                    "last_event": event,
                    "received": hooks.c.received + 1,
                    "previous": case((hooks.c.previous_until > delivery.at, hooks.c.previous)),  # else null
                    "silent": 0,
                    "silent_since": None,
                },
            )
            await _trim(connection, delivery.project_id)
        return True

    async def named(self, project_id: ProjectId) -> Named:
        columns = (deliveries.c.number, deliveries.c.id, deliveries.c.event)
        query = select(*columns).where(*_unread(project_id))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(deliveries.c.at, deliveries.c.id))).all()
        numbers = dict.fromkeys(IssueNumber(row.number) for row in rows)
        threads = frozenset(IssueNumber(row.number) for row in rows if row.event == COMMENTS)
        return Named(numbers=tuple(numbers), threads=threads, deliveries=frozenset(row.id for row in rows))

    async def read(self, project_id: ProjectId, deliveries: Collection[str], at: datetime) -> None:
        held = select(hooks.c.project_id).where(hooks.c.project_id == project_id).with_for_update()
        async with self._database.write() as connection:
            await connection.execute(held)  # before the rows: so does whoever trims them
            await connection.execute(_mark(self._database.dialect, project_id, deliveries, at))

    async def found(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        async with self._database.write() as connection:
            await silence.settle(connection, project_id, at)
            await silence.expect(connection, project_id, changes)

    async def secret(self, project_id: ProjectId) -> Secret | None:
        async with self._database.read() as connection:
            return webhook_secrets.read(self._vault, await webhook_secrets.place(connection, project_id))

    async def replace(
        self, project_id: ProjectId, old: Secret | None, new: Secret, valid_until: datetime
    ) -> bool:
        async with self._database.write() as connection:
            where = await webhook_secrets.place(connection, project_id, lock=True)
            if webhook_secrets.read(self._vault, where) != old:
                return False
            await webhook_secrets.put(connection, where, self._vault.write(new))
            if old is not None:
                past = {"previous": self._vault.write(old), "previous_until": valid_until}
                await _put(connection, project_id, past)
        return True

    async def hooked(self, project_id: ProjectId, hook_id: int, at: datetime) -> None:
        values = {"hook_id": hook_id, "known_at": _since(at)}
        async with self._database.write() as connection:
            await _put(connection, project_id, values)


def _since(at: datetime) -> ColumnElement[datetime]:
    return func.coalesce(hooks.c.known_at, literal(at, Instant()))


def _unread(project_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.project_id == project_id,
        deliveries.c.read_at.is_(None),
        deliveries.c.number.is_not(None),
    )


def _mark(dialect: str, project_id: ProjectId, wanted: Collection[str], at: datetime) -> Any:
    same = deliveries.c.id.in_(listed(dialect, "read", Text(), wanted))
    return update(deliveries).where(deliveries.c.project_id == project_id, same).values(read_at=at)


async def _put(connection: AsyncConnection, project_id: ProjectId, values: dict[str, Any]) -> None:
    """UPDATE the hook's row, which is made the first time."""
    known = update(hooks).where(hooks.c.project_id == project_id).values(values)
    if (await connection.execute(known)).rowcount == 0:
        fresh = insertion(connection, hooks, FRESH, [(project_id, 0, 0, 0)])
        await connection.execute(fresh.on_conflict_do_nothing())
        await connection.execute(known)


async def _trim(connection: AsyncConnection, project_id: ProjectId) -> None:
    mine = deliveries.c.project_id == project_id
    newest = select(deliveries.c.id).where(mine).order_by(deliveries.c.at.desc(), deliveries.c.id.desc())
    await connection.execute(delete(deliveries).where(mine, deliveries.c.id.in_(newest.offset(KEPT))))


def _short(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")[:LONGEST]
