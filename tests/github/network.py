"""A replacement for the network: GitHub's answers given by respx, inside our own httpx client."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import respx

from tests.github.client_harness import API, ClientHarness, FixedClock, open_client
from tests.support.memory_rate_limiter import MemoryRateLimiter

DATE = "Mon, 02 Mar 2026 09:00:00 GMT"
REPO = f"{API}/repos/acme/web"
REPOSITORY = {
    "id": 7,
    "full_name": "acme/web",
    "private": True,
    "archived": False,
    "has_issues": True,
    "permissions": {"push": True},
}


def issue(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return an issue in GitHub's JSON, with the members that are needed."""
    plain = {
        "id": 1_000 + number,
        "number": number,
        "title": "A title",
        "state": "open",
        "labels": [],
        "comments": 0,
        "created_at": "2026-03-01T00:00:00Z",
        "updated_at": "2026-03-02T08:59:00Z",
    }
    return {**plain, **changes}


def comment(comment_id: int = 5, **changes: Any) -> dict[str, Any]:
    """Return a comment in GitHub's JSON, with the members that are needed."""
    plain = {
        "id": comment_id,
        "issue_url": f"{REPO}/issues/1",
        "created_at": "2026-03-01T00:00:00Z",
        "updated_at": "2026-03-02T08:59:00Z",
    }
    return {**plain, **changes}


def answer(status: int = 200, value: object = None, **headers: str) -> httpx.Response:
    """Build an answer with this value as JSON; `_` in header names stands for `-`."""
    named = {"Date": DATE, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return httpx.Response(status, json={} if value is None else value, headers=named)


def refusal(status: int, message: str, **headers: str) -> httpx.Response:
    """Build an error in GitHub's shape."""
    return answer(status, {"message": message, "documentation_url": "https://docs.github.com"}, **headers)


class Net:
    """Routes, and a client that requests them."""

    def __init__(self, **options: Any) -> None:
        self.router = respx.MockRouter(assert_all_called=False)
        self.rate_limiter = MemoryRateLimiter()
        self.clock = FixedClock()
        self.harness: ClientHarness = open_client(
            rate_limiter=self.rate_limiter,
            clock=self.clock,
            inner=httpx.MockTransport(self.router.async_handler),
            **options,
        )
        self.github = self.harness.repository

    def on(self, method: str, url: str, *answers: Any) -> respx.Route:
        """Answer with these in turn (responses, or exceptions to raise); the last one again and again."""
        script = iter(answers)
        last: list[Any] = []

        def reply(request: httpx.Request) -> httpx.Response:
            found = next(script, None) or last[0]
            last[:] = [found]
            if isinstance(found, Exception):
                raise found
            if callable(found):
                return called(found, request)
            return httpx.Response(found.status_code, content=found.content, headers=raw(found))

        return self.router.route(method=method, url=url).mock(side_effect=reply)

    @property
    def requests(self) -> list[httpx.Request]:
        """Return every request that was sent."""
        return [call.request for call in self.router.calls]

    @property
    def hosts(self) -> set[str]:
        """Return every host that a request was sent to."""
        return {request.url.host for request in self.requests}


def called(reply: Callable[[httpx.Request], httpx.Response], request: httpx.Request) -> httpx.Response:
    return reply(request)


def raw(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [pair for pair in response.headers.raw if pair[0].lower() != b"content-length"]


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes and contexts, as a traceback would show them."""
    shown: BaseException | None = error
    while shown is not None:
        yield shown
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
