"""The page `/projects/{id}/withheld`: every withheld deletion, to be seen before it is accepted.

The button stands on this page alone, so nobody accepts what they were not shown (docs/reference/looks.md,
Rules). Those who may change the project also see the texts of comments on GitHub: they are read from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import UsageError
from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.model.viewer import Access, Actor
from reconciler.model.views import WithheldRow
from reconciler.ports import Queries, ReportViews
from reconciler.web.actions import ActionRunner
from reconciler.web.pages.page import PageResponder
from reconciler.web.security.access_control import raise_not_found
from reconciler.web.site import Site

ROWS_PER_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDeletionsPage:
    """The page and its button."""

    frame: PageResponder
    queries: Queries
    report_views: ReportViews
    actions: ActionRunner

    async def render(self, request: Request, project_id: ProjectId) -> Response:
        """Render one page of the list. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        healths = await self.queries.health(project_id)
        if not healths:
            raise_not_found()
        health, may_change = healths[0], access is Access.CHANGE
        number = _page_number(request.query_params.get("page", ""), health.withheld_count)
        offset = (number - 1) * ROWS_PER_PAGE
        try:
            shown = await self.report_views.withheld_page(
                project_id, ROWS_PER_PAGE, offset, reads_github=may_change
            )
        except UsageError:  # the project has just been switched off
            raise_not_found()
        site = self.frame.access_control.site
        return self.frame.render(
            request,
            visitor,
            "withheld.html",
            project=health,
            shown=shown,
            first=offset + 1,
            count=health.withheld_count,
            number=number,
            pages=max(1, -(-health.withheld_count // ROWS_PER_PAGE)),
            may_change=may_change,
            github_url=site.github_url,
            address_in_bugspark=lambda row: report_address(site, row),
            address_on_github=lambda row: comment_address(site, row),
            Side=Side,
        )

    async def handle_action(self, request: Request, project_id: ProjectId) -> Response:
        """Accept the deletions that were shown. Raises HTTPException, DatabaseError."""

        async def action(actor: Actor, form: Mapping[str, str]) -> str:
            return await self.actions.run_project_action(actor, project_id, "accept", form)

        return await self.frame.handle_form(request, project_id, f"/projects/{project_id}", action)


def router(page: WithheldDeletionsPage) -> APIRouter:
    """Build the routes of page and button."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}/withheld")
    async def show(request: Request, project_id: str) -> Response:
        return await page.render(request, await page.frame.authenticated_project_id(request, project_id))

    @api_router.post("/projects/{project_id}/withheld")
    async def accept(request: Request, project_id: str) -> Response:
        return await page.handle_action(
            request, await page.frame.authenticated_project_id(request, project_id)
        )

    return api_router


def report_address(site: Site, row: WithheldRow) -> str | None:
    """Return the report's address in BugSpark; None where `bugspark.dashboard_url` is not set."""
    return f"{site.dashboard_url.rstrip('/')}/reports/{row.report_id}" if site.dashboard_url else None


def comment_address(site: Site, row: WithheldRow) -> str | None:
    """Return the comment's address on GitHub, or its issue's; None without an issue."""
    if row.repository is None or row.number is None:
        return None
    issue = f"{site.github_url}/{row.repository}/issues/{row.number}"
    return issue if row.remote_id is None else f"{issue}#issuecomment-{row.remote_id}"


def _page_number(text: str, count: int) -> int:
    """Return the page number in the query, or the nearest one that exists."""
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(1, wanted), max(1, -(-count // ROWS_PER_PAGE)))
