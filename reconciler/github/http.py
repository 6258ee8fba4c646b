"""One request to the API: the origin checked, the bearer attached, redirects followed within the origin.

First what every answer adds to: requests counted, GitHub's time, and the limits and scopes of the headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from reconciler.github.expiry_headers import read_expiry_headers
from reconciler.github.limits import parse_date_header, parse_rate_limit_headers
from reconciler.github.origin import Origin
from reconciler.github.transport import (
    CONNECT_TIMEOUT_SECONDS,
    AnswerLostError,
    HttpRequest,
    HttpResponse,
    Transport,
)
from reconciler.logs import EventLogger
from reconciler.model.issue import RateLimit
from reconciler.model.passes import AnnouncedExpiries, Cost
from reconciler.model.secret import Secret
from reconciler.ports import Clock

DATE_JITTER = timedelta(seconds=5)
"""How far one `Date` may be behind another: they are whole seconds and come from many machines."""
MAX_CLOCK_DIFFERENCE = timedelta(days=1)
"""Between a `Date` and this machine's clock; with more, one of them is wrong, and nobody knows which."""
MAX_REDIRECTS = 3
log = EventLogger(__name__)
_REDIRECTS_OF_READS = frozenset({301, 302, 307, 308})
_REDIRECTS_OF_WRITES = frozenset({307, 308})


class GitHubTime:
    """GitHub's clock as its `Date` headers show it. It goes back only by more than their jitter.

    A `Date` more than MAX_CLOCK_DIFFERENCE from the local clock is not believed: the clock stays as it was.
    Source: docs/reference/github.md, Credentials and versions.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moment: datetime | None = None
        self._at = 0.0
        self._doubted: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether any answer had a `Date` that was believed."""
        return self._moment is not None

    @property
    def doubt(self) -> str | None:
        """Why the last answer's `Date` was not believed, in a sentence; None if it was."""
        if self._doubted is None:
            return None
        local = self._clock.now().astimezone(UTC)
        return (
            f"GitHub's clock says {self._doubted:%Y-%m-%d %H:%M} UTC, this machine's {local:%Y-%m-%d %H:%M}"
            " UTC: what waits, or is kept for some time, goes by this machine's until they agree"
        )

    def earliest_now(self) -> datetime:
        """Return a time that is not later than the present, whichever clock is right."""
        return self.now() if self._doubted is None else min(self.now(), self._doubted)

    def now(self) -> datetime:
        """Return the last `Date` plus the monotonic time since; before the first answer, the local time."""
        if self._moment is None:
            return self._clock.now().astimezone(UTC)
        return self._moment + timedelta(seconds=max(0.0, self._clock.monotonic() - self._at))

    def record_date(self, date: datetime | None) -> bool:
        """Set the clock by an answer's `Date`; whether there is one that is believed."""
        if date is None:
            return False
        local = self._clock.now().astimezone(UTC)
        if abs(date - local) > MAX_CLOCK_DIFFERENCE:
            if self._doubted is None:  # once for all answers that follow each other with such a `Date`
                log.error("GitHub's clock and this machine's disagree", github=f"{date:%Y-%m-%d %H:%M:%S}")
            self._doubted = date
            return False
        self._doubted = None
        behind = self.now() - date if self._moment else timedelta(0)
        self._moment = self.now() if timedelta(0) < behind <= DATE_JITTER else date
        self._at = self._clock.monotonic()
        return True


class ApiUsage:
    """The requests of one `GitHubRepository`, counted.

    Source: docs/reference/contract.md, JSON of a pass: `github`.
    """

    def __init__(self, time: GitHubTime, api_version: str = "") -> None:
        self.time = time
        self.announced_expiries = AnnouncedExpiries(api_version=api_version)
        self.limit: RateLimit | None = None
        self.scopes: str | None = None  # X-OAuth-Scopes: only answers to a classic token carry it
        self._requests = self._not_modified = self._writes = self._answered = 0

    def count_write(self) -> None:
        """Count a write that was sent, whatever its outcome."""
        self._writes += 1

    def count_lost_answer(self) -> None:
        """Count a request that was sent and not answered."""
        self._requests += 1

    def count_answer(self, answer: HttpResponse) -> Mapping[str, str]:
        """Count an answer, and read its headers. A 304 costs nothing of the primary limit.

        Returns the headers, without a `Date` that is not believed.
        Source: docs/reference/github.md, Conditional requests.
        """
        is_believed = self.time.record_date(parse_date_header(answer.headers))
        self.announced_expiries = read_expiry_headers(answer.headers, self.announced_expiries)
        self.limit = parse_rate_limit_headers(answer.headers, self.time.now()) or self.limit
        self.scopes = answer.headers.get("x-oauth-scopes", self.scopes)
        self._requests += 1
        if answer.status == 304:
            self._not_modified += 1
        else:
            self._answered += 1
        headers = answer.headers
        return headers if is_believed else {name: headers[name] for name in headers if name != "date"}

    def cost(self) -> Cost:
        """Return the counts so far."""
        return Cost(
            requests=self._requests, not_modified=self._not_modified, writes=self._writes, cost=self._answered
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and the addresses that redirects led through (the first request's is not among them)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    redirects: tuple[str, ...] = ()

    @property
    def request_id(self) -> str | None:
        """GitHub's id of the request, for its support and for the history."""
        return self.headers.get("x-github-request-id", "")[:100] or None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """A client of one API. The token is attached here and nowhere else, after the address was admitted."""

    transport: Transport
    origin: Origin
    api_version: str
    usage: ApiUsage

    async def get(self, url: str, bearer: Secret, *, etag: str | None = None) -> Reply:
        """Send a GET and follow redirects. Raises NotSentError, AnswerLostError, UntrustedUrlError."""
        extra = {"If-None-Match": etag} if etag else {}
        reply = await self._send("GET", url, bearer, extra)
        for _ in range(MAX_REDIRECTS):
            target = self._admit_redirect_target(reply, _REDIRECTS_OF_READS)
            if target is None:
                return reply
            after = await self._send("GET", target, bearer, extra)
            reply = _reply_after_redirect(reply, after)
        return reply

    async def write(
        self,
        method: str,
        url: str,
        bearer: Secret,
        body: bytes | None,
        *,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> Reply:
        """Send a write once; a redirect is returned. Raises NotSentError, AnswerLostError."""
        extra = {"Content-Type": "application/json"} if body is not None else {}
        return await self._send(method, url, bearer, extra, body, connect_timeout_seconds)

    def redirect_target(self, reply: Reply) -> str | None:
        """Return where a write has to be sent instead (307, 308: same method and body), or None.

        Raises UntrustedUrlError.
        """
        return self._admit_redirect_target(reply, _REDIRECTS_OF_WRITES)

    def _admit_redirect_target(self, reply: Reply, followed: frozenset[int]) -> str | None:
        location = reply.headers.get("location")
        if reply.status not in followed or not location:
            return None
        return self.origin.admit(location, relative_to=reply.url)

    async def _send(
        self,
        method: str,
        url: str,
        bearer: Secret,
        extra: Mapping[str, str],
        body: bytes | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> Reply:
        admitted = self.origin.admit(url)
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": self.api_version,
            **extra,
        }
        request = HttpRequest(
            method=method,
            url=admitted,
            bearer=bearer,
            headers=headers,
            body=body,
            connect_timeout_seconds=connect_timeout_seconds,
        )
        try:
            answer = await self.transport.send(request)
        except AnswerLostError:
            self.usage.count_lost_answer()
            raise
        headers_believed = self.usage.count_answer(answer)
        return Reply(
            status=answer.status,
            headers=headers_believed,
            body=_body_without_token(bearer, answer),
            url=admitted,
        )


def _reply_after_redirect(before: Reply, after: Reply) -> Reply:
    return Reply(
        status=after.status,
        headers=after.headers,
        body=after.body,
        url=after.url,
        redirects=(*before.redirects, after.url),
    )


def _body_without_token(bearer: Secret, answer: HttpResponse) -> bytes:
    """Return the body, with the token masked in a refusal, which may be shown to people."""
    if answer.status < 400 or not bearer:
        return answer.body
    return answer.body.replace(bearer.reveal().encode(), b"***")
