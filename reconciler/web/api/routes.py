"""The JSON API for BugSpark's own dashboard (docs/reference/contract.md, HTTP): what it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.responses import Response

from reconciler.errors import ProjectError, RefusedError, UsageError
from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.report_detail import ReportView
from reconciler.model.viewer import Access
from reconciler.model.views import ReportFilter
from reconciler.ports import Clock, Queries, ReportViews
from reconciler.web.api import report_models, response_models, serializers
from reconciler.web.api.polled_response import build_polled_response
from reconciler.web.api.report_search import CHOICES, ReportSearch, parse_ids, parse_search, position_text
from reconciler.web.security.access_control import BUGSPARK_COOKIE, AccessControl, raise_not_found
from reconciler.web.site import Site

API_ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED.value: {"description": "Nobody is signed in"},
    HTTPStatus.SERVICE_UNAVAILABLE.value: {"description": "The database can't be used now"},
}
NOT_FOUND_RESPONSE: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_FOUND.value: {"description": "There is no such thing, or you have no access to it"},
}
EXPORT_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.FORBIDDEN.value: {"description": "You may not change this project"},
    HTTPStatus.CONFLICT.value: {"description": "It can't be exported; `detail` says why"},
}
BAD_REQUEST_RESPONSE: dict[int | str, dict[str, Any]] = {
    HTTPStatus.BAD_REQUEST.value: {"description": "A parameter can't be used; `detail` says which"},
}
POLLED_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_MODIFIED.value: {"description": "Nothing has changed since the answer with this ETag"},
}


def _schema(parameter: str) -> dict[str, Any]:
    """Return the schema of a parameter of the list."""
    return {"type": "string"} | ({"enum": list(CHOICES[parameter])} if parameter in CHOICES else {})


LIST_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "description": what, "schema": _schema(name)}
        for name, what in {
            "ids": "Up to 200 report ids, separated by commas; goes with no other parameter",
            "project": "The id of a project",
            "state": "The sync state",
            "severity": "BugSpark's severity",
            "q": "A tracking id, an issue's number or address, a report's address, or words of the title",
            "cursor": "From the part of the list before",
        }.items()
    ]
}
REPORTS_PER_PART, MAX_DELIVERIES = 50, 20
MAX_EXAMINED_PARTS = 20
"""A request for one state reads at most this many parts of the list; the next request continues."""
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
        visitor = await self.access_control.require_api_visitor(request)
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
        visitor = await self.access_control.require_api_visitor(request)
        if uuid is None:
            raise_not_found()
        project_id = ProjectId(uuid)
        access = await self.access_control.require_access(visitor.viewer, project_id)
        healths = await self.queries.health(project_id)
        if not healths:
            raise_not_found()
        return serializers.project_response(healths[0], access, self.site, self.clock.now())

    async def webhook(self, request: Request, uuid: UUID | None) -> response_models.WebhookSetupResponse:
        """Return how a project is connected, without the secret. Raises HTTPException as `project` does."""
        visitor = await self.access_control.require_api_visitor(request)
        if uuid is None:
            raise_not_found()
        project_id = ProjectId(uuid)
        access = await self.access_control.require_access(visitor.viewer, project_id)
        try:
            setup = await self.queries.project_setup(project_id, MAX_DELIVERIES)
        except UsageError:  # the project has just been switched off
            raise_not_found()
        return serializers.webhook_setup_response(setup, access, self.site)

    async def report(self, request: Request, uuid: UUID | None) -> report_models.ReportResponse:
        """Return one report. Raises HTTPException 401 and 404 as `project` does."""
        visitor = await self.access_control.require_api_visitor(request)
        if uuid is None:
            raise_not_found()
        report_id = ReportId(uuid)
        project_id = await self.access_control.require_report_project(visitor.viewer, report_id)
        access = await self.access_control.require_access(visitor.viewer, project_id)
        shown = await self.report_views.report_view(report_id)
        if shown is None:
            raise_not_found()
        reason = await self.access_control.report_reason(visitor.viewer, shown)
        return serializers.report_response(replace(shown, reason=reason), access, self.site, self.clock.now())

    async def export_preview(self, request: Request, uuid: UUID | None) -> report_models.IssuePreviewResponse:
        """Return the issue that an export would create. Raises HTTPException as `project` does; 403 for those
        who may not export, 409 for a report that can't be exported.
        """
        visitor = await self.access_control.require_api_visitor(request)
        report_id = ReportId(uuid) if uuid is not None else raise_not_found()
        project_id = await self.access_control.require_report_project(visitor.viewer, report_id)
        await self.access_control.require_change_access(visitor.viewer, project_id)
        try:
            preview = await self.report_views.preview_export(report_id)
        except (ProjectError, RefusedError, UsageError) as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
        return serializers.issue_preview_response(preview)

    async def reports(self, request: Request) -> report_models.ReportListResponse:
        """Return the states of many reports, by ids or by a search.

        Raises HTTPException 401; 404 for a project of another user; 400 for parameters that can't be used.
        """
        visitor = await self.access_control.require_api_visitor(request)
        query = request.query_params
        ids = parse_ids(query)
        access = await self.queries.accessible_projects(visitor.viewer)
        if ids is None:
            search = parse_search(query)
            if search.project is not None and search.project not in access:
                raise_not_found()
            return await self._search_reports(search, access)
        found = await self.report_views.report_states(ids)
        return report_models.ReportListResponse(reports=self._visible_states(found, access), cursor=None)

    async def _search_reports(
        self, search: ReportSearch, access: Mapping[ProjectId, Access]
    ) -> report_models.ReportListResponse:
        """Walk the list until a part is full. A state is not stored: it is worked out by reading."""
        projects = frozenset(access if search.project is None else [search.project])
        found: list[report_models.ReportStateResponse] = []
        after = search.after
        for _ in range(MAX_EXAMINED_PARTS):
            wanted = ReportFilter(projects=projects, severity=search.severity, text=search.text, after=after)
            positions = dict(await self.queries.report_positions(wanted, REPORTS_PER_PART))
            shown = self._visible_states(await self.report_views.report_states(list(positions)), access)
            for each in shown:
                if search.state is None or each.state is search.state:
                    found.append(each)
                if len(found) == REPORTS_PER_PART:
                    cursor = position_text(positions[ReportId(each.id)])
                    return report_models.ReportListResponse(reports=found, cursor=cursor)
            if len(positions) < REPORTS_PER_PART:
                return report_models.ReportListResponse(reports=found, cursor=None)
            after = list(positions.values())[-1]
        end = None if after is None else position_text(after)
        return report_models.ReportListResponse(reports=found, cursor=end)

    def _visible_states(
        self, found: tuple[ReportView, ...], access: Mapping[ProjectId, Access]
    ) -> list[report_models.ReportStateResponse]:
        """Build the responses, without the reports of other users' projects."""
        return [
            serializers.report_state_response(shown, access[project_id], self.site)
            for shown in found
            if (project_id := shown.detail.report.project_id) in access
        ]


def router(api: SyncApi) -> APIRouter:
    """Build the routes. An id that can't be parsed is answered like an unknown one (404)."""
    api_router = APIRouter(
        prefix="/api/v1",
        tags=["sync"],
        responses={**API_ERROR_RESPONSES, **POLLED_RESPONSES},
        dependencies=list(SECURITY_SCHEMES),
    )

    @api_router.get("/projects", response_model=list[response_models.ProjectResponse])
    async def list_projects(request: Request) -> Response:
        """Your projects with their sync's health."""
        return build_polled_response(request, await api.projects(request))

    @api_router.get(
        "/projects/{project_id}",
        response_model=response_models.ProjectResponse,
        responses=NOT_FOUND_RESPONSE,
    )
    async def read_project(request: Request, project_id: str) -> Response:
        """One project with its sync's health."""
        return build_polled_response(request, await api.project(request, parse_uuid(project_id)))

    @api_router.get(
        "/projects/{project_id}/webhook",
        response_model=response_models.WebhookSetupResponse,
        responses=NOT_FOUND_RESPONSE,
    )
    async def read_webhook(request: Request, project_id: str) -> Response:
        """How a project is connected to GitHub, and its webhook; never the secret."""
        return build_polled_response(request, await api.webhook(request, parse_uuid(project_id)))

    _add_report_routes(api_router, api)
    return api_router


def _add_report_routes(api_router: APIRouter, api: SyncApi) -> None:
    @api_router.get(
        "/reports",
        response_model=report_models.ReportListResponse,
        responses={**NOT_FOUND_RESPONSE, **BAD_REQUEST_RESPONSE},
        openapi_extra=LIST_PARAMETERS,
    )
    async def list_reports(request: Request) -> Response:
        """The states of many reports: of these ids, or those that a search finds."""
        return build_polled_response(request, await api.reports(request))

    @api_router.get(
        "/reports/{report_id}",
        response_model=report_models.ReportResponse,
        responses=NOT_FOUND_RESPONSE,
    )
    async def read_report(request: Request, report_id: str) -> Response:
        """One report: its issue, its fields on both sides, its comments and its history."""
        return build_polled_response(request, await api.report(request, parse_uuid(report_id)))

    @api_router.get(
        "/reports/{report_id}/export",
        response_model=report_models.IssuePreviewResponse,
        responses={**NOT_FOUND_RESPONSE, **EXPORT_RESPONSES},
    )
    async def preview_export(request: Request, report_id: str) -> Response:
        """The issue that an export of the report would create now; nothing is published."""
        return build_polled_response(request, await api.export_preview(request, parse_uuid(report_id)))
