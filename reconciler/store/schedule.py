"""All that decides when each project is looked at next, read in one query (ports.Projects.schedule)."""

from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, Text, and_, cast, func, select

from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome
from reconciler.model.schedule import Scheduled
from reconciler.store import bugspark
from reconciler.store.connection import AsyncConnection
from reconciler.store.integrations import Found
from reconciler.store.tables import links, projects

THEIRS, ROWS = bugspark.projects, bugspark.integrations
OURS = (
    projects.c.paused,
    projects.c.outcome,
    projects.c.failures,
    projects.c.last_pass_at,
    projects.c.next_at,
    projects.c.changed_at,
)


async def rows(connection: AsyncConnection) -> list[tuple[Found, RowMapping]]:
    """Each active project with its github rows' texts, and what is remembered of its passes."""
    due = (
        select(func.min(links.c.check_due))
        .where(links.c.project_id == THEIRS.c.id, links.c.state == LinkState.ACTIVE)
        .scalar_subquery()
    )
    mine = and_(ROWS.c.project_id == THEIRS.c.id, ROWS.c.provider == "github", ROWS.c.is_active)
    query = (
        select(THEIRS.c.id, THEIRS.c.name, cast(ROWS.c.config, Text).label("config"), *OURS)
        .add_columns(due.label("check_due"))
        .select_from(THEIRS.outerjoin(ROWS, mine).outerjoin(projects, projects.c.project_id == THEIRS.c.id))
        .where(THEIRS.c.is_active)
        .order_by(THEIRS.c.name, THEIRS.c.id, ROWS.c.created_at)
    )
    found = (await connection.execute(query)).mappings().all()
    return [_one(list(group)) for _, group in groupby(found, key=lambda row: row["id"])]


def _one(group: list[RowMapping]) -> tuple[Found, RowMapping]:
    first = group[0]
    configs = [row["config"] for row in group if row["config"] is not None]
    return Found(id=first["id"], name=first["name"], configs=configs), first


def fingerprint(found: Found, app_repository: str | None) -> str:
    """Changes when the project's integration does; says nothing about it."""
    digest = sha256()
    for text in (found.name, app_repository or "", *found.configs):
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:16]


def to_scheduled(found: Found, row: RowMapping, config: str, problem: str | None) -> Scheduled:
    """A row, with what its config comes to."""
    remembered: dict[str, Any] = {
        name: row[name] for name in ("last_pass_at", "next_at", "changed_at", "check_due")
    }
    return Scheduled(
        project_id=found.id,
        name=found.name,
        config=config,
        problem=problem,
        paused=bool(row["paused"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        failures=row["failures"] or 0,
        **remembered,
    )
