"""Who it is, what they may see and change, and whether a form is ours: what every page and the API depend on.

viewer = entrance.who(request)              401 for nobody
await entrance.may_see(viewer, project)     404 for another's project, as for one that does not exist
await entrance.may_change(viewer, project)  403 for who may only see it
async with entrance.form(request) as form   403 unless the form is ours and for this very viewer
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.secret import Secret
from reconciler.model.viewer import OPERATOR, Access, Viewer
from reconciler.ports import Clock, Queries
from reconciler.web.request_body import BodyReader
from reconciler.web.security import bugspark_jwt
from reconciler.web.security.cors import is_same_origin_form
from reconciler.web.security.sessions import OperatorSession, SessionCookies
from reconciler.web.site import Site

BUGSPARK_COOKIE = "bugspark_access_token"
FORM_TOKEN_FIELD = "form_token"  # noqa: S105  # the name of a field
MAX_FORM_BYTES, MAX_FORM_FIELDS = 64 * 1024, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever asks: the viewer, and the subject that forms are made for."""

    viewer: Viewer
    subject: str
    session: OperatorSession | None = None  # the operator's, when they came by password


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """The door of pages and API."""

    site: Site
    sessions: SessionCookies
    queries: Queries
    clock: Clock
    jwt_secret: Secret
    body_reader: BodyReader

    async def identify_visitor(self, request: Request) -> Visitor | None:
        """Whoever asks; None for nobody we know. A session goes before a bearer, that before BugSpark's
        cookie. Raises DatabaseError.
        """
        if self.site.is_local_operator(request.headers):
            return Visitor(viewer=OPERATOR, subject="local")
        session = self.sessions.read_token(request.cookies.get(self.session_cookie_name, ""))
        if session is not None:
            return Visitor(viewer=OPERATOR, subject=f"session {session.nonce}", session=session)
        user_id = bugspark_jwt.user_id_from_token(_bugspark_token(request), self.jwt_secret, self.clock.now())
        viewer = None if user_id is None else await self.queries.viewer(user_id)
        return None if viewer is None else Visitor(viewer=viewer, subject=f"user {user_id}")

    async def require_visitor(self, request: Request) -> Visitor:
        """Whoever asks. Raises HTTPException 401 for nobody we know."""
        visitor = await self.identify_visitor(request)
        if visitor is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "Sign in.", {"WWW-Authenticate": "Bearer"})
        return visitor

    async def require_access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        """What the viewer may do there. Raises HTTPException 404 when that is nothing."""
        access = await self.queries.access(viewer, project_id)
        return access if access is not Access.NONE else raise_not_found()

    async def require_change_access(self, viewer: Viewer, project_id: ProjectId) -> None:
        """Raises HTTPException 404 for who may not even see the project, 403 for who may only see it."""
        if await self.require_access(viewer, project_id) is not Access.CHANGE:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only the project's owner may change this.")

    async def require_report_project(self, viewer: Viewer, report_id: ReportId) -> ProjectId:
        """The project of a report that the viewer may see. Raises HTTPException 404 for any other."""
        project_id = await self.queries.project_of_report(report_id)
        if project_id is None:
            raise_not_found()
        await self.require_access(viewer, project_id)
        return project_id

    async def read_form(self, request: Request, visitor: Visitor | None) -> Mapping[str, str]:
        """A form's fields, without its token. `visitor`: None for the one form that nobody is signed in for.

        Raises HTTPException: 403 unless a page of ours sent it, for this very visitor; 415 for what is no
        form, 400 for what can't be read, and what `Bodies.read` raises.
        """
        if not is_same_origin_form(request, self.site):
            raise HTTPException(HTTPStatus.FORBIDDEN, "This form was not sent from here.")
        fields = await self._read_fields(request)
        token = fields.pop(FORM_TOKEN_FIELD, "")
        if visitor is not None and not self.sessions.is_form_token(visitor.subject, token):
            raise HTTPException(HTTPStatus.FORBIDDEN, "This form is too old; load the page anew.")
        return fields

    def form_token(self, visitor: Visitor) -> str:
        """The hidden field `form_token` of every form made for this visitor."""
        return self.sessions.form_token(visitor.subject)

    @property
    def session_cookie_name(self) -> str:
        """The session cookie's name. Browsers take `__Host-` only with Secure, which plain http has not."""
        return "__Host-reconciler" if self.site.is_https else "reconciler"

    async def _read_fields(self, request: Request) -> dict[str, str]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a form.")
        async with self.body_reader.read(request) as body:
            try:
                text = body.decode("ascii")
                found = parse_qsl(
                    text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
                )
            except ValueError:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "The form can't be read.") from None
        return dict(found)


def raise_not_found() -> NoReturn:
    """The same answer for what is not there and for what is not this viewer's."""
    raise HTTPException(HTTPStatus.NOT_FOUND, "Not found.")


def _bugspark_token(request: Request) -> str:
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return bearer.strip()
    return request.cookies.get(BUGSPARK_COOKIE, "")
