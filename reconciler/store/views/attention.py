"""What people should know of single links and writes: frozen fields, refusals, quarantines, ended links."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Select

from reconciler.model.alerts import CurrentProblems
from reconciler.model.database_identity import OWNED_ELSEWHERE, issue_owned_elsewhere_reason
from reconciler.model.health import AttentionItem
from reconciler.model.ids import ProjectId
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_frozen_fields, to_renamed_labels
from reconciler.store.schema import tables
from reconciler.store.schema.tables import intents, links, projects
from reconciler.store.sync import webhook_gaps
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION, QUARANTINED_LINK_CONDITION
from reconciler.store.sync.intents import INTENT_NEEDS_PERSON
from reconciler.store.views.counts import ATTENTION_STATES, EPOCH, FROZEN_LINK_CONDITION

HELD_LINK_CONDITION = text(f"sync_links.{tables.HELD_LINK_SQL}")
MAX_ITEMS_READ = 500
"""Items of each kind that are shown at once, frozen fields first; the counts beside them are complete."""


async def read_attention_items(
    connection: AsyncConnection, wanted: Collection[ProjectId]
) -> defaultdict[ProjectId, list[AttentionItem]]:
    """Read, by project, frozen fields, refused writes, quarantined links, links that ended by their issue."""
    projects_wanted = ids_subquery(connection.dialect.name, wanted)
    link_rows = (await connection.execute(_links_query(projects_wanted))).mappings().all()
    refused = (await connection.execute(_refused_intents_query(projects_wanted))).mappings().all()
    found: defaultdict[ProjectId, list[AttentionItem]] = defaultdict(list)
    for row in link_rows:
        found[row["project_id"]].extend(_frozen_field_items(row))
    for row in refused:
        reason = row["reason"] or "GitHub refused it"
        found[row["project_id"]].append(_attention_item(row, "refused", row["operation"], reason))
    for row in link_rows:
        found[row["project_id"]].extend(_link_items(row))
    return found


async def read_project_problems(
    connection: AsyncConnection, project: ProjectId, now: datetime
) -> CurrentProblems:
    """Read one project's problems, withheld deletions and exposure included."""
    columns = (projects.c.withheld, projects.c.exposed, projects.c.renamed_labels)
    query = select(*columns).where(projects.c.project_id == project)
    row = (await connection.execute(query)).first()
    items = (await read_attention_items(connection, [project]))[project]
    webhook = (await webhook_gaps.read_webhook_health(connection, now, project)).get(project)
    return CurrentProblems(
        withheld=row.withheld if row else None,
        exposed=bool(row and row.exposed),
        renamed_labels=to_renamed_labels(row.renamed_labels if row else None),
        webhook_silence=webhook.silence_text if webhook else None,
        items=tuple(items),
        is_complete=len(items) < MAX_ITEMS_READ,
    )


async def count_links_of_other_repositories(
    connection: AsyncConnection, wanted: Collection[ProjectId]
) -> dict[ProjectId, int]:
    """Count, by project, links of another repository than the one it is connected to now; they are not
    synced.
    """
    rows = await connection.execute(links_of_other_repositories_query(connection.dialect.name, wanted))
    return {ProjectId(id_): below + above for id_, below, above in rows}


def links_of_other_repositories_query(dialect: str, wanted: Collection[ProjectId]) -> Select[UUID, int, int]:
    """(project, links of a repository with a lower id, with a higher one): from both ends of an index, past
    the many links of the project's own repository.
    """
    mine = (links.c.project_id == projects.c.project_id, LIVE_LINK_CONDITION)
    below, above = (
        select(func.count()).where(*mine, other).correlate(projects).scalar_subquery()
        for other in (
            links.c.repository_id < projects.c.repository_id,
            links.c.repository_id > projects.c.repository_id,
        )
    )
    return select(projects.c.project_id, below, above).where(
        projects.c.project_id.in_(ids_subquery(dialect, wanted))
    )


def _links_query(wanted: Select[Any]) -> Select[Any]:
    named = (
        links.c.project_id,
        links.c.report_id,
        links.c.repository,
        links.c.number,
        links.c.state,
        links.c.reason,
    )
    # Each by an index of its own: one condition with OR would read every link.
    by_project = select(links.c.id).where(links.c.project_id.in_(wanted))
    shown = union_all(
        by_project.where(QUARANTINED_LINK_CONDITION, links.c.quarantined_until > EPOCH),
        by_project.where(FROZEN_LINK_CONDITION),
        by_project.where(HELD_LINK_CONDITION, links.c.held_by > ""),
        by_project.where(links.c.state.in_(ATTENTION_STATES)),
    )
    return (
        select(
            *named,
            links.c.state,
            links.c.reason,
            links.c.frozen,
            links.c.held_by,
            links.c.quarantined_until,
            reports.c.tracking_id,
        )
        .select_from(links.outerjoin(reports, reports.c.id == links.c.report_id))
        .where(links.c.id.in_(shown))
        .order_by(links.c.frozen.is_(None), links.c.number, links.c.id)
        .limit(MAX_ITEMS_READ)
    )


def _refused_intents_query(wanted: Select[Any]) -> Select[Any]:
    return (
        select(
            intents.c.project_id,
            intents.c.report_id,
            links.c.repository,
            links.c.number,
            cast(intents.c.operation, String).label("operation"),
            intents.c.reason,
            reports.c.tracking_id,
        )
        .select_from(
            intents.outerjoin(links, links.c.id == intents.c.link_id).outerjoin(
                reports, reports.c.id == intents.c.report_id
            )
        )
        .where(intents.c.project_id.in_(wanted), INTENT_NEEDS_PERSON)
        .order_by(intents.c.created_at, intents.c.id)
        .limit(MAX_ITEMS_READ)
    )


def _frozen_field_items(row: Any) -> Iterator[AttentionItem]:
    for each in to_frozen_fields(row["frozen"]):
        yield _attention_item(row, "frozen", each.field.value, each.reason)


def _link_items(row: Any) -> Iterator[AttentionItem]:
    if row["state"] in ATTENTION_STATES:
        yield _attention_item(row, row["state"], None, row["reason"] or row["state"])
    elif row["held_by"] is not None:
        yield _attention_item(row, OWNED_ELSEWHERE, None, issue_owned_elsewhere_reason(row["held_by"]))
    elif row["quarantined_until"] is not None:
        yield _attention_item(
            row, "resting", None, row["reason"] or "it is compared in full by the next pass"
        )


def _attention_item(row: Any, what: str, field: str | None, reason: str) -> AttentionItem:
    return AttentionItem(
        report=row["tracking_id"] or str(row["report_id"]),
        report_id=row["report_id"],
        issue=f"{row['repository']}#{row['number']}" if row["number"] else None,
        what=what,
        field=field,
        reason=reason,
    )
