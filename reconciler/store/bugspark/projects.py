"""BugSpark's active projects with their github integrations, and what their next pass depends on."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import UsageError
from reconciler.model.ids import ProjectId
from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome, ScheduledProject
from reconciler.model.report import Project
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bugspark.integrations import ProjectConfigs, active_github_rows, to_project
from reconciler.store.bulk import ids_subquery
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import links, projects

SCHEDULE_COLUMNS = (
    projects.c.paused,
    projects.c.outcome,
    projects.c.failures,
    projects.c.last_pass_at,
    projects.c.next_at,
    projects.c.changed_at,
    projects.c.account_credential,
)


class BugSparkProjects:
    """Projects in the database. `app_pairs`: project id → owner/repo or owner/*, for a GitHub App."""

    def __init__(self, database: Database, cipher: SecretCipher, app_pairs: Mapping[str, str]) -> None:
        self._database = database
        self._cipher = cipher
        self._problems: dict[str, str | None] = {}  # by the fingerprint of a project's config
        self._app = {key.lower(): value for key, value in app_pairs.items()}

    async def list_active(self) -> tuple[Project, ...]:
        async with self._database.read() as connection:
            found = await self._read_configs(connection, true())
        return tuple(self._to_project(each) for each in found if each.configs or str(each.id) in self._app)

    async def find_project(self, text: str) -> Project:
        async with self._database.read() as connection:
            is_named = or_(bugspark_projects.c.name == text, bugspark_projects.c.id == _parse_uuid(text))
            found = await self._read_configs(connection, is_named)
            if by_id := [each for each in found if each.id == _parse_uuid(text)]:
                found = by_id
            names = () if found else (await connection.execute(_active_names_query())).scalars().all()
        if not found:
            raise UsageError(f"There is no active project {text}.{_did_you_mean(text, names)}")
        if len(found) > 1:
            listed_ids = ", ".join(str(each.id) for each in found)
            raise UsageError(f"{len(found)} projects are called {text}; name one by its id: {listed_ids}.")
        return self._to_project(found[0])

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> tuple[ScheduledProject, ...]:
        async with self._database.read() as connection:
            found = await read_schedule_rows(connection, project_ids)
        known = self._problems
        if project_ids is None:
            self._cipher.learnt.keep_only([str(each.id) for each, _ in found if each.configs])
            self._problems = {}
        return tuple(
            self._to_scheduled(each, row, known)
            for each, row in found
            if each.configs or str(each.id) in self._app
        )

    async def list_one(self, project_id: ProjectId) -> tuple[Project, ...]:
        """The project with this id if it is active, whether or not it has a github integration."""
        async with self._database.read() as connection:
            found = await self._read_configs(connection, bugspark_projects.c.id == project_id)
        return tuple(self._to_project(each) for each in found)

    async def _read_configs(self, connection: AsyncConnection, condition: Any) -> list[ProjectConfigs]:
        """Active projects with their active github rows, by name."""
        query = active_projects_query().where(condition)
        rows = (await connection.execute(query)).all()
        return [
            ProjectConfigs(id=id_, name=name, configs=[row.config for row in group if row.config is not None])
            for (id_, name), group in groupby(rows, key=lambda row: (row.id, row.name))
        ]

    def _to_scheduled(
        self, found: ProjectConfigs, row: RowMapping, known: Mapping[str, str | None]
    ) -> ScheduledProject:
        """Parse a config, and decrypt its token, only if it has changed since the last call."""
        config = config_fingerprint(found, self._app.get(str(found.id)))
        problem = known[config] if config in known else self._to_project(found).problem
        self._problems[config] = problem
        return build_scheduled(found, row, config, problem)

    def _to_project(self, found: ProjectConfigs) -> Project:
        return to_project(found, self._cipher, self._app.get(str(found.id)))


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@cache
def active_projects_query() -> Select[Any]:
    """A row for each active github row of an active project, and one for a project without any; by name."""
    rows = active_github_rows.c
    return (
        select(bugspark_projects.c.id, bugspark_projects.c.name, rows.config)
        .select_from(bugspark_projects)
        .outerjoin(active_github_rows, rows.project_id == bugspark_projects.c.id)
        .where(bugspark_projects.c.is_active)
        .order_by(bugspark_projects.c.name, bugspark_projects.c.id, rows.created_at)
    )


def _active_names_query() -> Any:
    return (
        select(bugspark_projects.c.name)
        .where(bugspark_projects.c.is_active)
        .order_by(bugspark_projects.c.name)
        .distinct()
    )


NEAR_MISS = 0.7
"""A name that is less similar than this (0 to 1) is not offered as what was meant."""


def _did_you_mean(text: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, names, n=3, cutoff=NEAR_MISS)
    return f" Did you mean {' or '.join(near)}?" if near else ""


async def read_schedule_rows(
    connection: AsyncConnection, project_ids: Collection[ProjectId] | None = None
) -> list[tuple[ProjectConfigs, RowMapping]]:
    """Read active projects with the texts of their github rows and the stored columns of their passes.

    `project_ids`: only these; None: all.
    """
    due = (
        select(func.min(links.c.check_due))
        .where(links.c.project_id == bugspark_projects.c.id, links.c.state == LinkState.ACTIVE)
        .scalar_subquery()
    )
    query = (
        active_projects_query()
        .add_columns(*SCHEDULE_COLUMNS, bugspark_projects.c.owner_id, due.label("check_due"))
        .outerjoin(projects, projects.c.project_id == bugspark_projects.c.id)
    )
    if project_ids is not None:
        wanted = ids_subquery(connection.dialect.name, project_ids)
        query = query.where(bugspark_projects.c.id.in_(wanted))
    found = (await connection.execute(query)).mappings().all()
    return [to_configs_and_row(list(group)) for _, group in groupby(found, key=lambda row: row["id"])]


def to_configs_and_row(group: Sequence[RowMapping]) -> tuple[ProjectConfigs, RowMapping]:
    """Return the configs of these rows of one project, and the first row for everything else."""
    first = group[0]
    configs = [row["config"] for row in group if row["config"] is not None]
    return ProjectConfigs(id=first["id"], name=first["name"], configs=configs), first


def config_fingerprint(found: ProjectConfigs, app_pair: str | None) -> str:
    """A hash that changes with the project's integration and reveals nothing of it."""
    digest = sha256()
    for text in (found.name, app_pair or "", *found.configs):
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:16]


def build_scheduled(
    found: ProjectConfigs, row: RowMapping, config: str, problem: str | None
) -> ScheduledProject:
    """A project's row and what is wrong with its config, if anything, as a value of the model."""
    times: dict[str, Any] = {name: row[name] for name in ("last_pass_at", "next_at", "changed_at")}
    return ScheduledProject(
        project_id=found.id,
        name=found.name,
        config=config,
        owner=row["owner_id"],
        problem=problem,
        paused=bool(row["paused"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        failures=row["failures"] or 0,
        verification_due=row["check_due"],
        credential=row["account_credential"],
        **times,
    )
