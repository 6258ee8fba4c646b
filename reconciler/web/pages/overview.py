"""The page `/`: the state of all projects."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

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

REFRESH_SECONDS = 10
"""How often an open page refreshes itself."""
ROWS_PER_PAGE, MAX_NOTICES = 50, 25
"""Limits for one page; each row takes 0.1 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """A project in the table."""

    health: ProjectHealth
    status: ProjectStatus
    link_counts: LinkCountsByUrgency
    limits: CredentialLimits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """The page of all projects."""

    frame: PageResponder
    queries: Queries

    async def render(self, request: Request) -> Response:
        """Render the viewer's projects. Raises HTTPException 401, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.queries.accessible_projects(visitor.viewer)
        rows = await self._load_rows(access)
        notices = [notice for row in rows if (notice := _attention_notice_of(row, access)) is not None]
        page = page_number(request.query_params.get("page", ""), len(rows))
        return self.frame.render(
            request,
            visitor,
            "overview.html",
            every=REFRESH_SECONDS,
            rows=rows[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE],
            count=len(rows),
            turns=previous_and_next_links(page, len(rows)),
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


def previous_and_next_links(page: int, count: int) -> dict[str, str]:
    """Return the links to the previous and the next page, if there are any."""
    links_by_name = {"before": f"?page={page - 1}#projects"} if page > 1 else {}
    return links_by_name | ({"after": f"?page={page + 1}#projects"} if page * ROWS_PER_PAGE < count else {})


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
        return ProjectStatusKind.ATTENTION.value, f"{which} {verb} you"
    if conflicting := counts_by_state[ProjectStatusKind.CONFLICT]:
        verb = "has" if conflicting == 1 else "have"
        return ProjectStatusKind.CONFLICT.value, f"{format_count(conflicting, 'project')} {verb} a conflict"
    if waiting := counts_by_state[ProjectStatusKind.WAITING]:
        sentence = f"{format_count(waiting, 'project')} waiting, the rest is synced"
        return ProjectStatusKind.WAITING.value, sentence
    if counts_by_state[ProjectStatusKind.NEW] == len(rows):
        return ProjectStatusKind.NEW.value, "The first pass is to come"
    return ProjectStatusKind.SYNCED.value, "Everything is synced"
