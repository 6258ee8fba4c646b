"""The arithmetic of a credential's limits: sliding windows over small buckets. Pure.

Claim, held by property tests: in any 60 s at most `points_per_minute` points and `content_per_minute` writes,
in any 3600 s at most `content_per_hour` writes, and two writes never closer than `min_interval`. A bucket
counts until its very end has left the window: the claim errs on the slow side, by at most one bucket.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.model.policy import Pace
from reconciler.model.values import dataclass

Buckets = tuple[tuple[int, int], ...]
"""(number of the bucket, how much), ascending."""

MINUTE, HOUR = 60.0, 3600.0
SECOND_WIDE, MINUTE_WIDE = 1.0, 60.0
AHEAD = 60.0  # further in the future than any slot: the clock was set back
PATIENCE = 5  # a slot at most so many `min_interval`s away is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one credential has used up, as stored in `sync_governor`."""

    points: Buckets = ()  # a second wide
    minute: Buckets = ()  # writes, a second wide
    hour: Buckets = ()  # writes, a minute wide
    verify: Buckets = ()  # points, a second wide; they are in `points` too, once they are spent
    last_write: float | None = None  # Unix time


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Go at `at` (Unix time); store `spent`."""

    spent: Spent
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Not before `until` (Unix time), because of this limit of ours."""

    until: float
    reason: str


def admit(spent: Spent, pace: Pace, now: float, points: int, *, write: bool) -> Granted | Denied:
    """Whether so many points (and, for a write, one piece of content) may be spent now."""
    spent = _sane(spent, now)
    at = now
    if write and spent.last_write is not None:
        at = max(now, spent.last_write + pace.min_interval)
    wanted = [
        (spent.points, SECOND_WIDE, MINUTE, min(points, pace.points_per_minute), pace.points_per_minute)
    ]
    if write:
        wanted.append((spent.minute, SECOND_WIDE, MINUTE, 1, pace.content_per_minute))
        wanted.append((spent.hour, MINUTE_WIDE, HOUR, 1, pace.content_per_hour))
    until = max(_room(*each, at) for each in wanted)
    if until > at:
        return Denied(until=until, reason=_reason(pace, write=write))
    if at - now > PATIENCE * pace.min_interval:
        return Denied(until=at, reason=f"writes are at least {pace.min_interval:g} s apart")
    return Granted(spent=_added(spent, at, points, write=write), at=at)


def spare(spent: Spent, pace: Pace, now: float, wanted: int) -> tuple[Spent, int]:
    """How many of these points verification may have now, and what is spent then."""
    spent = _sane(spent, now)
    used = sum(amount for _, amount in _counting(spent.verify, SECOND_WIDE, MINUTE, now))
    granted = max(0, min(wanted, pace.verify_points_per_minute - used))
    return replace(spent, verify=_with(spent.verify, SECOND_WIDE, MINUTE, now, granted)), granted


def points_in_last_minute(spent: Spent, now: datetime) -> int:
    """For people."""
    return sum(amount for _, amount in _counting(spent.points, SECOND_WIDE, MINUTE, now.timestamp()))


def _room(buckets: Buckets, width: float, span: float, amount: int, limit: int, at: float) -> float:
    """The first moment from `at` on when there is room for `amount` more."""
    counting = list(_counting(buckets, width, span, at))
    total = sum(each for _, each in counting)
    for number, each in counting:
        if total + amount <= limit:
            break
        total -= each
        at = (number + 1) * width + span
    return at


def _counting(buckets: Buckets, width: float, span: float, at: float) -> Iterator[tuple[int, int]]:
    """Buckets of which some part lies in the window that ends at `at`, and all later ones."""
    return ((number, amount) for number, amount in buckets if (number + 1) * width > at - span)


def _added(spent: Spent, at: float, points: int, *, write: bool) -> Spent:
    return replace(
        spent,
        points=_with(spent.points, SECOND_WIDE, MINUTE, at, points),
        minute=_with(spent.minute, SECOND_WIDE, MINUTE, at, int(write)),
        hour=_with(spent.hour, MINUTE_WIDE, HOUR, at, int(write)),
        last_write=at if write else spent.last_write,
    )


def _with(buckets: Buckets, width: float, span: float, at: float, amount: int) -> Buckets:
    """One more entry, without what no window can reach any more."""
    kept = dict(_counting(buckets, width, span + AHEAD, at))
    if amount:
        number = int(at // width)
        kept[number] = kept.get(number, 0) + amount
    return tuple(sorted(kept.items()))


def _sane(spent: Spent, now: float) -> Spent:
    """What seems to lie far ahead counts as of now: a clock set back must not stop us for as long."""
    last = spent.last_write
    return Spent(
        points=_pulled(spent.points, SECOND_WIDE, now),
        minute=_pulled(spent.minute, SECOND_WIDE, now),
        hour=_pulled(spent.hour, MINUTE_WIDE, now),
        verify=_pulled(spent.verify, SECOND_WIDE, now),
        last_write=now if last is not None and last > now + AHEAD else last,
    )


def _pulled(buckets: Buckets, width: float, now: float) -> Buckets:
    latest, here = int((now + AHEAD) // width), int(now // width)
    if not buckets or buckets[-1][0] <= latest:
        return buckets
    kept: dict[int, int] = {}
    for number, amount in buckets:
        place = here if number > latest else number
        kept[place] = kept.get(place, 0) + amount
    return tuple(sorted(kept.items()))


def _reason(pace: Pace, *, write: bool) -> str:
    if write:
        return (
            f"{pace.content_per_minute} writes a minute, {pace.content_per_hour} an hour and"
            f" {pace.points_per_minute} points a minute are this credential's limits"
        )
    return f"{pace.points_per_minute} points a minute are this credential's limit"
