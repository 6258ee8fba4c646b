"""The operator's password and sessions, and forms that only this site's pages can send."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from reconciler.model.secret import Secret
from reconciler.web.security import passwords
from tests.web.harness import WebHarness, open_web
from tests.web.users import BUGSPARK, PASSWORD, bearer, by_password, owner_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, **by_password()) as opened:
        yield opened


async def send(harness: WebHarness, path: str, origin: str | None = "", **fields: str) -> httpx.Response:
    """A form from our own page; `origin` says from where else, None leaves it out."""
    base = str(harness.client.base_url).rstrip("/")
    headers = FORM if origin is None else {**FORM, "Origin": origin or base}
    return await harness.client.post(path, content=urlencode(fields), headers=headers)


async def enter(harness: WebHarness, password: str = PASSWORD, **fields: str) -> httpx.Response:
    return await send(harness, "/sign-in", password=password, **fields)


async def test_the_right_password_lets_the_operator_in_to_see_every_project(harness: WebHarness) -> None:
    assert (await harness.client.get("/api/v1/projects")).status_code == 401
    answer = await enter(harness, next="/projects/1?a=b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/1?a=b")
    seen = (await harness.client.get("/api/v1/projects")).json()
    assert [(each["name"], each["may_change"]) for each in seen] == [("Shop", True)]


async def test_a_wrong_password_does_not(harness: WebHarness) -> None:
    answer = await enter(harness, "wrong")
    assert answer.status_code == 401
    assert "not the password" in answer.text
    assert "set-cookie" not in answer.headers
    assert (await enter(harness, "")).status_code == 401
    assert (await enter(harness, "x" * 2000)).status_code == 401


async def test_the_session_cookie_keeps_to_itself_over_https(migrated: str) -> None:
    config = by_password()
    config["web"]["public_url"] = "https://sync.example.com"
    async with open_web(migrated, **config) as harness:
        headers = {**FORM, "Host": "sync.example.com", "Origin": "https://sync.example.com"}
        body = urlencode({"password": PASSWORD})
        answer = await harness.client.post("/sign-in", content=body, headers=headers)
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-reconciler=v1.")
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(each.startswith("domain") for each in attributes)


async def test_a_session_survives_a_restart_and_ends_by_time_or_a_new_password(
    migrated: str,
) -> None:
    config = by_password()
    async with open_web(migrated, **config) as harness:
        await enter(harness)
        cookies = dict(harness.client.cookies)
    async with open_web(migrated, **config) as again:
        again.client.cookies.update(cookies)
        assert (await again.client.get("/api/v1/projects")).status_code == 200
        again.clock.advance(12 * 3600)
        assert (await again.client.get("/api/v1/projects")).status_code == 401
    async with open_web(migrated, **by_password()) as other:
        other.client.cookies.update(cookies)
        assert (await other.client.get("/api/v1/projects")).status_code == 401


async def test_a_forged_session_signs_nobody_in(harness: WebHarness) -> None:
    await enter(harness)
    (name, value), *_ = harness.client.cookies.items()
    version, until, nonce, mac = value.split(".")
    for forged in (
        f"{version}.{int(until) + 9999}.{nonce}.{mac}",
        f"{version}.{until}.{'0' * 32}.{mac}",
        f"{version}.{until}.{nonce}.{'0' * 64}",
        f"{value}0",
        "",
    ):
        harness.client.cookies.clear()
        answer = await harness.client.get("/api/v1/projects", headers={"Cookie": f"{name}={forged}"})
        assert answer.status_code == 401


async def test_signing_out_ends_the_session_though_its_cookie_was_kept(harness: WebHarness) -> None:
    await enter(harness)
    (name, value), *_ = harness.client.cookies.items()
    token = await form_token(harness)
    assert (await send(harness, "/sign-out", form_token="0" * 64)).status_code == 403
    assert (await harness.client.get("/api/v1/projects")).status_code == 200
    answer = await send(harness, "/sign-out", form_token=token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    kept = await harness.client.get("/api/v1/projects", headers={"Cookie": f"{name}={value}"})
    assert kept.status_code == 401


async def test_a_session_that_was_signed_out_stays_out_after_a_restart(migrated: str) -> None:
    config = by_password()
    async with open_web(migrated, **config) as harness:
        await enter(harness)
        cookies = dict(harness.client.cookies)
        assert (await send(harness, "/sign-out", form_token=await form_token(harness))).status_code == 303
    async with open_web(migrated, **config) as again:
        again.client.cookies.update(cookies)
        assert (await again.client.get("/api/v1/projects")).status_code == 401


async def form_token(harness: WebHarness) -> str:
    """What a page made for this session has in its forms."""
    session = await harness.access_control.sessions.session_from_token(
        next(iter(harness.client.cookies.values()))
    )
    assert session is not None
    return harness.access_control.sessions.form_token(f"session {session.nonce}")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.com", "http://127.0.0.1", "http://localhost:1"]
)
async def test_a_form_from_elsewhere_is_refused_and_costs_no_guess(
    harness: WebHarness, origin: str | None
) -> None:
    for _ in range(passwords.MAX_WRONG_GUESSES + 1):
        assert (await send(harness, "/sign-in", origin, password=PASSWORD)).status_code == 403
    assert (await enter(harness)).status_code == 303


async def test_a_form_without_origin_counts_by_what_else_the_browser_says(harness: WebHarness) -> None:
    base = str(harness.client.base_url).rstrip("/")
    body = urlencode({"password": PASSWORD})
    found = [
        (await harness.client.post("/sign-in", content=body, headers={**FORM, **headers})).status_code
        for headers in (
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Referer": f"{base}/sign-in"},
            {"Referer": f"{base}/sign-in"},
            {"Referer": "https://evil.example.com/"},
        )
    ]
    assert found == [303, 403, 403, 303, 403]


async def test_what_is_no_form_is_refused(harness: WebHarness) -> None:
    base = str(harness.client.base_url).rstrip("/")
    for content_type, body, status in (
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        (FORM["Content-Type"], b"\xff=1", 400),
        (FORM["Content-Type"], b"&".join([b"a=1"] * 1001), 400),
        (FORM["Content-Type"], b"a" * (64 * 1024 + 1), 413),
    ):
        headers = {"Content-Type": content_type, "Origin": base}
        assert (await harness.client.post("/sign-in", content=body, headers=headers)).status_code == status


async def test_guesses_are_throttled_even_the_right_one_until_some_minutes_have_passed(
    harness: WebHarness,
) -> None:
    for _ in range(passwords.MAX_WRONG_GUESSES):
        assert (await enter(harness, "wrong")).status_code == 401
    refused = await enter(harness)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    harness.clock.advance(passwords.GUESS_WINDOW_SECONDS)
    assert (await enter(harness)).status_code == 303


async def guess(harness: WebHarness, address: str, password: str) -> int:
    """A guess that a proxy passes on from this address."""
    base = str(harness.client.base_url).rstrip("/")
    headers = {**FORM, "Origin": base, "X-Forwarded-For": address}
    body = urlencode({"password": password})
    return (await harness.client.post("/sign-in", content=body, headers=headers)).status_code


def behind_proxy(**web: Any) -> dict[str, Any]:
    config = by_password()
    config["web"] |= web
    return config


@pytest.mark.parametrize(
    "web", [{"trusted_proxies": ["127.0.0.1"]}, {"public_url": "http://127.0.0.1"}], ids=["named", "public"]
)
async def test_guesses_from_other_addresses_are_counted_apart(migrated: str, web: dict[str, Any]) -> None:
    async with open_web(migrated, **behind_proxy(**web)) as harness:
        for number in range(passwords.MAX_WRONG_GUESSES):
            assert await guess(harness, f"2001:db8::{number}", "wrong") == 401
        assert await guess(harness, "2001:db8::ffff", PASSWORD) == 429  # one household
        assert await guess(harness, "2001:db8:1::1", PASSWORD) == 303


@pytest.mark.parametrize(
    "web",
    [
        {},
        {"trusted_proxies": ["10.0.0.0/8"]},
        {"trusted_proxies": ["10.1.1.1"], "public_url": "http://[::1]"},
    ],
    ids=["no proxy", "another one", "another one beside a public address"],
)
async def test_a_forwarded_address_from_anybody_else_counts_for_nothing(
    migrated: str, web: dict[str, Any]
) -> None:
    async with open_web(migrated, **behind_proxy(**web)) as harness:
        for number in range(passwords.MAX_WRONG_GUESSES):
            assert await guess(harness, f"203.0.113.{number}", "wrong") == 401
        assert await guess(harness, "203.0.113.99", PASSWORD) == 429


async def test_guesses_from_many_addresses_are_slowed_down_and_the_right_password_still_works(
    migrated: str,
) -> None:
    async with open_web(migrated, **behind_proxy(trusted_proxies=["127.0.0.1"])) as harness:
        for number in range(passwords.MAX_WRONG_GUESSES_OF_ALL):
            assert await guess(harness, f"203.0.113.{number}", "wrong") == 401
        began = harness.clock.monotonic()
        for number in range(3):
            assert await guess(harness, f"198.51.100.{number}", "wrong") == 401
        assert harness.clock.monotonic() - began >= 3 * passwords.SLOW_CHECK_SECONDS
        assert await guess(harness, "192.0.2.1", PASSWORD) == 303
        harness.clock.advance(passwords.GUESS_WINDOW_SECONDS)
        began = harness.clock.monotonic()
        assert await guess(harness, "192.0.2.2", "wrong") == 401
        assert harness.clock.monotonic() == began


@pytest.mark.parametrize(
    ("cost", "weak"),
    [
        ("m=65536,t=3", False),
        ("m=19456,t=2", False),
        ("m=19456,t=1", True),
        ("m=1024,t=64", True),
        ("m", True),
    ],
)
def test_a_password_hash_that_makes_guessing_cheap_is_known(cost: str, weak: bool) -> None:
    hashed = f"$argon2id$v=19${cost},p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"
    assert passwords.is_weak_password_hash(Secret(hashed)) is weak


@pytest.mark.parametrize(
    "onward",
    ["//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "evil", "/a\u2028b", ""],
)
async def test_sign_in_never_redirects_to_another_site(harness: WebHarness, onward: str) -> None:
    assert (await enter(harness, next=onward)).headers["location"] == "/"


async def test_the_form_is_shown_and_asks_for_what_is_configured(harness: WebHarness, migrated: str) -> None:
    page = await harness.client.get("/sign-in", params={"next": '/"><script>'})
    assert page.status_code == 200
    assert 'type="password"' in page.text
    assert "<script>" not in page.text
    assert re.search(r'name="next" value="/&#34;', page.text)
    await enter(harness)
    assert (await harness.client.get("/sign-in")).status_code == 303
    async with open_web(migrated, **BUGSPARK) as other:
        page = await other.client.get("/sign-in")
        assert "sign in to BugSpark" in page.text
        assert 'type="password"' not in page.text
        assert (await enter(other, "")).status_code == 401  # there is no password to be right


async def test_a_bugspark_users_form_is_made_for_that_user_alone(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        ada, bob = owner_of(harness, harness.project), harness.bugspark.add_user("Bob")
        base = str(harness.client.base_url).rstrip("/")
        token = harness.access_control.sessions.form_token(f"user {ada}")
        found = []
        for user, given in ((ada, token), (bob, token), (ada, "é"), (ada, "")):
            headers = {**FORM, **bearer(harness, user), "Origin": base}
            body = urlencode({"form_token": given})
            found.append((await harness.client.post("/sign-out", content=body, headers=headers)).status_code)
    assert found == [303, 403, 403, 403]
