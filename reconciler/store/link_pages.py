"""Pages of a project's links: by issue number, the newest first, whichever of them are wanted.

A page walks the index of issue numbers from where the last one ended, or looks up the few links that are not
quiet (tests/store/test_listings.py), so 100,000 links cost no more than a hundred. A word is looked for in
every title of the project, which no index spares us; where few titles have it, their links are looked up,
and where many have it, a page is full after a short walk.
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
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import LinkId, ProjectId
from reconciler.model.link import Frozen, LinkState
from reconciler.model.listing import LinkPage, LinkRow, Position, Pressing, Wanted
from reconciler.store.connection import AsyncConnection
from reconciler.store.questions import links, reports
from reconciler.store.records import from_json
from reconciler.store.rows import ids
from reconciler.store.tallies import LIVE, TOLD, oddities

NUMBER = re.compile(r"(?:[A-Za-z0-9._/-]*#)?([0-9]{1,9})")
TRACKING = re.compile(r"[A-Za-z]{1,15}-[0-9]{1,10}")
FEW = 2_000
"""So many titles with a word are looked up; with more of them a walk soon meets enough for a page."""
COLUMNS = (
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
    cast(reports.c.status, Text).label("status"),
    cast(reports.c.severity, Text).label("severity"),
)


async def read(
    connection: AsyncConnection, project_id: ProjectId, wanted: Wanted, limit: int, now: datetime
) -> LinkPage:
    """At most `limit` links."""
    few = await _titled(connection, project_id, wanted)
    if few == []:
        return LinkPage(rows=(), more_before=False, more_after=False)
    titled = None if few is None else ids(connection.dialect.name, few, "titled")
    found = (
        (
            await connection.execute(
                question(connection.dialect.name, project_id, wanted, limit + 1, now, titled)
            )
        )
        .mappings()
        .all()
    )
    more, rows = len(found) > limit, found[:limit]
    backwards = wanted.before is not None
    if backwards:
        rows = rows[::-1]
    pressing = await _pressing_of(connection, project_id, [row["id"] for row in rows], now)
    return LinkPage(
        rows=tuple(_row(row, pressing) for row in rows),
        more_before=more if backwards else wanted.after is not None,
        more_after=True if backwards else more,
    )


def question(
    dialect: str,
    project_id: ProjectId,
    wanted: Wanted,
    limit: int,
    now: datetime,
    titled: Select[UUID] | None = None,
) -> Select[Any]:
    """The links of one page; the other way round for a page before a position. `titled`: the reports whose
    titles have the word, where they are few.
    """
    order = (links.c.number, links.c.id)
    return (
        select(*COLUMNS)
        .select_from(links.outerjoin(reports, reports.c.id == links.c.report_id))
        .where(
            _of(project_id, wanted, few=titled is not None),
            links.c.state != LinkState.UNLINKED,
            *_from(wanted),
            *_like(dialect, project_id, wanted.text.strip(), titled),
            *_being(project_id, wanted.pressing, now),
        )
        .order_by(*(order if wanted.before is not None else (each.desc() for each in order)))
        .limit(limit)
    )


def word_in(wanted: Wanted) -> str | None:
    """What is looked for in titles: whatever is neither a number nor a tracking id."""
    text = wanted.text.strip()
    return None if not text or NUMBER.fullmatch(text) or TRACKING.fullmatch(text) else text


def with_word(dialect: str, project_id: ProjectId, word: str) -> Select[UUID]:
    """Reports whose titles have the word, up to one more than few."""
    theirs = select(reports.c.id).where(reports.c.project_id == project_id)
    return theirs.where(_says(dialect, word)).limit(FEW + 1)


def _says(dialect: str, word: str) -> ColumnElement[bool]:
    """In any case of letters. SQLite's LIKE minds none by itself, in half of the time."""
    title = reports.c.title
    is_in = title.contains if dialect == "sqlite" else title.icontains
    return is_in(word, autoescape=True)


async def _titled(
    connection: AsyncConnection, project_id: ProjectId, wanted: Wanted
) -> Sequence[UUID] | None:
    """The reports whose titles have the word; None where they are many, or no word is looked for."""
    word = word_in(wanted)
    if word is None:
        return None
    found = (await connection.execute(with_word(connection.dialect.name, project_id, word))).scalars().all()
    return found if len(found) <= FEW else None


def _of(project_id: ProjectId, wanted: Wanted, *, few: bool) -> ColumnElement[bool]:
    """Where few are looked up, SQLite would rather walk all of the project's: it must not look like a key.
    PostgreSQL sees through the CASE, and reckons better for it.
    """
    few = (
        few or wanted.pressing not in (None, Pressing.SYNCED) or bool(TRACKING.fullmatch(wanted.text.strip()))
    )
    return (case((true(), links.c.project_id)) if few else links.c.project_id) == project_id


def _from(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    here = tuple_(links.c.number, links.c.id)
    if wanted.before is not None:
        return (here > _at(wanted.before),)
    return (here < _at(wanted.after),) if wanted.after is not None else ()


def _at(position: Position) -> Any:
    return tuple_(literal(position.number), literal(position.link_id, Uuid()))


def _like(
    dialect: str, project_id: ProjectId, text: str, titled: Select[UUID] | None
) -> Sequence[ColumnElement[bool]]:
    if not text:
        return ()
    if found := NUMBER.fullmatch(text):
        return (links.c.number == int(found[1]),)
    if TRACKING.fullmatch(text):
        theirs = select(reports.c.id).where(reports.c.project_id == project_id)
        return (links.c.report_id.in_(theirs.where(reports.c.tracking_id == text.upper())),)
    if titled is not None:
        return (links.c.report_id.in_(titled),)
    return (_says(dialect, text),)


def _being(project_id: ProjectId, pressing: Pressing | None, now: datetime) -> Sequence[ColumnElement[bool]]:
    """A link that is several things is the most pressing of them."""
    if pressing is None:
        return ()
    odd = oddities(now, project_id).subquery("odd")
    of_rank = select(odd.c.link_id).where(odd.c.link_id.is_not(None))
    ended = select(links.c.id).where(links.c.project_id == project_id, links.c.state.in_(TOLD))
    match pressing:
        case Pressing.ATTENTION:
            found = union_all(of_rank.where(odd.c.rank == Pressing.ATTENTION), ended.correlate(None))
            return (links.c.id.in_(found),)
        case Pressing.SYNCED:
            return (links.c.state.in_(LIVE), links.c.id.not_in(of_rank))
        case _:
            more = of_rank.where(odd.c.rank < pressing)
            return (links.c.id.in_(of_rank.where(odd.c.rank == pressing)), links.c.id.not_in(more))


async def _pressing_of(
    connection: AsyncConnection, project_id: ProjectId, wanted: Sequence[LinkId], now: datetime
) -> Mapping[LinkId, Pressing]:
    """Of those with which not all is quiet."""
    odd = oddities(now, project_id).subquery("odd")
    query = (
        select(odd.c.link_id, func.min(odd.c.rank)).where(odd.c.link_id.in_(wanted)).group_by(odd.c.link_id)
    )
    return {LinkId(id_): Pressing(rank) for id_, rank in await connection.execute(query)}


def _row(row: RowMapping, pressing: Mapping[LinkId, Pressing]) -> LinkRow:
    state = LinkState(row["state"])
    usual = Pressing.ATTENTION if state in TOLD else Pressing.SYNCED
    frozen = from_json(row["frozen"], tuple[Frozen, ...]) if row["frozen"] else ()
    return LinkRow(
        id=row["id"],
        report_id=row["report_id"],
        tracking_id=row["tracking_id"],
        title=row["title"],
        status=row["status"],
        severity=row["severity"],
        repository=row["repository"],
        number=row["number"],
        state=state,
        pressing=pressing.get(row["id"], usual),
        reason=row["reason"] or next((each.reason for each in frozen), None),
        checked_at=row["checked_at"],
    )
