"""Webhook deliveries, the issues they name, and the webhook's secrets: `ports.Webhooks`."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Text, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.errors import CredentialError, ProjectError
from reconciler.model.ids import Fingerprint, IssueNumber, ProjectId
from reconciler.model.link import LinkState
from reconciler.model.secret import Secret
from reconciler.ports import Clock, PendingHints, WebhookDelivery
from reconciler.store.bugspark import app_installations, integrations
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bulk import build_insert, select_values
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import deliveries, hooks, links, projects
from reconciler.store.sync import webhook_gaps
from reconciler.store.types import Instant, column_types

MAX_DELIVERIES_PER_PROJECT = 1000
"""Deliveries kept per project, the newest: a bound of its rows, whatever is sent."""

MAX_DELIVERY_TEXT_LENGTH = 100
"""Characters of an id, an event, an action. GitHub's are shorter."""

MAX_ISSUE_NUMBER = 2**31 - 1
COMMENT_EVENT = "issue_comment"
"""The event of an issue's thread."""
LABEL_EVENT, LABEL_ACTIONS = "label", ("edited", "deleted")
"""The event of the repository's labels, and its actions after which issues may have lost one."""
LABEL_COLUMNS = (links.c.base_severity, links.c.base_category)
DELIVERY_COLUMN_TYPES = column_types(deliveries, "project_id", "id", "event", "action", "number", "at")
NEW_HOOK_COLUMN_TYPES = column_types(hooks, "project_id", "received", "missed", "silent")


def has_unread_deliveries(project_id: UUID | ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a delivery of the project is unread, as a column of another query."""
    return exists(select(literal(1)).where(*_unread_conditions(project_id)))


def has_working_hook(project_id: UUID | ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the project's hook is known to announce changes, as a column of another query."""
    return exists(select(literal(1)).where(hooks.c.project_id == project_id, hooks.c.known_at.is_not(None)))


class StoredWebhooks:
    """Deliveries and secrets in the database."""

    def __init__(
        self, database: Database, clock: Clock, cipher: SecretCipher, app_pairs: Mapping[str, str]
    ) -> None:
        """`app_pairs`: project id → owner/repo or owner/*, where the operator's GitHub App is used."""
        self._database = database
        self._clock = clock
        self._cipher = cipher
        self._replaced_secrets = 0
        self._app_pairs = {ProjectId(UUID(key)): pair for key, pair in app_pairs.items()}

    @property
    def secrets_version(self) -> int:
        return self._replaced_secrets

    async def valid_secrets(self, project_id: ProjectId) -> tuple[Secret, ...]:
        async with self._database.read() as connection:
            # Both are asked whatever is found, so that the time of a refusal does not tell which projects
            # there are.
            stored = await integrations.read_previous_webhook_secret(
                connection, project_id, self._clock.now()
            )
            try:
                where = await integrations.locate_webhook_secret(connection, project_id)
            except ProjectError:  # nothing can be verified; `check` and `webhook` say why
                where = None
        return self._decrypt_secrets(where, stored)

    def _decrypt_secrets(
        self, where: integrations.WebhookSecretLocation | None, previous: str | None
    ) -> tuple[Secret, ...]:
        """Decrypt the present and the previous secret; in place of one that is not there, a decoy."""
        present = where and where.stored_value
        for _ in range((present is None) + (where is None or previous is None)):
            self._cipher.decrypt_decoy()
        if where is None:
            return ()
        try:
            found = (
                integrations.decrypt_webhook_secret(self._cipher, where),
                integrations.decrypt_previous_webhook_secret(self._cipher, where, previous),
            )
        except CredentialError:  # nothing can be verified; `check` and `webhook` say why
            return ()
        return tuple(each for each in found if each)

    async def record_delivery(self, delivery: WebhookDelivery) -> bool:
        number = delivery.number if delivery.number and 0 < delivery.number <= MAX_ISSUE_NUMBER else None
        event, action = _truncate_text(delivery.event), _truncate_text(delivery.action)
        row = (delivery.project_id, _truncate_text(delivery.id), event, action, number, delivery.at)
        async with self._database.write() as connection:
            statement = build_insert(
                connection, deliveries, DELIVERY_COLUMN_TYPES, [row]
            ).on_conflict_do_nothing()
            if not (await connection.execute(statement.returning(deliveries.c.id))).scalars().all():
                return False
            # The hook's row first: while it is locked, nobody else deletes old deliveries.
            await _upsert_hook(
                connection,
                delivery.project_id,
                {
                    "known_at": _first_known_at(delivery.at),
                    "last_at": delivery.at,
                    "last_event": event,
                    "received": hooks.c.received + 1,
                    "previous": case((hooks.c.previous_until > delivery.at, hooks.c.previous)),  # else null
                    "silent": 0,
                    "silent_since": None,
                },
            )
            await _delete_oldest_deliveries(connection, delivery.project_id)
            if delivery.event == LABEL_EVENT and delivery.action in LABEL_ACTIONS:
                await _make_one_link_per_label_due(connection, delivery.project_id, delivery.at)
        return True

    async def is_delivery_unhandled(self, project_id: ProjectId, delivery_id: str) -> bool:
        since = or_(projects.c.last_success_at.is_(None), projects.c.last_success_at < deliveries.c.at)
        query = (
            select(literal(1))
            .select_from(deliveries.outerjoin(projects, projects.c.project_id == deliveries.c.project_id))
            .where(
                deliveries.c.project_id == project_id,
                deliveries.c.id == _truncate_text(delivery_id),
                deliveries.c.read_at.is_(None),
                or_(deliveries.c.number.is_not(None), since),
            )
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def projects_of_app(self, installation_id: int, repository_id: int) -> tuple[ProjectId, ...]:
        if not self._app_pairs:
            return ()
        async with self._database.read() as connection:
            return await app_installations.find_projects(
                connection, self._app_pairs, installation_id, repository_id
            )

    async def record_installation(self, credential: Fingerprint, installation_id: int) -> None:
        async with self._database.read() as connection:
            if await app_installations.read_installation(connection, credential) == installation_id:
                return
        async with self._database.write() as connection:
            await app_installations.save_installation(connection, credential, installation_id)

    async def pending_hints(self, project_id: ProjectId) -> PendingHints:
        columns = (deliveries.c.number, deliveries.c.id, deliveries.c.event)
        query = select(*columns).where(*_unread_conditions(project_id))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(deliveries.c.at, deliveries.c.id))).all()
        numbers = dict.fromkeys(IssueNumber(row.number) for row in rows)
        threads = frozenset(IssueNumber(row.number) for row in rows if row.event == COMMENT_EVENT)
        return PendingHints(
            numbers=tuple(numbers), comment_threads=threads, delivery_ids=frozenset(row.id for row in rows)
        )

    async def mark_handled(self, project_id: ProjectId, deliveries: Collection[str], at: datetime) -> None:
        lock_hook = select(hooks.c.project_id).where(hooks.c.project_id == project_id).with_for_update()
        async with self._database.write() as connection:
            await connection.execute(lock_hook)  # locked before the rows, as deleting old deliveries does
            await connection.execute(_mark_read_statement(self._database.dialect, project_id, deliveries, at))

    async def record_listed_changes(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        async with self._database.write() as connection:
            await webhook_gaps.count_missed_deliveries(connection, project_id, at)
            await webhook_gaps.record_listed_changes(connection, project_id, changes)

    async def is_silent(self, project_id: ProjectId, at: datetime) -> bool:
        async with self._database.read() as connection:
            found = await webhook_gaps.read_webhook_health(connection, at, project_id)
        return project_id in found and found[project_id].silent > 0

    async def current_secret(self, project_id: ProjectId) -> Secret | None:
        async with self._database.read() as connection:
            return integrations.decrypt_webhook_secret(
                self._cipher, await integrations.locate_webhook_secret(connection, project_id)
            )

    async def replace_secret(
        self, project_id: ProjectId, old: Secret | None, new: Secret, valid_until: datetime
    ) -> bool:
        async with self._database.write() as connection:
            where = await integrations.locate_webhook_secret(connection, project_id)
            if integrations.decrypt_webhook_secret(self._cipher, where) != old:
                return False
            if not await integrations.write_webhook_secret(connection, where, self._cipher.encrypt(new)):
                return False
            if old is not None:
                past = {"previous": self._cipher.encrypt(old), "previous_until": valid_until}
                await _upsert_hook(connection, project_id, past)
        self._replaced_secrets += 1
        return True

    async def record_hook(self, project_id: ProjectId, hook_id: int, at: datetime) -> None:
        values = {"hook_id": hook_id, "known_at": _first_known_at(at)}
        async with self._database.write() as connection:
            await _upsert_hook(connection, project_id, values)


def _first_known_at(at: datetime) -> ColumnElement[datetime]:
    return func.coalesce(hooks.c.known_at, literal(at, Instant()))


def _unread_conditions(project_id: UUID | ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.project_id == project_id,
        deliveries.c.read_at.is_(None),
        deliveries.c.number.is_not(None),
    )


def _mark_read_statement(dialect: str, project_id: ProjectId, wanted: Collection[str], at: datetime) -> Any:
    same = deliveries.c.id.in_(select_values(dialect, "read", Text(), wanted))
    return update(deliveries).where(deliveries.c.project_id == project_id, same).values(read_at=at)


async def _upsert_hook(connection: AsyncConnection, project_id: ProjectId, values: dict[str, Any]) -> None:
    """UPDATE the hook's row; the first time it is inserted."""
    known = update(hooks).where(hooks.c.project_id == project_id).values(values)
    if (await connection.execute(known)).rowcount == 0:
        new_row = build_insert(connection, hooks, NEW_HOOK_COLUMN_TYPES, [(project_id, 0, 0, 0)])
        await connection.execute(new_row.on_conflict_do_nothing())
        await connection.execute(known)


async def _delete_oldest_deliveries(connection: AsyncConnection, project_id: ProjectId) -> None:
    mine = deliveries.c.project_id == project_id
    newest = select(deliveries.c.id).where(mine).order_by(deliveries.c.at.desc(), deliveries.c.id.desc())
    await connection.execute(
        delete(deliveries).where(mine, deliveries.c.id.in_(newest.offset(MAX_DELIVERIES_PER_PROJECT)))
    )


def _truncate_text(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")[:MAX_DELIVERY_TEXT_LENGTH]


async def _make_one_link_per_label_due(
    connection: AsyncConnection, project_id: ProjectId, at: datetime
) -> None:
    """Make one link of each severity and category due for verification, which sees whether its label is gone.

    No list need show a renamed label (docs/reference/github.md, Lists).
    """
    for column in LABEL_COLUMNS:
        place = func.row_number().over(partition_by=column, order_by=(links.c.check_due.desc(), links.c.id))
        ranked = (
            select(links.c.id, place.label("place"))
            .where(links.c.project_id == project_id, links.c.state == LinkState.ACTIVE, column.is_not(None))
            .subquery()
        )
        examples = select(ranked.c.id).where(ranked.c.place == 1)
        due = at - timedelta(days=1)  # overdue by GitHub's clock, too
        await connection.execute(update(links).where(links.c.id.in_(examples)).values(check_due=due))
