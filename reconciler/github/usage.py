"""Requests counted, GitHub's time, and the limits and scopes that its headers named last."""

from datetime import UTC, datetime, timedelta

from reconciler.github.limits import date_of, rate_limit_of
from reconciler.github.transport import HttpResponse
from reconciler.model.passes import Cost
from reconciler.model.snapshot import RateLimit
from reconciler.ports import Clock

DATE_JITTER = timedelta(seconds=5)
"""How far one `Date` may be behind another: they are whole seconds and come from many machines."""


class GitHubTime:
    """GitHub's clock as its `Date` headers show it. It goes back only by more than their jitter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moment: datetime | None = None
        self._at = 0.0

    @property
    def is_known(self) -> bool:
        """Whether any answer had a `Date`."""
        return self._moment is not None

    def now(self) -> datetime:
        """Return the last `Date` plus the monotonic time since; before the first answer, the local time."""
        if self._moment is None:
            return self._clock.now().astimezone(UTC)
        return self._moment + timedelta(seconds=max(0.0, self._clock.monotonic() - self._at))

    def record_date(self, date: datetime | None) -> None:
        """Set the clock by an answer's `Date`."""
        if date is None:
            return
        behind = self.now() - date if self._moment else timedelta(0)
        self._moment = self.now() if timedelta(0) < behind <= DATE_JITTER else date
        self._at = self._clock.monotonic()


class Usage:
    """The requests of one `GitHubRepository`, counted.

    Source: docs/reference/contract.md, JSON of a pass: `github`.
    """

    def __init__(self, time: GitHubTime) -> None:
        self.time = time
        self.limit: RateLimit | None = None
        self.scopes: str | None = None  # X-OAuth-Scopes: only answers to a classic token carry it
        self._requests = self._not_modified = self._writes = self._answered = 0

    def count_write(self) -> None:
        """Count a write that was sent, whatever its outcome."""
        self._writes += 1

    def count_lost_answer(self) -> None:
        """Count a request that was sent and not answered."""
        self._requests += 1

    def count_answer(self, answer: HttpResponse) -> None:
        """Count an answer, and read its headers. A 304 costs nothing of the primary limit.

        Source: docs/reference/github.md, Conditional requests.
        """
        self.time.record_date(date_of(answer.headers))
        self.limit = rate_limit_of(answer.headers) or self.limit
        self.scopes = answer.headers.get("x-oauth-scopes", self.scopes)
        self._requests += 1
        if answer.status == 304:
            self._not_modified += 1
        else:
            self._answered += 1

    def cost(self) -> Cost:
        """Return the counts so far."""
        return Cost(
            requests=self._requests, not_modified=self._not_modified, writes=self._writes, cost=self._answered
        )
