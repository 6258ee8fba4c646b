"""What `reconcile status` shows: projects and credentials as the database knows them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, func, select, true
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import ProjectId
from reconciler.model.intent import IntentState
from reconciler.model.link import LinkState
from reconciler.model.passes import PassResult
from reconciler.model.report import Project
from reconciler.model.snapshot import Coverage, Health, Limits
from reconciler.store import attention, identity, silence, windows
from reconciler.store.connection import AsyncConnection
from reconciler.store.questions import links
from reconciler.store.records import from_json
from reconciler.store.tables import governor, intents, projects, withheld

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""No link has been read since then: the reading anew has not begun."""

SLACK = 1.1
"""Verifications are spread by a tenth of their time; one that is no later than that is in time."""


async def of(
    connection: AsyncConnection, known: Sequence[Project], now: datetime, verify: timedelta
) -> tuple[Health, ...]:
    """One Health per project, in their order. `verify`: how often each link is to be compared whole."""
    only = known[0].id if len(known) == 1 else None
    covered = await coverage(
        connection, now - verify * SLACK, true() if only is None else links.c.project_id == only
    )
    by_state = await counts(connection, links.c.project_id, links.c.state, only)
    wishes = await counts(connection, intents.c.project_id, intents.c.state, only)
    held = await counts(connection, withheld.c.project_id, withheld.c.kind, only)
    if only in covered:
        covered[only] = replace(covered[only], p95=await _p95(connection, only))
    noted = await attention.of(connection, [each.id for each in known])
    elsewhere = await attention.elsewhere(connection, only)
    heard = await silence.of(connection, now)
    doubt = (await identity.found_in(connection)).doubt
    anew = await recovering(connection)
    rows = {row["project_id"]: dict(row) for row in (await connection.execute(select(projects))).mappings()}
    found = (
        replace(
            _health(each, rows.get(each.id, {}), by_state[each.id], wishes[each.id], held[each.id]),
            coverage=replace(covered.get(each.id, Coverage()), within=verify),
        )
        for each in known
    )
    return tuple(
        replace(
            each,
            attention=tuple(noted[each.project_id]),
            elsewhere=elsewhere.get(each.project_id, 0),
            webhook=heard.get(each.project_id, each.webhook),
            doubt=doubt,
            recovering=anew.get(each.project_id),
        )
        for each in found
    )


def _health(
    project: Project,
    row: dict[str, Any],
    by_state: dict[str, int],
    wishes: dict[str, int],
    held: dict[str, int],
) -> Health:
    last = from_json(row["result"], PassResult) if row.get("result") else None
    return Health(
        project_id=project.id,
        name=project.name,
        repository=project.repository or row.get("repository"),
        paused=bool(row.get("paused")),
        links=by_state,
        conflicts=last.conflicts if last else 0,
        pending=sum(count for state, count in wishes.items() if state != IntentState.QUARANTINED),
        quarantined=wishes.get(IntentState.QUARANTINED, 0),
        withheld=row.get("withheld"),
        withheld_count=sum(held.values()),
        last_pass=last,
        last_pass_at=row.get("last_pass_at"),
        last_success_at=row.get("last_success_at"),
        next_at=row.get("next_at"),
        failures=row.get("failures") or 0,
        problem=project.problem,
        exposed=bool(row.get("exposed")),
    )


async def counts(
    connection: AsyncConnection, project: Column[Any], word: Column[Any], only: ProjectId | None = None
) -> Any:
    """By project and word (a state, a kind): how many rows. `only`: of this project."""
    query = select(project, word, func.count()).group_by(project, word)
    found: defaultdict[Any, dict[str, int]] = defaultdict(dict)
    for id_, state, count in await connection.execute(
        query if only is None else query.where(project == only)
    ):
        found[id_][state] = count
    return found


async def coverage(
    connection: AsyncConnection, since: datetime, which: ColumnElement[bool]
) -> dict[ProjectId, Coverage]:
    """Of each project's ACTIVE links, how many were compared whole since then."""
    # One walk along (project_id, state, checked_at), which reads no row.
    inside = func.count().filter(links.c.checked_at >= since)
    query = (
        select(links.c.project_id, func.count(), inside, func.min(links.c.checked_at))
        .where(links.c.state == LinkState.ACTIVE, which)
        .group_by(links.c.project_id)
    )
    return {
        ProjectId(id_): Coverage(links=total, verified=verified, oldest=oldest)
        for id_, total, verified, oldest in await connection.execute(query)
    }


async def _p95(connection: AsyncConnection, project: ProjectId) -> datetime | None:
    """Of the comparisons, oldest first, the one after a twentieth: a walk along the index."""
    of_project = (
        links.c.project_id == project,
        links.c.state == LinkState.ACTIVE,
        links.c.checked_at.is_not(None),
    )
    count = (await connection.execute(select(func.count()).where(*of_project))).scalar_one()
    query = (
        select(links.c.checked_at)
        .where(*of_project)
        .order_by(links.c.checked_at)
        .offset(count // 20)
        .limit(1)
    )
    found: datetime | None = (await connection.execute(query)).scalar()
    return found


async def recovering(connection: AsyncConnection) -> dict[ProjectId, Coverage]:
    """Projects that are read anew after a restore, and how far that is."""
    query = select(projects.c.project_id, projects.c.restored_at).where(projects.c.recovering)
    found = {}
    for id_, since in (await connection.execute(query)).all():
        covered = await coverage(connection, since or FAR, links.c.project_id == id_)
        found[ProjectId(id_)] = covered.get(ProjectId(id_), Coverage())
    return found


async def limits(connection: AsyncConnection, now: datetime) -> tuple[Limits, ...]:
    """Every credential that has been used, by its fingerprint."""
    rows = await connection.execute(select(governor).order_by(governor.c.credential))
    return tuple(
        Limits(
            credential=row["credential"],
            remaining=row["rate_remaining"],
            limit=row["rate_limit"],
            reset_at=row["rate_reset_at"],
            blocked_until=row["blocked_until"],
            points_last_minute=windows.points_in_last_minute(from_json(row["spent"], windows.Spent), now),
        )
        for row in rows.mappings()
    )
