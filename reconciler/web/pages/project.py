"""The page `/projects/{id}`: the state of one project, what needs attention, and its actions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.fields import Severity, Status
from reconciler.model.ids import ProjectId
from reconciler.model.project_status import project_status
from reconciler.model.viewer import Access, Actor
from reconciler.model.views import LinkPage, UnlinkedPage
from reconciler.ports import Queries
from reconciler.web.actions import PROJECT_ACTIONS, ActionRunner
from reconciler.web.pages.bulk import BulkActions, parse_bulk_form
from reconciler.web.pages.link_search import (
    PLOT_PERIODS,
    SYNC_STATES_BY_URGENCY,
    LinkSearch,
    page_links,
    parse_link_search,
    unlinked_page_links,
)
from reconciler.web.pages.next_step import attention_notice
from reconciler.web.pages.page import PageResponder, outage_of_pass
from reconciler.web.pages.plot import build_plot
from reconciler.web.pages.timeline import change_text
from reconciler.web.security.access_control import raise_not_found

BULK = "bulk"
"""The last part of the path of the form about several reports."""
REFRESH_SECONDS = 5
"""How often an open page refreshes itself."""
LINKS_PER_PAGE, MAX_CHANGES, MAX_CONFLICTS, MAX_ATTENTION_ITEMS = 50, 20, 20, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """The page of one project and its actions."""

    frame: PageResponder
    queries: Queries
    actions: ActionRunner

    async def render(self, request: Request, project_id: ProjectId) -> Response:
        """Render the page. Raises HTTPException 400, 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        search = parse_link_search(request.query_params)
        # Concurrent: each read has its own transaction.
        found, (links, unlinked), numbers, lists = await asyncio.gather(
            self.queries.health(project_id),
            self._load_list(project_id, search),
            self._load_limits_and_plot(project_id, PLOT_PERIODS[search.period]),
            self._load_conflicts_and_changes(project_id),
        )
        if not found:
            raise_not_found()
        health = found[0]
        status = project_status(health, self.frame.clock.now(), UTC)
        return self.frame.render(
            request,
            visitor,
            "project.html",
            every=REFRESH_SECONDS,
            project=health,
            how=status,
            outage=outage_of_pass(health.last_pass),
            need=attention_notice(health, status, may_change=access is Access.CHANGE),
            may_change=access is Access.CHANGE,
            search=search,
            links=links,
            unlinked=unlinked,
            turns=unlinked_page_links(search, unlinked)
            if search.is_for_unlinked
            else page_links(search, links),
            periods=tuple(PLOT_PERIODS),
            statuses=tuple(Status),
            severities=tuple(Severity),
            state_of=lambda row: SYNC_STATES_BY_URGENCY[row.urgency],
            items=health.attention[:MAX_ATTENTION_ITEMS],
            more_items=max(0, len(health.attention) - MAX_ATTENTION_ITEMS),
            say=change_text,
            site=self.frame.access_control.site,
            link_counts=health.link_counts,
            **numbers,
            **lists,
        )

    async def _load_list(self, id_: ProjectId, search: LinkSearch) -> tuple[LinkPage, UnlinkedPage]:
        """Read the page of links, and the reports without a link that belong to it."""
        wanted, unlinked = search.unlinked_filter, UnlinkedPage(rows=(), more_after=False)
        if wanted is not None:
            unlinked = await self.queries.unlinked_reports(id_, wanted, LINKS_PER_PAGE)
        if search.is_for_unlinked:
            return LinkPage(rows=(), more_before=False, more_after=False), unlinked
        return await self.queries.link_page(id_, search.link_filter, LINKS_PER_PAGE), unlinked

    async def _load_limits_and_plot(self, id_: ProjectId, period: timedelta) -> dict[str, Any]:
        now = self.frame.clock.now()
        return {
            "limits": (await self.queries.rate_limits_by_project()).get(id_),
            "plot": build_plot(await self.queries.activity_between(id_, now - period, now)),
        }

    async def _load_conflicts_and_changes(self, id_: ProjectId) -> dict[str, Any]:
        return {
            "conflicts": await self.queries.unresolved_conflicts(id_, MAX_CONFLICTS),
            "changes": await self.queries.recent_changes(id_, MAX_CHANGES),
            "audit_entries": await self.queries.recent_audit_entries(id_, MAX_CHANGES),
        }

    async def handle_action(self, request: Request, project_id: ProjectId, what: str) -> Response:
        """Run the command of one of the buttons. Raises HTTPException, DatabaseError."""

        async def action(actor: Actor, form: Mapping[str, str]) -> str:
            if what == BULK:
                bulk = BulkActions(queries=self.queries, actions=self.actions, actor=actor)
                return await bulk.run(project_id, parse_bulk_form(form))
            return await self.actions.run_project_action(actor, project_id, what, form)

        return await self.frame.handle_form(request, project_id, f"/projects/{project_id}", action)


def router(page: ProjectPage) -> APIRouter:
    """Build the routes of page and actions. An id that can't be parsed is answered like an unknown one."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}")
    async def show(request: Request, project_id: str) -> Response:
        return await page.render(request, await page.frame.authenticated_project_id(request, project_id))

    for what in (*PROJECT_ACTIONS, BULK):
        api_router.add_api_route(
            f"/projects/{{project_id}}/{what}", _action_endpoint(page, what), methods=["POST"]
        )
    return api_router


def _action_endpoint(page: ProjectPage, what: str) -> Callable[[Request, str], Awaitable[Response]]:
    async def act(request: Request, project_id: str) -> Response:
        return await page.handle_action(
            request, await page.frame.authenticated_project_id(request, project_id), what
        )

    return act
