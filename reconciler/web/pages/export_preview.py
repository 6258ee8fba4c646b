"""The page `/reports/{id}/export`: the issue that an export would create, to be read before that."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from reconciler.errors import ProjectError, RefusedError, UsageError
from reconciler.model.ids import ReportId, parse_uuid
from reconciler.ports import ReportViews
from reconciler.web.actions import allowed_report_actions
from reconciler.web.pages.page import PageResponder
from reconciler.web.security.access_control import raise_not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPreviewPage:
    """The page; its button is the report page's own."""

    frame: PageResponder
    report_views: ReportViews

    async def render(self, request: Request, text: str) -> Response:
        """Render the page for those who may export.

        Raises HTTPException 401, 403, 404, 409 for a report that can't be exported, DatabaseError.
        """
        access_control = self.frame.access_control
        visitor = await access_control.require_visitor(request)
        uuid = parse_uuid(text)
        report_id = ReportId(uuid) if uuid is not None else raise_not_found()
        project_id = await access_control.require_report_project(visitor.viewer, report_id)
        await access_control.require_change_access(visitor.viewer, project_id)
        shown = await self.report_views.report_view(report_id)
        if shown is None:
            raise_not_found()
        try:
            preview = await self.report_views.preview_export(report_id)
        except (ProjectError, RefusedError, UsageError) as error:
            raise HTTPException(409, str(error)) from error
        return self.frame.render(
            request,
            visitor,
            "export.html",
            report=shown.detail.report,
            preview=preview,
            may_export="export" in allowed_report_actions(shown).names(),
        )


def router(page: ExportPreviewPage) -> APIRouter:
    """Build the route."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/reports/{report_id}/export")
    async def show(request: Request, report_id: str) -> Response:
        return await page.render(request, report_id)

    return api_router
