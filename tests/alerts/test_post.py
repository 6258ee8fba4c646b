"""Posting alerts: JSON without credentials, no redirect followed, a time limit, never an exception."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from reconciler.alerts.post import AlertPoster
from reconciler.model.alerts import Alert, Notice, Problem
from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret

HOSTILE = '</script>"\\u0000\u202e@everyone\n'
ALERT = Alert(
    project_id=ProjectId(UUID(int=1)),
    project_name=HOSTILE,
    repository="acme/web",
    notices=(
        Notice(
            entered=True,
            about=Problem(
                what="refused",
                reason=HOSTILE,
                report_id="r",
                report="BUG-0001",
                issue="acme/web#1",
                field="status",
            ),
            at=datetime(2026, 3, 1, 13, 0, tzinfo=UTC),
        ),
        Notice(
            entered=False,
            about=Problem(what="withheld", mark="h4sh", reason="deletions wait"),
            at=datetime(2026, 3, 1, 14, 0, tzinfo=UTC),
        ),
    ),
)
URL = Secret("https://alerts.test/T0K3N?sig=s3cret")


def poster(answer: Callable[[httpx.Request], httpx.Response]) -> AlertPoster:
    return AlertPoster(URL, user_agent="test/1", inner=httpx.MockTransport(answer))


async def test_it_is_plain_json_without_any_credential() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    assert await poster(answer).post(ALERT) is None
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", URL.reveal())
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    body = json.loads(request.content)
    assert body["project"] == {"id": str(UUID(int=1)), "name": HOSTILE, "repository": "acme/web"}
    assert body["entered"] == [
        {
            "what": "refused",
            "report": "r",
            "tracking_id": "BUG-0001",
            "issue": "acme/web#1",
            "field": "status",
            "reason": HOSTILE,
            "at": "2026-03-01T13:00:00Z",
        }
    ]
    assert [each["what"] for each in body["left"]] == ["withheld"]


@pytest.mark.parametrize("status", [301, 307, 400, 500])
async def test_a_redirect_or_an_error_is_not_followed_and_counts_as_not_taken(status: int) -> None:
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(status, headers={"Location": "https://elsewhere.test/"})

    assert await poster(answer).post(ALERT) == f"answered with status {status}"
    assert asked == 1


async def test_an_unreachable_address_is_reported_without_repeating_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no way to {request.url}", request=request)

    assert await poster(answer).post(ALERT) == "ConnectError"


@asynccontextmanager
async def dripping() -> AsyncIterator[str]:
    """A server that sends single bytes slowly, so that no single read takes long."""
    serving: set[asyncio.Task[Any]] = set()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.add(task)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            while not writer.is_closing():
                writer.write(b"a")
                await asyncio.sleep(0.02)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def test_a_server_that_drips_is_given_up_in_time() -> None:
    async with dripping() as url:
        result = await AlertPoster(Secret(url), user_agent="test/1", timeout_seconds=0.3).post(ALERT)
    assert result == "no answer within 0.3 s"
