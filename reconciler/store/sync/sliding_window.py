"""The arithmetic of a credential's limits: sliding windows over small buckets. Pure.

Claim, held by property tests: in any 60 s at most `points_per_minute` points and `content_per_minute` writes,
in any 3600 s at most `content_per_hour` writes, and two writes never closer than `min_interval`. A bucket
counts until its very end has left the window: the claim errs on the slow side, by at most one bucket.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.policy import RateLimitPolicy

Buckets = tuple[tuple[int, int], ...]
"""(number of the bucket, how much), ascending."""

MINUTE_SECONDS, HOUR_SECONDS = 60.0, 3600.0
SECOND_BUCKET_SECONDS, MINUTE_BUCKET_SECONDS = 1.0, 60.0
MAX_CLOCK_SKEW_SECONDS = 60.0  # further in the future than any slot: the clock was set back
MAX_WRITE_WAIT_INTERVALS = 5  # a slot at most so many `min_interval`s away is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowUsage:
    """What one credential has used up, as stored in `sync_governor`."""

    points: Buckets = ()  # a second wide
    minute: Buckets = ()  # writes, a second wide
    hour: Buckets = ()  # writes, a minute wide
    verify: Buckets = ()  # points, a second wide; they are in `points` too, once they are spent
    last_write: float | None = None  # Unix time


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Go at `at` (Unix time); store `spent`."""

    spent: WindowUsage
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Not before `until` (Unix time), because of this limit of ours."""

    until: float
    reason: str


def admit(
    spent: WindowUsage, pace: RateLimitPolicy, now: float, points: int, *, write: bool
) -> Granted | Denied:
    """Whether so many points (and, for a write, one piece of content) may be spent now."""
    spent = _clamp_future(spent, now)
    at = now
    if write and spent.last_write is not None:
        at = max(now, spent.last_write + pace.min_interval)
    wanted = [
        (
            spent.points,
            SECOND_BUCKET_SECONDS,
            MINUTE_SECONDS,
            min(points, pace.points_per_minute),
            pace.points_per_minute,
        )
    ]
    if write:
        wanted.append((spent.minute, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, 1, pace.content_per_minute))
        wanted.append((spent.hour, MINUTE_BUCKET_SECONDS, HOUR_SECONDS, 1, pace.content_per_hour))
    until = max(_earliest_time(*each, at) for each in wanted)
    if until > at:
        return Denied(until=until, reason=_reason(pace, write=write))
    if at - now > MAX_WRITE_WAIT_INTERVALS * pace.min_interval:
        return Denied(until=at, reason=f"writes are at least {pace.min_interval:g} s apart")
    return Granted(spent=_add_usage(spent, at, points, write=write), at=at)


def grant_verification_points(
    spent: WindowUsage, pace: RateLimitPolicy, now: float, wanted: int
) -> tuple[WindowUsage, int]:
    """How many of these points verification may have now, and what is spent then."""
    spent = _clamp_future(spent, now)
    used = sum(
        amount for _, amount in _buckets_in_window(spent.verify, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now)
    )
    granted = max(0, min(wanted, pace.verify_points_per_minute - used))
    return replace(
        spent, verify=_add_to_bucket(spent.verify, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now, granted)
    ), granted


def points_in_last_minute(spent: WindowUsage, now: datetime) -> int:
    """For people."""
    return sum(
        amount
        for _, amount in _buckets_in_window(
            spent.points, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now.timestamp()
        )
    )


def _earliest_time(buckets: Buckets, width: float, span: float, amount: int, limit: int, at: float) -> float:
    """The first moment from `at` on when there is room for `amount` more."""
    counting = list(_buckets_in_window(buckets, width, span, at))
    total = sum(each for _, each in counting)
    for number, each in counting:
        if total + amount <= limit:
            break
        total -= each
        at = (number + 1) * width + span
    return at


def _buckets_in_window(buckets: Buckets, width: float, span: float, at: float) -> Iterator[tuple[int, int]]:
    """Buckets of which some part lies in the window that ends at `at`, and all later ones."""
    return ((number, amount) for number, amount in buckets if (number + 1) * width > at - span)


def _add_usage(spent: WindowUsage, at: float, points: int, *, write: bool) -> WindowUsage:
    return replace(
        spent,
        points=_add_to_bucket(spent.points, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, at, points),
        minute=_add_to_bucket(spent.minute, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, at, int(write)),
        hour=_add_to_bucket(spent.hour, MINUTE_BUCKET_SECONDS, HOUR_SECONDS, at, int(write)),
        last_write=at if write else spent.last_write,
    )


def _add_to_bucket(buckets: Buckets, width: float, span: float, at: float, amount: int) -> Buckets:
    """One more entry, without what no window can reach any more."""
    kept = dict(_buckets_in_window(buckets, width, span + MAX_CLOCK_SKEW_SECONDS, at))
    if amount:
        number = int(at // width)
        kept[number] = kept.get(number, 0) + amount
    return tuple(sorted(kept.items()))


def _clamp_future(spent: WindowUsage, now: float) -> WindowUsage:
    """What seems to lie far ahead counts as of now: a clock set back must not stop us for as long."""
    last = spent.last_write
    return WindowUsage(
        points=_clamp_future_buckets(spent.points, SECOND_BUCKET_SECONDS, now),
        minute=_clamp_future_buckets(spent.minute, SECOND_BUCKET_SECONDS, now),
        hour=_clamp_future_buckets(spent.hour, MINUTE_BUCKET_SECONDS, now),
        verify=_clamp_future_buckets(spent.verify, SECOND_BUCKET_SECONDS, now),
        last_write=now if last is not None and last > now + MAX_CLOCK_SKEW_SECONDS else last,
    )


def _clamp_future_buckets(buckets: Buckets, width: float, now: float) -> Buckets:
    latest, here = int((now + MAX_CLOCK_SKEW_SECONDS) // width), int(now // width)
    if not buckets or buckets[-1][0] <= latest:
        return buckets
    kept: dict[int, int] = {}
    for number, amount in buckets:
        place = here if number > latest else number
        kept[place] = kept.get(place, 0) + amount
    return tuple(sorted(kept.items()))


def _reason(pace: RateLimitPolicy, *, write: bool) -> str:
    if write:
        return (
            f"{pace.content_per_minute} writes a minute, {pace.content_per_hour} an hour and"
            f" {pace.points_per_minute} points a minute are this credential's limits"
        )
    return f"{pace.points_per_minute} points a minute are this credential's limit"
