"""docs/reference/github.md, Limits."""

import asyncio
from typing import Any

import httpx
import pytest

from reconciler.demo.github.faults import Delay
from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", by="alice")


async def test_every_answer_shows_the_primary_limit(github: GitHub, bot: httpx.AsyncClient) -> None:
    await bot.get(ISSUES)
    headers = (await bot.get(ISSUES)).headers
    assert [headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "used", "resource")] == [
        "5000",
        "4998",
        "2",
        "core",
    ]
    assert int(headers["x-ratelimit-reset"]) == int(github.clock.now().timestamp()) + 3600


async def test_looking_at_the_limits_is_free(github: GitHub, bot: httpx.AsyncClient) -> None:
    await bot.get(ISSUES)
    overview = (await bot.get("/rate_limit")).json()
    assert overview["resources"]["core"]["used"] == overview["rate"]["used"] == 1
    assert github.simulator.cost("bugspark-bot") == 1


async def test_all_tokens_of_an_account_share_a_limit(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.add_token("bugspark-bot", "ghp_sim_second")
    async with github.client("ghp_sim_second") as second:
        await bot.get(ISSUES)
        assert (await second.get(ISSUES)).headers["x-ratelimit-used"] == "2"


async def test_the_primary_limit_refuses_until_its_reset(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.limits.set(primary=2, enforce_primary=True)
    for _ in range(2):
        assert (await bot.get(ISSUES)).status_code == 200
    refused = await bot.get(ISSUES)
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert github.simulator.cost("bugspark-bot") == 2
    github.clock.advance(3_600)
    assert (await bot.get(ISSUES)).status_code == 200


FORMS: dict[str, dict[str, str]] = {
    "retry-after": {"retry-after": "60"},
    "remaining": {"x-ratelimit-remaining": "0"},
    "message": {},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [403, 429])
async def test_points_are_limited_in_every_form_of_answer(
    github: GitHub, bot: httpx.AsyncClient, form: str, status: int
) -> None:
    github.simulator.limits.set(points_per_minute=6, enforce_secondary=True, form=form, status=status)
    assert (await bot.get(ISSUES)).status_code == 200
    assert (await bot.post(f"{ISSUES}/1/labels", json=["bug"])).status_code == 200
    refused = await bot.get(ISSUES)
    assert refused.status_code == status
    assert FORMS[form].items() <= dict(refused.headers).items()
    assert ("retry-after" in refused.headers) == (form == "retry-after")
    if form == "message":
        assert "secondary rate limit" in refused.json()["message"]
    github.clock.advance(61)
    assert (await bot.get(ISSUES)).status_code == 200


@pytest.mark.parametrize(
    "rules",
    [
        {"content_per_minute": 2, "enforce_secondary": True},
        {"content_per_hour": 2, "enforce_secondary": True},
    ],
)
async def test_content_is_limited(github: GitHub, bot: httpx.AsyncClient, rules: dict[str, Any]) -> None:
    github.simulator.limits.set(**rules)
    statuses = [(await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 403]
    assert len(github.web.thread(1)) == 2
    assert (await bot.get(ISSUES)).status_code == 200


async def test_issue_creation_is_tighter(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.limits.set(issues_per_minute=1, enforce_issue_creation=True)
    statuses = [(await bot.post(ISSUES, json={"title": "x"})).status_code for _ in range(2)]
    assert statuses == [201, 403]
    assert (await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code == 201


async def test_too_many_at_once(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.limits.set(concurrent=2, enforce_secondary=True)
    github.simulator.faults.add(Delay(seconds=0.1), times=None)
    answers = await asyncio.gather(*(bot.get(ISSUES) for _ in range(3)))
    assert sorted({answer.status_code for answer in answers}) == [200, 403]
    assert github.simulator.most_in_flight == 3


async def test_without_enforcement_everything_is_only_counted(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.limits.set(points_per_minute=1, content_per_minute=1)
    for _ in range(3):
        assert (await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code == 201
    meter = github.simulator.limits.meter(github.world.user("bugspark-bot").id)
    assert (meter.most_points, meter.most_content, meter.cost) == (15, 3, 3)


async def test_going_on_after_a_limit_is_noticed(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.simulator.limits.set(points_per_minute=1, enforce_secondary=True)
    for _ in range(3):
        await bot.get(ISSUES)
    assert github.simulator.limits.meter(github.world.user("bugspark-bot").id).ignored == 1
