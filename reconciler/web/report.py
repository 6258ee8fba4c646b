"""`/reports/{id}`: one report on both sides, its comments, its story, and what may be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import UsageError
from reconciler.model.dossier import ReportShown
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.intent import Intent, IntentState
from reconciler.model.link import LinkOrigin, LinkState
from reconciler.model.named import kind_of_operation
from reconciler.model.viewer import Access
from reconciler.ports import Deeds, Listings, Readings
from reconciler.web import telling
from reconciler.web.api import parsed
from reconciler.web.entrance import Visitor, not_found
from reconciler.web.front import Front
from reconciler.web.labels import labels_of
from reconciler.web.outage import outage_of
from reconciler.web.sentences import NAMES
from reconciler.web.sides import sides
from reconciler.web.states import last_crossing
from reconciler.web.thread import story, thread

EVERY = 5
"""Seconds between two looks of a page that is left open."""
ORIGINS = {
    LinkOrigin.COLUMNS: "by BugSpark’s columns",
    LinkOrigin.COMMAND: "by hand",
    LinkOrigin.EXPORT: "by export",
    LinkOrigin.DISCOVERY: "by discovery",
    LinkOrigin.TRANSFER: "by a transfer of the issue",
}
ACTS = ("link", "unlink", "export", "retry", "resolve")


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Which buttons make sense. All false for who may only see."""

    link: bool = False
    unlink: bool = False
    export: bool = False
    retry: bool = False
    resolve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """One report."""

    front: Front
    readings: Readings
    listings: Listings
    deeds: Deeds

    async def page(self, request: Request, text: str) -> Response:
        """All of it. Raises HTTPException 401, 404, DatabaseError."""
        visitor, report_id, project_id = await self._found(request, text)
        access = await self.front.entrance.may_see(visitor.viewer, project_id)
        shown = await self.readings.report(report_id)
        if shown is None:
            not_found()
        now, site = self.front.clock.now(), self.front.entrance.site
        link, dossier = shown.dossier.link, shown.dossier
        return self.front.show(
            request,
            visitor,
            "report.html",
            every=EVERY,
            shown=shown,
            report=dossier.report,
            link=link,
            issue=telling.issue(link, site) if link is not None else None,
            how=(shown.state, shown.reason),
            crossed=last_crossing(dossier),
            may=may(shown) if access is Access.CHANGE else May(),
            rows=sides(shown, now),
            thread=thread(shown),
            story=story(dossier),
            withheld=len(dossier.withheld),
            outage=outage_of(await self.listings.last_pass(project_id)),
            labels={each.name: each for each in labels_of(link)},
            wish=wish,
            names=NAMES,
            origins=ORIGINS,
        )

    async def act(self, request: Request, text: str, what: str) -> Response:
        """What one of the buttons does. Raises HTTPException, DatabaseError."""
        _, report_id, project_id = await self._found(request, text)
        if what not in ACTS:
            not_found()

        async def deed(form: Mapping[str, str]) -> str:
            match what:
                case "link":
                    backfill = form.get("backfill") == "1"
                    return await self.deeds.link(report_id, form.get("issue", ""), backfill=backfill)
                case "unlink":
                    return await self.deeds.unlink(report_id)
                case "export":
                    return await self.deeds.export(report_id)
                case "retry":
                    return await self.deeds.retry(report_id)
                case _:
                    return await self.deeds.resolve(report_id, *choice(form))

        return await self.front.change(request, project_id, f"/reports/{report_id}", deed)

    async def _found(self, request: Request, text: str) -> tuple[Visitor, ReportId, ProjectId]:
        """Who asks, and for what of theirs. Who is not signed in is told that first."""
        visitor = await self.front.entrance.who(request)
        report_id = parsed(text)
        if report_id is None:
            not_found()
        wanted = ReportId(report_id)
        return visitor, wanted, await self.front.entrance.project_of(visitor.viewer, wanted)


def router(page: ReportPage) -> APIRouter:
    """The page and its buttons; an id that is none is answered like one that nobody has."""
    made = APIRouter(include_in_schema=False)

    @made.get("/reports/{report_id}")
    async def show(request: Request, report_id: str) -> Response:
        return await page.page(request, report_id)

    @made.post("/reports/{report_id}/{what}")
    async def act(request: Request, report_id: str, what: str) -> Response:
        return await page.act(request, report_id, what)

    return made


def may(shown: ReportShown) -> May:
    """What the deeds would not turn down."""
    link, intents = shown.dossier.link, shown.dossier.intents
    linked = link is not None and link.state is not LinkState.UNLINKED
    rests = linked and link is not None and link.quarantined_until is not None
    refused = any(each.state is IntentState.QUARANTINED for each in intents)
    return May(
        link=not linked and not intents,
        unlink=linked,
        export=not linked and not intents,
        retry=rests or refused,
        resolve=link is not None and link.state is LinkState.ACTIVE,
    )


def choice(form: Mapping[str, str]) -> tuple[Field, Side]:
    """The field and the side that a form names. Raises UsageError."""
    try:
        return Field(form.get("field", "")), Side(form.get("take", ""))
    except ValueError:
        raise UsageError("This form names no field or no side; load the page anew.") from None


def wish(intent: Intent) -> str:
    """`post comment`: what a write that waits is to do."""
    return kind_of_operation(intent.operation).replace("_", " ")
