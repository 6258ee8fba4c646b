"""Draining a list: which page to request next, and which rows on it are new; pure.

No request is made here: `next_request` says what to ask for, `process_answer` is given the answer.

Source: docs/reference/github.md, List rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from reconciler.errors import GitHubError
from reconciler.github.translate import ListRow
from reconciler.model.ids import Fingerprint

T = TypeVar("T")
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PER_PAGE = 100
"""Rows of a page, the most that GitHub allows."""
MAX_PAGES = 1_000
"""Pages of one scan: a window of two seconds never holds 100,000 rows; more pages lead in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer(Generic[T]):
    """One page of a list."""

    rows: tuple[ListRow[T], ...]
    next: str | None
    date: datetime | None
    etag: str | None
    token: Fingerprint

    @property
    def last_updated_at(self) -> datetime | None:
        """`updated_at` of the last row that has one."""
        return next((row.at for row in reversed(self.rows) if row.at), None)

    @property
    def newest_updated_at(self) -> datetime | None:
        """The newest `updated_at` of all rows."""
        return max((row.at for row in self.rows if row.at), default=None)


class SeenRows(Generic[T]):
    """Rows seen so far, compared by content (rules 3 and 7: never by time or author)."""

    def __init__(self) -> None:
        self._marks: dict[object, tuple[datetime | None, int]] = {}

    def take_new(self, rows: Iterable[ListRow[T]]) -> tuple[ListRow[T], ...]:
        """Return the rows not seen before with this content, in order, and remember them."""
        return tuple(row for row in rows if self._remember_if_new(row))

    def forget_before(self, before: datetime) -> None:
        """Drop rows updated before then: no later page can show them again."""
        self._marks = {key: mark for key, mark in self._marks.items() if not mark[0] or mark[0] >= before}

    def _remember_if_new(self, row: ListRow[T]) -> bool:
        key, mark = row.id or row.problem, (row.at, hash((row.at, row.value, row.problem)))
        if self._marks.get(key) == mark:
            return False
        self._marks[key] = mark
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainStep(Generic[T]):
    """The new rows of a page. `cursor`: everything up to then was seen; None while it may not move."""

    rows: tuple[ListRow[T], ...]
    cursor: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """The page to request: the first one since then, or, within a scan, the one at `link`."""

    since: datetime
    link: str | None = None


class Drain(Generic[T]):
    """Rule 3: ascending, always the first page, a second of overlap; a scan where one second fills a page."""

    def __init__(self, since: datetime, *, keep: timedelta = timedelta(0)) -> None:
        """Begin at `since`. `keep`: for how long before the cursor rows are remembered, for the re-probe."""
        self.seen_rows: SeenRows[T] = SeenRows()
        self.newest = since
        self.covered: datetime | None = None
        """When over: everything updated before this moment was seen. None when GitHub sent no `Date`."""
        self._since = since
        self._keep = keep
        self._end: datetime | None = None
        self._link: str | None = None
        self._scan: WindowScan | None = None
        self._done = False

    def next_request(self) -> PageRequest | None:
        """Return the next page to request; None when the drain is over."""
        return None if self._done else PageRequest(since=self._since, link=self._link)

    def process_answer(self, answer: ListAnswer[T]) -> DrainStep[T]:
        """Process a page. Raises GitHubError for one after which the list can't be continued."""
        # A drain ends at its first answer's Date: a second not over by then is left to the next pass.
        self._end = self._end or answer.date
        self.newest = max(self.newest, answer.newest_updated_at or self.newest)
        rows = self.seen_rows.take_new(answer.rows)
        before = self._since
        if self._scan is None:
            self._process_first_page(answer, rows)
        else:
            self._continue_scan(self._scan, answer, rows)
        has_advanced = self._since > before
        if has_advanced:
            self.seen_rows.forget_before(before=subtract_duration(self._since, self._keep))
        return DrainStep(rows=rows, cursor=self._since if has_advanced else None)

    def _process_first_page(self, answer: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> None:
        last = answer.last_updated_at
        if answer.next is None:
            self._finish(answer.date)
        elif last is None:
            raise GitHubError(
                "No row of a page of GitHub's list says when it was updated: the list can't be read on."
            )
        elif self._end and last >= self._end:
            self._finish(self._end)
        if last is not None and self._cap_cursor(subtract_duration(last, SECOND)) > self._since:
            self._since = self._cap_cursor(subtract_duration(last, SECOND))
        elif not self._done:
            self._scan = WindowScan(until=self._since + SECOND)
            self._continue_scan(self._scan, answer, rows)

    def _continue_scan(self, scan: "WindowScan", answer: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> None:
        self._link = scan.choose_next_page(answer, rows)
        if self._link is not None:
            return
        if scan.found_new_rows:
            self._scan = WindowScan(until=scan.until)  # again, from the first page
            return
        self._scan = None
        if self._end and scan.until >= self._end:
            self._finish(self._end)
        else:
            self._since = scan.until

    def _cap_cursor(self, cursor: datetime) -> datetime:
        return cursor if self._end is None else min(cursor, self._end - SECOND)

    def _finish(self, covered: datetime | None) -> None:
        self._done = True
        self.covered = covered


class WindowScan:
    """One scan of all pages of a window of one second.

    Rows leave a page while it is being read, so a window is scanned until a scan finds no unseen row.
    """

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.found_new_rows = False
        self._links: set[str] = set()

    def choose_next_page(self, answer: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> str | None:
        """Return the link to follow; None at the end of the window. Raises GitHubError for a circle."""
        self.found_new_rows |= any(row.at is None or row.at <= self.until for row in rows)
        if answer.next is None or (answer.last_updated_at and answer.last_updated_at > self.until):
            return None
        if answer.next in self._links or len(self._links) >= MAX_PAGES:
            raise GitHubError("The pages of GitHub's list lead in circles.")
        self._links.add(answer.next)
        return answer.next


def subtract_duration(moment: datetime, by: timedelta) -> datetime:
    """Return `moment - by`, but never before 1970: a nonsense date must not end the pass."""
    return max(moment, EPOCH + by) - by
