"""Faults happen exactly as ordered: to whom, how often, before or after the effect."""

import asyncio
import time

import httpx
import msgspec
import pytest

from reconciler.demo.github import faults
from reconciler.demo.github.faults import (
    Delay,
    Drop,
    DuringRequest,
    Fault,
    Limit,
    Rewrite,
    Stale,
    Truncate,
    Unmodified,
)
from reconciler.demo.github.limits import Form
from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"
COMMENTS = f"{ISSUES}/1/comments"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", by="alice")


async def post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(COMMENTS, json={"body": "Hello"})


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("reset", [False, True])
async def test_a_dropped_connection_has_or_has_not_applied(
    github: GitHub, bot: httpx.AsyncClient, applied: bool, reset: bool
) -> None:
    await bot.get(ISSUES)  # a kept-alive connection is dropped, too
    github.simulator.faults.add(Drop(applied=applied, reset=reset), method="POST")
    with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
        await post(bot)
    assert len(github.web.thread(1)) == int(applied)
    seen = github.simulator.requests[-1]
    assert (seen.status, seen.applied, seen.fault) == (0, applied, "Drop")
    assert (await post(bot)).status_code == 201


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("applied", [False, True])
async def test_an_error_answer_has_or_has_not_applied(
    github: GitHub, bot: httpx.AsyncClient, status: int, applied: bool
) -> None:
    github.simulator.faults.add(faults.error(status, applied=applied), method="POST")
    assert (await post(bot)).status_code == status
    assert len(github.web.thread(1)) == int(applied)


@pytest.mark.parametrize("closing", [False, True])
async def test_a_truncated_body_follows_a_true_effect(
    github: GitHub, bot: httpx.AsyncClient, closing: bool
) -> None:
    github.simulator.faults.add(Truncate(closing=closing), times=2)
    if closing:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(bot)
    else:
        answer = await post(bot)
        assert answer.status_code == 201
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(answer.content)
    assert len(github.web.thread(1)) == 1


async def test_a_page_of_a_proxy(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.faults.add(faults.html(200))
    answer = await bot.get(ISSUES)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")


async def test_a_delayed_answer_and_a_client_that_gave_up(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.faults.add(Delay(seconds=0.15), method="POST")
    with pytest.raises(httpx.ReadTimeout):
        await bot.post(COMMENTS, json={"body": "Late"}, timeout=0.05)
    assert github.web.thread(1) == []
    async with asyncio.timeout(60):
        while not github.web.thread(1):  # noqa: ASYNC110 - no event is set when it arrives
            await asyncio.sleep(0.01)
    assert github.web.thread(1)[0].body == "Late"


async def test_a_delay_after_the_effect(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.faults.add(Delay(seconds=0.1, applied=True), method="POST")
    started = time.monotonic()
    assert (await post(bot)).status_code == 201
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize("applied", [False, True])
async def test_a_silent_connection(github: GitHub, bot: httpx.AsyncClient, applied: bool) -> None:
    github.simulator.faults.add(Drop(applied=applied, seconds=30), method="POST")
    with pytest.raises(httpx.ReadTimeout):
        await bot.post(COMMENTS, json={"body": "x"}, timeout=0.1)
    assert len(github.web.thread(1)) == int(applied)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("form", ["retry-after", "remaining", "message"])
async def test_a_limit_in_every_form(github: GitHub, bot: httpx.AsyncClient, status: int, form: Form) -> None:
    fault = Limit(form=form, status=status, wait=30)
    github.simulator.faults.add(fault, method="POST")
    answer = await post(bot)
    assert (answer.status_code, github.web.thread(1)) == (status, [])
    assert answer.headers.get("retry-after") == ("30" if form == "retry-after" else None)
    assert (answer.headers.get("x-ratelimit-remaining") == "0") == (form == "remaining")
    await bot.get(ISSUES)
    assert github.simulator.limits.meter(github.world.user("bugspark-bot").id).ignored == 1


@pytest.mark.parametrize(("fault", "status"), [(faults.unauthorized(), 401), (faults.missing(), 404)])
async def test_once_is_once(github: GitHub, bot: httpx.AsyncClient, fault: Fault, status: int) -> None:
    github.simulator.faults.add(fault, path="/issues/1$")
    assert (await bot.get(ISSUES)).status_code == 200
    assert [(await bot.get(f"{ISSUES}/1")).status_code for _ in range(2)] == [status, 200]


async def test_a_stale_list_hides_what_is_new(github: GitHub, bot: httpx.AsyncClient) -> None:
    comment = github.web.comment(1, "Old", by="bob")
    github.clock.advance(100)
    github.web.close(1, by="alice")
    github.web.edit_comment(comment.id, "New", by="bob")
    github.web.open_issue("Second", by="alice")
    github.web.comment(2, "Newer", by="bob")
    github.simulator.faults.add(Stale(seconds=50), times=3)
    query = {"state": "all", "sort": "updated"}
    assert [(row["number"], row["state"]) for row in (await bot.get(ISSUES, params=query)).json()] == [
        (1, "open")
    ]
    assert [row["body"] for row in (await bot.get(f"{ISSUES}/comments")).json()] == ["Old"]
    assert [row["body"] for row in (await bot.get(COMMENTS)).json()] == ["Old"]
    assert [row["number"] for row in (await bot.get(ISSUES, params=query)).json()] == [2, 1]


async def test_lists_may_lag_separately(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.clock.advance(100)
    github.web.comment(1, "New", by="bob")
    github.simulator.faults.add(Stale(seconds=50, comments=False), times=None)
    assert (await bot.get(ISSUES)).json()[0]["comments"] == 0
    assert len((await bot.get(f"{ISSUES}/comments")).json()) == 1


async def test_a_304_although_things_changed(github: GitHub, bot: httpx.AsyncClient) -> None:
    etag = (await bot.get(ISSUES)).headers["etag"]
    github.web.label(1, "bug", by="alice")
    github.simulator.faults.add(Unmodified(), times=2)
    stale = await bot.get(ISSUES, headers={"If-None-Match": etag})
    assert (stale.status_code, stale.headers["etag"], stale.content) == (304, etag, b"")
    assert (await bot.get(ISSUES)).status_code == 200


async def test_a_foreign_redirect_and_a_foreign_link(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.faults.add(faults.redirect("http://evil.example/"), path="/issues/1$")
    assert (await bot.get(f"{ISSUES}/1")).headers["location"] == "http://evil.example/"
    github.simulator.faults.add(faults.link_to("http://evil.example/?page=2"))
    assert (await bot.get(ISSUES)).links["next"]["url"] == "http://evil.example/?page=2"


async def test_headers_garbled_or_missing(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.faults.add(Rewrite(headers={"Date": None, "ETag": "nonsense"}))
    answer = await bot.get(ISSUES)
    assert "date" not in answer.headers
    assert answer.headers["etag"] == "nonsense"


async def test_a_user_acts_between_observation_and_write(github: GitHub, bot: httpx.AsyncClient) -> None:
    later = DuringRequest(
        before=lambda: github.web.label(1, "theirs", by="alice"),
        after=lambda: github.web.reopen(1, by="alice"),
    )
    github.simulator.faults.add(later, method="PATCH")
    answer = (await bot.patch(f"{ISSUES}/1", json={"state": "closed"})).json()
    assert ([label["name"] for label in answer["labels"]], answer["state"]) == (["theirs"], "closed")
    assert github.web.issue(1).state == "open"


async def test_skipping_counting_and_clearing(github: GitHub, bot: httpx.AsyncClient) -> None:
    rule = github.simulator.faults.add(faults.error(500), path="/issues$", times=2, skip=1)
    statuses = [(await bot.get(ISSUES)).status_code for _ in range(5)]
    assert (statuses, rule.hits) == ([200, 500, 500, 200, 200], 2)
    github.simulator.faults.add(faults.error(500), times=None)
    github.simulator.faults.clear()
    assert (await bot.get(ISSUES)).status_code == 200
