"""BugSpark's projects and the stored state of each: `ports.Projects`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, TextClause, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.alerts import NO_ALERT_STATE, NO_MAIL_STATE, AlertState, MailState
from reconciler.model.fields import RenamedLabel
from reconciler.model.ids import AccountId, ProjectId, ReportId
from reconciler.model.issue import ListState
from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.report import MisnamedReport
from reconciler.model.snapshot import (
    NO_PEOPLE,
    UNKNOWN_REPOSITORY,
    KnownPeople,
    KnownPriority,
    PassStart,
    PendingWork,
    ProjectState,
)
from reconciler.model.viewer import Actor
from reconciler.store.audit_log import insert_audit_entry
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.project_members import read_member_names
from reconciler.store.bugspark.projects import (
    BugSparkProjects,
    active_projects_query,
    to_configs_and_row,
)
from reconciler.store.bulk import upsert, upsert_row
from reconciler.store.mappers import to_list_state, to_renamed_labels
from reconciler.store.schema.database_identity import read_identity
from reconciler.store.schema.tables import (
    accounts,
    comment_pairs,
    intents,
    links,
    lists,
    projects,
    runs,
    settings_versions,
)
from reconciler.store.sync.difference_queries import (
    PROJECT_PARAMETER,
    SECOND_READING_CONDITION,
    initial_assignees_statement,
)
from reconciler.store.sync.followers.follower_queries import has_followers, has_waiting_followers
from reconciler.store.sync.settings.stored_settings import (
    forget_choices_statement,
    is_version_in_force,
    settings_columns,
    to_stored_settings,
)
from reconciler.store.sync.webhook_deliveries import has_unread_deliveries, has_working_hook
from reconciler.store.sync.webhook_gaps import has_unannounced_changes
from reconciler.store.types import ONE, column_types, decode_json, encode_json

SELECT_POSITIONS = select(lists).where(lists.c.project_id == PROJECT_PARAMETER)
SELECT_OWN_ACCOUNTS = select(accounts.c.account_id).where(accounts.c.project_id == PROJECT_PARAMETER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MisnamedReports:
    """The part of a stored PassResult that a pass without a comparison takes over."""

    misnamed: tuple[MisnamedReport, ...] | None = None


class StoredProjects(BugSparkProjects):
    """BugSpark's projects, and their rows in `sync_projects`, `sync_lists` and `sync_accounts`."""

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        async with self._database.read() as connection:
            row = (await connection.execute(_state_query(), {"project": project_id})).mappings().first()
            return to_project_state(project_id, row, await _read_positions(connection, project_id))

    async def read_pass_start(self, project_id: ProjectId) -> PassStart | None:
        async with self._database.read() as connection:
            rows = (await connection.execute(_pass_start_query(), {"project": project_id})).mappings().all()
            if not rows:
                return None
            positions = await _read_positions(connection, project_id)
            identity = await read_identity(connection)
        configs, row = to_configs_and_row(rows)
        return PassStart(
            project=self._to_project(configs),
            state=to_project_state(project_id, row if row["project_id"] else None, positions),
            identity=identity,
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

    async def record_command(
        self,
        actor: Actor,
        at: datetime,
        project_id: ProjectId,
        report_id: ReportId | None,
        what: str,
        said: str,
    ) -> None:
        async with self._database.write() as connection:
            await insert_audit_entry(connection, actor, at, project_id, report_id, what, said)

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

    async def member_names(self, project_id: ProjectId) -> Mapping[str, str]:
        async with self._database.read() as connection:
            return await read_member_names(connection, project_id)

    async def save_people(self, project_id: ProjectId, people: KnownPeople, *, begins: bool) -> None:
        values = {"people": encode_json(people) if people != NO_PEOPLE else None}
        async with self._database.write() as connection:
            if begins:
                await connection.execute(initial_assignees_statement(), {"project": project_id})
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def save_priority(self, project_id: ProjectId, known: KnownPriority | None, *, ends: bool) -> None:
        values = {"priority": encode_json(known) if known is not None else None}
        async with self._database.write() as connection:
            if ends:
                await connection.execute(forget_choices_statement(project_id))
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        async with self._database.read() as connection:
            found = await connection.execute(SELECT_OWN_ACCOUNTS, {"project": project_id})
            return frozenset(found.scalars())

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


@cache
def _state_query() -> Select[Any]:
    """The state of `project`, whether or not BugSpark has that project. Built once: every pass reads it."""
    return (
        select(*_state_columns())
        .select_from(projects.outerjoin(settings_versions, is_version_in_force(projects.c.project_id)))
        .where(projects.c.project_id == PROJECT_PARAMETER)
    )


@cache
def _pass_start_query() -> Select[Any]:
    """The github rows of `project`, if it is active, each with the project's state."""
    return (
        active_projects_query()
        .add_columns(*_state_columns())
        .outerjoin(projects, projects.c.project_id == bugspark_projects.c.id)
        .outerjoin(settings_versions, is_version_in_force(projects.c.project_id))
        .where(bugspark_projects.c.id == PROJECT_PARAMETER)
    )


def _state_columns() -> tuple[Any, ...]:
    """The columns of `to_project_state`: the row of `project`, and what waits in other tables."""
    return (
        projects,
        *settings_columns(),
        has_unread_deliveries(PROJECT_PARAMETER).label("has_unread_hints"),
        has_working_hook(PROJECT_PARAMETER).label("has_webhook"),
        has_unannounced_changes(PROJECT_PARAMETER).label("has_unannounced_changes"),
        exists(ONE).where(intents.c.project_id == PROJECT_PARAMETER).label("has_open_intents"),
        has_followers(PROJECT_PARAMETER).label("has_followers"),
        has_waiting_followers(PROJECT_PARAMETER).label("has_waiting_followers"),
        _earliest_subquery(
            links.c.check_due, links.c.project_id == PROJECT_PARAMETER, links.c.state == LinkState.ACTIVE
        ),
        _earliest_subquery(
            comment_pairs.c.second_reading_due,
            comment_pairs.c.project_id == PROJECT_PARAMETER,
            SECOND_READING_CONDITION,
        ),
    )


def _earliest_subquery(column: ColumnElement[Any], *conditions: ColumnElement[bool] | TextClause) -> Any:
    return select(func.min(column)).where(*conditions).scalar_subquery().label(column.name)


async def _read_positions(connection: AsyncConnection, project_id: ProjectId) -> dict[str, ListState]:
    found = await connection.execute(SELECT_POSITIONS, {"project": project_id})
    return {each["kind"]: to_list_state(each) for each in found.mappings()}


def to_project_state(
    project_id: ProjectId, row: RowMapping | None, positions: Mapping[str, ListState]
) -> ProjectState:
    """The state of a row with `_state_columns`; None: the project has no row yet."""
    issues, comments, initial_sync = (positions.get(kind) for kind in ("issues", "comments", "contacts"))
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
        last_pass_at=row["last_pass_at"],
        settings=to_stored_settings(row),
        alert_state=decode_json(row["told"], AlertState) if row["told"] else NO_ALERT_STATE,
        mail_state=decode_json(row["mail"], MailState) if row["mail"] else NO_MAIL_STATE,
        pending=PendingWork(
            has_open_intents=row["has_open_intents"],
            has_withheld_deletions=row["withheld"] is not None or row["accepted"] is not None,
            verification_due=row["check_due"],
            second_reading_due=row["second_reading_due"],
            has_waiting_followers=row["has_waiting_followers"],
        ),
        misnamed=decode_json(row["result"], _MisnamedReports).misnamed if row["result"] else None,
        has_followers=row["has_followers"],
    )


async def _upsert_state(
    connection: AsyncConnection, project: UUID, values: Mapping[str, Any], only_at_first: Mapping[str, Any]
) -> None:
    """Write the project's row, which an idle pass does once."""
    await upsert_row(connection, projects, {"project_id": project}, values, only_at_first)
