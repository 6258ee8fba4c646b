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
from reconciler.model.snapshot import Attention, Coverage, Health, Limits
from reconciler.model.values import dataclass
from reconciler.model.viewer import Tally
from reconciler.model.webhook import WebhookHealth
from reconciler.store import attention, backlog, coverage, disputes, identity, silence, tallies, windows
from reconciler.store.connection import AsyncConnection
from reconciler.store.coverage import counts
from reconciler.store.records import from_json
from reconciler.store.tables import governor, intents, projects, withheld

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""No link has been read since then: the reading anew has not begun."""

NONE, NOTHING, UNHEARD = Coverage(), Tally(), WebhookHealth()

SLACK = 1.1
"""Verifications are spread by a tenth of their time; one that is no later than that is in time."""


async def of(
    connection: AsyncConnection, known: Sequence[Project], now: datetime, verify: timedelta
) -> tuple[Health, ...]:
    """One Health per project, in their order. `verify`: how often each link is to be compared whole."""
    found = await _found(connection, [each.id for each in known], now, verify)
    return tuple(_health(each, found, verify) for each in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """By project, what is to be told of each."""

    rows: Mapping[ProjectId, RowMapping]
    by_state: coverage.Counts
    covered: Mapping[ProjectId, Coverage]
    anew: Mapping[ProjectId, Coverage]
    tally: Mapping[ProjectId, Tally]
    wishes: Mapping[ProjectId, dict[str, int]]
    waiting: Mapping[ProjectId, datetime]
    held: Mapping[ProjectId, dict[str, int]]
    noted: Mapping[ProjectId, Sequence[Attention]]
    disputed: Mapping[ProjectId, tuple[int, str]]
    elsewhere: Mapping[ProjectId, int]
    heard: Mapping[ProjectId, WebhookHealth]
    doubt: str | None


async def _found(
    connection: AsyncConnection, wanted: Sequence[ProjectId], now: datetime, verify: timedelta
) -> _Found:
    only = wanted[0] if len(wanted) == 1 else None
    rows = await _rows(connection, only)
    by_state = await coverage.by_state(connection, only)
    wishes = await counts(connection, intents.c.project_id, intents.c.state, only)
    return _Found(
        rows=rows,
        by_state=by_state,
        covered=await coverage.of(connection, by_state, now - verify * SLACK, only),
        anew=await _recovering(connection, by_state, rows),
        tally=await tallies.of(connection, by_state, now, wanted),
        wishes=wishes,
        waiting=await backlog.oldest(connection, only) if wishes else {},
        held=await counts(connection, withheld.c.project_id, withheld.c.kind, only),
        noted=await attention.of(connection, wanted),
        disputed=await disputes.of(connection, now, only),
        elsewhere=await attention.elsewhere(connection, wanted),
        heard=await silence.of(connection, now, only),
        doubt=(await identity.found_in(connection)).doubt,
    )


def _health(project: Project, found: _Found, verify: timedelta) -> Health:
    id_ = project.id
    row: RowMapping | Mapping[str, Any] = found.rows.get(id_, {})
    last = from_json(row["result"], PassResult) if row.get("result") else None
    wishes = found.wishes.get(id_, {})
    refused = wishes.get(IntentState.QUARANTINED, 0)
    conflicts, disputed = found.disputed.get(id_, (0, None))
    return Health(
        project_id=id_,
        name=project.name,
        repository=project.repository or row.get("repository"),
        paused=bool(row.get("paused")),
        links=found.by_state.get(id_, {}),
        conflicts=conflicts,
        disputed=disputed,
        pending=sum(wishes.values()) - refused,
        quarantined=refused,
        withheld=row.get("withheld"),
        withheld_count=sum(found.held.get(id_, {}).values()),
        last_pass=last,
        last_pass_at=row.get("last_pass_at"),
        last_success_at=row.get("last_success_at"),
        next_at=row.get("next_at"),
        failures=row.get("failures") or 0,
        problem=project.problem,
        exposed=bool(row.get("exposed")),
        coverage=replace(found.covered.get(id_, NONE), within=verify),
        tally=found.tally.get(id_, NOTHING),
        oldest_intent=found.waiting.get(id_),
        attention=tuple(found.noted.get(id_, ())),
        elsewhere=found.elsewhere.get(id_, 0),
        webhook=found.heard.get(id_, UNHEARD),
        doubt=found.doubt,
        recovering=found.anew.get(id_),
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
