"""BugSpark's projects, and what is remembered about each: `ports.Projects`."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, and_, cast, func, insert, or_, select, true, update

from reconciler.errors import UsageError
from reconciler.model.attention import Attending
from reconciler.model.ids import AccountId, ProjectId
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.report import Project
from reconciler.model.schedule import Scheduled
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, Health, Limits, Memory
from reconciler.model.told import NOTHING, Told
from reconciler.ports import Clock
from reconciler.store import attention, bugspark, health, schedule
from reconciler.store.bulk import upsert
from reconciler.store.connection import AsyncConnection
from reconciler.store.engine import Database
from reconciler.store.integrations import Found, to_project
from reconciler.store.records import from_json, kinds, to_json, to_list_state
from reconciler.store.secrets import Vault
from reconciler.store.tables import accounts, lists, projects, runs
from reconciler.store.webhooks import waits, works

THEIRS, ROWS = bugspark.projects, bugspark.integrations


class StoredProjects:
    """The projects in the database. `app_repositories`: project id → owner/repo, the operator's App pairs.
    `verify`: how often every link is to be compared whole.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vault: Vault,
        app_repositories: Mapping[str, str],
        verify: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._verify = verify
        self._problems: dict[str, str | None] = {}  # by the fingerprint of a project's config
        self._app = {key.lower(): value for key, value in app_repositories.items()}

    async def all(self) -> tuple[Project, ...]:
        async with self._database.read() as connection:
            found = await self._found(connection, true())
        return tuple(self._project(each) for each in found if each.configs or str(each.id) in self._app)

    async def find(self, text: str) -> Project:
        async with self._database.read() as connection:
            same = or_(THEIRS.c.name == text, THEIRS.c.id == _uuid(text))
            found = await self._found(connection, same)
            if by_id := [each for each in found if each.id == _uuid(text)]:
                found = by_id
            names = () if found else (await connection.execute(_names())).scalars().all()
        if not found:
            raise UsageError(f"There is no active project {text}.{_near(text, names)}")
        if len(found) > 1:
            listed_ids = ", ".join(str(each.id) for each in found)
            raise UsageError(f"{len(found)} projects are called {text}; name one by its id: {listed_ids}.")
        return self._project(found[0])

    async def memory(self, project_id: ProjectId) -> Memory:
        async with self._database.read() as connection:
            hints = waits(project_id).label("named"), works(project_id).label("hooked")
            query = select(projects, *hints).where(projects.c.project_id == project_id)
            row = (await connection.execute(query)).mappings().first()
            positions = await connection.execute(select(lists).where(lists.c.project_id == project_id))
            states: dict[str, Any] = {each["kind"]: to_list_state(each) for each in positions.mappings()}
        if row is None:
            return Memory(project_id=project_id, **states)
        return Memory(
            project_id=project_id,
            repository_id=row["repository_id"] or UNKNOWN_REPOSITORY,
            repository=row["repository"] or "",
            private=row["private"],
            exposed=bool(row["exposed"]),
            account=row["account_id"],
            account_login=row["account_login"],
            account_credential=row["account_credential"],
            first_seen_at=row["first_seen_at"],
            **states,
            accepted=row["accepted"],
            paused=row["paused"],
            recovering=bool(row["recovering"]),
            restored_at=row["restored_at"],
            named=row["named"],
            hooked=row["hooked"],
            failures=row["failures"] or 0,
            told=from_json(row["told"], Told) if row["told"] else NOTHING,
        )

    async def remember(self, memory: Memory) -> None:
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
        asked = {"accepted": memory.accepted, "paused": memory.paused}
        async with self._database.write() as connection:
            await _put(connection, memory.project_id, learned, asked)
            if memory.account is not None:
                row = (memory.project_id, memory.account, memory.account_login)
                await upsert(connection, accounts, kinds(accounts), [row], ["project_id", "account_id"])

    async def pause(self, project_id: ProjectId, *, paused: bool) -> bool:
        query = select(projects.c.paused).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            before = bool((await connection.execute(query)).scalar())
            if before is not paused:
                await _put(connection, project_id, {"paused": paused}, {})
        return before is not paused

    async def attending(self, project_id: ProjectId) -> Attending:
        async with self._database.read() as connection:
            return await attention.attending(connection, project_id)

    async def tell(self, project_id: ProjectId, told: Told) -> None:
        values = {"told": to_json(told) if told != NOTHING else None}
        async with self._database.write() as connection:
            await _put(connection, project_id, values, {"paused": False})

    async def accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        query = select(accounts.c.account_id).where(accounts.c.project_id == project_id)
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def begin_round(self, project_id: ProjectId, at: datetime, patience: timedelta) -> datetime:
        query = select(projects.c.round_began_at).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            began: datetime | None = (await connection.execute(query)).scalar()
            if began is not None and at - patience <= began <= at:
                return began
            await _put(connection, project_id, {"round_began_at": at}, {"paused": False})
            return at

    async def end_round(self, project_id: ProjectId) -> None:
        async with self._database.write() as connection:
            await _put(connection, project_id, {"round_began_at": None}, {"paused": False})

    async def record(self, result: PassResult, at: datetime) -> None:
        done: dict[str, Any] = {
            "outcome": result.outcome,
            "result": to_json(result),
            "last_pass_at": at,
            "next_at": result.next_at,
            "failures": result.failures,
        }
        done["changed_at"] = at if result.changed else func.coalesce(projects.c.changed_at, at)
        if result.outcome in (Outcome.OK, Outcome.PARTIAL):
            done["last_success_at"] = at
        async with self._database.write() as connection:
            await _put(connection, result.project_id, done, {"paused": False, "changed_at": at})
            if not result.quiet:
                row = {"project_id": result.project_id, "at": at, "outcome": result.outcome}
                await connection.execute(insert(runs).values(row | {"result": done["result"]}))

    async def schedule(self) -> tuple[Scheduled, ...]:
        async with self._database.read() as connection:
            found = await schedule.rows(connection)
        known, self._problems = self._problems, {}
        return tuple(
            self._scheduled(each, row, known)
            for each, row in found
            if each.configs or str(each.id) in self._app
        )

    async def health(self, project_id: ProjectId | None = None) -> tuple[Health, ...]:
        known = await self.all() if project_id is None else await self._one(project_id)
        async with self._database.read() as connection:
            return await health.of(connection, known, self._clock.now(), self._verify)

    async def limits(self) -> tuple[Limits, ...]:
        async with self._database.read() as connection:
            return await health.limits(connection, self._clock.now())

    async def _one(self, project_id: ProjectId) -> tuple[Project, ...]:
        async with self._database.read() as connection:
            found = await self._found(connection, THEIRS.c.id == project_id)
        return tuple(self._project(each) for each in found)

    async def _found(self, connection: AsyncConnection, condition: Any) -> list[Found]:
        """Active projects with their active github rows, by name."""
        mine = and_(ROWS.c.project_id == THEIRS.c.id, ROWS.c.provider == "github", ROWS.c.is_active)
        query = (
            select(THEIRS.c.id, THEIRS.c.name, cast(ROWS.c.config, Text).label("config"))
            .select_from(THEIRS.outerjoin(ROWS, mine))
            .where(THEIRS.c.is_active, condition)
            .order_by(THEIRS.c.name, THEIRS.c.id, ROWS.c.created_at)
        )
        rows = (await connection.execute(query)).all()
        return [
            Found(id=id_, name=name, configs=[row.config for row in group if row.config is not None])
            for (id_, name), group in groupby(rows, key=lambda row: (row.id, row.name))
        ]

    def _scheduled(self, found: Found, row: RowMapping, known: Mapping[str, str | None]) -> Scheduled:
        """A config is looked into, and its token decrypted, only when it was not seen the last time."""
        config = schedule.fingerprint(found, self._app.get(str(found.id)))
        problem = known[config] if config in known else self._project(found).problem
        self._problems[config] = problem
        return schedule.to_scheduled(found, row, config, problem)

    def _project(self, found: Found) -> Project:
        return to_project(found, self._vault, self._app.get(str(found.id)))


async def _put(
    connection: AsyncConnection, project: UUID, values: Mapping[str, Any], only_at_first: Mapping[str, Any]
) -> None:
    """UPDATE, or INSERT the first time (an idle pass must cost one row written, not two)."""
    known = update(projects).where(projects.c.project_id == project).values(values)
    if (await connection.execute(known)).rowcount == 0:
        await connection.execute(insert(projects).values({"project_id": project, **values, **only_at_first}))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _names() -> Any:
    return select(THEIRS.c.name).where(THEIRS.c.is_active).order_by(THEIRS.c.name).distinct()


def _near(text: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""
