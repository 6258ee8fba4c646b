"""docs/reference/github.md, Conditional requests."""

import httpx
import pytest

from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"


async def test_a_matching_etag_is_answered_304_and_costs_nothing(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.web.open_issue("A", by="alice")
    first = await bot.get(ISSUES)
    assert first.headers["etag"].startswith('W/"')
    again = await bot.get(ISSUES, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"] == "1"
    assert github.simulator.cost("bugspark-bot") == 1


async def test_a_304_still_counts_a_point(github: GitHub, bot: httpx.AsyncClient) -> None:
    etag = (await bot.get(ISSUES)).headers["etag"]
    await bot.get(ISSUES, headers={"If-None-Match": etag})
    assert github.simulator.limits.meter(github.world.user("bugspark-bot").id).points.total == 2


async def test_any_change_in_the_window_makes_it_200(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.open_issue("A", by="alice")
    etag = (await bot.get(ISSUES)).headers["etag"]
    github.web.label(1, "bug", by="alice")
    changed = await bot.get(ISSUES, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_an_etag_belongs_to_one_token(bot: httpx.AsyncClient, alice: httpx.AsyncClient) -> None:
    etag = (await bot.get(ISSUES)).headers["etag"]
    assert (await alice.get(ISSUES, headers={"If-None-Match": etag})).status_code == 200


async def test_an_anonymous_304_is_paid_for(github: GitHub, anyone: httpx.AsyncClient) -> None:
    etag = (await anyone.get(ISSUES)).headers["etag"]
    again = await anyone.get(ISSUES, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert github.simulator.requests[-1].cost == 1
    assert again.headers["x-ratelimit-limit"] == "60"


async def test_an_ascending_first_page_says_nothing_of_the_second(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    for n in range(4):
        github.web.open_issue(str(n), by="alice")
        github.clock.advance(1)
    query = {"sort": "updated", "direction": "asc", "per_page": "2"}
    etag = (await bot.get(ISSUES, params=query)).headers["etag"]
    github.web.close(4, by="alice", reason=None)
    github.web.reopen(4, by="alice")
    assert (await bot.get(ISSUES, params=query, headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize("header", ["If-None-Match", "If-Match", "If-Unmodified-Since"])
async def test_a_condition_on_a_write_is_refused(github: GitHub, bot: httpx.AsyncClient, header: str) -> None:
    github.web.open_issue("A", by="alice")
    answer = await bot.patch(f"{ISSUES}/1", json={"state": "closed"}, headers={header: 'W/"x"'})
    assert answer.status_code == 400
    assert github.web.issue(1).state == "open"
