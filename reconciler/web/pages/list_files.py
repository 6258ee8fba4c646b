"""A project's list as a file, CSV or JSON, and its problems as an Atom feed.

They show what the page shows, under the same search, to everybody who may see the page.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.formatting import format_iso
from reconciler.model.health import ProjectHealth
from reconciler.model.ids import ProjectId
from reconciler.model.project_status import ATTENTION_TEXTS
from reconciler.model.report import unescape_html
from reconciler.model.views import LinkRow, ReportChange, UnlinkedRow
from reconciler.ports import Queries
from reconciler.web.api.response_models import WORDS_BY_STATE, SyncState
from reconciler.web.pages.link_search import (
    SYNC_STATES_BY_URGENCY,
    LinkSearch,
    encode_position,
    parse_link_search,
    without_position,
)
from reconciler.web.pages.page import PageResponder
from reconciler.web.pages.templating import safe_line
from reconciler.web.security.access_control import raise_not_found
from reconciler.web.site import Site

ROWS_PER_READ, MAX_ROWS = 500, 10_000
"""A file has at most so many rows, read in parts."""
COLUMNS = ("state", "tracking_id", "title", "status", "severity", "issue", "url", "checked_at", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""
MAX_FEED_ENTRIES = 50
ATOM = "http://www.w3.org/2005/Atom"
ListedReport = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFiles:
    """The files of one project."""

    frame: PageResponder
    queries: Queries

    async def render_list(self, request: Request, project_id: ProjectId, kind: str) -> Response:
        """Answer with the list as a file. Raises HTTPException 400, 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        await self.frame.access_control.require_access(visitor.viewer, project_id)
        search = without_position(parse_link_search(request.query_params))
        rows = [row async for row in self._rows(project_id, search)]
        body, content_type = (
            (json.dumps(rows, indent=1), "application/json")
            if kind == "json"
            else (rows_as_csv(rows), "text/csv; charset=utf-8")
        )
        disposition = f'attachment; filename="reports-{project_id}.{kind}"'
        return Response(body, media_type=content_type, headers={"Content-Disposition": disposition})

    async def render_feed(self, request: Request, project_id: ProjectId) -> Response:
        """Answer with the problems as a feed. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        await self.frame.access_control.require_access(visitor.viewer, project_id)
        healths = await self.queries.health(project_id)
        if not healths:
            raise_not_found()
        conflicts = await self.queries.unresolved_conflicts(project_id, MAX_FEED_ENTRIES)
        site = self.frame.access_control.site
        base = site.public_url or str(request.base_url).rstrip("/")
        body = problems_as_atom(healths[0], conflicts, base, self.frame.clock.now())
        return Response(body, media_type="application/atom+xml")

    async def _rows(self, project_id: ProjectId, search: LinkSearch) -> AsyncIterator[ListedReport]:
        site, left = self.frame.access_control.site, MAX_ROWS
        wanted = search.unlinked_filter
        while wanted is not None and left > 0:
            page = await self.queries.unlinked_reports(project_id, wanted, min(left, ROWS_PER_READ))
            for row in page.rows:
                yield _unlinked_row(row)
            left -= len(page.rows)
            wanted = (
                replace(wanted, after=page.rows[-1].tracking_id) if page.more_after and page.rows else None
            )
        more = not search.is_for_unlinked
        while more and left > 0:
            links = await self.queries.link_page(project_id, search.link_filter, min(left, ROWS_PER_READ))
            for link in links.rows:
                yield _link_row(link, site)
            left -= len(links.rows)
            more = links.more_after and bool(links.rows)
            if more:
                search = replace(search, after=encode_position(links.rows[-1]))


def _link_row(row: LinkRow, site: Site) -> ListedReport:
    return {
        "state": WORDS_BY_STATE[SYNC_STATES_BY_URGENCY[row.urgency]],
        "tracking_id": row.tracking_id,
        "title": unescape_html(row.title) if row.title else None,
        "status": row.status,
        "severity": row.severity,
        "issue": f"{row.repository}#{row.number}",
        "url": f"{site.github_url}/{row.repository}/issues/{row.number}",
        "checked_at": format_iso(row.verified_at),
        "reason": row.reason,
    }


def _unlinked_row(row: UnlinkedRow) -> ListedReport:
    state = SyncState.UNLINKED if row.urgency is None else SYNC_STATES_BY_URGENCY[row.urgency]
    return {
        "state": WORDS_BY_STATE[state],
        "tracking_id": row.tracking_id,
        "title": unescape_html(row.title),
        "status": row.status,
        "severity": row.severity,
        "issue": None,
        "url": None,
        "checked_at": None,
        "reason": row.waiting,
    }


def rows_as_csv(rows: list[ListedReport]) -> str:
    """Return a table with a heading. Texts that a spreadsheet would take for formulas are quoted by `'`."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(_as_cell(row[column]) for column in COLUMNS)
    return written.getvalue()


def _as_cell(text: str | None) -> str:
    shown = "" if text is None else safe_line(text)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown


def problems_as_atom(
    health: ProjectHealth, conflicts: tuple[ReportChange, ...], base: str, now: datetime
) -> str:
    """Return a feed with an entry for each present problem. `base`: the address of this site."""
    page, since = f"{base}/projects/{health.project_id}", health.last_pass_at or now
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    _add_element(feed, "id", f"urn:uuid:{health.project_id}")
    _add_element(feed, "title", f"Problems of {safe_line(health.name)}")
    _add_element(feed, "updated", _format_moment(since))
    ET.SubElement(feed, f"{{{ATOM}}}link", href=page)
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    _add_element(author, "name", "BugSpark reconciler")
    for key, title, text, at, path in _entries(health, conflicts, since):
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        _add_element(entry, "id", f"urn:uuid:{uuid5(UUID(str(health.project_id)), key)}")
        _add_element(entry, "title", safe_line(title))
        _add_element(entry, "updated", _format_moment(at))
        _add_element(entry, "summary", safe_line(text))
        ET.SubElement(entry, f"{{{ATOM}}}link", href=f"{base}{path}")
    return ET.tostring(feed, encoding="unicode", xml_declaration=True)


def _entries(
    health: ProjectHealth, conflicts: tuple[ReportChange, ...], since: datetime
) -> Iterator[tuple[str, str, str, datetime, str]]:
    """Yield (key, title, text, time, path) of each problem; the key stays the same while it lasts."""
    project = f"/projects/{health.project_id}"
    if health.problem:
        yield f"problem {health.problem}", "The integration can't be used", health.problem, since, project
    if health.withheld:
        title = f"{health.withheld_count} deletions withheld"
        yield f"withheld {health.withheld}", title, "Review them.", since, f"{project}/withheld"
    for item in health.attention[:MAX_FEED_ENTRIES]:
        key = f"{item.what} {item.report_id} {item.field}"
        title = f"{item.report} {ATTENTION_TEXTS.get(item.what, item.what)}"
        yield key, title, item.reason, since, f"/reports/{item.report_id}"
    for each in conflicts:
        change, at = each.dated_change.change, each.dated_change.at
        title = f"Conflict: {change.field} of {each.tracking_id or change.report_id}"
        key = f"conflict {change.report_id} {change.field} {_format_moment(at)}"
        yield key, title, f"{change.lost} was lost", at, f"/reports/{change.report_id}"


def _add_element(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}{name}").text = text


def _format_moment(at: datetime) -> str:
    return str(format_iso(at))


def router(files: ListFiles) -> APIRouter:
    """Build the routes. Include them before those of the project page."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}/reports.csv")
    async def list_as_csv(request: Request, project_id: str) -> Response:
        id_ = await files.frame.authenticated_project_id(request, project_id)
        return await files.render_list(request, id_, "csv")

    @api_router.get("/projects/{project_id}/reports.json")
    async def list_as_json(request: Request, project_id: str) -> Response:
        id_ = await files.frame.authenticated_project_id(request, project_id)
        return await files.render_list(request, id_, "json")

    @api_router.get("/projects/{project_id}/problems.atom")
    async def feed(request: Request, project_id: str) -> Response:
        return await files.render_feed(
            request, await files.frame.authenticated_project_id(request, project_id)
        )

    return api_router
