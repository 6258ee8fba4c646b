"""The JSON API for BugSpark's own dashboard (docs/reference/contract.md, HTTP). It only reads."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.ports import Clock, Queries, ReportViews
from reconciler.web.api import response_models, serializers
from reconciler.web.security.sign_in import BUGSPARK_COOKIE, AccessControl, raise_not_found
from reconciler.web.site import Site

API_ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED.value: {"description": "Nobody is signed in"},
    HTTPStatus.SERVICE_UNAVAILABLE.value: {"description": "The database can't be used now"},
}
NOT_FOUND_RESPONSE: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_FOUND.value: {"description": "There is no such thing, or it is not yours"},
}
SECURITY_SCHEMES = (
    # For `/openapi.json` alone: access_control identifies the visitor.
    Security(HTTPBearer(auto_error=False, description="BugSpark's access token")),
    Security(APIKeyCookie(name=BUGSPARK_COOKIE, auto_error=False, description="BugSpark's own cookie")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncApi:
    """The endpoints' queries and access control."""

    site: Site
    access_control: AccessControl
    queries: Queries
    report_views: ReportViews
    clock: Clock

    async def projects(self, request: Request) -> list[response_models.ProjectResponse]:
        """List the visitor's projects with a github integration, by name."""
        visitor = await self.access_control.require_visitor(request)
        access = await self.queries.accessible_projects(visitor.viewer)
        now = self.clock.now()
        return [
            serializers.project_response(health, access[health.project_id], self.site, now)
            for health in await self.queries.health()
            if health.project_id in access
        ]

    async def project(self, request: Request, uuid: UUID | None) -> response_models.ProjectResponse:
        """Return one project; its health has the problem if the integration can't be used.

        Raises HTTPException 401 without a sign-in, 404 for an unknown project or one of another user.
        """
        visitor = await self.access_control.require_visitor(request)
        if uuid is None:
            raise_not_found()
        project_id = ProjectId(uuid)
        access = await self.access_control.require_access(visitor.viewer, project_id)
        healths = await self.queries.health(project_id)
        if not healths:
            raise_not_found()
        return serializers.project_response(healths[0], access, self.site, self.clock.now())

    async def report(self, request: Request, uuid: UUID | None) -> response_models.ReportResponse:
        """Return one report. Raises HTTPException 401 and 404 as `project` does."""
        visitor = await self.access_control.require_visitor(request)
        if uuid is None:
            raise_not_found()
        report_id = ReportId(uuid)
        await self.access_control.require_report_project(visitor.viewer, report_id)
        shown = await self.report_views.report_view(report_id)
        if shown is None:
            raise_not_found()
        return serializers.report_response(shown, self.site)


def router(api: SyncApi) -> APIRouter:
    """Build the three routes. An id that can't be parsed is answered like an unknown one (404)."""
    api_router = APIRouter(
        prefix="/api/v1", tags=["sync"], responses=API_ERROR_RESPONSES, dependencies=list(SECURITY_SCHEMES)
    )

    @api_router.get("/projects")
    async def list_projects(request: Request) -> list[response_models.ProjectResponse]:
        """Your projects with their sync's health."""
        return await api.projects(request)

    @api_router.get("/projects/{project_id}", responses=NOT_FOUND_RESPONSE)
    async def read_project(request: Request, project_id: str) -> response_models.ProjectResponse:
        """One project with its sync's health."""
        return await api.project(request, parse_uuid(project_id))

    @api_router.get("/reports/{report_id}", responses=NOT_FOUND_RESPONSE)
    async def read_report(request: Request, report_id: str) -> response_models.ReportResponse:
        """One report: its issue, its fields on both sides, and where each comment was written."""
        return await api.report(request, parse_uuid(report_id))

    return api_router
