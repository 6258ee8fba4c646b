"""What `reconcile status` shows: projects and credentials as the database knows them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.intent import IntentState
from reconciler.model.passes import PassResult
from reconciler.model.report import Project
from reconciler.model.snapshot import Health, Limits
from reconciler.store import windows
from reconciler.store.questions import links
from reconciler.store.records import from_json
from reconciler.store.tables import governor, intents, projects, withheld


async def of(connection: AsyncConnection, known: Sequence[Project]) -> tuple[Health, ...]:
    """One Health per project, in their order."""
    by_state = await _counts(connection, links.c.project_id, links.c.state)
    wishes = await _counts(connection, intents.c.project_id, intents.c.state)
    held = await _counts(connection, withheld.c.project_id, withheld.c.kind)
    rows = {row["project_id"]: dict(row) for row in (await connection.execute(select(projects))).mappings()}
    return tuple(
        _health(each, rows.get(each.id, {}), by_state[each.id], wishes[each.id], held[each.id])
        for each in known
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
        problem=project.problem,
    )


async def _counts(connection: AsyncConnection, project: Column[Any], word: Column[Any]) -> Any:
    counts: defaultdict[Any, dict[str, int]] = defaultdict(dict)
    for id_, state, count in await connection.execute(
        select(project, word, func.count()).group_by(project, word)
    ):
        counts[id_][state] = count
    return counts


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
