"""`/projects/{id}`: why is this one not synced, and what is to be done about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.ids import IssueNumber, LinkId, ProjectId, ReportId
from reconciler.model.listing import LinkPage, LinkRow, Position, Pressing, Wanted
from reconciler.model.standing import standing
from reconciler.model.viewer import Access
from reconciler.ports import Deeds, Listings, Readings, Views
from reconciler.web.api import parsed
from reconciler.web.entrance import not_found
from reconciler.web.front import Front
from reconciler.web.needs import need_of
from reconciler.web.outage import outage_of
from reconciler.web.plot import plot
from reconciler.web.sentences import sentence
from reconciler.web.shapes import SyncState

EVERY = 5
"""Seconds between two looks of a page that is left open."""
LINKS, CHANGES, CONFLICTS, HELD, ITEMS = 50, 20, 20, 200, 30
DAY = timedelta(days=1)
FILTERS = {
    SyncState.SYNCED: Pressing.SYNCED,
    SyncState.PENDING: Pressing.PENDING,
    SyncState.CONFLICT: Pressing.CONFLICT,
    SyncState.ATTENTION: Pressing.ATTENTION,
}
STATES = {pressing: state for state, pressing in FILTERS.items()}
LONGEST = 200
"""Characters of a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is looked for among the links, as the address says it. Words that mean nothing mean all."""

    state: str
    text: str
    wanted: Wanted

    def address(self, **changes: str) -> str:
        """The query for the same with changes; what is empty is left out."""
        said = {"state": self.state, "q": self.text} | changes
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept)}#links" if kept else "#links"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """One project, and what may be done with it."""

    front: Front
    views: Views
    readings: Readings
    listings: Listings
    deeds: Deeds

    async def page(self, request: Request, project_id: ProjectId) -> Response:
        """All of it. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.front.entrance.who(request)
        access = await self.front.entrance.may_see(visitor.viewer, project_id)
        finding = finding_of(request.query_params)
        # Side by side: each asks the database in a transaction of its own.
        found, links, numbers, lists = await asyncio.gather(
            self.readings.health(project_id),
            self.listings.links(project_id, finding.wanted, LINKS),
            self._numbers(project_id),
            self._lists(project_id),
        )
        if not found:
            not_found()
        health = found[0]
        how = standing(health, self.front.clock.now(), UTC)
        return self.front.show(
            request,
            visitor,
            "project.html",
            every=EVERY,
            project=health,
            how=how,
            outage=outage_of(health.last_pass),
            need=need_of(health, how, may_change=access is Access.CHANGE),
            may_change=access is Access.CHANGE,
            finding=finding,
            links=links,
            turns=turns(finding, links),
            state_of=lambda row: STATES[row.pressing],
            items=health.attention[:ITEMS],
            more_items=max(0, len(health.attention) - ITEMS),
            say=sentence,
            site=self.front.entrance.site,
            tally=health.tally,
            held=await self.listings.withheld(project_id, HELD) if health.withheld else (),
            **numbers,
            **lists,
        )

    async def _numbers(self, id_: ProjectId) -> dict[str, Any]:
        now = self.front.clock.now()
        return {
            "limits": (await self.listings.limits()).get(id_),
            "plot": plot(await self.listings.day(id_, now - DAY, now)),
        }

    async def _lists(self, id_: ProjectId) -> dict[str, Any]:
        return {
            "conflicts": await self.listings.conflicts(id_, CONFLICTS),
            "changes": await self.listings.changes(id_, CHANGES),
        }

    async def act(self, request: Request, project_id: ProjectId, what: str) -> Response:
        """What one of the buttons does. Raises HTTPException, DatabaseError."""

        async def deed(form: Mapping[str, str]) -> str:
            match what:
                case "sync":
                    return await self.deeds.sync(project_id)
                case "pause":
                    return await self.deeds.pause(project_id)
                case "resume":
                    return await self.deeds.resume(project_id)
                case "verify":
                    return await self.deeds.verify(project_id)
                case "accept":
                    return await self.deeds.accept(project_id, form.get("word", ""))
                case _:
                    return await self._about_report(project_id, what, form)

        return await self.front.change(request, project_id, f"/projects/{project_id}", deed)

    async def _about_report(self, project_id: ProjectId, what: str, form: Mapping[str, str]) -> str:
        """Of this project, whatever the form says: its right was asked for this project."""
        report_id = parsed(form.get("report", ""))
        if report_id is None or await self.views.project_of(ReportId(report_id)) != project_id:
            raise UsageError("There is no such report in this project.")
        if what == "retry":
            return await self.deeds.retry(ReportId(report_id))
        return await self.deeds.resolve(ReportId(report_id), *_choice(form))


def _choice(form: Mapping[str, str]) -> tuple[Field, Side]:
    try:
        return Field(form.get("field", "")), Side(form.get("take", ""))
    except ValueError:
        raise UsageError("This form names no field or no side; load the page anew.") from None


ACTS = ("sync", "pause", "resume", "verify", "accept", "resolve", "retry")


def router(page: ProjectPage) -> APIRouter:
    """The page and its buttons; an id that is none is answered like one that nobody has."""
    made = APIRouter(include_in_schema=False)

    @made.get("/projects/{project_id}")
    async def show(request: Request, project_id: str) -> Response:
        return await page.page(request, await _known(page, request, project_id))

    for what in ACTS:
        made.add_api_route(f"/projects/{{project_id}}/{what}", _acting(page, what), methods=["POST"])
    return made


def _acting(page: ProjectPage, what: str) -> Callable[[Request, str], Awaitable[Response]]:
    async def act(request: Request, project_id: str) -> Response:
        return await page.act(request, await _known(page, request, project_id), what)

    return act


async def _known(page: ProjectPage, request: Request, text: str) -> ProjectId:
    """Who is not signed in is told that first, whatever they ask for."""
    await page.front.entrance.who(request)
    found = parsed(text)
    return ProjectId(found) if found is not None else not_found()


def finding_of(query: Mapping[str, str]) -> Finding:
    """What the address asks for."""
    state, text = query.get("state", ""), query.get("q", "")[:LONGEST].replace("\0", "")
    pressing = next((pressing for each, pressing in FILTERS.items() if each == state), None)
    wanted = Wanted(
        pressing=pressing,
        text=text,
        after=_position(query.get("after", "")),
        before=_position(query.get("before", "")),
    )
    return Finding(state=state if pressing is not None else "", text=text, wanted=wanted)


def _position(text: str) -> Position | None:
    number, _, link = text.partition(".")
    try:
        return Position(number=IssueNumber(min(int(number), 2**31 - 1)), link_id=LinkId(UUID(link)))
    except ValueError:
        return None


def turns(finding: Finding, links: LinkPage) -> dict[str, str]:
    """Addresses of the pages before and after this one, where there are any."""
    if not links.rows:
        return {}
    found = {}
    if links.more_before:
        found["before"] = finding.address(before=_mark(links.rows[0]))
    if links.more_after:
        found["after"] = finding.address(after=_mark(links.rows[-1]))
    return found


def _mark(row: LinkRow) -> str:
    return f"{row.number}.{row.id}"
