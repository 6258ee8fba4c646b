"""Pages of a project's links, by issue number, the newest first.

A page walks the index of issue numbers from where the last one ended, or looks up the few links that are not
just synced (tests/store/test_project_detail.py), so 100,000 links cost no more than a hundred. A word is
searched in every title of the project, for which there is no index; where few titles have it, their links are
looked up, and where many have it, a page is full after a short walk.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    RowMapping,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.fields.title import readable_stored_title
from reconciler.model.ids import LinkId, ProjectId
from reconciler.model.link import LIVE_STATES, LinkState
from reconciler.model.views import LinkFilter, LinkPage, LinkPosition, LinkRow, Urgency
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_frozen_fields
from reconciler.store.schema.tables import links
from reconciler.store.views.counts import ATTENTION_STATES, links_not_synced_query

ISSUE_NUMBER_PATTERN = re.compile(r"(?:[A-Za-z0-9._/-]*#)?([0-9]{1,9})")
TRACKING_ID_PATTERN = re.compile(r"[A-Za-z]{1,15}-[0-9]{1,10}")
MAX_TITLE_MATCHES = 2_000
"""Up to so many titles with a word are looked up; where there are more, a walk soon fills a page."""
LINK_ROW_COLUMNS = (
    links.c.id,
    links.c.report_id,
    links.c.repository,
    links.c.number,
    links.c.state,
    links.c.reason,
    links.c.frozen,
    links.c.checked_at,
    reports.c.tracking_id,
    reports.c.title,
    links.c.base_title,
    links.c.base_remote_title,
    cast(reports.c.status, Text).label("status"),
    cast(reports.c.severity, Text).label("severity"),
)


async def read_page_of_links(
    connection: AsyncConnection, project_id: ProjectId, wanted: LinkFilter, limit: int, now: datetime
) -> LinkPage:
    """Read at most `limit` links."""
    few = await _find_title_matches(connection, project_id, wanted)
    if few == []:
        return LinkPage(rows=(), more_before=False, more_after=False)
    titled = None if few is None else ids_subquery(connection.dialect.name, few, "titled")
    found = (
        (
            await connection.execute(
                link_page_query(connection.dialect.name, project_id, wanted, limit + 1, now, titled)
            )
        )
        .mappings()
        .all()
    )
    more, rows = len(found) > limit, found[:limit]
    backwards = wanted.before is not None
    if backwards:
        rows = rows[::-1]
    urgencies = await _read_urgency_by_link(connection, project_id, [row["id"] for row in rows], now)
    return LinkPage(
        rows=tuple(_to_link_row(row, urgencies) for row in rows),
        more_before=more if backwards else wanted.after is not None,
        more_after=True if backwards else more,
    )


def link_page_query(
    dialect: str,
    project_id: ProjectId,
    wanted: LinkFilter,
    limit: int,
    now: datetime,
    titled: Select[UUID] | None = None,
) -> Select[Any]:
    """Query the links of one page, in reverse order for a page before a position. `titled`: the reports whose
    titles have the word, where they are few.
    """
    order = (links.c.number, links.c.id)
    return (
        select(*LINK_ROW_COLUMNS)
        .select_from(links.outerjoin(reports, reports.c.id == links.c.report_id))
        .where(
            _project_condition(project_id, wanted, few=titled is not None),
            links.c.state != LinkState.UNLINKED,
            *_position_conditions(wanted),
            *_text_conditions(dialect, project_id, wanted.text.strip(), titled),
            *_value_conditions(wanted),
            *_urgency_conditions(project_id, wanted.urgency, now),
        )
        .order_by(*(order if _is_ascending(wanted) else (each.desc() for each in order)))
        .limit(limit)
    )


def title_search_word(wanted: LinkFilter) -> str | None:
    """The text to search in titles: one that is neither a number nor a tracking id."""
    text = wanted.text.strip()
    return (
        None
        if not text or ISSUE_NUMBER_PATTERN.fullmatch(text) or TRACKING_ID_PATTERN.fullmatch(text)
        else text
    )


def reports_by_title_query(dialect: str, project_id: ProjectId, word: str) -> Select[UUID]:
    """Query reports whose titles have the word, at most one more than are looked up."""
    own_reports = select(reports.c.id).where(reports.c.project_id == project_id)
    return own_reports.where(title_condition(dialect, word)).limit(MAX_TITLE_MATCHES + 1)


def title_condition(dialect: str, word: str) -> ColumnElement[bool]:
    """Compare without regard to case, which SQLite's LIKE does by itself, in half of the time."""
    title = reports.c.title
    is_in = title.contains if dialect == "sqlite" else title.icontains
    return is_in(word, autoescape=True)


async def _find_title_matches(
    connection: AsyncConnection, project_id: ProjectId, wanted: LinkFilter
) -> Sequence[UUID] | None:
    """Find reports whose titles have the word; None where they are many, or no word is searched."""
    word = title_search_word(wanted)
    if word is None:
        return None
    found = (
        (await connection.execute(reports_by_title_query(connection.dialect.name, project_id, word)))
        .scalars()
        .all()
    )
    return found if len(found) <= MAX_TITLE_MATCHES else None


def _project_condition(project_id: ProjectId, wanted: LinkFilter, *, few: bool) -> ColumnElement[bool]:
    """Where few links are looked up, SQLite would walk all of the project's: the column must not look like a
    key. PostgreSQL sees through the CASE, and estimates better for it.
    """
    few = (
        few
        or wanted.urgency not in (None, Urgency.SYNCED)
        or bool(TRACKING_ID_PATTERN.fullmatch(wanted.text.strip()))
    )
    return (case((true(), links.c.project_id)) if few else links.c.project_id) == project_id


def _is_ascending(wanted: LinkFilter) -> bool:
    """Whether the walk goes to higher numbers: one of both, the order of the list or the way to turn."""
    return wanted.oldest_first is (wanted.before is None)


def _position_conditions(wanted: LinkFilter) -> Sequence[ColumnElement[bool]]:
    position, at = tuple_(links.c.number, links.c.id), wanted.before or wanted.after
    if at is None:
        return ()
    return (position > _position_tuple(at) if _is_ascending(wanted) else position < _position_tuple(at),)


def _value_conditions(wanted: LinkFilter) -> Sequence[ColumnElement[bool]]:
    """The values are compared as text: BugSpark's types may have values that are not known here."""
    columns = ((reports.c.status, wanted.status), (reports.c.severity, wanted.severity))
    return tuple(cast(column, Text) == value for column, value in columns if value)


def _position_tuple(position: LinkPosition) -> Any:
    return tuple_(literal(position.number), literal(position.link_id, Uuid()))


def _text_conditions(
    dialect: str, project_id: ProjectId, text: str, titled: Select[UUID] | None
) -> Sequence[ColumnElement[bool]]:
    if not text:
        return ()
    if found := ISSUE_NUMBER_PATTERN.fullmatch(text):
        return (links.c.number == int(found[1]),)
    if TRACKING_ID_PATTERN.fullmatch(text):
        own_reports = select(reports.c.id).where(reports.c.project_id == project_id)
        return (links.c.report_id.in_(own_reports.where(reports.c.tracking_id == text.upper())),)
    if titled is not None:
        return (links.c.report_id.in_(titled),)
    return (title_condition(dialect, text),)


def _urgency_conditions(
    project_id: ProjectId, urgency: Urgency | None, now: datetime
) -> Sequence[ColumnElement[bool]]:
    """A link to which several ranks apply has the most urgent of them."""
    if urgency is None:
        return ()
    unsynced = links_not_synced_query(now, project_id).subquery("unsynced")
    of_rank = select(unsynced.c.link_id).where(unsynced.c.link_id.is_not(None))
    ended = select(links.c.id).where(links.c.project_id == project_id, links.c.state.in_(ATTENTION_STATES))
    match urgency:
        case Urgency.ATTENTION:
            found = union_all(of_rank.where(unsynced.c.rank == Urgency.ATTENTION), ended.correlate(None))
            return (links.c.id.in_(found),)
        case Urgency.SYNCED:
            return (links.c.state.in_(LIVE_STATES), links.c.id.not_in(of_rank))
        case _:
            more = of_rank.where(unsynced.c.rank < urgency)
            return (links.c.id.in_(of_rank.where(unsynced.c.rank == urgency)), links.c.id.not_in(more))


async def _read_urgency_by_link(
    connection: AsyncConnection, project_id: ProjectId, wanted: Sequence[LinkId], now: datetime
) -> Mapping[LinkId, Urgency]:
    """Read the rank of those that are not just synced."""
    unsynced = links_not_synced_query(now, project_id).subquery("unsynced")
    query = (
        select(unsynced.c.link_id, func.min(unsynced.c.rank))
        .where(unsynced.c.link_id.in_(wanted))
        .group_by(unsynced.c.link_id)
    )
    return {LinkId(id_): Urgency(rank) for id_, rank in await connection.execute(query)}


def readable_row_title(row: RowMapping) -> str | None:
    """Return the title of a row with that of a link's base, as people read it; None of a deleted report."""
    if row["title"] is None:
        return None
    return readable_stored_title(
        row["title"], row["tracking_id"], row["base_title"], row["base_remote_title"]
    )


def _to_link_row(row: RowMapping, urgencies: Mapping[LinkId, Urgency]) -> LinkRow:
    state = LinkState(row["state"])
    usual = Urgency.ATTENTION if state in ATTENTION_STATES else Urgency.SYNCED
    return LinkRow(
        id=row["id"],
        report_id=row["report_id"],
        tracking_id=row["tracking_id"],
        title=readable_row_title(row),
        status=row["status"],
        severity=row["severity"],
        repository=row["repository"],
        number=row["number"],
        state=state,
        urgency=urgencies.get(row["id"], usual),
        reason=row["reason"] or next((each.reason for each in to_frozen_fields(row["frozen"])), None),
        verified_at=row["checked_at"],
    )
