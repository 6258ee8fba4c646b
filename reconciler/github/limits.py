"""What an answer says about limits; pure (docs/reference/github.md, Limits)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.model.snapshot import RateLimit
from reconciler.model.values import dataclass

MIN_WAIT_SECONDS = 1.0
MAX_WAIT_SECONDS = 86_400.0
"""A day: a longer wait is asked about again by then."""
UNANNOUNCED_WAIT_SECONDS = 60.0
"""GitHub: "wait at least one minute", then longer with every further answer of the kind."""
MAX_UNANNOUNCED_WAIT_SECONDS = 3_600.0
_SECONDARY_LIMIT_WORDS = (
    "secondary rate limit",
    "abuse detection",
    "secondary-rate-limits",
    "rate limit exceeded",
    "rate-limits-for-the-rest-api",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWait:
    """GitHub refused for a limit: ask again after so many seconds. `guessed`: it did not say how long."""

    seconds: float
    reason: str
    guessed: bool = False


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The answer's `Date`, or None when it is missing or no date."""
    return _http_date(headers.get("date"))


def rate_limit_of(headers: Mapping[str, str]) -> RateLimit | None:
    """The primary limit as the headers show it, or None; only of the resource `core`."""
    numbers = [_number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset")]
    limit, remaining, reset = numbers
    if limit is None or remaining is None or reset is None or reset > 2**35:
        return None
    if headers.get("x-ratelimit-resource", "core") != "core":
        return None
    return RateLimit(limit=limit, remaining=remaining, reset_at=datetime.fromtimestamp(reset, UTC))


def limit_wait(
    status: int, headers: Mapping[str, str], message: str, *, now: datetime, strikes: int
) -> LimitWait | None:
    """How long a refusal says to wait, or None when it is not about a limit.

    In: `now` in GitHub's time; `strikes`, the refusals of this kind in a row before this one. Only 403 and
    429 are limits; a 503 that names a time is treated alike. Any other 403 is a matter of permission.
    """
    after = _retry_after(headers.get("retry-after"), now)
    if status == 503 and after is not None:
        return LimitWait(seconds=_clamp(after), reason="GitHub is unavailable and said when to come back")
    if status not in (403, 429):
        return None
    if after is not None:
        return LimitWait(seconds=_clamp(after), reason="GitHub's secondary rate limit")
    reset = _number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining", "").strip() == "0" and reset is not None:
        return LimitWait(seconds=_clamp(reset - now.timestamp() + 1), reason="GitHub's primary rate limit")
    if status == 429 or any(word in message.lower() for word in _SECONDARY_LIMIT_WORDS):
        seconds = min(UNANNOUNCED_WAIT_SECONDS * 2.0 ** min(strikes, 10), MAX_UNANNOUNCED_WAIT_SECONDS)
        return LimitWait(seconds=seconds, reason="GitHub's secondary rate limit", guessed=True)
    return None


def _retry_after(text: str | None, now: datetime) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return float(min(seconds, int(MAX_WAIT_SECONDS)))
    moment = _http_date(text)
    return (moment - now).total_seconds() if moment else None


def _clamp(seconds: float) -> float:
    return min(max(seconds, MIN_WAIT_SECONDS), MAX_WAIT_SECONDS)


def _number(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) <= 18 else None


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
