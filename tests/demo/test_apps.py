"""docs/reference/github.md, Credentials and versions: GitHub Apps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.support.github import GitHub, InstalledApp, install_app

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture
def app(github: GitHub, key: RSAPrivateKey) -> InstalledApp:
    return install_app(github, key)


async def installed(github: GitHub, app: InstalledApp, anyone: httpx.AsyncClient) -> str:
    headers = app.headers(github.clock)
    found = (await anyone.get("/repos/acme/web/installation", headers=headers)).json()
    made = await anyone.post(found["access_tokens_url"], headers=headers)
    assert made.status_code == 201
    return str(made.json()["token"])


async def test_an_app_signs_in_with_its_key(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    shown = (await anyone.get("/app", headers=app.headers(github.clock))).json()
    assert (shown["id"], shown["slug"]) == (app.app.id, "bugspark-sync")


@pytest.mark.parametrize("claims", [{"exp": 1}, {"iss": "7"}, {"iat": 9_999_999_999}, {"exp": 9_999_999_999}])
async def test_a_jwt_out_of_time_or_of_another_is_401(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp, claims: dict[str, Any]
) -> None:
    assert (await anyone.get("/app", headers=app.headers(github.clock, **claims))).status_code == 401


async def test_a_jwt_of_another_key_is_401(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    other = replace(app, key=generate_private_key(public_exponent=65_537, key_size=2_048))
    assert (await anyone.get("/app", headers=other.headers(github.clock))).status_code == 401


async def test_a_user_token_is_no_app(bot: httpx.AsyncClient, app: InstalledApp) -> None:
    assert (await bot.get("/app")).status_code == 401


async def test_an_installation_token_is_long_and_valid_for_an_hour(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    token = await installed(github, app, anyone)
    assert len(token) > 400
    async with github.client(token) as client:
        assert (await client.get("/repos/acme/web")).json()["id"] == github.web.id
        github.clock.advance(timedelta(minutes=59).total_seconds())
        assert (await client.get(ISSUES)).status_code == 200
        github.clock.advance(60)
        assert (await client.get(ISSUES)).status_code == 401


async def test_an_installation_writes_as_its_bot_but_has_no_user(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    async with github.client(await installed(github, app, anyone)) as client:
        refused = await client.get("/user")
        assert (refused.status_code, refused.json()["message"]) == (
            403,
            "Resource not accessible by integration",
        )
        made = (await client.post(ISSUES, json={"title": "A", "labels": ["bug"]})).json()
        account = (await client.get("/users/bugspark-sync%5Bbot%5D")).json()
    assert made["user"]["login"] == "bugspark-sync[bot]"
    assert (made["user"]["id"], made["user"]["type"]) == (account["id"], "Bot")
    assert made["performed_via_github_app"]["slug"] == "bugspark-sync"
    assert [label["name"] for label in made["labels"]] == ["bug"]


async def test_an_installation_has_its_own_limit(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    async with github.client(await installed(github, app, anyone)) as client:
        assert (await client.get(ISSUES)).headers["x-ratelimit-used"] == "1"


async def test_an_installation_sees_its_own_repositories(
    github: GitHub, anyone: httpx.AsyncClient, app: InstalledApp
) -> None:
    other = github.world.add_repository("acme/secret", private=True)
    other.levels[app.app.bot] = other.levels[github.world.user("acme").id]
    headers = app.headers(github.clock)
    assert (await anyone.get("/repos/acme/secret/installation", headers=headers)).status_code == 404
    assert (await anyone.post("/app/installations/1/access_tokens", headers=headers)).status_code == 404
    async with github.client(await installed(github, app, anyone)) as client:
        assert (await client.get("/repos/acme/secret")).status_code == 404
        refused = await client.post("/repos/acme/web/hooks", json={"config": {"url": "http://127.0.0.1:1/"}})
        assert refused.status_code == 403
