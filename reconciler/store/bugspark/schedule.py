"""All that decides when each project is looked at next, read in one query (ports.Projects.schedule)."""

from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, Text, and_, cast, func, select

from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome
from reconciler.model.schedule import ScheduledProject
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bugspark.integrations import ProjectConfigs
from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.tables import links, projects

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
