"""The set-up page with the simulated GitHub: the secret behind a button; creating and testing the webhook."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from cryptography.fernet import Fernet

from reconciler.demo.github.faults import error
from reconciler.model.secret import Secret
from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub, github
from tests.support.loopback import loopback_client
from tests.support.sync import Sync, open_sync
from tests.web.browsing import HTML, Page, page
from tests.web.harness import build_web, open_web, sign_in_operator
from tests.web.users import JWT_SECRET, token

__all__ = ["github"]

HOSTILE = "<script>alert(1)</script>\u202e<b>"
LOOKS = 400


@dataclass(slots=True, kw_only=True)
class SetupPage:
    """The owner's browser, in front of a service that GitHub reaches."""

    sync: Sync
    client: httpx.AsyncClient
    owner: dict[str, str]

    @property
    def path(self) -> str:
        return f"/projects/{self.sync.project}/setup"

    async def look(self) -> Page:
        return await page(self.client, self.path, self.owner)

    async def push(self, button: str) -> httpx.Response:
        """The answer to a form of the page as it is now."""
        form = (await self.look()).form(button)
        headers = HTML | self.owner | {"Origin": str(self.client.base_url).rstrip("/")}
        return await self.client.post(form.action.partition("#")[0], data=form.fields, headers=headers)

    async def press(self, button: str) -> Page:
        """Where the form leads."""
        answer = await self.push(button)
        assert answer.status_code == 303, answer.text[:300]
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in answer.cookies.items())}
        return await page(self.client, answer.headers["location"], self.owner | cookies)

    async def until(self, text: str) -> Page:
        """Reload the page until it contains the text: deliveries take a moment."""
        seen = await self.look()
        for _ in range(LOOKS):
            if text in seen.shown_text:
                break
            await asyncio.sleep(0.05)
            seen = await self.look()
        assert text in seen.shown_text
        return seen

    def kept(self) -> str | None:
        """The secret as it is stored."""
        config = self.sync.bugspark.rows_of("integrations")[0]["config"]
        found: str | None = json.loads(config).get("webhookSecret")
        return found


@pytest.fixture
async def setup_page(migrated: str, github: GitHub) -> AsyncIterator[SetupPage]:
    sockets, key = bind_sockets("127.0.0.1", 0), Fernet.generate_key().decode()
    base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    github.web.allow("bugspark-bot", "admin")
    bugspark = {"jwt_secret": JWT_SECRET, "encryption_key": Secret(key)}
    async with open_sync(migrated, github, web={"public_url": base}, bugspark=bugspark) as sync:
        app = await build_web(sync.app._container, sockets)
        row = sync.bugspark.rows_of("projects")[0]
        user = {"Authorization": f"Bearer {token(row['owner_id'], sync.clock.now())}"}
        async with serving(app, sockets), loopback_client(base) as client:
            yield SetupPage(sync=sync, client=client, owner=user)


async def test_the_secret_is_in_the_one_answer_to_reveal_and_nowhere_else(
    setup_page: SetupPage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup_page.kept() is None
    answer = await setup_page.push("Generate secret")
    assert answer.status_code == 200
    secret = (
        await setup_page.sync.app.show_webhook_setup(await setup_page.sync.app.find_project("Shop"))
    ).secret.reveal()
    assert Page(answer.text).shown_text.count(secret) == 1
    assert answer.headers["cache-control"] == "no-store" and secret not in str(answer.headers)
    assert setup_page.kept() not in (None, secret)
    assert secret not in (await setup_page.client.get(setup_page.path, headers=HTML | setup_page.owner)).text
    again = await setup_page.push("Reveal")
    assert secret in again.text
    seen = await setup_page.press("Rotate")
    assert "There is a new secret" in seen.shown_text and "valid for a day" in seen.shown_text
    assert "The previous secret stays valid until" in seen.shown_text and secret not in seen.shown_text
    newer = (
        await setup_page.sync.app.show_webhook_setup(await setup_page.sync.app.find_project("Shop"))
    ).secret.reveal()
    assert newer != secret and newer in (await setup_page.push("Reveal")).text
    logged = caplog.text + "".join(capsys.readouterr())
    assert secret not in logged and newer not in logged


async def test_the_hook_is_created_tested_and_its_delivery_shown(setup_page: SetupPage) -> None:
    seen = await setup_page.look()
    url = f"{setup_page.client.base_url}/api/v1/webhooks/github/{setup_page.sync.project}".replace(
        "//api", "/api"
    )
    assert "Waiting for the first delivery" in seen.shown_text and "three usual reasons" in seen.shown_text
    assert url in seen.shown_text and "issues issue_comment label" in seen.shown_text
    assert seen.link("/settings/hooks/new").endswith("/acme/web/settings/hooks/new")
    seen = await setup_page.press("Create webhook")
    assert "The webhook of acme/web was created" in seen.shown_text
    (hook,) = setup_page.sync.github.web.hooks.values()
    seen = await setup_page.until("Received 0 s ago")
    assert (
        "ping" in seen.shown_text
        and "it names no issue" in seen.shown_text
        and "Waiting for" not in seen.shown_text
    )
    assert "three usual reasons" not in seen.shown_text
    assert "Repair webhook" in seen.buttons
    seen = await setup_page.press("Send test delivery")
    assert "GitHub was asked to deliver a ping" in seen.shown_text
    await setup_page.until("3 deliveries so far")  # two pings: one of the creation, one of the button
    report, number = await setup_page.sync.linked()
    setup_page.sync.github.web.close(number, by="alice")
    await setup_page.until("issues closed")
    assert "Waiting for a pass" in (await setup_page.look()).shown_text
    await setup_page.sync.run()
    assert f"issues closed #{number} 202 Processed" in (await setup_page.look()).shown_text
    assert setup_page.sync.status(report) == "resolved"
    assert hook.id in setup_page.sync.github.web.hooks


async def test_repository_and_token_are_shown_as_far_as_they_are_known(setup_page: SetupPage) -> None:
    seen = await setup_page.look()
    assert (
        "not read yet" in seen.shown_text
        and "not asked yet" in seen.shown_text
        and "Stored unencrypted" in seen.shown_text
    )
    await setup_page.sync.linked()
    before = len(setup_page.sync.github.simulator.requests)
    seen = await setup_page.look()
    assert "public" in seen.shown_text and "@bugspark-bot" in seen.shown_text
    assert len(setup_page.sync.github.simulator.requests) == before
    setup_page.sync.bugspark.execute(
        "UPDATE integrations SET config = json_set(config, '$.token', :value)", value="gAAAAnotours"
    )
    seen = await setup_page.look()
    assert "can't be decrypted" in seen.shown_text and "Can’t be used" in seen.shown_text
    assert "gAAAA" not in seen.shown_text
    refused = await setup_page.press("Send test delivery")
    assert "can't be decrypted" in refused.shown_text


async def test_a_refused_token_is_shown_with_the_way_to_change_it_and_tested_from_the_page(
    setup_page: SetupPage,
) -> None:
    await setup_page.sync.linked()
    seen = await setup_page.look()
    assert "Stored unencrypted" in seen.shown_text and "Refused by GitHub" not in seen.shown_text
    tested = Page((await setup_page.push("Test connection")).text)
    assert "acme/web answers; writing as bugspark-bot" in tested.shown_text
    setup_page.sync.github.simulator.faults.add(error(401), times=None)
    setup_page.sync.github.clock.advance(60)
    await setup_page.sync.run()
    seen = await setup_page.look()
    assert "Refused by GitHub" in seen.shown_text and "401" in seen.shown_text
    assert "Stored unencrypted" not in seen.shown_text and "Token readable" not in seen.shown_text
    assert "connect it again" in seen.shown_text
    tested = Page((await setup_page.push("Test connection")).text)
    assert "fail" in tested.shown_text and "Test of the connection" in tested.shown_text


async def test_a_rejected_delivery_is_listed_with_its_likely_reason(setup_page: SetupPage) -> None:
    await setup_page.press("Create webhook")
    await setup_page.until("Received 0 s ago")
    path = f"/api/v1/webhooks/github/{setup_page.sync.project}"
    for signature in ("", "sha256=" + "0" * 64):
        headers = {"X-Hub-Signature-256": signature, "User-Agent": "GitHub-Hookshot/x"}
        refused = await setup_page.client.post(path, json={}, headers=headers if signature else {})
        assert refused.status_code == 401
    seen = await setup_page.look()
    assert "Rejected with 401" in seen.shown_text
    assert "The secret doesn’t match" in seen.shown_text and "has no secret" in seen.shown_text
    assert seen.shown_text.count("Probably not from GitHub") == 1
    assert "Rejected" not in (await page(setup_page.client, "/", setup_page.owner)).shown_text


async def test_a_hook_that_may_not_be_made_says_the_permission(setup_page: SetupPage) -> None:
    setup_page.sync.github.web.allow("bugspark-bot", "write")
    seen = await setup_page.press("Create webhook")
    assert "Webhooks: read and write" in seen.shown_text
    assert not setup_page.sync.github.web.hooks


async def test_without_a_public_address_the_page_says_what_to_set(migrated: str) -> None:
    async with open_web(migrated, secret=None) as harness:
        sign_in_operator(harness.client, harness.app)
        seen = await page(harness.client, f"/projects/{harness.project}/setup")
        assert (
            "GitHub has no address to deliver to" in seen.shown_text and "web.public_url" in seen.shown_text
        )
        assert "Send test delivery" not in seen.buttons and "Generate secret" in seen.buttons
        harness.bugspark.execute("UPDATE projects SET name = :said", said=HOSTILE)
        harness.bugspark.execute(
            "INSERT INTO sync_deliveries (project_id, id, event, action, at)"
            " VALUES (:project, :said, :said, :said, :at)",
            project=harness.project.hex,
            said=HOSTILE,
            at=str(harness.clock.now().replace(tzinfo=None)),
        )
        seen = await page(harness.client, f"/projects/{harness.project}/setup")
        assert seen.shown_text.count(r"<script>alert(1)</script>\u202e<b>") >= 4
        harness.bugspark.execute("UPDATE integrations SET config = '[1]'")
        seen = await page(harness.client, f"/projects/{harness.project}/setup")
        assert "not a JSON object" in seen.shown_text
        form = seen.form("Generate secret")
        origin = {"Origin": str(harness.client.base_url).rstrip("/")}
        answer = await harness.client.post(
            form.action.partition("#")[0], data=form.fields, headers=HTML | origin
        )
        assert answer.status_code == 303
        assert "not a JSON object" in (await page(harness.client, answer.headers["location"])).shown_text
