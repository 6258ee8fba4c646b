"""`/`: is everything all right? In two seconds, without reading."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.model.ids import ProjectId
from reconciler.model.snapshot import Health, Limits
from reconciler.model.standing import Standing, State, standing
from reconciler.model.viewer import Access, Tally
from reconciler.model.wording import counted
from reconciler.ports import Listings, Readings, Views
from reconciler.web.front import Front
from reconciler.web.needs import PRESSING, Need, need_of
from reconciler.web.outage import outage_of, worst

EVERY = 10
"""Seconds between two looks of a page that is left open."""
ROWS, NEEDS = 50, 25
"""On one page: nobody reads more at once, and each costs a tenth of a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project in the table."""

    health: Health
    how: Standing
    tally: Tally
    limits: Limits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The page of all projects."""

    front: Front
    views: Views
    readings: Readings
    listings: Listings

    async def page(self, request: Request) -> Response:
        """The viewer's projects. Raises HTTPException 401, DatabaseError."""
        visitor = await self.front.entrance.who(request)
        access = await self.views.accessible(visitor.viewer)
        rows = await self._rows(access)
        needs = [each for row in rows if (each := _need(row, access)) is not None]
        page = page_of(request.query_params.get("page", ""), len(rows))
        return self.front.show(
            request,
            visitor,
            "overview.html",
            every=EVERY,
            rows=rows[(page - 1) * ROWS : page * ROWS],
            count=len(rows),
            turns=turns(page, len(rows)),
            needs=needs[:NEEDS],
            more_needs=max(0, len(needs) - NEEDS),
            summary=summary(rows),
            outage=worst(outage_of(row.health.last_pass) for row in rows),
            github_url=self.front.entrance.site.github_url,
            operator=visitor.viewer.user_id is None,
        )

    async def _rows(self, access: Mapping[ProjectId, Access]) -> list[Row]:
        # Side by side: each asks the database in a transaction of its own.
        limits, healths = await asyncio.gather(self.listings.limits(), self.readings.health())
        now = self.front.clock.now()
        return [
            Row(
                health=each,
                how=standing(each, now, UTC),
                tally=each.tally,
                limits=limits.get(each.project_id),
            )
            for each in healths
            if each.project_id in access
        ]


def router(overview: Overview) -> APIRouter:
    """The one route."""
    made = APIRouter(include_in_schema=False)

    @made.get("/")
    async def page(request: Request) -> Response:
        return await overview.page(request)

    return made


def _need(row: Row, access: Mapping[ProjectId, Access]) -> Need | None:
    may_change = access[row.health.project_id] is Access.CHANGE
    return need_of(row.health, row.how, may_change=may_change)


def page_of(text: str, count: int) -> int:
    """The page that the address asks for, or the nearest there is."""
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(1, wanted), max(1, -(-count // ROWS)))


def turns(page: int, count: int) -> dict[str, str]:
    """Addresses of the pages before and after this one, where there are any."""
    found = {"before": f"?page={page - 1}#projects"} if page > 1 else {}
    return found | ({"after": f"?page={page + 1}#projects"} if page * ROWS < count else {})


def summary(rows: Sequence[Row]) -> tuple[str, str]:
    """(a state's word for the sign, a sentence) about all projects."""
    words = Counter(row.how.state for row in rows)
    pressing = sum(words[state] for state in PRESSING)
    if pressing:
        verb = "needs" if pressing == 1 else "need"
        which = (
            counted(len(rows), "project")
            if pressing == len(rows)
            else f"{pressing:,} of {counted(len(rows), 'project')}"
        )
        return State.ATTENTION.value, f"{which} {verb} you"
    if disputed := words[State.CONFLICT]:
        verb = "has" if disputed == 1 else "have"
        return State.CONFLICT.value, f"{counted(disputed, 'project')} {verb} a conflict"
    if words[State.WAITING]:
        return State.WAITING.value, f"{counted(words[State.WAITING], 'project')} waiting, the rest is synced"
    if words[State.NEW] == len(rows):
        return State.NEW.value, "The first pass is to come"
    return State.SYNCED.value, "Everything is synced"
