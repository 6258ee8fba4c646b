"""Many reports at once: what decides the state of each, and the list that a search finds.

The number of statements is the same for one report and for two hundred. The list walks the unique key of
project and tracking id, so a page costs the same wherever it begins.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, cast, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import CommentPairId, ReportId
from reconciler.model.intent import Intent
from reconciler.model.kinds import Kind
from reconciler.model.link import LIVE_STATES, Link, LinkState
from reconciler.model.report_detail import ConnectedRepository, DatedChange, ReportDetail, ReportSummary
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, StoredSettings
from reconciler.model.views import ReportFilter, ReportPosition
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import REPORT_COLUMNS, to_link_columns, to_report_and_unknown_values
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_intent, to_link
from reconciler.store.schema.tables import changes, intents, links, projects, settings_versions, withheld
from reconciler.store.sync.history_log import to_change
from reconciler.store.sync.settings.stored_settings import (
    is_version_in_force,
    settings_columns,
    to_stored_settings,
)
from reconciler.store.views.counts import unresolved_conflicts_query
from reconciler.store.views.followers import read_followed_reports
from reconciler.store.views.link_pages import TRACKING_ID_PATTERN

MAX_SEARCH_WORDS = 8
"""Words of a title that are searched; a title has 500 characters."""
ISSUE_PATTERN = re.compile(
    r"(?:(?P<repository>[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)?)?#)?(?P<number>[0-9]{1,9})"
)
ISSUE_URL_PATTERN = re.compile(
    r"https?://[^/\s]+/(?P<repository>[A-Za-z0-9._-]+/[A-Za-z0-9._-]+)/issues/(?P<number>[0-9]{1,9})(?:[/?#].*)?"
)
UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RANK_OF_ENDED_LINK = {LinkState.UNLINKED: 2, LinkState.SECOND: 3}


async def read_report_summaries(
    connection: AsyncConnection, wanted: Sequence[ReportId], now: datetime
) -> tuple[ReportSummary, ...]:
    """Read the reports of `wanted` that exist, in its order."""
    if not wanted:
        return ()
    dialect = connection.dialect.name
    query = select(*REPORT_COLUMNS).where(reports.c.id.in_(ids_subquery(dialect, wanted)))
    rows = {row["id"]: row for row in (await connection.execute(query)).mappings()}
    project_ids = {row["project_id"] for row in rows.values()}
    places = await _read_projects(connection, project_ids)
    found_links = await _read_links(connection, list(rows))
    found_intents = await _read_intents(connection, project_ids, rows.keys())
    conflicts = await _read_conflicts(connection, list(rows), now)
    leads = await read_followed_reports(connection, list(rows))
    withheld_kinds = await _read_withheld(connection, project_ids, rows.keys())
    summaries = []
    for id_ in dict.fromkeys(wanted):
        row = rows.get(id_)
        if row is None or row["project_id"] not in places:
            continue
        report, unknown = to_report_and_unknown_values(row)
        mine = sorted(found_links.get(id_, ()), key=_link_rank)
        link = mine[0] if mine else None
        name, connected, settings = places[row["project_id"]]
        detail = ReportDetail(
            report=report,
            unknown=unknown,
            link=link,
            columns=to_link_columns(row) if link is None or link.is_past else None,
            comments=(),
            pairs=(),
            intents=tuple(found_intents.get(id_, ())),
            history=tuple(conflicts.get(id_, ())),
            second_issues=tuple(
                sorted(
                    (each for each in mine if each.state is LinkState.SECOND), key=lambda each: each.number
                )
            ),
            withheld=withheld_kinds.get(id_, {}),
            follows=leads.get(id_) if link is None or link.is_past else None,
        )
        summaries.append(
            ReportSummary(detail=detail, project_name=name, connected=connected, settings=settings)
        )
    return tuple(summaries)


def _link_rank(link: Link) -> tuple[int, float, UUID]:
    """Order the links of one report as `link_writes.read_link_of_report` does."""
    rank = 0 if link.state in LIVE_STATES else _RANK_OF_ENDED_LINK.get(link.state, 1)
    return rank, -link.created_at.timestamp(), link.id


async def _read_projects(
    connection: AsyncConnection, wanted: set[UUID]
) -> Mapping[UUID, tuple[str, ConnectedRepository | None, StoredSettings | None]]:
    """Read, by project, its name, the repository that the last pass read, and its own settings."""
    known = bugspark_projects.outerjoin(projects, projects.c.project_id == bugspark_projects.c.id)
    in_force = is_version_in_force(bugspark_projects.c.id)
    query = (
        select(
            bugspark_projects.c.id,
            bugspark_projects.c.name,
            projects.c.repository_id,
            projects.c.repository,
            *settings_columns(),
        )
        .select_from(known.outerjoin(settings_versions, in_force))
        .where(bugspark_projects.c.id.in_(ids_subquery(connection.dialect.name, wanted)))
    )
    return {
        row["id"]: (
            row["name"],
            ConnectedRepository(id=row["repository_id"], name=row["repository"] or "")
            if row["repository_id"] not in (None, UNKNOWN_REPOSITORY)
            else None,
            to_stored_settings(row),
        )
        for row in (await connection.execute(query)).mappings()
    }


async def _read_links(connection: AsyncConnection, wanted: Sequence[UUID]) -> Mapping[UUID, list[Link]]:
    found: defaultdict[UUID, list[Link]] = defaultdict(list)
    query = select(links).where(links.c.report_id.in_(ids_subquery(connection.dialect.name, wanted)))
    for row in (await connection.execute(query)).mappings():
        found[row["report_id"]].append(to_link(row))
    return found


async def _read_intents(
    connection: AsyncConnection, project_ids: set[UUID], wanted: Any
) -> Mapping[UUID, list[Intent]]:
    """Read the open intents of these reports: along the projects' index, because few intents are open."""
    found: defaultdict[UUID, list[Intent]] = defaultdict(list)
    query = select(intents).where(
        intents.c.project_id.in_(ids_subquery(connection.dialect.name, project_ids, "places")),
        intents.c.report_id.in_(ids_subquery(connection.dialect.name, wanted)),
    )
    for row in (await connection.execute(query.order_by(intents.c.created_at, intents.c.id))).mappings():
        found[row["report_id"]].append(to_intent(row))
    return found


async def _read_conflicts(
    connection: AsyncConnection, wanted: Sequence[UUID], now: datetime
) -> Mapping[UUID, list[DatedChange]]:
    """Read the conflicts that still stand, the newest first."""
    found: defaultdict[UUID, list[DatedChange]] = defaultdict(list)
    query = unresolved_conflicts_query(now, None).where(
        changes.c.report_id.in_(ids_subquery(connection.dialect.name, wanted))
    )
    for row in (await connection.execute(query.order_by(changes.c.id.desc()))).mappings():
        found[row["report_id"]].append(DatedChange(at=row["at"], change=to_change(row)))
    return found


async def _read_withheld(
    connection: AsyncConnection, project_ids: set[UUID], wanted: Any
) -> Mapping[UUID, dict[CommentPairId, Kind]]:
    found: defaultdict[UUID, dict[CommentPairId, Kind]] = defaultdict(dict)
    query = select(withheld.c.report_id, withheld.c.entry_id, withheld.c.kind).where(
        withheld.c.project_id.in_(ids_subquery(connection.dialect.name, project_ids, "places")),
        withheld.c.report_id.in_(ids_subquery(connection.dialect.name, wanted)),
    )
    for report_id, pair, kind in await connection.execute(query):
        found[report_id][CommentPairId(pair)] = Kind(kind)
    return found


async def read_report_positions(
    connection: AsyncConnection, wanted: ReportFilter, limit: int
) -> tuple[tuple[ReportId, ReportPosition], ...]:
    """Find at most `limit` reports after a position, and where each stands."""
    query = report_positions_query(connection.dialect.name, wanted, limit)
    return tuple(
        (ReportId(row.id), ReportPosition(project_id=row.project_id, tracking_id=row.tracking_id))
        for row in await connection.execute(query)
    )


def report_positions_query(dialect: str, wanted: ReportFilter, limit: int) -> Select[Any]:
    """Query reports by project and tracking id, the highest first."""
    order = (reports.c.project_id, reports.c.tracking_id)
    query = select(reports.c.id, *order).where(
        reports.c.project_id.in_(ids_subquery(dialect, wanted.projects, "places")),
        *_text_conditions(dialect, wanted),
    )
    if wanted.severity is not None:
        query = query.where(cast(reports.c.severity, Text) == wanted.severity)
    if (after := wanted.after) is not None:
        query = query.where(
            tuple_(*order) < tuple_(literal(after.project_id, Uuid()), literal(after.tracking_id))
        )
    return query.order_by(*(each.desc() for each in order)).limit(limit)


def _text_conditions(dialect: str, wanted: ReportFilter) -> Iterator[ColumnElement[bool]]:
    text = wanted.text.strip()
    if not text:
        return
    if TRACKING_ID_PATTERN.fullmatch(text):
        yield reports.c.tracking_id == text.upper()
    elif issue := ISSUE_PATTERN.fullmatch(text) or ISSUE_URL_PATTERN.fullmatch(text):
        yield reports.c.id.in_(_reports_of_issue(dialect, wanted, int(issue["number"]), issue["repository"]))
    elif named := UUID_PATTERN.findall(text):
        yield reports.c.id.in_([UUID(each) for each in named[:MAX_SEARCH_WORDS]])
    else:
        for word in text.split()[:MAX_SEARCH_WORDS]:
            yield _title_has(dialect, word)


def _reports_of_issue(
    dialect: str, wanted: ReportFilter, number: int, repository: str | None
) -> Select[tuple[UUID]]:
    query = select(links.c.report_id).where(
        links.c.project_id.in_(ids_subquery(dialect, wanted.projects, "owners")),
        links.c.number == number,
        links.c.state != LinkState.UNLINKED,
    )
    if repository is None:
        return query
    name = func.lower(links.c.repository)
    if "/" in repository:
        return query.where(name == repository.lower())
    return query.where(name.endswith(f"/{repository.lower()}", autoescape=True))


def _title_has(dialect: str, word: str) -> ColumnElement[bool]:
    """Match a word of a title without regard to case.

    BugSpark stores titles HTML-escaped, one synced from GitHub is stored as it is
    (docs/reference/bugspark.md, Text).
    """
    title = reports.c.title
    is_in = title.contains if dialect == "sqlite" else title.icontains  # SQLite's LIKE ignores case itself
    escaped = html.escape(word)
    plain = is_in(word, autoescape=True)
    return plain if escaped == word else or_(plain, is_in(escaped, autoescape=True))
