"""The page `/`: the state of all projects."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.formatting import format_count
from reconciler.model.health import CredentialLimits, LinkCountsByUrgency, ProjectHealth
from reconciler.model.ids import ProjectId
from reconciler.model.project_status import ProjectStatus, ProjectStatusKind, project_status
from reconciler.model.viewer import Access
from reconciler.ports import Queries
from reconciler.web.pages.next_step import STATES_NEEDING_ATTENTION, AttentionNotice, attention_notice
from reconciler.web.pages.page import PageResponder, longest_outage, outage_of_pass
from reconciler.web.plain_input import require_known_word

REFRESH_SECONDS = 10
"""How often an open page refreshes itself."""
ROWS_PER_PAGE, MAX_NOTICES = 50, 25
"""Limits for one page; each row takes 0.1 ms."""
MAX_SEARCH_LENGTH = 200
BY_NAME = "name"
WORST_FIRST = (
    ProjectStatusKind.FAILED,
    ProjectStatusKind.ATTENTION,
    ProjectStatusKind.CONFLICT,
    ProjectStatusKind.WAITING,
    ProjectStatusKind.NEW,
    ProjectStatusKind.SYNCED,
    ProjectStatusKind.PAUSED,
)
"""The order of the table, unless it is by name."""
MAX_NAMES = 3
"""Projects named beside the limit of their common token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """A project in the table."""

    health: ProjectHealth
    status: ProjectStatus
    link_counts: LinkCountsByUrgency
    limits: CredentialLimits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimits:
    """The limit of one token, once, with the projects that use it."""

    limits: CredentialLimits
    names: tuple[str, ...]  # of the first projects
    more: int  # how many further projects use it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSearch:
    """Which projects the table shows, and in which order, from the query string."""

    text: str = ""
    order: str = ""  # "": worst first; BY_NAME

    def query_string(self, page: int) -> str:
        """Return the query string of a page."""
        parameters = {"q": self.text, "order": self.order, "page": str(page) if page > 1 else ""}
        return f"?{urlencode({name: value for name, value in parameters.items() if value})}#projects"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """The page of all projects."""

    frame: PageResponder
    queries: Queries

    async def render(self, request: Request) -> Response:
        """Render the viewer's projects. Raises HTTPException 400, 401, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.queries.accessible_projects(visitor.viewer)
        rows = await self._load_rows(access)
        notices = [notice for row in rows if (notice := _attention_notice_of(row, access)) is not None]
        search = parse_project_search(request.query_params)
        found = find_projects(rows, search)
        page = page_number(request.query_params.get("page", ""), len(found))
        return self.frame.render(
            request,
            visitor,
            "overview.html",
            every=REFRESH_SECONDS,
            rows=found[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE],
            count=len(rows),
            found_count=len(found),
            search=search,
            turns=previous_and_next_links(search, page, len(found)),
            tokens=limits_by_token(rows),
            needs=notices[:MAX_NOTICES],
            more_needs=max(0, len(notices) - MAX_NOTICES),
            summary=summarise_projects(rows),
            outage=longest_outage(outage_of_pass(row.health.last_pass) for row in rows),
            github_url=self.frame.access_control.site.github_url,
            operator=visitor.viewer.user_id is None,
        )

    async def _load_rows(self, access: Mapping[ProjectId, Access]) -> list[ProjectRow]:
        # Concurrent: each read has its own transaction.
        limits, healths = await asyncio.gather(self.queries.rate_limits_by_project(), self.queries.health())
        now = self.frame.clock.now()
        return [
            ProjectRow(
                health=health,
                status=project_status(health, now, UTC),
                link_counts=health.link_counts,
                limits=limits.get(health.project_id),
            )
            for health in healths
            if health.project_id in access
        ]


def router(overview: OverviewPage) -> APIRouter:
    """Build the route of this page."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/")
    async def page(request: Request) -> Response:
        return await overview.render(request)

    return api_router


def _attention_notice_of(row: ProjectRow, access: Mapping[ProjectId, Access]) -> AttentionNotice | None:
    may_change = access[row.health.project_id] is Access.CHANGE
    return attention_notice(row.health, row.status, may_change=may_change)


def page_number(text: str, count: int) -> int:
    """Return the page number in the query, or the nearest one that exists. `count`: number of rows."""
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(1, wanted), max(1, -(-count // ROWS_PER_PAGE)))


def previous_and_next_links(search: ProjectSearch, page: int, count: int) -> dict[str, str]:
    """Return the links to the previous and the next page, if there are any."""
    links_by_name = {"before": search.query_string(page - 1)} if page > 1 else {}
    return links_by_name | ({"after": search.query_string(page + 1)} if page * ROWS_PER_PAGE < count else {})


def parse_project_search(query: Mapping[str, str]) -> ProjectSearch:
    """Read the search from a query string. Raises HTTPException 400 for an unknown order."""
    return ProjectSearch(
        text=query.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "").strip(),
        order=require_known_word(query, "order", (BY_NAME,)),
    )


def find_projects(rows: Sequence[ProjectRow], search: ProjectSearch) -> list[ProjectRow]:
    """Return the projects whose name or repository has the text, in the order of the search.

    `rows`: by name; projects in the same state stay so.
    """
    text = search.text.lower()
    found = [
        row
        for row in rows
        if text in row.health.name.lower() or text in (row.health.repository or "").lower()
    ]
    return found if search.order == BY_NAME else sorted(found, key=_urgency_rank)


def _urgency_rank(row: ProjectRow) -> int:
    return WORST_FIRST.index(row.status.state)


def limits_by_token(rows: Sequence[ProjectRow]) -> list[TokenLimits]:
    """Return the limit of each token once, the one with the smallest share left first."""
    users: dict[str, list[ProjectRow]] = {}
    for row in rows:
        if row.limits is not None:
            users.setdefault(row.limits.credential, []).append(row)
    tokens = [
        TokenLimits(
            limits=using[0].limits,
            names=tuple(row.health.name for row in using[:MAX_NAMES]),
            more=max(0, len(using) - MAX_NAMES),
        )
        for using in users.values()
        if using[0].limits is not None
    ]
    return sorted(tokens, key=_share_left)


def _share_left(token: TokenLimits) -> float:
    limits = token.limits
    return (limits.remaining or 0) / limits.limit if limits.limit else 1.0


def summarise_projects(rows: Sequence[ProjectRow]) -> tuple[str, str]:
    """Return a state (for the icon) and a sentence about all projects."""
    counts_by_state = Counter(row.status.state for row in rows)
    pressing = sum(counts_by_state[state] for state in STATES_NEEDING_ATTENTION)
    if pressing:
        verb = "needs" if pressing == 1 else "need"
        which = (
            format_count(len(rows), "project")
            if pressing == len(rows)
            else f"{pressing:,} of {format_count(len(rows), 'project')}"
        )
        return ProjectStatusKind.ATTENTION.value, f"{which} {verb} attention"
    if conflicting := counts_by_state[ProjectStatusKind.CONFLICT]:
        verb = "has" if conflicting == 1 else "have"
        return ProjectStatusKind.CONFLICT.value, f"{format_count(conflicting, 'project')} {verb} a conflict"
    if waiting := counts_by_state[ProjectStatusKind.WAITING]:
        sentence = f"{format_count(waiting, 'project')} waiting, the rest is synced"
        return ProjectStatusKind.WAITING.value, sentence
    if paused := counts_by_state[ProjectStatusKind.PAUSED]:
        state = ProjectStatusKind.PAUSED if paused == len(rows) else ProjectStatusKind.SYNCED
        rest = "" if paused == len(rows) else ", the rest is synced"
        return state.value, f"{format_count(paused, 'project')} paused{rest}"
    if counts_by_state[ProjectStatusKind.NEW] == len(rows):
        return ProjectStatusKind.NEW.value, "No pass has run yet"
    return ProjectStatusKind.SYNCED.value, "Everything is synced"
