"""BugSpark's projects, and what is remembered about each: `ports.Projects`.

All that decides when each project is looked at next, read in one query (ports.Projects.schedule).
"""

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, and_, cast, func, insert, or_, select, true, update

from reconciler.errors import UsageError
from reconciler.model.attention import CurrentProblems
from reconciler.model.ids import AccountId, ProjectId
from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome, PassResult, ScheduledProject
from reconciler.model.report import Project
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, CredentialLimits, ProjectHealth, ProjectState
from reconciler.model.told import NO_ALERT_STATE, AlertState
from reconciler.ports import Clock
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bugspark.integrations import ProjectConfigs, to_project
from reconciler.store.bulk import upsert
from reconciler.store.connection import AsyncConnection
from reconciler.store.mappers import column_types, from_json, to_json, to_list_state
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import accounts, links, lists, projects, runs
from reconciler.store.sync.webhook_deliveries import has_unread_deliveries, has_working_hook
from reconciler.store.views import attention, project_health

BUGSPARK_PROJECTS, INTEGRATIONS = bugspark_tables.projects, bugspark_tables.integrations


class StoredProjects:
    """The projects in the database. `app_repositories`: project id → owner/repo, the operator's App pairs.
    `verify`: how often every link is to be compared whole.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vault: SecretCipher,
        app_repositories: Mapping[str, str],
        verify: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._verify = verify
        self._problems: dict[str, str | None] = {}  # by the fingerprint of a project's config
        self._app = {key.lower(): value for key, value in app_repositories.items()}

    async def list_active(self) -> tuple[Project, ...]:
        async with self._database.read() as connection:
            found = await self._read_configs(connection, true())
        return tuple(self._to_project(each) for each in found if each.configs or str(each.id) in self._app)

    async def find(self, text: str) -> Project:
        async with self._database.read() as connection:
            same = or_(BUGSPARK_PROJECTS.c.name == text, BUGSPARK_PROJECTS.c.id == _parse_uuid(text))
            found = await self._read_configs(connection, same)
            if by_id := [each for each in found if each.id == _parse_uuid(text)]:
                found = by_id
            names = () if found else (await connection.execute(_active_names_query())).scalars().all()
        if not found:
            raise UsageError(f"There is no active project {text}.{_did_you_mean(text, names)}")
        if len(found) > 1:
            listed_ids = ", ".join(str(each.id) for each in found)
            raise UsageError(f"{len(found)} projects are called {text}; name one by its id: {listed_ids}.")
        return self._to_project(found[0])

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        async with self._database.read() as connection:
            hints = (
                has_unread_deliveries(project_id).label("named"),
                has_working_hook(project_id).label("hooked"),
            )
            query = select(projects, *hints).where(projects.c.project_id == project_id)
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
            has_unread_hints=row["named"],
            has_webhook=row["hooked"],
            failures=row["failures"] or 0,
            alert_state=from_json(row["told"], AlertState) if row["told"] else NO_ALERT_STATE,
        )

    async def save_state(self, memory: ProjectState) -> None:
        """Of a project known already, `accepted` and `paused` stay too: the operator may be changing them."""
        learned = {
            "repository_id": memory.repository_id,
            "repository": memory.repository,
            "private": memory.private,
            "exposed": memory.exposed,
            "account_id": memory.account,
            "account_login": memory.account_login,
            "account_credential": memory.account_credential,
            "first_seen_at": memory.first_seen_at,
        }
        asked = {"accepted": memory.accepted_digest, "paused": memory.is_paused}
        async with self._database.write() as connection:
            await _upsert_state(connection, memory.project_id, learned, asked)
            if memory.account is not None:
                row = (memory.project_id, memory.account, memory.account_login)
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

    async def attention(self, project_id: ProjectId) -> CurrentProblems:
        async with self._database.read() as connection:
            return await attention.project_attention(connection, project_id)

    async def save_alert_state(self, project_id: ProjectId, told: AlertState) -> None:
        values = {"told": to_json(told) if told != NO_ALERT_STATE else None}
        async with self._database.write() as connection:
            await _upsert_state(connection, project_id, values, {"paused": False})

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        query = select(accounts.c.account_id).where(accounts.c.project_id == project_id)
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def begin_full_verification(
        self, project_id: ProjectId, at: datetime, patience: timedelta
    ) -> datetime:
        query = select(projects.c.round_began_at).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            began: datetime | None = (await connection.execute(query)).scalar()
            if began is not None and at - patience <= began <= at:
                return began
            await _upsert_state(connection, project_id, {"round_began_at": at}, {"paused": False})
            return at

    async def end_full_verification(self, project_id: ProjectId) -> None:
        async with self._database.write() as connection:
            await _upsert_state(connection, project_id, {"round_began_at": None}, {"paused": False})

    async def record_pass(self, result: PassResult, at: datetime) -> None:
        done: dict[str, Any] = {
            "outcome": result.outcome,
            "result": to_json(result),
            "last_pass_at": at,
            "next_at": result.next_at,
            "failures": result.failures,
        }
        done["changed_at"] = at if result.has_changes else func.coalesce(projects.c.changed_at, at)
        if result.outcome in (Outcome.OK, Outcome.PARTIAL):
            done["last_success_at"] = at
        async with self._database.write() as connection:
            await _upsert_state(connection, result.project_id, done, {"paused": False, "changed_at": at})
            if not result.is_uneventful:
                row = {"project_id": result.project_id, "at": at, "outcome": result.outcome}
                await connection.execute(insert(runs).values(row | {"result": done["result"]}))

    async def pass_schedule(self) -> tuple[ScheduledProject, ...]:
        async with self._database.read() as connection:
            found = await read_schedule_rows(connection)
        known, self._problems = self._problems, {}
        return tuple(
            self._to_scheduled(each, row, known)
            for each, row in found
            if each.configs or str(each.id) in self._app
        )

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]:
        known = await self.list_active() if project_id is None else await self._find_active(project_id)
        async with self._database.read() as connection:
            return await project_health.read_health(connection, known, self._clock.now(), self._verify)

    async def rate_limits(self) -> tuple[CredentialLimits, ...]:
        async with self._database.read() as connection:
            return await project_health.rate_limits(connection, self._clock.now())

    async def _find_active(self, project_id: ProjectId) -> tuple[Project, ...]:
        async with self._database.read() as connection:
            found = await self._read_configs(connection, BUGSPARK_PROJECTS.c.id == project_id)
        return tuple(self._to_project(each) for each in found)

    async def _read_configs(self, connection: AsyncConnection, condition: Any) -> list[ProjectConfigs]:
        """Active projects with their active github rows, by name."""
        mine = and_(
            INTEGRATIONS.c.project_id == BUGSPARK_PROJECTS.c.id,
            INTEGRATIONS.c.provider == "github",
            INTEGRATIONS.c.is_active,
        )
        query = (
            select(
                BUGSPARK_PROJECTS.c.id,
                BUGSPARK_PROJECTS.c.name,
                cast(INTEGRATIONS.c.config, Text).label("config"),
            )
            .select_from(BUGSPARK_PROJECTS.outerjoin(INTEGRATIONS, mine))
            .where(BUGSPARK_PROJECTS.c.is_active, condition)
            .order_by(BUGSPARK_PROJECTS.c.name, BUGSPARK_PROJECTS.c.id, INTEGRATIONS.c.created_at)
        )
        rows = (await connection.execute(query)).all()
        return [
            ProjectConfigs(id=id_, name=name, configs=[row.config for row in group if row.config is not None])
            for (id_, name), group in groupby(rows, key=lambda row: (row.id, row.name))
        ]

    def _to_scheduled(
        self, found: ProjectConfigs, row: RowMapping, known: Mapping[str, str | None]
    ) -> ScheduledProject:
        """A config is looked into, and its token decrypted, only when it was not seen the last time."""
        config = config_fingerprint(found, self._app.get(str(found.id)))
        problem = known[config] if config in known else self._to_project(found).problem
        self._problems[config] = problem
        return build_scheduled(found, row, config, problem)

    def _to_project(self, found: ProjectConfigs) -> Project:
        return to_project(found, self._vault, self._app.get(str(found.id)))


async def _upsert_state(
    connection: AsyncConnection, project: UUID, values: Mapping[str, Any], only_at_first: Mapping[str, Any]
) -> None:
    """UPDATE, or INSERT the first time (an idle pass must cost one row written, not two)."""
    known = update(projects).where(projects.c.project_id == project).values(values)
    if (await connection.execute(known)).rowcount == 0:
        await connection.execute(insert(projects).values({"project_id": project, **values, **only_at_first}))


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _active_names_query() -> Any:
    return (
        select(BUGSPARK_PROJECTS.c.name)
        .where(BUGSPARK_PROJECTS.c.is_active)
        .order_by(BUGSPARK_PROJECTS.c.name)
        .distinct()
    )


def _did_you_mean(text: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""


BUGSPARK_PROJECTS, INTEGRATIONS = bugspark_tables.projects, bugspark_tables.integrations
PASS_COLUMNS = (
    projects.c.paused,
    projects.c.outcome,
    projects.c.failures,
    projects.c.last_pass_at,
    projects.c.next_at,
    projects.c.changed_at,
)


async def read_schedule_rows(connection: AsyncConnection) -> list[tuple[ProjectConfigs, RowMapping]]:
    """Each active project with its github rows' texts, and what is remembered of its passes."""
    due = (
        select(func.min(links.c.check_due))
        .where(links.c.project_id == BUGSPARK_PROJECTS.c.id, links.c.state == LinkState.ACTIVE)
        .scalar_subquery()
    )
    mine = and_(
        INTEGRATIONS.c.project_id == BUGSPARK_PROJECTS.c.id,
        INTEGRATIONS.c.provider == "github",
        INTEGRATIONS.c.is_active,
    )
    query = (
        select(
            BUGSPARK_PROJECTS.c.id,
            BUGSPARK_PROJECTS.c.name,
            cast(INTEGRATIONS.c.config, Text).label("config"),
            *PASS_COLUMNS,
        )
        .add_columns(due.label("check_due"))
        .select_from(
            BUGSPARK_PROJECTS.outerjoin(INTEGRATIONS, mine).outerjoin(
                projects, projects.c.project_id == BUGSPARK_PROJECTS.c.id
            )
        )
        .where(BUGSPARK_PROJECTS.c.is_active)
        .order_by(BUGSPARK_PROJECTS.c.name, BUGSPARK_PROJECTS.c.id, INTEGRATIONS.c.created_at)
    )
    found = (await connection.execute(query)).mappings().all()
    return [_to_configs_and_row(list(group)) for _, group in groupby(found, key=lambda row: row["id"])]


def _to_configs_and_row(group: list[RowMapping]) -> tuple[ProjectConfigs, RowMapping]:
    first = group[0]
    configs = [row["config"] for row in group if row["config"] is not None]
    return ProjectConfigs(id=first["id"], name=first["name"], configs=configs), first


def config_fingerprint(found: ProjectConfigs, app_repository: str | None) -> str:
    """Changes when the project's integration does; says nothing about it."""
    digest = sha256()
    for text in (found.name, app_repository or "", *found.configs):
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:16]


def build_scheduled(
    found: ProjectConfigs, row: RowMapping, config: str, problem: str | None
) -> ScheduledProject:
    """A row, with what its config comes to."""
    remembered: dict[str, Any] = {name: row[name] for name in ("last_pass_at", "next_at", "changed_at")}
    return ScheduledProject(
        project_id=found.id,
        name=found.name,
        config=config,
        problem=problem,
        paused=bool(row["paused"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        failures=row["failures"] or 0,
        verification_due=row["check_due"],
        **remembered,
    )
