"""The page `/reports/{id}`: one report on both sides, its comments, its history, and its actions."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.intent import Intent
from reconciler.model.link import LinkOrigin
from reconciler.model.viewer import Access, Actor
from reconciler.ports import Queries, ReportViews
from reconciler.web.actions import REPORT_ACTIONS, ActionRunner, AllowedActions, allowed_report_actions
from reconciler.web.api import serializers
from reconciler.web.api.serializers import last_propagated_at
from reconciler.web.pages.field_rows import field_rows
from reconciler.web.pages.label_colours import label_chips
from reconciler.web.pages.page import PageResponder, outage_of_pass
from reconciler.web.pages.timeline import SIDE_NAMES, ThreadComment, comment_thread, history_lines
from reconciler.web.plain_input import require_known_word
from reconciler.web.security.access_control import Visitor, raise_not_found

REFRESH_SECONDS = 5
"""How often an open page refreshes itself."""
COMMENTS_PER_PAGE, HISTORY_LINES = 50, 50
"""A page is sent again at each refresh, so it shows no more at once."""
ORIGIN_TEXTS = {
    LinkOrigin.COLUMNS: "by BugSpark’s columns",
    LinkOrigin.COMMAND: "by hand",
    LinkOrigin.EXPORT: "by export",
    LinkOrigin.DISCOVERY: "by discovery",
    LinkOrigin.TRANSFER: "by a transfer of the issue",
    LinkOrigin.SUCCESSION: "in place of the report that led the issue before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The page of one report and its actions."""

    frame: PageResponder
    report_views: ReportViews
    queries: Queries
    actions: ActionRunner

    async def render(self, request: Request, text: str) -> Response:
        """Render the page. Raises HTTPException 400, 401, 404, DatabaseError."""
        visitor, report_id, project_id = await self._find_report(request, text)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        shown = await self.report_views.report_view(report_id)
        if shown is None:
            raise_not_found()
        now, site = self.frame.clock.now(), self.frame.access_control.site
        link, detail = shown.detail.link, shown.detail
        shows_all = bool(require_known_word(request.query_params, "history", ("all",)))
        history = history_lines(detail)
        return self.frame.render(
            request,
            visitor,
            "report.html",
            every=REFRESH_SECONDS,
            shown=shown,
            report=detail.report,
            link=link,
            issue=serializers.issue_of_report(shown, site),
            how=(shown.state, await self.frame.access_control.report_reason(visitor.viewer, shown)),
            last_synced_at=last_propagated_at(detail),
            may=allowed_report_actions(shown) if access is Access.CHANGE else AllowedActions(),
            rows=field_rows(shown, now),
            thread=paginate_thread(comment_thread(shown), request.query_params.get("comments", "")),
            history=history if shows_all else history[:HISTORY_LINES],
            more_history=0 if shows_all else max(0, len(history) - HISTORY_LINES),
            audit_entries=detail.audit_entries if shows_all else detail.audit_entries[:HISTORY_LINES],
            withheld=len(detail.withheld),
            second_issues=detail.second_issues,
            outage=outage_of_pass(await self.queries.last_pass(project_id)),
            labels={chip.name: chip for chip in label_chips(link)},
            operation_text=operation_text,
            names=SIDE_NAMES,
            origins=ORIGIN_TEXTS,
        )

    async def handle_action(self, request: Request, text: str, what: str) -> Response:
        """Run the command of one of the buttons. Raises HTTPException, DatabaseError."""
        _, report_id, project_id = await self._find_report(request, text)
        if what not in REPORT_ACTIONS:
            raise_not_found()

        async def action(actor: Actor, form: Mapping[str, str]) -> str:
            return await self.actions.run_report_action(actor, report_id, what, form)

        return await self.frame.handle_form(request, project_id, f"/reports/{report_id}", action)

    async def _find_report(self, request: Request, text: str) -> tuple[Visitor, ReportId, ProjectId]:
        """Return visitor, report and project. Raises HTTPException 401 without a sign-in, else 404."""
        visitor = await self.frame.access_control.require_visitor(request)
        report_id = parse_uuid(text)
        if report_id is None:
            raise_not_found()
        wanted = ReportId(report_id)
        return visitor, wanted, await self.frame.access_control.require_report_project(visitor.viewer, wanted)


def router(page: ReportPage) -> APIRouter:
    """Build the routes of page and actions. An id that can't be parsed is answered like an unknown one."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/reports/{report_id}")
    async def show(request: Request, report_id: str) -> Response:
        return await page.render(request, report_id)

    @api_router.post("/reports/{report_id}/{what}")
    async def act(request: Request, report_id: str, what: str) -> Response:
        return await page.handle_action(request, report_id, what)

    return api_router


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """A part of a long thread. Pages are counted from the oldest comment; the newest page is shown first."""

    comments: tuple[ThreadComment, ...]
    count: int  # of all comments
    number: int
    pages: int


def paginate_thread(comments: tuple[ThreadComment, ...], wanted: str) -> ThreadPage:
    """Return the page with this number, or the newest one. `wanted`: untrusted."""
    pages = max(1, -(-len(comments) // COMMENTS_PER_PAGE))
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 6 else pages
    number = min(max(1, number), pages)
    first = (number - 1) * COMMENTS_PER_PAGE
    return ThreadPage(
        comments=comments[first : first + COMMENTS_PER_PAGE],
        count=len(comments),
        number=number,
        pages=pages,
    )


def operation_text(intent: Intent) -> str:
    """Return the operation of an intent in words, such as `post comment`."""
    return intent.kind.text
