"""Without a sign-in method nobody is the operator but who has what `reconcile open` printed."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from reconciler.bootstrap.sign_in import dashboard_address, derive_session_key
from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.model.secret import Secret
from reconciler.web.security.sessions import OFFER_LIFETIME
from tests.web.browsing import HTML, page, press
from tests.web.harness import SECRET, WebHarness, open_web
from tests.web.users import by_password

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OPEN_TO_ANYBODY = ("/embed/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/sign-in", "/static/")
"""They show nothing of a project; deliveries of webhooks are signed."""


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    """Without a sign-in method; nobody has signed in."""
    async with open_web(migrated) as opened:
        yield opened


async def exchange(harness: WebHarness, token: str) -> httpx.Response:
    headers = {**FORM, "Origin": str(harness.client.base_url).rstrip("/")}
    body = urlencode({"token": token, "next": "/projects/1"})
    return await harness.client.post("/sign-in", content=body, headers=headers)


async def offered(harness: WebHarness) -> str:
    return (await harness.access_control.sessions.offer_sign_in()).reveal()


async def test_every_route_refuses_a_local_request_as_a_plain_proxy_sends_it(harness: WebHarness) -> None:
    """nginx's `proxy_pass http://127.0.0.1:8787;` sends a loopback Host and no header of a proxy."""
    report = harness.bugspark.add_report(harness.project, title="Secret plans")
    asked = 0
    for route in iter_route_contexts(harness.app.routes):
        assert route.path is not None and route.methods
        if route.path.startswith(OPEN_TO_ANYBODY) or "webhooks" in route.path:
            continue
        path = route.path.format(project_id=harness.project, report_id=report, what="reveal")
        for method in route.methods - {"HEAD"}:
            for accept in ({}, HTML):
                answer = await harness.client.request(
                    method, path, headers={**accept, "Host": "127.0.0.1:8787"}
                )
                asked += 1
                assert answer.status_code in (401, 303), (method, path)
                onward = answer.headers.get("location", "/sign-in")
                assert onward.startswith("/sign-in"), (method, path)
                assert not any(word in answer.text for word in ("Shop", "Secret plans", SECRET, "acme"))
    assert asked > 30
    assert harness.untouched()


async def test_a_token_signs_the_operator_in_once(harness: WebHarness) -> None:
    token = await offered(harness)
    answer = await exchange(harness, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/1")
    seen = (await harness.client.get("/api/v1/projects")).json()
    assert [(each["name"], each["may_change"]) for each in seen] == [("Shop", True)]
    harness.client.cookies.clear()
    assert (await exchange(harness, token)).status_code == 401
    assert (await harness.client.get("/api/v1/projects")).status_code == 401


async def test_a_token_is_over_after_five_minutes(harness: WebHarness) -> None:
    token = await offered(harness)
    harness.clock.advance(OFFER_LIFETIME.total_seconds())
    assert (await exchange(harness, token)).status_code == 401
    assert OFFER_LIFETIME.total_seconds() == 300


@pytest.mark.parametrize("token", ["x", "A" * 32, "A" * 5000, "é", "\x00", "' OR 1=1 --", "%"])
async def test_a_token_that_was_never_made_is_refused(harness: WebHarness, token: str) -> None:
    await offered(harness)
    answer = await exchange(harness, token)
    assert answer.status_code in (400, 401)
    assert "set-cookie" not in answer.headers


async def test_a_token_from_a_form_of_another_site_is_refused_and_stays_valid(harness: WebHarness) -> None:
    token = await offered(harness)
    headers = {**FORM, "Origin": "https://evil.example.com"}
    body = urlencode({"token": token})
    assert (await harness.client.post("/sign-in", content=body, headers=headers)).status_code == 403
    assert (await exchange(harness, token)).status_code == 303


async def test_neither_token_nor_session_is_stored(harness: WebHarness) -> None:
    token = await offered(harness)
    rows = str(harness.bugspark.rows_of("sync_meta"))
    assert "sign_in:" in rows and token not in rows
    await exchange(harness, token)
    (cookie,) = harness.client.cookies.values()
    rows = str(harness.bugspark.rows_of("sync_meta"))
    assert "sign_in:" not in rows and cookie not in rows


async def test_tokens_and_ended_sessions_that_are_over_are_deleted(harness: WebHarness) -> None:
    def kept() -> list[str]:
        keys = [row["key"].partition(":")[0] for row in harness.bugspark.rows_of("sync_meta")]
        return sorted(key for key in keys if key in ("sign_in", "ended_session"))

    await exchange(harness, await offered(harness))
    home = await page(harness.client, "/")
    await offered(harness)
    assert (await press(harness.client, home, "Sign out")).shown_text
    assert kept() == ["ended_session", "sign_in"]
    harness.clock.advance(12 * 3600)
    await offered(harness)
    assert kept() == ["sign_in"]


async def test_a_session_survives_a_restart_and_is_nothing_in_another_database(
    harness: WebHarness, migrated: str
) -> None:
    await exchange(harness, await offered(harness))
    cookies = dict(harness.client.cookies)
    async with open_web(migrated) as again:
        again.client.cookies.update(cookies)
        assert (await again.client.get("/api/v1/projects")).status_code == 200
    for key in ("0" * 64, "1" * 64):
        assert derive_session_key(Settings(), Secret(key)) != derive_session_key(Settings(), Secret("2" * 64))


async def test_a_token_works_beside_a_password_and_not_under_another_one(migrated: str) -> None:
    config = by_password()
    async with open_web(migrated, **config) as harness:
        used, other = await offered(harness), await offered(harness)
        assert (await exchange(harness, used)).status_code == 303
    async with open_web(migrated, **by_password()) as again:
        assert (await exchange(again, other)).status_code == 401


async def test_the_page_says_what_to_run_and_takes_the_token_without_script(harness: WebHarness) -> None:
    shown = await page(harness.client, "/sign-in?next=/projects/1")
    assert "reconcile open" in shown.shown_text
    form = shown.form("Use the token")
    assert form.fields == {"next": "/projects/1", "token": ""}
    done = await press(harness.client, shown, "Use the token", next="/", token=await offered(harness))
    assert "Shop" in done.shown_text


async def test_a_redirect_does_not_carry_the_fragment_of_an_address_on(harness: WebHarness) -> None:
    await exchange(harness, await offered(harness))
    answer = await harness.client.get("/sign-in?next=/projects/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/1#")


async def test_the_script_takes_the_token_out_of_the_address(harness: WebHarness) -> None:
    shown = await harness.client.get("/sign-in")
    (name,) = re.findall(r'src="(/static/sign_in\.[0-9a-f]+\.js)"', shown.text)
    script = (await harness.client.get(name)).text
    assert script.index("history.replaceState") < script.index("requestSubmit")


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ({}, "http://127.0.0.1:8787"),
        ({"host": "localhost", "port": 80}, "http://localhost:80"),
        ({"host": "::1"}, "http://[::1]:8787"),
        ({"host": "0.0.0.0", **by_password()["web"]}, "http://127.0.0.1:8787"),
        ({"public_url": "https://a.example/sync", **by_password()["web"]}, "https://a.example/sync"),
    ],
)
def test_the_address_is_where_the_dashboard_is_served(web: dict[str, object], address: str) -> None:
    assert dashboard_address(Settings.model_validate({"web": web})) == address


@pytest.mark.parametrize(
    ("web", "key"),
    [
        ({"enabled": False}, "web.enabled"),
        ({"host": "0.0.0.0"}, "web.host"),
        ({"public_url": "https://a.example"}, "web.public_url"),
        ({"port": 0}, "web.port"),
    ],
)
def test_a_configuration_without_pages_is_named_instead(web: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        dashboard_address(Settings.model_validate({"web": web}))
