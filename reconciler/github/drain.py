"""Which page to ask for next, and what is new on it; pure (docs/reference/github.md, List rules).

No request is made here: `wanted()` says what to ask for, `take()` is given the answer.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from reconciler.errors import GitHubError
from reconciler.github.translate import ListRow
from reconciler.model.ids import Fingerprint
from reconciler.model.values import dataclass

T = TypeVar("T")
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PER_PAGE = 100
"""Rows of a page, the most that GitHub allows."""
MAX_PAGES = 1_000
"""Pages of one walk: a window of two seconds never holds 100,000 rows, one that leads in circles does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer(Generic[T]):
    """One answer of a list."""

    rows: tuple[ListRow[T], ...]
    next: str | None
    date: datetime | None
    etag: str | None
    token: Fingerprint

    @property
    def last(self) -> datetime | None:
        """`updated_at` of the last row that has one."""
        return next((row.at for row in reversed(self.rows) if row.at), None)

    @property
    def newest(self) -> datetime | None:
        """The newest `updated_at` of all rows."""
        return max((row.at for row in self.rows if row.at), default=None)


class SeenRows(Generic[T]):
    """Rows by content (rules 3 and 7: never by time or author)."""

    def __init__(self) -> None:
        self._marks: dict[object, tuple[datetime | None, int]] = {}

    def take_new(self, rows: Iterable[ListRow[T]]) -> tuple[ListRow[T], ...]:
        """The rows that were not seen with just this content, in order; they are known from now on."""
        return tuple(row for row in rows if self._is_new(row))

    def forget(self, before: datetime) -> None:
        """Drop what no later page can show again."""
        self._marks = {key: mark for key, mark in self._marks.items() if not mark[0] or mark[0] >= before}

    def _is_new(self, row: ListRow[T]) -> bool:
        key, mark = row.id or row.problem, (row.at, hash((row.at, row.value, row.problem)))
        if self._marks.get(key) == mark:
            return False
        self._marks[key] = mark
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainStep(Generic[T]):
    """What a page brought. `cursor`: everything up to then was seen; None while it may not move."""

    rows: tuple[ListRow[T], ...]
    cursor: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """The page to ask for: the first one since then, or, within a walk, the one at `link`."""

    since: datetime
    link: str | None = None


class Drain(Generic[T]):
    """Rule 3: ascending, always the first page, a second of overlap; walks where a second fills a page."""

    def __init__(self, since: datetime, *, keep: timedelta = timedelta(0)) -> None:
        """`keep`: how long before the cursor rows stay known, for the re-probe that follows."""
        self.seen_rows: SeenRows[T] = SeenRows()
        self.newest = since
        self.covered: datetime | None = None
        """When done: everything updated before this moment was seen. None when GitHub sent no `Date`."""
        self._since = since
        self._keep = keep
        self._end: datetime | None = None
        self._link: str | None = None
        self._scan: WindowScan | None = None
        self._done = False

    def next_request(self) -> PageRequest | None:
        """The next page to ask for; None when the drain is over."""
        return None if self._done else PageRequest(since=self._since, link=self._link)

    def take(self, sheet: ListAnswer[T]) -> DrainStep[T]:
        """Take an answer in. Raises GitHubError for one that can't be read on behind."""
        # A drain ends at its first answer's Date: a second not over by then is left to the next pass.
        self._end = self._end or sheet.date
        self.newest = max(self.newest, sheet.newest or self.newest)
        rows = self.seen_rows.take_new(sheet.rows)
        before = self._since
        if self._scan is None:
            self._first_page(sheet, rows)
        else:
            self._continue_scan(self._scan, sheet, rows)
        moved = self._since > before
        if moved:
            self.seen_rows.forget(before=earlier(self._since, self._keep))
        return DrainStep(rows=rows, cursor=self._since if moved else None)

    def _first_page(self, sheet: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> None:
        last = sheet.last
        if sheet.next is None:
            self._finish(sheet.date)
        elif last is None:
            raise GitHubError(
                "No row of a page of GitHub's list says when it was updated: the list can't be read on."
            )
        elif self._end and last >= self._end:
            self._finish(self._end)
        if last is not None and self._cap(earlier(last, SECOND)) > self._since:
            self._since = self._cap(earlier(last, SECOND))
        elif not self._done:
            self._scan = WindowScan(until=self._since + SECOND)
            self._continue_scan(self._scan, sheet, rows)

    def _continue_scan(self, walk: "WindowScan", sheet: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> None:
        self._link = walk.follow(sheet, rows)
        if self._link is not None:
            return
        if walk.found_new_rows:
            self._scan = WindowScan(until=walk.until)  # once more, from the first page
            return
        self._scan = None
        if self._end and walk.until >= self._end:
            self._finish(self._end)
        else:
            self._since = walk.until

    def _cap(self, cursor: datetime) -> datetime:
        return cursor if self._end is None else min(cursor, self._end - SECOND)

    def _finish(self, covered: datetime | None) -> None:
        self._done = True
        self.covered = covered


class WindowScan:
    """One way through all pages of a window of one second. Rows leave a page while it is being read, so a
    window is walked until a walk brings nothing unseen."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.found_new_rows = False
        self._links: set[str] = set()

    def follow(self, sheet: ListAnswer[T], rows: tuple[ListRow[T], ...]) -> str | None:
        """The link to follow; None at the end of the window. Raises GitHubError when it leads in circles."""
        self.found_new_rows |= any(row.at is None or row.at <= self.until for row in rows)
        if sheet.next is None or (sheet.last and sheet.last > self.until):
            return None
        if sheet.next in self._links or len(self._links) >= MAX_PAGES:
            raise GitHubError("The pages of GitHub's list lead in circles.")
        self._links.add(sheet.next)
        return sheet.next


def earlier(moment: datetime, by: timedelta) -> datetime:
    """`moment - by`, but never before 1970: a row's nonsense date must not end the pass."""
    return max(moment, EPOCH + by) - by
