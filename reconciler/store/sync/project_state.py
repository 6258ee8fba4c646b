"""BugSpark's projects and the stored state of each: `ports.Projects`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import ProjectLockLostError
from reconciler.model.alerts import NO_ALERT_STATE, AlertState
from reconciler.model.fields import RenamedLabel
from reconciler.model.ids import AccountId, ProjectId
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.store.bugspark.projects import BugSparkProjects
from reconciler.store.bulk import build_insert, upsert, upsert_row
from reconciler.store.mappers import to_list_state, to_renamed_labels
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import accounts, lists, projects, runs, settings_versions
from reconciler.store.sync.settings.stored_settings import (
    is_version_in_force,
    settings_columns,
    to_stored_settings,
)
from reconciler.store.sync.webhook_deliveries import has_unread_deliveries, has_working_hook
from reconciler.store.sync.webhook_gaps import has_unannounced_changes
from reconciler.store.types import column_types, decode_json, encode_json

LOCK_LOST_MESSAGE = "The lock on project {} was lost: nothing more is written."
NEW_PROJECT_TYPES = column_types(projects, "project_id", "paused", "lock_epoch")


class StoredProjects(BugSparkProjects):
    """BugSpark's projects, and their rows in `sync_projects`, `sync_lists` and `sync_accounts`."""

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        async with self._database.read() as connection:
            hints = (
                has_unread_deliveries(project_id).label("has_unread_hints"),
                has_working_hook(project_id).label("has_webhook"),
                has_unannounced_changes(project_id).label("has_unannounced_changes"),
            )
            in_force = is_version_in_force(projects.c.project_id)
            query = (
                select(projects, *hints, *settings_columns())
                .select_from(projects.outerjoin(settings_versions, in_force))
                .where(projects.c.project_id == project_id)
            )
            row = (await connection.execute(query)).mappings().first()
            positions = await connection.execute(select(lists).where(lists.c.project_id == project_id))
            states = {each["kind"]: to_list_state(each) for each in positions.mappings()}
        issues, comments, initial_sync = (states.get(kind) for kind in ("issues", "comments", "contacts"))
        if row is None:
            return ProjectState(
                project_id=project_id, issues=issues, comments=comments, initial_sync=initial_sync
            )
        return ProjectState(
            project_id=project_id,
            repository_id=row["repository_id"] or UNKNOWN_REPOSITORY,
            repository=row["repository"] or "",
            private=row["private"],
            exposed=bool(row["exposed"]),
            account=row["account_id"],
            account_login=row["account_login"],
            account_credential=row["account_credential"],
            first_seen_at=row["first_seen_at"],
            issues=issues,
            comments=comments,
            initial_sync=initial_sync,
            accepted_digest=row["accepted"],
            is_paused=row["paused"],
            is_recovering=bool(row["recovering"]),
            restored_at=row["restored_at"],
            has_unread_hints=row["has_unread_hints"],
            has_webhook=row["has_webhook"],
            has_unannounced_changes=row["has_unannounced_changes"],
            renamed_labels=to_renamed_labels(row["renamed_labels"]),
            failures=row["failures"] or 0,
            settings=to_stored_settings(row),
            alert_state=decode_json(row["told"], AlertState) if row["told"] else NO_ALERT_STATE,
        )

    async def save_state(self, state: ProjectState) -> None:
        """Of a project that has a row, `accepted` and `paused` stay: the operator may be changing them."""
        observed = {
            "repository_id": state.repository_id,
            "repository": state.repository,
            "private": state.private,
            "exposed": state.exposed,
            "account_id": state.account,
            "account_login": state.account_login,
            "account_credential": state.account_credential,
            "first_seen_at": state.first_seen_at,
        }
        ordered = {"accepted": state.accepted_digest, "paused": state.is_paused}
        async with self._database.write() as connection:
            await _upsert_state(connection, state.project_id, observed, ordered)
            if state.account is not None:
                row = (state.project_id, state.account, state.account_login)
                await upsert(
                    connection, accounts, column_types(accounts), [row], ["project_id", "account_id"]
                )

    async def set_paused(self, project_id: ProjectId, *, paused: bool) -> bool:
        query = select(projects.c.paused).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            before = bool((await connection.execute(query)).scalar())
            if before is not paused:
                await _upsert_state(connection, project_id, {"paused": paused}, {})
        return before is not paused

    async def save_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        values = {"renamed_labels": encode_json(tuple(renamed)) if renamed else None}
        async with self._database.write() as connection:
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def add_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        query = select(projects.c.renamed_labels).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            known = to_renamed_labels((await connection.execute(query)).scalar())
            kept = {(each.field, each.name): each for each in (*known, *renamed)}
            values = {"renamed_labels": encode_json(tuple(kept.values()))}
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def save_alert_state(self, project_id: ProjectId, state: AlertState) -> None:
        values = {"told": encode_json(state) if state != NO_ALERT_STATE else None}
        async with self._database.write() as connection:
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        query = select(accounts.c.account_id).where(accounts.c.project_id == project_id)
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def begin_full_verification(
        self, project_id: ProjectId, at: datetime, max_age: timedelta
    ) -> datetime:
        query = select(projects.c.round_began_at).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            began_at: datetime | None = (await connection.execute(query)).scalar()
            if began_at is not None and at - max_age <= began_at <= at:
                return began_at
            await _upsert_state(connection, project_id, {"round_began_at": at}, {"paused": False})
            return at

    async def complete_full_verification(self, project_id: ProjectId) -> None:
        async with self._database.write() as connection:
            await _upsert_state(connection, project_id, {"round_began_at": None}, {"paused": False})

    async def record_busy(self, project_id: ProjectId, at: datetime) -> None:
        known = update(projects).where(projects.c.project_id == project_id, projects.c.busy_since.is_(None))
        async with self._database.write() as connection:
            await connection.execute(known.values(busy_since=at))

    async def record_pass(self, result: PassResult, at: datetime) -> None:
        done: dict[str, Any] = {
            "outcome": result.outcome,
            "result": encode_json(result),
            "last_pass_at": at,
            "next_at": result.next_at,
            "failures": result.failures,
            "busy_since": None,
        }
        done["changed_at"] = at if result.has_changes else func.coalesce(projects.c.changed_at, at)
        if result.outcome in (Outcome.OK, Outcome.PARTIAL):
            done["last_success_at"] = at
        async with self._database.write() as connection:
            await _upsert_state(connection, result.project_id, done, {"paused": False, "changed_at": at})
            if not result.is_uneventful:
                row = {"project_id": result.project_id, "at": at, "outcome": result.outcome}
                await connection.execute(insert(runs).values(row | {"result": done["result"]}))


async def _upsert_state(
    connection: AsyncConnection, project: UUID, values: Mapping[str, Any], only_at_first: Mapping[str, Any]
) -> None:
    """Write the project's row, which an idle pass does once."""
    await upsert_row(connection, projects, {"project_id": project}, values, only_at_first)


class ProjectFences:
    """The epochs of the locks that this process holds, in the rows of their projects.

    A lock can be lost unnoticed: broken by an administrator, or by a failover of the database. Another
    process that takes it then raises the epoch, and what the earlier holder still wants to store or claim is
    refused.
    """

    def __init__(self, database: Database, holder: UUID) -> None:
        self._database = database
        self._holder = holder
        self._epochs: dict[ProjectId, int] = {}

    async def enter(self, project_id: ProjectId, *, is_taken_over: bool = False) -> None:
        """Name this holder in the project's row. `is_taken_over`: from a holder that may still be at work."""
        mine = projects.c.project_id == project_id
        query = select(projects.c.lock_epoch).where(mine, projects.c.lock_holder == self._holder)
        async with self._database.read() as connection:
            epoch = None if is_taken_over else (await connection.execute(query)).scalar()
        self._epochs[project_id] = await self._raise_epoch(project_id) if epoch is None else epoch

    async def _raise_epoch(self, project_id: ProjectId) -> int:
        raised = func.coalesce(projects.c.lock_epoch, 0) + 1
        values = {"lock_holder": self._holder, "lock_epoch": raised}
        mine = projects.c.project_id == project_id
        async with self._database.write() as connection:
            row = {"project_id": project_id, "paused": False, "lock_epoch": 0}
            new = build_insert(connection, projects, NEW_PROJECT_TYPES, [tuple(row.values())])
            await connection.execute(new.on_conflict_do_nothing())
            done = update(projects).where(mine).values(values).returning(projects.c.lock_epoch)
            return int((await connection.execute(done)).scalar_one())

    def leave(self, project_id: ProjectId) -> None:
        """Forget the epoch: the lock is released."""
        self._epochs.pop(project_id, None)

    async def require(self, connection: AsyncConnection, project_id: ProjectId) -> None:
        """Keep other holders out until the connection's transaction ends.

        Raises ProjectLockLostError when another one took the lock since this process did. Without a lock of
        this process nothing is required: a command that takes none, or a test.
        """
        epoch = self._epochs.get(project_id)
        if epoch is None:
            return
        query = select(projects.c.lock_epoch).where(projects.c.project_id == project_id)
        if (await connection.execute(query.with_for_update(read=True))).scalar() != epoch:
            raise ProjectLockLostError(LOCK_LOST_MESSAGE.format(project_id))
