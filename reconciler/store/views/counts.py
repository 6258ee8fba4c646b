"""Counts by project: open intents, standing conflicts, and links that are synced, pending or need a person.

Links are counted by exceptions, which are few. Every query walks a partial index or a small table
(tests/store/test_queries.py); links by state are counted once, by the caller
(`verification_coverage.count_links_by_state`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, case, exists, func, literal, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement, CompoundSelect, Select, TextClause

from reconciler.model.fields import Field, Side
from reconciler.model.health import ConflictSummary, LinkCountsByUrgency, LostValue
from reconciler.model.ids import ProjectId
from reconciler.model.kinds import Kind
from reconciler.model.link import ENDED_STATES, LIVE_STATES, LinkState
from reconciler.model.views import Urgency
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import ids_subquery
from reconciler.store.schema import tables
from reconciler.store.schema.tables import changes, intents, links, withheld
from reconciler.store.sync.difference_queries import QUARANTINED_LINK_CONDITION
from reconciler.store.sync.intents import INTENT_NEEDS_PERSON
from reconciler.store.sync.verification_coverage import CountsByProject

CONFLICT_SHOWN_FOR = timedelta(days=7)
"""How long a conflict is shown, unless somebody changes or resolves the field before."""

ATTENTION_STATES = (*ENDED_STATES, LinkState.CONTESTED, LinkState.SECOND)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Word for word the conditions of the partial indexes: SQLite recognises them in no other spelling.
FROZEN_LINK_CONDITION = text(f"sync_links.{tables.FROZEN_LINK_SQL}")
CONFLICT_CHANGE_CONDITION = text(f"sync_changes.{tables.CONFLICT_CHANGE_SQL}")
RankedLinks = Select[tuple[UUID, UUID, UUID, int, int]]


async def read_oldest_open_intents(
    connection: AsyncConnection, project_id: ProjectId | None = None
) -> dict[ProjectId, datetime]:
    """Read since when each project, or one, has had writes that GitHub has not confirmed."""
    query = select(intents.c.project_id, func.min(intents.c.created_at)).group_by(intents.c.project_id)
    rows = await connection.execute(
        query if project_id is None else query.where(intents.c.project_id == project_id)
    )
    return {ProjectId(id_): at for id_, at in rows}


async def count_quarantined_links(connection: AsyncConnection) -> dict[ProjectId, int]:
    """Count each project's links in quarantine."""
    query = (
        select(links.c.project_id, func.count())
        .where(*_quarantined_link_conditions())
        .group_by(links.c.project_id)
    )
    return {ProjectId(id_): count for id_, count in await connection.execute(query)}


async def read_conflict_summaries(
    connection: AsyncConnection, now: datetime, project_id: ProjectId | None = None
) -> dict[ProjectId, ConflictSummary]:
    """Read, by project, how many conflicts stand and which is the newest: one walk along the few rows that
    record conflicts.
    """
    every = unresolved_conflicts_query(now, project_id).subquery("every")
    own, newest = every.c.project_id, every.c.id.desc()
    ranked = select(
        every.c.project_id,
        every.c.report_id,
        every.c.field,
        every.c.local,
        every.c.lost,
        func.count().over(partition_by=own).label("total"),
        func.row_number().over(partition_by=own, order_by=newest).label("place"),
    ).subquery("ranked")
    query = (
        select(ranked, reports.c.tracking_id)
        .select_from(ranked.outerjoin(reports, reports.c.id == ranked.c.report_id))
        .where(ranked.c.place == 1)
    )
    return {ProjectId(row.project_id): _to_conflict_summary(row) for row in await connection.execute(query)}


def _to_conflict_summary(row: Row[Any]) -> ConflictSummary:
    lost_value = None
    if row.tracking_id is not None and row.lost is not None:
        side = Side.BUGSPARK if row.lost == row.local else Side.GITHUB
        lost_value = LostValue(report=row.tracking_id, field=row.field, side=side)
    return ConflictSummary(
        count=row.total, newest=f"{row.field} of {row.tracking_id or row.report_id}", lost_value=lost_value
    )


async def count_links_by_urgency(
    connection: AsyncConnection, by_state: CountsByProject, now: datetime, wanted: Collection[ProjectId]
) -> dict[ProjectId, LinkCountsByUrgency]:
    """Count, by project, every link of `by_state` once, under the most urgent thing about it."""
    unsynced = links_not_synced_query(now, ids_subquery(connection.dialect.name, wanted)).subquery("unsynced")
    link_or_report = func.coalesce(unsynced.c.link_id, unsynced.c.report_id)
    worst = (
        select(
            unsynced.c.project_id,
            func.min(unsynced.c.rank).label("rank"),
            func.max(unsynced.c.linked).label("linked"),
            # After a conflict was decided both sides are equal; everything else keeps them apart.
            func.max(case((unsynced.c.rank == Urgency.CONFLICT, 0), else_=unsynced.c.linked)).label("apart"),
        )
        .group_by(unsynced.c.project_id, link_or_report)
        .subquery("worst")
    )
    counted = select(
        worst.c.project_id, worst.c.rank, func.count(), func.sum(worst.c.linked), func.sum(worst.c.apart)
    )
    found: defaultdict[ProjectId, _UnsyncedCounts] = defaultdict(_UnsyncedCounts)
    for id_, rank, count, linked, apart in await connection.execute(
        counted.group_by(worst.c.project_id, worst.c.rank)
    ):
        mine = found[ProjectId(id_)]
        mine.by_rank[rank] = count
        mine.linked += linked
        mine.apart += apart
    return {
        id_: _to_link_counts(found.get(id_, _UnsyncedCounts()), by_state.get(id_, {}))
        for id_ in found.keys() | by_state.keys()
    }


@dataclass(slots=True, kw_only=True)
class _UnsyncedCounts:
    """What is not just synced of one project. `linked`: how many are live links, `apart`: that may differ."""

    by_rank: dict[int, int] = field(default_factory=dict)
    linked: int = 0
    apart: int = 0


def links_not_synced_query(now: datetime, wanted: ProjectId | Select[UUID]) -> CompoundSelect[Any]:
    """(project, link, report, rank, linked) of every live link that is not just synced, of one project or
    several; a link may be there several times.
    """
    return union_all(*(_restrict_to_projects(each, wanted) for each in _link_urgency_queries(now)))


def unresolved_conflicts_query(
    now: datetime, project_id: ProjectId | None, limit: int | None = None
) -> Select[Any]:
    """Recorded conflicts, of a project or of all, that still stand; newest first where there is a limit."""
    query = select(changes).select_from(changes.join(links, links.c.id == changes.c.link_id))
    query = query.where(*_unresolved_conflict_conditions(now))
    if project_id is not None:
        query = query.where(changes.c.project_id == project_id)
    if limit is None:
        return query
    return query.order_by(changes.c.at.desc(), changes.c.id.desc()).limit(limit)


def _to_link_counts(unsynced: _UnsyncedCounts, states: Mapping[str, int]) -> LinkCountsByUrgency:
    """Build the counts of a project."""
    return LinkCountsByUrgency(
        synced=max(0, sum(states.get(state, 0) for state in LIVE_STATES) - unsynced.linked),
        pending=unsynced.by_rank.get(Urgency.PENDING, 0),
        conflict=unsynced.by_rank.get(Urgency.CONFLICT, 0),
        attention=unsynced.by_rank.get(Urgency.ATTENTION, 0)
        + sum(states.get(state, 0) for state in ATTENTION_STATES),
        unequal=unsynced.apart,
    )


def _link_urgency_queries(now: datetime) -> tuple[RankedLinks, ...]:
    """(project, link, report, rank, linked): a link may be in several."""
    return (
        _urgency_of_links_query(Urgency.ATTENTION).where(*_quarantined_link_conditions()),
        _urgency_of_links_query(Urgency.ATTENTION).where(FROZEN_LINK_CONDITION, _is_live()),
        _urgency_of_withheld_deletions_query(),
        _urgency_of_links_query(Urgency.PENDING).where(links.c.state == LinkState.NEW),
        _urgency_of_open_intents_query(),
        _urgency_of_conflicts_query(now),
    )


def _is_live() -> ColumnElement[bool]:
    """Condition of a live link, for queries along another index than that of states."""
    # SQLite would walk every live link instead of the few in quarantine: the state must not look like a key.
    return func.coalesce(links.c.state, "").in_(LIVE_STATES)


def _quarantined_link_conditions() -> tuple[ColumnElement[bool] | TextClause, ...]:
    """Conditions of a live link in quarantine; one that is to be retried at once is out of it."""
    return QUARANTINED_LINK_CONDITION, links.c.quarantined_until > EPOCH, _is_live()


def _urgency_of_links_query(rank: int) -> RankedLinks:
    return _link_urgency_columns(links.c.project_id, links.c.id, links.c.report_id, literal(rank, Integer()))


def _urgency_of_withheld_deletions_query() -> RankedLinks:
    """Links with a withheld deletion."""
    row = _link_urgency_columns(
        withheld.c.project_id, withheld.c.link_id, withheld.c.report_id, literal(Urgency.ATTENTION, Integer())
    )
    joined = withheld.join(links, links.c.id == withheld.c.link_id)
    return row.select_from(joined).where(links.c.state.in_(LIVE_STATES))


def _urgency_of_open_intents_query() -> RankedLinks:
    """Links with open intents; one for a new issue has no link yet and is counted by its report."""
    rank = case(
        (INTENT_NEEDS_PERSON, literal(Urgency.ATTENTION, Integer())),
        else_=literal(Urgency.PENDING, Integer()),
    )
    return _link_urgency_columns(intents.c.project_id, intents.c.link_id, intents.c.report_id, rank)


def _urgency_of_conflicts_query(now: datetime) -> RankedLinks:
    row = _link_urgency_columns(
        changes.c.project_id, links.c.id, links.c.report_id, literal(Urgency.CONFLICT, Integer())
    )
    joined = changes.join(links, links.c.id == changes.c.link_id)
    return row.select_from(joined).where(*_unresolved_conflict_conditions(now))


def _unresolved_conflict_conditions(now: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    """Conditions of a recorded conflict whose outcome still stands and that nobody has settled; a line about
    writing the outcome to the other side does not end it.
    """
    later = changes.alias("later")
    same = (later.c.report_id == changes.c.report_id, later.c.field == changes.c.field)
    is_decision = later.c.kind.in_([Kind.CONFLICT, Kind.RESOLVE])
    ends_it = or_(later.c.to.is_distinct_from(changes.c.to), is_decision)
    is_over = exists(select(literal(1)).where(*same, later.c.id > changes.c.id, ends_it))
    return (
        CONFLICT_CHANGE_CONDITION,
        changes.c.at >= now - CONFLICT_SHOWN_FOR,
        changes.c.field.in_([each.value for each in Field]),
        links.c.state.in_(LIVE_STATES),
        ~is_over,
    )


def _link_urgency_columns(
    project: ColumnElement[UUID],
    link: ColumnElement[UUID],
    report: ColumnElement[UUID],
    rank: ColumnElement[int],
) -> RankedLinks:
    linked = case((link.is_(None), literal(0, Integer())), else_=literal(1, Integer()))
    return select(
        project.label("project_id"),
        link.label("link_id"),
        report.label("report_id"),
        rank.label("rank"),
        linked.label("linked"),
    )


def _restrict_to_projects(query: RankedLinks, wanted: ProjectId | Select[UUID]) -> RankedLinks:
    """Name the projects even where all are wanted: every index begins with the project."""
    project = query.selected_columns.project_id
    return query.where(project == wanted if isinstance(wanted, UUID) else project.in_(wanted))
