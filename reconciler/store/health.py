"""What `reconcile status` shows: projects and credentials as the database knows them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, select

from reconciler.model.ids import ProjectId
from reconciler.model.intent import IntentState
from reconciler.model.passes import PassResult
from reconciler.model.report import Project
from reconciler.model.snapshot import Coverage, Health, Limits
from reconciler.store import attention, backlog, coverage, identity, silence, tallies, windows
from reconciler.store.connection import AsyncConnection
from reconciler.store.coverage import counts
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
    only, wanted = (known[0].id if len(known) == 1 else None), [each.id for each in known]
    by_state = await counts(connection, links.c.project_id, links.c.state, only)
    covered = await coverage.of(connection, by_state, now - verify * SLACK, only)
    tally = await tallies.of(connection, by_state, now, wanted)
    wishes = await counts(connection, intents.c.project_id, intents.c.state, only)
    waiting = await backlog.oldest(connection, only) if wishes else {}
    held = await counts(connection, withheld.c.project_id, withheld.c.kind, only)
    noted = await attention.of(connection, wanted)
    elsewhere = await attention.elsewhere(connection, wanted)
    heard = await silence.of(connection, now, only)
    doubt = (await identity.found_in(connection)).doubt
    rows = await _rows(connection, only)
    anew = await _recovering(connection, by_state, rows)
    found = (
        _health(each, rows.get(each.id, {}), by_state[each.id], wishes[each.id], held[each.id])
        for each in known
    )
    return tuple(
        replace(
            each,
            coverage=replace(covered.get(each.project_id, Coverage()), within=verify),
            tally=tally.get(each.project_id, each.tally),
            oldest_intent=waiting.get(each.project_id),
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
    row: RowMapping | Mapping[str, Any],
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


async def _rows(connection: AsyncConnection, only: ProjectId | None) -> dict[ProjectId, RowMapping]:
    """What is remembered of each project."""
    query = select(projects) if only is None else select(projects).where(projects.c.project_id == only)
    found = (await connection.execute(query)).mappings()
    return {ProjectId(row["project_id"]): row for row in found}


async def _recovering(
    connection: AsyncConnection, by_state: coverage.Counts, rows: Mapping[ProjectId, RowMapping]
) -> dict[ProjectId, Coverage]:
    """Projects that are read anew after a restore, and how far that is."""
    found = {}
    for id_, row in rows.items():
        if row["recovering"]:
            mine = {id_: by_state.get(id_, {})}
            covered = await coverage.of(connection, mine, row["restored_at"] or FAR)
            found[id_] = covered.get(id_, Coverage())
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
