"""The health of projects and credentials: what `status`, the overview page and `/metrics` show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.health import (
    AttentionItem,
    ConflictSummary,
    CredentialLimits,
    Gauges,
    LinkCountsByUrgency,
    ProjectGauges,
    ProjectHealth,
    VerificationCoverage,
    misnamed_items,
)
from reconciler.model.ids import ProjectId
from reconciler.model.intent import IntentState
from reconciler.model.passes import PassResult
from reconciler.model.report import Project
from reconciler.model.webhook import WebhookHealth
from reconciler.store.mappers import to_renamed_labels
from reconciler.store.schema import database_identity
from reconciler.store.schema.engine import is_read_only
from reconciler.store.schema.tables import credential_budgets, followers, hooks, intents, projects, withheld
from reconciler.store.sync import sliding_window, verification_coverage, webhook_gaps
from reconciler.store.sync.followers.follower_queries import is_present
from reconciler.store.sync.verification_coverage import count_rows_by_project
from reconciler.store.types import END_OF_TIME, decode_json
from reconciler.store.views import attention, counts

NO_COVERAGE, NO_COUNTS, NO_WEBHOOK = VerificationCoverage(), LinkCountsByUrgency(), WebhookHealth()

VERIFICATION_TOLERANCE = 1.1
"""Verifications are spread over a tenth of their interval; one that is no later than that is in time."""


async def read_health(
    connection: AsyncConnection, known: Sequence[Project], now: datetime, verify: timedelta
) -> tuple[ProjectHealth, ...]:
    """Read the health of each project, in their order. `verify`: how often each link is to be verified."""
    found = await _read_health_rows(connection, [each.id for each in known], now, verify)
    return tuple(_build_health(each, found, verify) for each in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HealthRows:
    """By project, what `_build_health` reads."""

    states: Mapping[ProjectId, RowMapping]
    links_by_state: verification_coverage.CountsByProject
    coverage: Mapping[ProjectId, VerificationCoverage]
    reread_progress: Mapping[ProjectId, VerificationCoverage]
    counts: Mapping[ProjectId, LinkCountsByUrgency]
    intent_counts: Mapping[ProjectId, dict[str, int]]
    oldest_intents: Mapping[ProjectId, datetime]
    withheld_counts: Mapping[ProjectId, dict[str, int]]
    attention: Mapping[ProjectId, Sequence[AttentionItem]]
    conflicts: Mapping[ProjectId, ConflictSummary]
    links_elsewhere: Mapping[ProjectId, int]
    webhooks: Mapping[ProjectId, WebhookHealth]
    doubt: str | None
    is_read_only: bool


async def _read_health_rows(
    connection: AsyncConnection, wanted: Sequence[ProjectId], now: datetime, verify: timedelta
) -> _HealthRows:
    project_id = wanted[0] if len(wanted) == 1 else None
    rows = await _read_project_states(connection, project_id)
    by_state = await verification_coverage.count_links_by_state(connection, project_id)
    intent_counts = await count_rows_by_project(connection, intents.c.project_id, intents.c.state, project_id)
    return _HealthRows(
        states=rows,
        links_by_state=by_state,
        coverage=await verification_coverage.read_coverage(
            connection, by_state, now - verify * VERIFICATION_TOLERANCE, project_id
        ),
        reread_progress=await _read_reread_progress(connection, by_state, rows),
        counts=await counts.count_links_by_urgency(connection, by_state, now, wanted),
        intent_counts=intent_counts,
        oldest_intents=await counts.read_oldest_open_intents(connection, project_id) if intent_counts else {},
        withheld_counts=await count_rows_by_project(
            connection, withheld.c.project_id, withheld.c.kind, project_id
        ),
        attention=await attention.read_attention_items(connection, wanted),
        conflicts=await counts.read_conflict_summaries(connection, now, project_id),
        links_elsewhere=await attention.count_links_of_other_repositories(connection, wanted),
        webhooks=await webhook_gaps.read_webhook_health(connection, now, project_id),
        doubt=(await database_identity.read_identity(connection)).reason_not_to_write,
        is_read_only=await is_read_only(connection),
    )


def _build_health(project: Project, found: _HealthRows, verify: timedelta) -> ProjectHealth:
    id_ = project.id
    row: RowMapping | Mapping[str, Any] = found.states.get(id_, {})
    last = decode_json(row["result"], PassResult) if row.get("result") else None
    intent_counts = found.intent_counts.get(id_, {})
    refused = intent_counts.get(IntentState.QUARANTINED, 0)
    conflicts = found.conflicts.get(id_)
    return ProjectHealth(
        project_id=id_,
        name=project.name,
        repository=project.repository or row.get("repository"),
        paused=bool(row.get("paused")),
        links=found.links_by_state.get(id_, {}),
        conflicts=conflicts.count if conflicts else 0,
        newest_conflict=conflicts.newest if conflicts else None,
        newest_lost_value=conflicts.lost_value if conflicts else None,
        pending=sum(intent_counts.values()) - refused,
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
        attention=(*found.attention.get(id_, ()), *misnamed_items(last)),
        other_repository_links=found.links_elsewhere.get(id_, 0),
        webhook=found.webhooks.get(id_, NO_WEBHOOK),
        reason_not_to_write=found.doubt,
        busy_since=row.get("busy_since"),
        is_read_only=found.is_read_only,
        renamed_labels=to_renamed_labels(row.get("renamed_labels")),
        recovering=found.reread_progress.get(id_),
        followers=row.get("follower_count") or 0,
    )


async def _read_project_states(
    connection: AsyncConnection, project_id: ProjectId | None
) -> dict[ProjectId, RowMapping]:
    """Read the stored row of each project, or of one, with the number of its followers."""
    following = (
        select(func.count())
        .select_from(followers)
        .where(followers.c.project_id == projects.c.project_id, is_present())
    )
    query = select(projects, following.scalar_subquery().label("follower_count"))
    if project_id is not None:
        query = query.where(projects.c.project_id == project_id)
    found = (await connection.execute(query)).mappings()
    return {ProjectId(row["project_id"]): row for row in found}


async def _read_reread_progress(
    connection: AsyncConnection,
    by_state: verification_coverage.CountsByProject,
    rows: Mapping[ProjectId, RowMapping],
) -> dict[ProjectId, VerificationCoverage]:
    """Count, for projects that are read again after a restore, how many links have been."""
    found = {}
    for id_, row in rows.items():
        if row["recovering"]:
            mine = {id_: by_state.get(id_, {})}
            since = row["restored_at"] or END_OF_TIME  # without it, reading everything again has not begun
            covered = await verification_coverage.read_coverage(connection, mine, since)
            found[id_] = covered.get(id_, VerificationCoverage())
    return found


async def read_gauges(connection: AsyncConnection, now: datetime, verify: timedelta) -> Gauges:
    """Read the numbers of every project that had a pass or a delivery, and every credential's limits."""
    return Gauges(
        projects=await _read_project_gauges(connection, now, verify),
        limits=await read_rate_limits(connection, now),
    )


async def _read_project_gauges(
    connection: AsyncConnection, now: datetime, verify: timedelta
) -> tuple[ProjectGauges, ...]:
    since = now - verify * VERIFICATION_TOLERANCE
    by_state = await verification_coverage.count_links_by_state(connection)
    intent_counts = await count_rows_by_project(connection, intents.c.project_id, intents.c.state)
    covered = await verification_coverage.read_coverage(connection, by_state, since)
    oldest = await counts.read_oldest_open_intents(connection)
    conflicts = await counts.read_conflict_summaries(connection, now)
    quarantined = await counts.count_quarantined_links(connection)
    held_back = await count_rows_by_project(connection, withheld.c.project_id, withheld.c.kind)
    joined = projects.outerjoin(hooks, and_(hooks.c.project_id == projects.c.project_id))
    columns = (
        projects.c.project_id,
        projects.c.last_pass_at,
        projects.c.last_success_at,
        projects.c.next_at,
        hooks.c.last_at,
    )
    rows = await connection.execute(select(*columns).select_from(joined))
    return tuple(
        ProjectGauges(
            project_id=(id_ := ProjectId(row.project_id)),
            links=by_state[id_],
            verified=covered[id_].verified if id_ in covered else 0,
            intents=intent_counts[id_],
            oldest_intent=oldest.get(id_),
            last_pass_at=row.last_pass_at,
            last_success_at=row.last_success_at,
            next_at=row.next_at,
            last_delivery_at=row.last_at,
            conflicts=conflicts[id_].count if id_ in conflicts else 0,
            quarantined_links=quarantined.get(id_, 0),
            withheld_deletions=sum(held_back[id_].values()),
        )
        for row in rows
    )


async def read_rate_limits(connection: AsyncConnection, now: datetime) -> tuple[CredentialLimits, ...]:
    """Read the limits of every credential that has been used, by its fingerprint."""
    rows = await connection.execute(select(credential_budgets).order_by(credential_budgets.c.credential))
    return tuple(
        CredentialLimits(
            credential=row["credential"],
            remaining=row["rate_remaining"],
            limit=row["rate_limit"],
            reset_at=row["rate_reset_at"],
            blocked_until=row["blocked_until"],
            points_last_minute=sliding_window.points_in_last_minute(
                decode_json(row["spent"], sliding_window.WindowUsage), now
            ),
        )
        for row in rows.mappings()
    )


async def read_rate_limits_by_project(
    connection: AsyncConnection, now: datetime
) -> dict[ProjectId, CredentialLimits]:
    """Read, by project, the limits of the credential it was last synced with."""
    known = {each.credential: each for each in await read_rate_limits(connection, now)}
    rows = await connection.execute(select(projects.c.project_id, projects.c.account_credential))
    return {ProjectId(id_): known[credential] for id_, credential in rows if credential in known}
