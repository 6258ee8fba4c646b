"""The two lists of a repository, probed and drained: the requests around `drain`.

Source: docs/reference/github.md, List rules.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Raw

from reconciler.errors import AnswerTooHeavyError, GitHubError
from reconciler.github.drain import EPOCH, PER_PAGE, SECOND, Drain, ListAnswer, PageRequest, subtract_duration
from reconciler.github.gateway import ReadAnswer
from reconciler.github.limits import parse_date_header
from reconciler.github.origin import parse_next_link
from reconciler.github.page_size import (
    SMALLER_PAGES,
    can_begin_at_same_row,
    next_single_row_page,
    url_with_page_size,
)
from reconciler.github.repository_ref import RepositoryRef, require_repository_ok
from reconciler.github.translate import ListRow, clamp_times
from reconciler.github.wire import split_list
from reconciler.model.issue import ListState
from reconciler.model.link import CLOCK_TOLERANCE, MAX_CLOCK_ERROR
from reconciler.model.snapshot import PoisonedItem
from reconciler.ports import ListPage

T = TypeVar("T")
MAX_ETAG_CHARS = 200
MAX_HIDDEN_ROWS = 10
"""So many rows in a row may be stepped over; more are a list that can't be read."""
ReadRow = Callable[[bytes | Raw, str], ListRow[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryList(Generic[T]):
    """One list: its path below the repository, the parameters it needs, how its rows are read."""

    ref: RepositoryRef
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    read_row: ReadRow[T]
    overlap: timedelta

    async def changes(self, state: ListState | None) -> AsyncIterator[ListPage[T]]:
        """Yield what changed since `state`; nothing after a 304 (rules 2–4)."""
        state = state or ListState(anchor=await self._new_anchor())
        if state.cursor is None:
            answer = await self._probe(state)
            if self._is_ahead_of_github_clock(state.anchor):
                state = self._rewound_state()
            elif answer is None:
                return
            elif answer.next is None:
                after = state_after_probe(state.anchor, answer, self.overlap)
                anchor = self._anchor_past_hidden_rows(after.anchor, answer.rows)
                yield _build_page(answer.rows, replace(after, anchor=anchor))
                return
        async for page in self._drain(state):
            yield page

    async def all_rows(self, since: datetime | None) -> AsyncIterator[ListPage[T]]:
        """Yield every row updated since then, the oldest change first.

        The anchor of a page's state is the `since` to continue with after it; None while it may not move.
        """
        drain: Drain[T] = Drain(since or EPOCH)
        while (page_request := drain.next_request()) is not None:
            step = drain.process_answer(await self._fetch_requested(page_request))
            yield _build_page(step.rows, ListState(anchor=step.cursor) if step.cursor else None)

    async def _drain(self, state: ListState) -> AsyncIterator[ListPage[T]]:
        drain: Drain[T] = Drain(state.cursor or state.anchor, keep=self.overlap)
        problems: list[ListRow[T]] = []
        while (page_request := drain.next_request()) is not None:
            answer = await self._fetch_requested(page_request)
            problems += (row for row in answer.rows if row.problem)
            if self._is_ahead_of_github_clock(page_request.since):
                state = self._rewound_state()
                drain = Drain(state.anchor, keep=self.overlap)
                continue
            step, unfinished = drain.process_answer(answer), ListState(anchor=state.anchor)
            # Rule 4: each drained page is committed with its cursor.
            yield _build_page(step.rows, replace(unfinished, cursor=step.cursor) if step.cursor else None)
        new_anchor = anchor_after(state.anchor, drain.newest, drain.covered, self.overlap)
        new_anchor = self._anchor_past_hidden_rows(new_anchor, problems)
        answer = await self._fetch(self._first_page_url(new_anchor, "desc"))
        # Rule 4: the re-probe's rows, the anchor and the ETag belong together.
        yield _build_page(
            drain.seen_rows.take_new(answer.rows), state_after_drain(new_anchor, answer, drain.covered)
        )

    def _anchor_past_hidden_rows(self, anchor: datetime, rows: Iterable[ListRow[T]]) -> datetime:
        """Return the anchor, moved on to the time of what was seen beside rows that GitHub never shows.

        In a quiet repository an anchor by the newest row would have every pass ask again for these, page by
        page (docs/reference/github.md, Lists).
        """
        times = (row.problem.changed_before for row in rows if row.problem)
        seen_at = min((at for at in times if at), default=None)
        if seen_at is None:
            return anchor
        now = self.ref.github_time.earliest_now().replace(microsecond=0)
        return max(anchor, subtract_duration(min(seen_at, now), self.overlap))

    def _is_ahead_of_github_clock(self, position: datetime) -> bool:
        """Whether a position is ahead of GitHub's clock, which has been corrected since it was stored.

        The list would show nothing until the clock gets there.
        """
        time = self.ref.github_time
        return time.is_known and position > time.now() + CLOCK_TOLERANCE

    def _rewound_state(self) -> ListState:
        return ListState(
            anchor=subtract_duration(self.ref.github_time.now().replace(microsecond=0), MAX_CLOCK_ERROR)
        )

    async def _probe(self, state: ListState) -> ListAnswer[T] | None:
        """Probe the list (rule 2); None for a 304. An ETag belongs to one URL and one token."""
        url = self._first_page_url(state.anchor, "desc")
        key = await self.ref.gateway.token_fingerprint()
        etag = state.etag if state.etag_credential == key else None
        try:
            answered = await self.ref.gateway.read(url, etag=etag)
        except AnswerTooHeavyError as error:
            return await self._fetch_smaller(url, error)
        if etag and answered.reply.status == 304:
            return None
        return await self._decode_answer(answered)

    async def _fetch_requested(self, page_request: PageRequest) -> ListAnswer[T]:
        return await self._fetch(page_request.link or self._first_page_url(page_request.since, "asc"))

    async def _fetch(self, url: str) -> ListAnswer[T]:
        try:
            return await self._decode_answer(await self.ref.gateway.read(url))
        except AnswerTooHeavyError as error:
            return await self._fetch_smaller(url, error)

    async def _fetch_smaller(self, url: str, error: AnswerTooHeavyError) -> ListAnswer[T]:
        """Read the page's first rows, fewer and fewer; one that GitHub never shows is stepped over.

        Raises GitHubError where GitHub answers nothing at all. An ETag of another address is none of this.
        """
        control = await self.ref.gateway.read(self.ref.url())
        require_repository_ok(control.reply, self.ref, self.ref.name)
        for size in SMALLER_PAGES:
            if can_begin_at_same_row(url, size):
                try:
                    answered = await self.ref.gateway.read(url_with_page_size(url, size), attempts=1)
                except AnswerTooHeavyError as smaller:
                    error = smaller
                    continue
                return replace(await self._decode_answer(answered), etag=None)
        return await self._skip_unreadable_rows(url_with_page_size(url, 1), error, control)

    async def _skip_unreadable_rows(
        self, url: str, error: AnswerTooHeavyError, control: ReadAnswer
    ) -> ListAnswer[T]:
        """Go on behind rows that GitHub does not even show alone, one by one; one problem stands for them.

        Behind a cursor there is no way on: the rows left in its second are found by comparing links in full.
        """
        what = f"a row of {self.ref.name}'s list of {self.path[-1]}"
        date = parse_date_header(control.reply.headers)
        problem = PoisonedItem(what=what, reason=str(error), changed_before=date)
        hidden: ListRow[T] = ListRow(id=None, at=None, problem=problem)
        for _ in range(MAX_HIDDEN_ROWS):
            following = next_single_row_page(url)
            if following is None:
                return ListAnswer(rows=(hidden,), next=None, date=date, etag=None, token=control.token)
            url = following
            try:
                answered = await self.ref.gateway.read(url, attempts=1)
            except AnswerTooHeavyError:
                continue
            answer = await self._decode_answer(answered)
            return replace(answer, rows=(hidden, *answer.rows), etag=None)
        raise error

    async def _decode_answer(self, answered: ReadAnswer) -> ListAnswer[T]:
        reply, name = answered.reply, self.ref.name
        if reply.status == 410:
            await self.ref.require_supported_api_version()
        require_repository_ok(reply, self.ref, f"the lists of {name}")
        date = parse_date_header(reply.headers)
        rows = (self.read_row(raw, name) for raw in split_list(reply.body, f"the lists of {name}"))
        # `at` stays as GitHub sorts by it.
        return ListAnswer(
            rows=tuple(_clamp_row(row, date) for row in rows),
            next=parse_next_link(reply.headers.get("link")),
            date=date,
            etag=_valid_etag(reply.headers.get("etag")),
            token=answered.token,
        )

    def _first_page_url(self, since: datetime, direction: str) -> str:
        query: dict[str, str | int] = {
            **dict(self.query),
            "since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "sort": "updated",  # `direction` counts only beside `sort`
            "direction": direction,
            "per_page": PER_PAGE,
        }
        return self.ref.url(*self.path, query=query)

    async def _new_anchor(self) -> datetime:
        """Return GitHub's time less the overlap (rules 1 and 6), after a request if it is unknown."""
        time = self.ref.github_time
        if not time.is_known:
            require_repository_ok(
                (await self.ref.gateway.read(self.ref.url())).reply, self.ref, self.ref.name
            )
        if not time.is_known and time.doubt is None:
            raise GitHubError(f"GitHub's answers about {self.ref.name} carry no Date: no list can be begun.")
        return subtract_duration(time.earliest_now().replace(microsecond=0), self.overlap)


def state_after_probe(anchor: datetime, answer: ListAnswer[T], overlap: timedelta) -> ListState:
    """Return the state after a probe without a next page, which is every change since the anchor (rule 2).

    The anchor moves only once these rows fill more than half a page; the ETag is of the old address then.
    """
    if len(answer.rows) > PER_PAGE // 2 and answer.newest_updated_at:
        new_anchor = anchor_after(anchor, answer.newest_updated_at, answer.date, overlap)
        if new_anchor > anchor:
            return ListState(anchor=new_anchor)
    return _state_with_etag(anchor, answer)


def state_after_drain(anchor: datetime, answer: ListAnswer[T], covered: datetime | None) -> ListState:
    """Return the state after the probe that follows a drain (rule 2).

    It is complete when it has no next page, or when it reaches back more than a second before the time that
    the drain has covered; only then may its ETag be trusted.
    """
    reaches_back = bool(covered and answer.last_updated_at and answer.last_updated_at < covered - SECOND)
    return (
        _state_with_etag(anchor, answer) if answer.next is None or reaches_back else ListState(anchor=anchor)
    )


def anchor_after(
    anchor: datetime, newest: datetime, covered: datetime | None, overlap: timedelta
) -> datetime:
    """Return the newest time seen, at most GitHub's own time, less the overlap; never before `anchor`."""
    return max(anchor, subtract_duration(min(newest, covered or newest), overlap))


def _state_with_etag(anchor: datetime, answer: ListAnswer[T]) -> ListState:
    if answer.etag is None:
        return ListState(anchor=anchor)
    return ListState(anchor=anchor, etag=answer.etag, etag_credential=answer.token)


def _valid_etag(text: str | None) -> str | None:
    """Return the ETag verbatim; None for one that could not be sent back or stored."""
    return text if text and text.isascii() and text.isprintable() and len(text) <= MAX_ETAG_CHARS else None


def _clamp_row(row: ListRow[T], date: datetime | None) -> ListRow[T]:
    value = clamp_times(row.value, date)
    return row if value is row.value else replace(row, value=value)


def _build_page(rows: tuple[ListRow[T], ...], state: ListState | None) -> ListPage[T]:
    values = tuple(row.value for row in rows if row.value is not None)
    return ListPage(rows=values, state=state, poisoned=tuple(row.problem for row in rows if row.problem))
