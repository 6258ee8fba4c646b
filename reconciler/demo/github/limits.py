"""GitHub's rate limits: always counted, enforced only on request (docs/reference/github.md, Limits)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reconciler.demo.github.messages import Problem

Form = Literal["retry-after", "remaining", "message"]
_HOUR = 3600.0
_MINUTE = 60.0
_ANONYMOUS = 60
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    " If you reach out to GitHub Support for help, please include the request ID."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The limits and the form of a refusal; the numbers are in docs/reference/github.md, Limits."""

    primary: int = 5_000
    points_per_minute: int = 900
    content_per_minute: int = 80
    content_per_hour: int = 500
    issues_per_minute: int = 20
    issues_per_hour: int = 150
    concurrent: int = 100
    enforce_primary: bool = False
    enforce_secondary: bool = False
    enforce_issue_creation: bool = False
    status: Literal[403, 429] = 403
    form: Form = "retry-after"
    wait: int = 60


class Refusal(Problem):
    """A limit's answer; it costs nothing."""


class Rolling:
    """A sum over the last `span` seconds."""

    def __init__(self, span: float) -> None:
        self._span = span
        self._used: deque[tuple[float, int]] = deque()
        self.total = 0

    def add(self, now: float, amount: int) -> int:
        """Add an amount, drop the expired ones, and return the sum."""
        self._used.append((now, amount))
        self.total += amount
        while self._used[0][0] <= now - self._span:
            self.total -= self._used.popleft()[1]
        return self.total


@dataclass(slots=True, kw_only=True)
class Meter:
    """What one account has used."""

    started: float = 0.0
    used: int = 0
    cost: int = 0
    """Primary limit used since the beginning, over all windows."""
    blocked_until: float = 0.0
    ignored: int = 0
    """Requests that came although a limit's answer had said to wait."""
    points: Rolling = field(default_factory=lambda: Rolling(_MINUTE))
    content_minute: Rolling = field(default_factory=lambda: Rolling(_MINUTE))
    content_hour: Rolling = field(default_factory=lambda: Rolling(_HOUR))
    issues_minute: Rolling = field(default_factory=lambda: Rolling(_MINUTE))
    issues_hour: Rolling = field(default_factory=lambda: Rolling(_HOUR))
    most_points: int = 0
    most_content: int = 0


class Limits:
    """The meters of all accounts; an account is a user id, or 0 for the anonymous."""

    def __init__(self) -> None:
        self.rules = Rules()
        self.meters: dict[int, Meter] = {}

    def set(self, **rules: Any) -> None:
        """Change rules (fields of Rules)."""
        self.rules = replace(self.rules, **rules)

    def meter(self, account: int) -> Meter:
        """Return the account's meter."""
        return self.meters.setdefault(account, Meter())

    def admit(
        self, account: int, now: float, *, write: bool, content: bool, issue: bool, in_flight: int
    ) -> None:
        """Count a request's points; raises Problem when a limit refuses it.

        A 304 passes here too: it is free of the primary limit only, which is charged afterwards.
        """
        meter, rules = self.meter(account), self.rules
        self._roll(meter, now)
        if now < meter.blocked_until:
            meter.ignored += 1
        if rules.enforce_primary and meter.used >= rules.primary:
            meter.blocked_until = meter.started + _HOUR
            raise self._primary(meter)
        minute = meter.points.add(now, 5 if write else 1)
        meter.most_points = max(meter.most_points, minute)
        too_much = minute > rules.points_per_minute or in_flight > rules.concurrent
        if content:
            too_much |= self._too_much_content(meter, now)
        refused = too_much and rules.enforce_secondary
        if issue and self._too_many_issues(meter, now):
            refused |= rules.enforce_issue_creation
        if refused:
            meter.blocked_until = now + rules.wait
            raise refusal(rules.form, rules.status, rules.wait, now)

    def charge(self, account: int, cost: int, now: float) -> dict[str, str]:
        """Charge the primary limit and return the headers that show it."""
        meter = self.meter(account)
        self._roll(meter, now)
        meter.used += cost
        meter.cost += cost
        return self.headers(meter, _ANONYMOUS if account == 0 else self.rules.primary)

    def headers(self, meter: Meter, limit: int) -> dict[str, str]:
        """Return the `x-ratelimit` headers of a meter."""
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - meter.used)),
            "X-RateLimit-Used": str(meter.used),
            "X-RateLimit-Reset": str(int(meter.started + _HOUR)),
            "X-RateLimit-Resource": "core",
        }

    def overview(self, account: int, now: float) -> Mapping[str, Any]:
        """Return the body of `GET /rate_limit`, which itself costs nothing."""
        meter = self.meter(account)
        self._roll(meter, now)
        limit = self.rules.primary
        core = {
            "limit": limit,
            "used": meter.used,
            "remaining": max(0, limit - meter.used),
            "reset": int(meter.started + _HOUR),
            "resource": "core",
        }
        return {"resources": {"core": core, "search": core}, "rate": core}

    def _roll(self, meter: Meter, now: float) -> None:
        if now >= meter.started + _HOUR:
            meter.started, meter.used = now, 0

    def _primary(self, meter: Meter) -> Refusal:
        return Refusal(
            self.rules.status, "API rate limit exceeded", headers=self.headers(meter, self.rules.primary)
        )

    def _too_much_content(self, meter: Meter, now: float) -> bool:
        hour, minute = meter.content_hour.add(now, 1), meter.content_minute.add(now, 1)
        meter.most_content = max(meter.most_content, minute)
        return minute > self.rules.content_per_minute or hour > self.rules.content_per_hour

    def _too_many_issues(self, meter: Meter, now: float) -> bool:
        hour, minute = meter.issues_hour.add(now, 1), meter.issues_minute.add(now, 1)
        return minute > self.rules.issues_per_minute or hour > self.rules.issues_per_hour


def refusal(form: Form, status: int, wait: int, now: float) -> Refusal:
    """Return a limit's answer in one of its forms: retry-after, remaining 0 with a reset, or its message."""
    match form:
        case "retry-after":
            return Refusal(status, _SECONDARY, headers={"Retry-After": str(wait)})
        case "remaining":
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(now + wait))}
            return Refusal(status, "API rate limit exceeded", headers=headers)
        case "message":
            return Refusal(status, _SECONDARY)
