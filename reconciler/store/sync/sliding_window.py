"""Sliding windows over small buckets: the arithmetic of a credential's limits, without side effects.

Claim, held by property tests: in any 60 s at most `points_per_minute` points and `content_per_minute` writes,
in any 3600 s at most `content_per_hour` writes, and two writes never closer than `min_interval`. A bucket
counts until its very end has left the window: the limit may be kept too strictly, by at most one bucket.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.policy import RateLimitPolicy

Buckets = tuple[tuple[int, int], ...]
"""(number of the bucket, how much), ascending."""

MINUTE_SECONDS, HOUR_SECONDS = 60.0, 3600.0
SECOND_BUCKET_SECONDS, MINUTE_BUCKET_SECONDS = 1.0, 60.0
MAX_CLOCK_SKEW_SECONDS = 60.0  # further in the future than any write is reserved: the clock was set back
MAX_WRITE_WAIT_INTERVALS = 5  # a write waits for at most so many `min_interval`s
SLICE_SECONDS = 2.0
"""How long a process may use points that it reserved ahead.

So long it may not notice that another process was told to wait: no longer than a pass that has begun and
reserved its requests.
"""
MAX_SLICE_POINTS = 20  # the requests of ten idle passes


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
    """Permission for `at` (Unix time); `spent` is the usage to store."""

    spent: WindowUsage
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Refusal before `until` (Unix time), because of this limit of ours."""

    until: float
    reason: str


def admit_points(
    spent: WindowUsage, policy: RateLimitPolicy, now: float, points: int, *, write: bool
) -> Granted | Denied:
    """Whether so many points (and, for a write, one piece of content) may be spent now."""
    spent = _clamp_future(spent, now)
    at = now
    if write and spent.last_write is not None:
        at = max(now, spent.last_write + policy.min_interval)
    wanted = [
        (
            spent.points,
            SECOND_BUCKET_SECONDS,
            MINUTE_SECONDS,
            min(points, policy.points_per_minute),
            policy.points_per_minute,
        )
    ]
    if write:
        wanted.append((spent.minute, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, 1, policy.content_per_minute))
        wanted.append((spent.hour, MINUTE_BUCKET_SECONDS, HOUR_SECONDS, 1, policy.content_per_hour))
    until = max(_earliest_time_with_room(*each, at) for each in wanted)
    if until > at:
        return Denied(until=until, reason=_denial_reason(policy, write=write))
    if at - now > MAX_WRITE_WAIT_INTERVALS * policy.min_interval:
        return Denied(until=at, reason=f"writes are at least {policy.min_interval:g} s apart")
    return Granted(spent=_add_usage(spent, at, points, write=write), at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Points of reads reserved ahead, counted as spent at `charged_at` (Unix time)."""

    charged_at: float
    points: int


def admit_points_ahead(
    spent: WindowUsage,
    policy: RateLimitPolicy,
    now: float,
    points: int,
    ahead: int,
    returned: Slice | None,
) -> tuple[Granted, Slice] | Denied:
    """Whether so many points may be spent now, and as many as possible of `ahead` until SLICE_SECONDS later.

    The points ahead are counted as spent at the end of that time, so they leave the window no sooner than if
    each had been counted when it was spent. `returned`: what was not spent of an earlier slice.
    """
    spent = _clamp_future(spent, now)
    if returned is not None:
        spent = replace(spent, points=_take_from_bucket(spent.points, returned))
    answer = admit_points(spent, policy, now, points, write=False)
    if isinstance(answer, Denied):
        return answer
    used = sum(
        amount
        for _, amount in _buckets_in_window(answer.spent.points, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now)
    )
    taken = Slice(charged_at=now + SLICE_SECONDS, points=max(0, min(ahead, policy.points_per_minute - used)))
    charged = _add_to_bucket(
        answer.spent.points, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, taken.charged_at, taken.points
    )
    return Granted(spent=replace(answer.spent, points=charged), at=answer.at), taken


def grant_verification_points(
    spent: WindowUsage, policy: RateLimitPolicy, now: float, wanted: int
) -> tuple[WindowUsage, int]:
    """The usage after the grant, and how many of these points verification may spend now."""
    spent = _clamp_future(spent, now)
    used = sum(
        amount for _, amount in _buckets_in_window(spent.verify, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now)
    )
    granted = max(0, min(wanted, policy.verify_points_per_minute - used))
    return replace(
        spent, verify=_add_to_bucket(spent.verify, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now, granted)
    ), granted


def points_in_last_minute(spent: WindowUsage, now: datetime) -> int:
    """Sum the points of the last minute, for people."""
    return sum(
        amount
        for _, amount in _buckets_in_window(
            spent.points, SECOND_BUCKET_SECONDS, MINUTE_SECONDS, now.timestamp()
        )
    )


def _earliest_time_with_room(
    buckets: Buckets, width: float, span: float, amount: int, limit: int, at: float
) -> float:
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
    """Add an amount, and drop buckets that no window reaches any more."""
    kept = dict(_buckets_in_window(buckets, width, span + MAX_CLOCK_SKEW_SECONDS, at))
    if amount:
        number = int(at // width)
        kept[number] = kept.get(number, 0) + amount
    return tuple(sorted(kept.items()))


def _take_from_bucket(buckets: Buckets, returned: Slice) -> Buckets:
    """Take back what was counted too much; a bucket that is gone has left the window."""
    kept = dict(buckets)
    number = int(returned.charged_at // SECOND_BUCKET_SECONDS)
    if number in kept:
        kept[number] = max(0, kept[number] - returned.points)
    return tuple(sorted((each, amount) for each, amount in kept.items() if amount))


def _clamp_future(spent: WindowUsage, now: float) -> WindowUsage:
    """Count usage that lies far in the future as of now: a clock that was set back must not stop us that
    long.
    """
    last = spent.last_write
    return WindowUsage(
        points=_clamp_future_buckets(spent.points, SECOND_BUCKET_SECONDS, now),
        minute=_clamp_future_buckets(spent.minute, SECOND_BUCKET_SECONDS, now),
        hour=_clamp_future_buckets(spent.hour, MINUTE_BUCKET_SECONDS, now),
        verify=_clamp_future_buckets(spent.verify, SECOND_BUCKET_SECONDS, now),
        last_write=now if last is not None and last > now + MAX_CLOCK_SKEW_SECONDS else last,
    )


def _clamp_future_buckets(buckets: Buckets, width: float, now: float) -> Buckets:
    latest, current = int((now + MAX_CLOCK_SKEW_SECONDS) // width), int(now // width)
    if not buckets or buckets[-1][0] <= latest:
        return buckets
    kept: dict[int, int] = {}
    for number, amount in buckets:
        key = current if number > latest else number
        kept[key] = kept.get(key, 0) + amount
    return tuple(sorted(kept.items()))


def _denial_reason(policy: RateLimitPolicy, *, write: bool) -> str:
    if write:
        return (
            f"{policy.content_per_minute} writes a minute, {policy.content_per_hour} an hour and"
            f" {policy.points_per_minute} points a minute are this credential's limits"
        )
    return f"{policy.points_per_minute} points a minute are this credential's limit"
