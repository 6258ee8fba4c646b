"""Visitors and their access: who sends a request, and what they may see and change.

visitor = await access_control.require_visitor(request)              401 without a sign-in
await access_control.require_access(visitor.viewer, project)         404 without any access
await access_control.require_change_access(visitor.viewer, project)  403 with read access
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from fastapi import HTTPException, Request
from starlette.responses import Response

from reconciler.errors import IssueLinkedElsewhereError, ReconcilerError
from reconciler.model.api_tokens import find_api_token
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.report_detail import ReportView
from reconciler.model.secret import Secret
from reconciler.model.viewer import OPERATOR, OPERATOR_ACTOR, Access, Actor, ActorKind, Viewer
from reconciler.ports import Clock, Queries
from reconciler.web.security import bugspark_jwt
from reconciler.web.security.sessions import OperatorSession, OperatorSessions
from reconciler.web.site import OriginKind, Site

BUGSPARK_COOKIE = "bugspark_access_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The sender of a request: the viewer, and the subject that form tokens are made for."""

    viewer: Viewer
    subject: str
    actor: Actor  # under whose name the visitor's commands stand in the history
    session: OperatorSession | None = None  # of the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """Identifies visitors and decides what they may see and change."""

    site: Site
    sessions: OperatorSessions
    queries: Queries
    clock: Clock
    jwt_secret: Secret
    api_tokens: Mapping[str, str]  # web.api_tokens

    async def identify_visitor(self, request: Request) -> Visitor | None:
        """Identify the sender of a request for a page; None if nobody is signed in.

        A session has priority over a bearer token, that over BugSpark's cookie. Raises DatabaseError.
        """
        session = await self.sessions.session_from_token(request.cookies.get(self.session_cookie_name, ""))
        if session is not None:
            subject = f"session {session.nonce}"
            return Visitor(viewer=OPERATOR, subject=subject, actor=OPERATOR_ACTOR, session=session)
        return await self._identify_user(request)

    async def require_api_visitor(self, request: Request) -> Visitor:
        """Identify the sender of a request to the API. Raises HTTPException 401 if nobody is signed in.

        From a page of another origin the operator's session does not count: a script in BugSpark's dashboard
        would act as the operator. An API token of the operator counts here only, not for pages.
        """
        if (visitor := self._identify_token(request)) is not None:
            return visitor
        if origin_kind(request, self.site) in (OriginKind.NONE, OriginKind.OWN):
            return await self.require_visitor(request)
        return await self._identify_user(request) or raise_unauthorized()

    def _identify_token(self, request: Request) -> Visitor | None:
        token = find_api_token(_bearer_token(request) or "", self.api_tokens)
        if token is None:
            return None
        name = f"API token {token.name}"
        viewer = Viewer(user_id=None, name=name, sees_all_projects=True, may_change=token.may_change)
        actor = Actor(kind=ActorKind.TOKEN, name=token.name)
        return Visitor(viewer=viewer, subject=f"token {token.name}", actor=actor)

    async def _identify_user(self, request: Request) -> Visitor | None:
        user_id = bugspark_jwt.user_id_from_token(_bugspark_token(request), self.jwt_secret, self.clock.now())
        viewer = None if user_id is None else await self.queries.viewer(user_id)
        if viewer is None:
            return None
        actor = Actor(kind=ActorKind.USER, user_id=user_id)
        return Visitor(viewer=viewer, subject=f"user {user_id}", actor=actor)

    async def require_visitor(self, request: Request) -> Visitor:
        """Identify the sender of a request. Raises HTTPException 401 if nobody is signed in."""
        return await self.identify_visitor(request) or raise_unauthorized()

    async def require_access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        """Return the viewer's access to a project. Raises HTTPException 404 without any."""
        access = await self.queries.access(viewer, project_id)
        return access if access is not Access.NONE else raise_not_found()

    async def require_change_access(self, viewer: Viewer, project_id: ProjectId) -> None:
        """Raise HTTPException 404 unless the viewer may see the project, 403 unless they may change it."""
        if await self.require_access(viewer, project_id) is not Access.CHANGE:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only the project's owner may change this.")

    async def require_report_project(self, viewer: Viewer, report_id: ReportId) -> ProjectId:
        """Return the project of a report. Raises HTTPException 404 unless the viewer may see it."""
        project_id = await self.queries.project_of_report(report_id)
        if project_id is None:
            raise_not_found()
        await self.require_access(viewer, project_id)
        return project_id

    async def error_text(self, viewer: Viewer, error: ReconcilerError) -> str:
        """Return what an error says to this viewer: of another project only what they may see."""
        if isinstance(error, IssueLinkedElsewhereError) and await self._may_see(
            viewer, ProjectId(error.holder)
        ):
            return error.in_full
        return str(error)

    async def report_reason(self, viewer: Viewer, shown: ReportView) -> str | None:
        """Return the reason of a report's state, of another project only what this viewer may see."""
        holder = shown.detail.holder
        if holder is not None and await self._may_see(viewer, holder.project_id):
            return shown.reason_in_full
        return shown.reason

    async def _may_see(self, viewer: Viewer, project_id: ProjectId) -> bool:
        return await self.queries.access(viewer, project_id) is not Access.NONE

    @property
    def session_cookie_name(self) -> str:
        """The session cookie's name. Browsers accept the prefixes only with Secure, which needs https, and
        `__Host-` only for the path `/`.
        """
        if not self.site.is_https:
            return "reconciler"
        return "__Secure-reconciler" if self.site.path_prefix else "__Host-reconciler"

    def set_cookie(self, response: Response, name: str, value: str, max_age_seconds: int) -> None:
        """Set a cookie that scripts can't read; `max_age_seconds` 0 removes it."""
        response.set_cookie(
            name,
            value,
            max_age=max_age_seconds,
            path=self.site.path_prefix or "/",  # other programs of the host do not get it
            secure=self.site.is_https,
            httponly=True,
            samesite="lax",
        )


def raise_unauthorized() -> NoReturn:
    """Raise HTTPException 401."""
    raise HTTPException(HTTPStatus.UNAUTHORIZED, "Sign in.", {"WWW-Authenticate": "Bearer"})


def raise_not_found() -> NoReturn:
    """Raise HTTPException 404, the same for an unknown thing and for one of another user."""
    raise HTTPException(HTTPStatus.NOT_FOUND, "Not found.")


def _bearer_token(request: Request) -> str | None:
    """Return the token of an Authorization header; None without one."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bearer.strip() if kind.lower() == "bearer" else None


def _bugspark_token(request: Request) -> str:
    bearer = _bearer_token(request)
    return request.cookies.get(BUGSPARK_COOKIE, "") if bearer is None else bearer


def origin_kind(request: Request, site: Site) -> OriginKind:
    """Return what the request's `Origin` is to this site."""
    return site.origin_kind(
        request.headers.get("origin"), request.url.scheme, request.headers.get("host", "")
    )
