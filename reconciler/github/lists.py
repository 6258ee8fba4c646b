"""The two lists of a repository, probed and drained: the I/O around `drain`.

Source: docs/reference/github.md, List rules.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Raw

from reconciler.errors import GitHubError
from reconciler.github.answers import require
from reconciler.github.drain import EPOCH, SECOND, Drain, Sheet, Wanted, earlier
from reconciler.github.gateway import Answered
from reconciler.github.limits import date_of
from reconciler.github.origin import next_link
from reconciler.github.place import Place
from reconciler.github.translate import Row
from reconciler.github.wire import elements
from reconciler.model.issue import ListState
from reconciler.model.values import dataclass
from reconciler.ports import Page

T = TypeVar("T")
PER_PAGE = 100
LONGEST_ETAG = 200
ReadRow = Callable[[bytes | Raw, str], Row[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """One list: its path below the repository, the parameters it needs, how its rows are read."""

    place: Place
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    read_row: ReadRow[T]
    overlap: timedelta

    async def changes(self, state: ListState | None) -> AsyncIterator[Page[T]]:
        """What changed since `state`; nothing at all after a 304 (rules 2–4)."""
        state = state or ListState(anchor=await self._new_anchor())
        if state.cursor is None:
            sheet = await self._probe(state)
            if sheet is None:
                return
            if sheet.next is None:
                yield _page(sheet.rows, settled(state.anchor, sheet, self.overlap))
                return
        async for page in self._drained(state):
            yield page

    async def everything(self, since: datetime | None) -> AsyncIterator[Page[T]]:
        """Every row updated since then, oldest change first. A page's state says, as its anchor, since when
        to ask to go on behind it; None where it does not tell.
        """
        drain: Drain[T] = Drain(since or EPOCH)
        while (wanted := drain.wanted()) is not None:
            step = drain.take(await self._wanted(wanted))
            yield _page(step.rows, ListState(anchor=step.cursor) if step.cursor else None)

    async def _drained(self, state: ListState) -> AsyncIterator[Page[T]]:
        drain: Drain[T] = Drain(state.cursor or state.anchor, keep=self.overlap)
        unfinished = ListState(anchor=state.anchor)
        while (wanted := drain.wanted()) is not None:
            step = drain.take(await self._wanted(wanted))
            # Rule 4: each drained page is committed with its cursor.
            yield _page(step.rows, replace(unfinished, cursor=step.cursor) if step.cursor else None)
        moved = anchor_after(state.anchor, drain.newest, drain.covered, self.overlap)
        sheet = await self._sheet(self._first(moved, "desc"))
        # Rule 4: the re-probe's rows, the anchor and the ETag belong together.
        yield _page(drain.known.fresh(sheet.rows), reprobed(moved, sheet, drain.covered))

    async def _probe(self, state: ListState) -> Sheet[T] | None:
        """Rule 2; None for a 304. An ETag belongs to one URL and one token (docs/reference/github.md)."""
        url = self._first(state.anchor, "desc")
        key = await self.place.gateway.key()
        etag = state.etag if state.etag_credential == key else None
        answered = await self.place.gateway.read(url, etag=etag)
        if etag and answered.reply.status == 304:
            return None
        return self._read(answered)

    async def _wanted(self, wanted: Wanted) -> Sheet[T]:
        return await self._sheet(wanted.link or self._first(wanted.since, "asc"))

    async def _sheet(self, url: str) -> Sheet[T]:
        return self._read(await self.place.gateway.read(url))

    def _read(self, answered: Answered) -> Sheet[T]:
        reply, name = answered.reply, self.place.name
        require(reply, self.place, f"the lists of {name}")
        rows = tuple(self.read_row(raw, name) for raw in elements(reply.body, f"the lists of {name}"))
        return Sheet(
            rows=rows,
            next=next_link(reply.headers.get("link")),
            date=date_of(reply.headers),
            etag=_etag(reply.headers.get("etag")),
            token=answered.token,
        )

    def _first(self, since: datetime, direction: str) -> str:
        query: dict[str, str | int] = {
            **dict(self.query),
            "since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "sort": "updated",  # `direction` counts only beside `sort`
            "direction": direction,
            "per_page": PER_PAGE,
        }
        return self.place.url(*self.path, query=query)

    async def _new_anchor(self) -> datetime:
        """GitHub's present time less the overlap (rules 1 and 6); one request when not heard yet."""
        time = self.place.time
        if not time.heard:
            require((await self.place.gateway.read(self.place.url())).reply, self.place, self.place.name)
        if not time.heard:
            raise GitHubError(
                f"GitHub's answers about {self.place.name} carry no Date: no list can be begun."
            )
        return earlier(time.now().replace(microsecond=0), self.overlap)


def settled(anchor: datetime, sheet: Sheet[T], overlap: timedelta) -> ListState:
    """Rule 2, an answer without a next page: it is the whole change since the anchor. The anchor moves only
    once these rows fill more than half a page; the ETag is of the old address then."""
    if len(sheet.rows) > PER_PAGE // 2 and sheet.newest:
        moved = anchor_after(anchor, sheet.newest, sheet.date, overlap)
        if moved > anchor:
            return ListState(anchor=moved)
    return _with_etag(anchor, sheet)


def reprobed(anchor: datetime, sheet: Sheet[T], covered: datetime | None) -> ListState:
    """Rule 2, the probe after a drain. It is complete when it has no next page, or when it reaches back more
    than a second before the time that the drain has covered; only then may its ETag be trusted."""
    reaches_back = bool(covered and sheet.last and sheet.last < covered - SECOND)
    return _with_etag(anchor, sheet) if sheet.next is None or reaches_back else ListState(anchor=anchor)


def anchor_after(
    anchor: datetime, newest: datetime, covered: datetime | None, overlap: timedelta
) -> datetime:
    """The newest time seen (but none that GitHub's clock had not reached) less the overlap; never back."""
    return max(anchor, earlier(min(newest, covered or newest), overlap))


def _with_etag(anchor: datetime, sheet: Sheet[T]) -> ListState:
    if sheet.etag is None:
        return ListState(anchor=anchor)
    return ListState(anchor=anchor, etag=sheet.etag, etag_credential=sheet.token)


def _etag(text: str | None) -> str | None:
    """The ETag verbatim; None for one that could not be sent back or stored."""
    return text if text and text.isascii() and text.isprintable() and len(text) <= LONGEST_ETAG else None


def _page(rows: tuple[Row[T], ...], state: ListState | None) -> Page[T]:
    values = tuple(row.value for row in rows if row.value is not None)
    return Page(rows=values, state=state, poisoned=tuple(row.problem for row in rows if row.problem))
