"""The page `/projects/{id}`: the state of one project, what needs attention, and its actions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.health import ProjectHealth
from reconciler.model.ids import IssueNumber, LinkId, ProjectId
from reconciler.model.kinds import Kind
from reconciler.model.project_status import project_status
from reconciler.model.viewer import Access
from reconciler.model.views import LinkFilter, LinkPage, LinkPosition, LinkRow, Urgency
from reconciler.ports import Queries
from reconciler.web.actions import PROJECT_ACTIONS, ActionRunner
from reconciler.web.api.response_models import SyncState
from reconciler.web.pages.next_step import attention_notice
from reconciler.web.pages.page import PageResponder, outage_of_pass
from reconciler.web.pages.plot import build_plot
from reconciler.web.pages.timeline import change_text
from reconciler.web.security.sign_in import raise_not_found

REFRESH_SECONDS = 5
"""How often an open page refreshes itself."""
LINKS_PER_PAGE, MAX_CHANGES, MAX_CONFLICTS, MAX_WITHHELD, MAX_ATTENTION_ITEMS = 50, 20, 20, 200, 30
PLOT_PERIOD = timedelta(days=1)
URGENCIES_BY_SYNC_STATE = {
    SyncState.SYNCED: Urgency.SYNCED,
    SyncState.PENDING: Urgency.PENDING,
    SyncState.CONFLICT: Urgency.CONFLICT,
    SyncState.ATTENTION: Urgency.ATTENTION,
}
SYNC_STATES_BY_URGENCY = {urgency: state for state, urgency in URGENCIES_BY_SYNC_STATE.items()}
MAX_SEARCH_LENGTH = 200
"""Length limit of a search text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSearch:
    """A search for links, from the query string. An unknown state means all states."""

    state: str
    text: str
    link_filter: LinkFilter

    def query_string(self, **changes: str) -> str:
        """Return the query string with changes; empty values are left out."""
        parameters = {"state": self.state, "q": self.text} | changes
        kept = {name: value for name, value in parameters.items() if value}
        return f"?{urlencode(kept)}#links" if kept else "#links"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """The page of one project and its actions."""

    frame: PageResponder
    queries: Queries
    actions: ActionRunner

    async def render(self, request: Request, project_id: ProjectId) -> Response:
        """Render the page. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        search = parse_link_search(request.query_params)
        # Concurrent: each read has its own transaction.
        found, links, numbers, lists = await asyncio.gather(
            self.queries.health(project_id),
            self.queries.link_page(project_id, search.link_filter, LINKS_PER_PAGE),
            self._load_limits_and_plot(project_id),
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
            turns=page_links(search, links),
            state_of=lambda row: SYNC_STATES_BY_URGENCY[row.urgency],
            items=health.attention[:MAX_ATTENTION_ITEMS],
            more_items=max(0, len(health.attention) - MAX_ATTENTION_ITEMS),
            say=change_text,
            site=self.frame.access_control.site,
            link_counts=health.link_counts,
            **await self._load_withheld(health),
            **numbers,
            **lists,
        )

    async def _load_withheld(self, health: ProjectHealth) -> dict[str, Any]:
        held = (
            await self.queries.withheld_deletions(health.project_id, MAX_WITHHELD) if health.withheld else ()
        )
        return {"held": held, "are_reports_missing": any(row.kind is Kind.END_LINK for row in held)}

    async def _load_limits_and_plot(self, id_: ProjectId) -> dict[str, Any]:
        now = self.frame.clock.now()
        return {
            "limits": (await self.queries.rate_limits_by_project()).get(id_),
            "plot": build_plot(await self.queries.activity_between(id_, now - PLOT_PERIOD, now)),
        }

    async def _load_conflicts_and_changes(self, id_: ProjectId) -> dict[str, Any]:
        return {
            "conflicts": await self.queries.unresolved_conflicts(id_, MAX_CONFLICTS),
            "changes": await self.queries.recent_changes(id_, MAX_CHANGES),
        }

    async def handle_action(self, request: Request, project_id: ProjectId, what: str) -> Response:
        """Run the command of one of the buttons. Raises HTTPException, DatabaseError."""

        async def action(form: Mapping[str, str]) -> str:
            return await self.actions.act_on_project(project_id, what, form)

        return await self.frame.handle_form(request, project_id, f"/projects/{project_id}", action)


def router(page: ProjectPage) -> APIRouter:
    """Build the routes of page and actions. An id that can't be parsed is answered like an unknown one."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}")
    async def show(request: Request, project_id: str) -> Response:
        return await page.render(request, await page.frame.authenticated_project_id(request, project_id))

    for what in PROJECT_ACTIONS:
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


def parse_link_search(query: Mapping[str, str]) -> LinkSearch:
    """Read the search from a query string."""
    state, text = query.get("state", ""), query.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "")
    urgency = next((urgency for each, urgency in URGENCIES_BY_SYNC_STATE.items() if each == state), None)
    link_filter = LinkFilter(
        urgency=urgency,
        text=text,
        after=_parse_position(query.get("after", "")),
        before=_parse_position(query.get("before", "")),
    )
    return LinkSearch(state=state if urgency is not None else "", text=text, link_filter=link_filter)


def _parse_position(text: str) -> LinkPosition | None:
    number, _, link = text.partition(".")
    try:
        return LinkPosition(number=IssueNumber(min(int(number), 2**31 - 1)), link_id=LinkId(UUID(link)))
    except ValueError:
        return None


def page_links(search: LinkSearch, links: LinkPage) -> dict[str, str]:
    """Return the links to the previous and the next page, if there are any."""
    if not links.rows:
        return {}
    links_by_name = {}
    if links.more_before:
        links_by_name["before"] = search.query_string(before=_encode_position(links.rows[0]))
    if links.more_after:
        links_by_name["after"] = search.query_string(after=_encode_position(links.rows[-1]))
    return links_by_name


def _encode_position(row: LinkRow) -> str:
    return f"{row.number}.{row.id}"
