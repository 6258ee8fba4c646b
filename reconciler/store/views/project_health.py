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
from reconciler.model.snapshot import AttentionItem, CredentialLimits, ProjectHealth, VerificationCoverage
from reconciler.model.values import dataclass
from reconciler.model.viewer import LinkCounts
from reconciler.model.webhook import WebhookHealth
from reconciler.store.connection import AsyncConnection
from reconciler.store.mappers import from_json
from reconciler.store.schema import database_identity
from reconciler.store.schema.tables import governor, intents, projects, withheld
from reconciler.store.sync import sliding_window, verification_coverage, webhook_gaps
from reconciler.store.sync.verification_coverage import count_by_project
from reconciler.store.views import attention, counts

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""No link has been read since then: the reading anew has not begun."""

NO_COVERAGE, NO_COUNTS, NO_WEBHOOK = VerificationCoverage(), LinkCounts(), WebhookHealth()

VERIFICATION_TOLERANCE = 1.1
"""Verifications are spread by a tenth of their time; one that is no later than that is in time."""


async def read_health(
    connection: AsyncConnection, known: Sequence[Project], now: datetime, verify: timedelta
) -> tuple[ProjectHealth, ...]:
    """One Health per project, in their order. `verify`: how often each link is to be compared whole."""
    found = await _read_health_rows(connection, [each.id for each in known], now, verify)
    return tuple(_build_health(each, found, verify) for each in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HealthRows:
    """By project, what is to be told of each."""

    states: Mapping[ProjectId, RowMapping]
    links_by_state: verification_coverage.CountsByProject
    coverage: Mapping[ProjectId, VerificationCoverage]
    reread_progress: Mapping[ProjectId, VerificationCoverage]
    counts: Mapping[ProjectId, LinkCounts]
    intent_counts: Mapping[ProjectId, dict[str, int]]
    oldest_intents: Mapping[ProjectId, datetime]
    withheld_counts: Mapping[ProjectId, dict[str, int]]
    attention: Mapping[ProjectId, Sequence[AttentionItem]]
    conflicts: Mapping[ProjectId, tuple[int, str]]
    links_elsewhere: Mapping[ProjectId, int]
    webhooks: Mapping[ProjectId, WebhookHealth]
    doubt: str | None


async def _read_health_rows(
    connection: AsyncConnection, wanted: Sequence[ProjectId], now: datetime, verify: timedelta
) -> _HealthRows:
    only = wanted[0] if len(wanted) == 1 else None
    rows = await _read_project_states(connection, only)
    by_state = await verification_coverage.count_links_by_state(connection, only)
    wishes = await count_by_project(connection, intents.c.project_id, intents.c.state, only)
    return _HealthRows(
        states=rows,
        links_by_state=by_state,
        coverage=await verification_coverage.read_coverage(
            connection, by_state, now - verify * VERIFICATION_TOLERANCE, only
        ),
        reread_progress=await _read_reread_progress(connection, by_state, rows),
        counts=await counts.count_links(connection, by_state, now, wanted),
        intent_counts=wishes,
        oldest_intents=await counts.oldest_open_intents(connection, only) if wishes else {},
        withheld_counts=await count_by_project(connection, withheld.c.project_id, withheld.c.kind, only),
        attention=await attention.attention_items(connection, wanted),
        conflicts=await counts.conflict_summary(connection, now, only),
        links_elsewhere=await attention.count_links_elsewhere(connection, wanted),
        webhooks=await webhook_gaps.webhook_health(connection, now, only),
        doubt=(await database_identity.read_identity(connection)).write_doubt,
    )


def _build_health(project: Project, found: _HealthRows, verify: timedelta) -> ProjectHealth:
    id_ = project.id
    row: RowMapping | Mapping[str, Any] = found.states.get(id_, {})
    last = from_json(row["result"], PassResult) if row.get("result") else None
    wishes = found.intent_counts.get(id_, {})
    refused = wishes.get(IntentState.QUARANTINED, 0)
    conflicts, disputed = found.conflicts.get(id_, (0, None))
    return ProjectHealth(
        project_id=id_,
        name=project.name,
        repository=project.repository or row.get("repository"),
        paused=bool(row.get("paused")),
        links=found.links_by_state.get(id_, {}),
        conflicts=conflicts,
        newest_conflict=disputed,
        pending=sum(wishes.values()) - refused,
        quarantined=refused,
        withheld=row.get("withheld"),
        withheld_count=sum(found.withheld_counts.get(id_, {}).values()),
        last_pass=last,
        last_pass_at=row.get("last_pass_at"),
        last_success_at=row.get("last_success_at"),
        next_at=row.get("next_at"),
        failures=row.get("failures") or 0,
        problem=project.problem,
        exposed=bool(row.get("exposed")),
        coverage=replace(found.coverage.get(id_, NO_COVERAGE), within=verify),
        link_counts=found.counts.get(id_, NO_COUNTS),
        oldest_intent=found.oldest_intents.get(id_),
        attention=tuple(found.attention.get(id_, ())),
        other_repository_links=found.links_elsewhere.get(id_, 0),
        webhook=found.webhooks.get(id_, NO_WEBHOOK),
        write_doubt=found.doubt,
        recovering=found.reread_progress.get(id_),
    )


async def _read_project_states(
    connection: AsyncConnection, only: ProjectId | None
) -> dict[ProjectId, RowMapping]:
    """What is remembered of each project."""
    query = select(projects) if only is None else select(projects).where(projects.c.project_id == only)
    found = (await connection.execute(query)).mappings()
    return {ProjectId(row["project_id"]): row for row in found}


async def _read_reread_progress(
    connection: AsyncConnection,
    by_state: verification_coverage.CountsByProject,
    rows: Mapping[ProjectId, RowMapping],
) -> dict[ProjectId, VerificationCoverage]:
    """Projects that are read anew after a restore, and how far that is."""
    found = {}
    for id_, row in rows.items():
        if row["recovering"]:
            mine = {id_: by_state.get(id_, {})}
            covered = await verification_coverage.read_coverage(connection, mine, row["restored_at"] or NEVER)
            found[id_] = covered.get(id_, VerificationCoverage())
    return found


async def rate_limits(connection: AsyncConnection, now: datetime) -> tuple[CredentialLimits, ...]:
    """Every credential that has been used, by its fingerprint."""
    rows = await connection.execute(select(governor).order_by(governor.c.credential))
    return tuple(
        CredentialLimits(
            credential=row["credential"],
            remaining=row["rate_remaining"],
            limit=row["rate_limit"],
            reset_at=row["rate_reset_at"],
            blocked_until=row["blocked_until"],
            points_last_minute=sliding_window.points_in_last_minute(
                from_json(row["spent"], sliding_window.WindowUsage), now
            ),
        )
        for row in rows.mappings()
    )
