"""GitHub's limits: what an answer says about them, and the wait of a credential that was refused.

Going on after a limit's answer can get an integration banned, so a refusal stops every request of its
credential. Other processes learn of it through `ports.RateLimiter`; `LimitBackoff` is for the requests of
this process whose points were reserved before.

Source: docs/reference/github.md, Limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.errors import LimitedError
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit

MIN_WAIT_SECONDS = 1.0
MAX_WAIT_SECONDS = 86_400.0
"""A day: after it GitHub is asked again, even if it named a longer wait."""
UNANNOUNCED_WAIT_SECONDS = 60.0
"""GitHub: "wait at least one minute"; doubled with every further refusal that names no time."""
MAX_UNANNOUNCED_WAIT_SECONDS = 3_600.0
MAX_HOURLY_REQUESTS = 1_000_000
"""Far above any primary limit of GitHub's."""
_SECONDARY_LIMIT_WORDS = (
    "secondary rate limit",
    "abuse detection",
    "secondary-rate-limits",
    "rate limit exceeded",
    "rate-limits-for-the-rest-api",
)
_TOO_QUICKLY = "submitted too quickly"
"""What a 422 says when content was created faster than GitHub allows (docs/reference/github.md, Limits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWait:
    """How long to wait after a refusal by a limit. `guessed`: GitHub did not say how long."""

    seconds: float
    reason: str
    guessed: bool = False


def parse_date_header(headers: Mapping[str, str]) -> datetime | None:
    """Return the answer's `Date`, or None when it is missing or no date."""
    return parse_http_date(headers.get("date"))


def parse_rate_limit_headers(headers: Mapping[str, str], now: datetime) -> RateLimit | None:
    """Return the primary limit of the resource `core` as the headers show it, or None.

    A limit without its like, or a reset more than MAX_WAIT_SECONDS away, is not believed. `now`: in GitHub's
    time.
    """
    numbers = [_parse_number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset")]
    limit, remaining, reset = numbers
    if limit is None or remaining is None or reset is None:
        return None
    if max(limit, remaining) > MAX_HOURLY_REQUESTS or reset > now.timestamp() + MAX_WAIT_SECONDS:
        return None
    if headers.get("x-ratelimit-resource", "core") != "core":
        return None
    return RateLimit(limit=limit, remaining=remaining, reset_at=datetime.fromtimestamp(reset, UTC))


def limit_wait(
    status: int, headers: Mapping[str, str], message: str, *, now: datetime, unannounced_streak: int
) -> LimitWait | None:
    """Return how long a refusal says to wait, or None when it is not about a limit.

    In: `now` in GitHub's time; `unannounced_streak`, the refusals without a time in a row before this one.
    403 and 429 are limits; a 503 that names a time and a 422 "was submitted too quickly" are treated alike.
    Any other 403 is a matter of permission, any other 422 a refusal.
    """
    after = _parse_retry_after(headers.get("retry-after"), now)
    if status == 503 and after is not None:
        return LimitWait(
            seconds=_clamp_wait(after), reason="GitHub is unavailable and said when to come back"
        )
    if status == 422 and _TOO_QUICKLY in message.lower():
        reason = "GitHub's limit on new content"
        return (
            LimitWait(seconds=_clamp_wait(after), reason=reason)
            if after is not None
            else _guessed_wait(unannounced_streak, reason)
        )
    if status not in (403, 429):
        return None
    if after is not None:
        return LimitWait(seconds=_clamp_wait(after), reason="GitHub's secondary rate limit")
    reset = _parse_number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining", "").strip() == "0" and reset is not None:
        return LimitWait(
            seconds=_clamp_wait(reset - now.timestamp() + 1), reason="GitHub's primary rate limit"
        )
    if status == 429 or any(word in message.lower() for word in _SECONDARY_LIMIT_WORDS):
        return _guessed_wait(unannounced_streak, "GitHub's secondary rate limit")
    return None


def _guessed_wait(unannounced_streak: int, reason: str) -> LimitWait:
    seconds = UNANNOUNCED_WAIT_SECONDS * 2.0 ** min(unannounced_streak, 10)
    return LimitWait(seconds=min(seconds, MAX_UNANNOUNCED_WAIT_SECONDS), reason=reason, guessed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRefusal:
    """The last refusal of a credential. `unannounced_streak`: how many in a row named no time to wait."""

    unannounced_streak: int
    waits_until: float  # by the monotonic clock
    until: datetime
    reason: str


class LimitBackoff:
    """The last refusal of every credential, shared by all repositories."""

    def __init__(self) -> None:
        self._last: dict[Fingerprint, LimitRefusal] = {}

    def unannounced_streak(self, credential: Fingerprint) -> int:
        """Return how often in a row GitHub refused without saying for how long."""
        last = self._last.get(credential)
        return last.unannounced_streak if last else 0

    def require_no_wait(self, credential: Fingerprint, now: float) -> None:
        """Raise LimitedError while a wait lasts."""
        last = self._last.get(credential)
        if last and now < last.waits_until:
            raise limited_error(last.reason, last.until)

    def record_refusal(
        self, credential: Fingerprint, wait: LimitWait, *, now: float, until: datetime
    ) -> None:
        """Keep a refusal. Those that arrive while a wait lasts, to requests sent before it, count as one."""
        last = self._last.get(credential)
        is_new_wait = last is None or now >= last.waits_until
        unannounced_streak = self.unannounced_streak(credential) + (wait.guessed and is_new_wait)
        over = now + wait.seconds
        if last is None or over >= last.waits_until:
            self._last[credential] = LimitRefusal(
                unannounced_streak=unannounced_streak, waits_until=over, until=until, reason=wait.reason
            )

    def record_success(self, credential: Fingerprint, now: float) -> None:
        """Forget a wait that is over; one that still lasts is not shortened by a successful answer."""
        last = self._last.get(credential)
        if last and now >= last.waits_until:
            del self._last[credential]


def limited_error(reason: str, until: datetime) -> LimitedError:
    """Build the error that ends a pass."""
    return LimitedError(f"{reason}: nothing is asked before {until:%Y-%m-%d %H:%M:%S} UTC.", until)


def _parse_retry_after(text: str | None, now: datetime) -> float | None:
    seconds = _parse_number(text)
    if seconds is not None:
        return float(min(seconds, int(MAX_WAIT_SECONDS)))
    moment = parse_http_date(text)
    return (moment - now).total_seconds() if moment else None


def _clamp_wait(seconds: float) -> float:
    return min(max(seconds, MIN_WAIT_SECONDS), MAX_WAIT_SECONDS)


def _parse_number(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) <= 18 else None


def parse_http_date(text: str | None) -> datetime | None:
    """Return the time of a header like `Date`, or None when it is missing or no date."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
