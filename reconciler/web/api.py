"""The JSON API for BugSpark's own dashboard (docs/reference/contract.md, HTTP). It only reads."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from reconciler.model.ids import ProjectId, ReportId
from reconciler.ports import Clock, Readings, Views
from reconciler.web import shapes, telling
from reconciler.web.entrance import BUGSPARK_COOKIE, Entrance, not_found
from reconciler.web.site import Site

REFUSALS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED.value: {"description": "Nobody is signed in"},
    HTTPStatus.SERVICE_UNAVAILABLE.value: {"description": "The database can't be used now"},
}
LOST: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_FOUND.value: {"description": "There is no such thing, or it is not yours"},
}
WAYS_IN = (
    # For `/openapi.json` alone: who it is, the entrance finds out.
    Security(HTTPBearer(auto_error=False, description="BugSpark's access token")),
    Security(APIKeyCookie(name=BUGSPARK_COOKIE, auto_error=False, description="BugSpark's own cookie")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the API reads, and through which door."""

    site: Site
    entrance: Entrance
    views: Views
    readings: Readings
    clock: Clock

    async def projects(self, request: Request) -> list[shapes.Project]:
        """Every project of the visitor's with a github integration, by name."""
        visitor = await self.entrance.who(request)
        access = await self.views.accessible(visitor.viewer)
        now = self.clock.now()
        return [
            telling.project(each, access[each.project_id], self.site, now)
            for each in await self.readings.health()
            if each.project_id in access
        ]

    async def project(self, request: Request, wanted: UUID | None) -> shapes.Project:
        """One project, with its problem if it has no usable integration."""
        visitor = await self.entrance.who(request)
        if wanted is None:
            not_found()
        project_id = ProjectId(wanted)
        access = await self.entrance.may_see(visitor.viewer, project_id)
        found = await self.readings.health(project_id)
        if not found:
            not_found()
        return telling.project(found[0], access, self.site, self.clock.now())

    async def report(self, request: Request, wanted: UUID | None) -> shapes.Report:
        """One report."""
        visitor = await self.entrance.who(request)
        if wanted is None:
            not_found()
        report_id = ReportId(wanted)
        await self.entrance.project_of(visitor.viewer, report_id)
        shown = await self.readings.report(report_id)
        if shown is None:
            not_found()
        return telling.report(shown, self.site)


def router(api: Api) -> APIRouter:
    """The three routes; an id that is none is answered like one that nobody has."""
    made = APIRouter(prefix="/api/v1", tags=["sync"], responses=REFUSALS, dependencies=list(WAYS_IN))

    @made.get("/projects")
    async def list_projects(request: Request) -> list[shapes.Project]:
        """Your projects with their sync's health."""
        return await api.projects(request)

    @made.get("/projects/{project_id}", responses=LOST)
    async def read_project(request: Request, project_id: str) -> shapes.Project:
        """One project with its sync's health."""
        return await api.project(request, parsed(project_id))

    @made.get("/reports/{report_id}", responses=LOST)
    async def read_report(request: Request, report_id: str) -> shapes.Report:
        """One report: its issue, how it stands on both sides, and where each comment was written."""
        return await api.report(request, parsed(report_id))

    return made


def parsed(text: str) -> UUID | None:
    """An id in a path; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
