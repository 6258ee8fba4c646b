"""Rows by id with sorted indexes, and a memory of the past so that a list can lag behind."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Literal, Protocol, TypeVar

Key = tuple[int, int]
Order = Literal["created", "updated"]
_HISTORY = 200_000


class Timed(Protocol):
    """What a row must say to be listed; times are seconds since the epoch."""

    @property
    def id(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def updated(self) -> int: ...


R = TypeVar("R", bound=Timed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The rows of an index that a request selects."""

    order: Order = "created"
    descending: bool = True
    since: int | None = None
    """Only rows whose `updated` is this or later."""
    after: Key | None = None
    """Only rows after this key in the requested direction."""
    offset: int = 0
    limit: int = 30


class Table(Generic[R]):
    """Rows of one kind; lists cost no sorting."""

    def __init__(self) -> None:
        self._rows: dict[int, R] = {}
        self._indexes: dict[Order, list[Key]] = {"created": [], "updated": []}
        self._past: deque[tuple[float, int, R | None]] = deque(maxlen=_HISTORY)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def get(self, row_id: int) -> R | None:
        """Return the row with this id, None when there is none."""
        return self._rows.get(row_id)

    def put(self, row: R, when: float) -> None:
        """Add the row, or replace the one with its id; the former row is kept for times before `when`."""
        before = self._rows.get(row.id)
        self._past.append((when, row.id, before))
        self._swap(row.id, before, row)

    def remove(self, row_id: int, when: float) -> R:
        """Remove the row and return it; raises KeyError if there is none."""
        before = self._rows[row_id]
        self._past.append((when, row_id, before))
        self._swap(row_id, before, None)
        return before

    def load(self, rows: Iterable[R]) -> None:
        """Add many new rows at once, without a past."""
        self._rows.update((row.id, row) for row in rows)
        for order, index in self._indexes.items():
            index[:] = sorted(_key(row, order) for row in self._rows.values())

    def as_of(self, when: float) -> Table[R]:
        """Return the table as it stood at `when` (seconds since the epoch), as far back as is remembered."""
        rows = dict(self._rows)
        for changed, row_id, before in reversed(self._past):
            if changed <= when:
                break
            if before is None:
                rows.pop(row_id, None)
            else:
                rows[row_id] = before
        past: Table[R] = Table()
        past.load(rows.values())
        return past

    def select(self, window: Window, keep: Callable[[R], bool] | None = None) -> tuple[list[R], int | None]:
        """Return the window's rows, and how many there are in all (None when that would need a count)."""
        index = self._indexes[window.order]
        low, high = self._bounds(window, index)
        if window.since is not None and window.order != "updated":
            keep = _also_since(window.since, keep)
        if keep is None:
            return self._slice(index, low, high, window), high - low
        keys = reversed(index[low:high]) if window.descending else iter(index[low:high])
        chosen = (row for row in (self._rows[key[1]] for key in keys) if keep(row))
        return list(islice(chosen, window.offset, window.offset + window.limit)), None

    def _bounds(self, window: Window, index: list[Key]) -> tuple[int, int]:
        low, high = 0, len(index)
        if window.since is not None and window.order == "updated":
            low = bisect_left(index, (window.since, 0))
        if window.after is not None and window.descending:
            high = max(low, bisect_left(index, window.after))
        elif window.after is not None:
            low = max(low, bisect_right(index, window.after))
        return low, high

    def _slice(self, index: list[Key], low: int, high: int, window: Window) -> list[R]:
        if window.descending:
            end = max(low, high - window.offset)
            keys = index[max(low, end - window.limit) : end][::-1]
        else:
            begin = min(high, low + window.offset)
            keys = index[begin : min(high, begin + window.limit)]
        return [self._rows[row_id] for _, row_id in keys]

    def _swap(self, row_id: int, before: R | None, after: R | None) -> None:
        for order, index in self._indexes.items():
            old = None if before is None else _key(before, order)
            new = None if after is None else _key(after, order)
            if old == new:
                continue
            if old is not None:
                del index[bisect_left(index, old)]
            if new is not None:
                insort(index, new)
        if after is None:
            del self._rows[row_id]
        else:
            self._rows[row_id] = after


def _key(row: Timed, order: Order) -> Key:
    return (row.updated if order == "updated" else row.created, row.id)


def _also_since(since: int, keep: Callable[[R], bool] | None) -> Callable[[R], bool]:
    return lambda row: row.updated >= since and (keep is None or keep(row))
