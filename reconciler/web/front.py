"""What all pages of somebody who is signed in share: the frame, forms and what is said after one.

visitor = await front.entrance.who(request)
return front.show(request, visitor, "project.html", every=10, …)
return await front.change(request, project_id, f"/projects/{project_id}", deed)
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reconciler.errors import DatabaseError, ReconcilerError
from reconciler.logs import Log
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock
from reconciler.web.entrance import Entrance, Visitor
from reconciler.web.templating import Pages

log = Log(__name__)
Deed = Callable[[Mapping[str, str]], Awaitable[str]]
"""Given a form's fields it does something and says what, or raises a ReconcilerError."""
LONGEST = 800
"""Characters of a sentence."""
ROOM = 3500
"""Bytes of it in a cookie; browsers drop one of more than 4 KiB, name and signature included."""
KEPT = 60
"""Seconds in which the next page must be asked for."""
LIVE = "x-live"
"""The header of a request that only refreshes a page: what was said stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of the form before this page."""

    text: str
    problem: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What `base.html` and the macros of `ui.html` need."""

    name: str  # whose page it is
    token: str  # for forms
    leaves: bool  # the session can be ended here
    now: datetime
    said: Said | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The frame of the pages."""

    entrance: Entrance
    pages: Pages
    clock: Clock

    def show(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        status: HTTPStatus = HTTPStatus.OK,
        **values: object,
    ) -> Response:
        """A page; `every=SECONDS` among the values keeps its `data-live` parts fresh."""
        fresh = LIVE in request.headers
        page = Page(
            name=visitor.viewer.name,
            token=self.entrance.form_token(visitor),
            leaves=visitor.session is not None,
            now=self.clock.now(),
            said=None if fresh else self._said(request, visitor),
        )
        answer = self.pages.show(template, status, page=page, **values)
        if self._cookie in request.cookies and not fresh:
            self._keep(answer, "", 0)
        return answer

    async def change(self, request: Request, project_id: ProjectId, back: str, deed: Deed) -> Response:
        """What a form of somebody who may change the project asks for; then the page at `back`, which says
        what was done, or why not. Raises HTTPException (401, 403, 404 …), DatabaseError.
        """
        visitor = await self.entrance.who(request)
        await self.entrance.may_change(visitor.viewer, project_id)
        form = await self.entrance.form(request, visitor)
        try:
            said = Said(text=await deed(form))
        except DatabaseError:
            raise
        except ReconcilerError as error:
            said = Said(text=str(error), problem=True)
        kind = "refused" if said.problem else "done"
        log.info(
            "page",
            what=kind,
            by=visitor.subject.partition(" ")[0],
            user=_user(visitor),
            route=_route(request),
        )
        return self.onward(visitor, back, said)

    def onward(self, visitor: Visitor, path: str, said: Said | None = None) -> Response:
        """To a page of ours, which says this once."""
        answer = RedirectResponse(f"{self.entrance.site.prefix}{path}", HTTPStatus.SEE_OTHER)
        if said is not None:
            payload = _packed(said)
            self._keep(answer, f"{payload}.{self._mac(visitor, payload)}", KEPT)
        return answer

    def _said(self, request: Request, visitor: Visitor) -> Said | None:
        payload, _, mac = request.cookies.get(self._cookie, "").partition(".")
        if not mac or not compare_digest(mac.encode(), self._mac(visitor, payload).encode()):
            return None
        text, problem = json.loads(urlsafe_b64decode(payload))
        return Said(text=text, problem=problem)

    def _mac(self, visitor: Visitor, payload: str) -> str:
        return self.entrance.sessions.form_token(f"said {visitor.subject} {payload}")

    @property
    def _cookie(self) -> str:
        return f"{self.entrance.cookie}-said"

    def _keep(self, answer: Response, value: str, seconds: int) -> None:
        answer.set_cookie(
            self._cookie,
            value,
            max_age=seconds,
            path="/",
            secure=self.entrance.site.https,
            httponly=True,
            samesite="lax",
        )


def _packed(said: Said) -> str:
    """As it goes into the cookie; cut to what has room, for strangers' words may be in it."""
    text = said.text[:LONGEST]
    while True:
        payload = urlsafe_b64encode(json.dumps([text, said.problem], ensure_ascii=False).encode()).decode()
        if len(payload) <= ROOM:
            return payload
        text = text[: len(text) * 3 // 4]


def _user(visitor: Visitor) -> str | None:
    user = visitor.viewer.user_id
    return None if user is None else str(user)


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "none"))
