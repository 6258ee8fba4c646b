"""The operator's page that makes a GitHub App: the form for GitHub, the way back, the secrets' place."""

import json
import logging
import stat
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from reconciler.bootstrap.application import Application
from reconciler.bootstrap.container import open_container
from reconciler.config.load import load_configuration
from reconciler.demo.github.faults import Drop, Reply
from reconciler.demo.github.world import App
from reconciler.model.passes import NullProgress, Outcome
from reconciler.model.viewer import OPERATOR_ACTOR
from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub, github
from tests.support.loopback import loopback_client
from tests.support.sync import FollowingClock
from tests.web.browsing import HTML, Form, Page, page
from tests.web.harness import RecordingQueue, WebHarness, build_web, open_web, sign_in_operator
from tests.web.users import BUGSPARK, bearer, owner_of

__all__ = ["github"]

PUBLIC = "http://sync.test"
PATH = "/github-app"


@dataclass(slots=True, kw_only=True)
class Operator:
    """The operator's browser, between this service and GitHub."""

    harness: WebHarness
    github: GitHub

    @property
    def origin(self) -> dict[str, str]:
        return HTML | {"Origin": f"http://127.0.0.1:{self.harness.port}"}

    async def look(self) -> Page:
        return await page(self.harness.client, PATH)

    async def send(self, form: Form, **fields: str) -> httpx.Response:
        return await self.harness.client.post(
            form.action, data={**form.fields, **fields}, headers=self.origin
        )

    async def begin(self, organization: str = "") -> httpx.Response:
        """The answer with the form for GitHub."""
        form = (await self.look()).form("Prepare the App")
        return await self.send(form, organization=organization)

    async def agree(self, organization: str = "") -> str:
        """Agree on GitHub; return the path that GitHub sends the browser back to."""
        answer = await self.begin(organization)
        assert answer.status_code == 200, answer.headers.get("location")
        form = Page(answer.text).form("Go on to GitHub")
        async with loopback_client(self.github.api) as browser:
            sent = await browser.post(
                form.action, data=form.fields, headers={"User-Agent": "a browser", "Origin": PUBLIC}
            )
        assert sent.status_code == 302, sent.text
        assert sent.headers["location"].startswith(f"{PUBLIC}{PATH}/created?")
        return str(sent.headers["location"]).removeprefix(PUBLIC)

    async def come_back(self, path: str) -> Page:
        """Follow GitHub's redirect; return the page it ends at, which is without the code."""
        answer = await self.harness.client.get(path, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
        return await self.look()

    @property
    def made(self) -> App:
        (app,) = self.github.world.apps.values()
        return app

    def exchanges(self) -> int:
        return sum("/app-manifests/" in seen.path for seen in self.github.simulator.requests)


@asynccontextmanager
async def open_operator(
    url: str, github: GitHub, state_directory: Path | None = None, **web: Any
) -> AsyncIterator[Operator]:
    sections: dict[str, Any] = {
        **BUGSPARK,
        "github": {"api_url": github.api},
        "web": {"public_url": PUBLIC, **web},
    }
    async with open_web(url, state_directory=state_directory, **sections) as harness:
        sign_in_operator(harness.client, harness.app)
        yield Operator(harness=harness, github=github)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that the program's own log has, at its lowest level; it shows no library's."""
    return " ".join(str(vars(record)) for record in caplog.records)


def keys_in(directory: Path) -> list[Path]:
    return list(directory.glob("*.pem"))


async def test_the_app_is_made_with_what_it_needs_and_its_secrets_are_in_a_file_of_the_daemon(
    migrated: str, github: GitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "reconciler")
    async with open_operator(migrated, github, tmp_path) as operator:
        path = await operator.agree()
        seen = await operator.come_back(path)
    app, key_file = operator.made, tmp_path / f"github-app-{operator.made.id}.pem"
    section_file = key_file.with_suffix(".toml")
    assert str(section_file) in seen.shown_text
    assert {stat.S_IMODE(file.stat().st_mode) for file in (key_file, section_file)} == {0o600}
    section = tomllib.loads(section_file.read_text())["github"]["app"]
    assert app.hook is not None
    assert section == {
        "id": str(app.id),
        "private_key_file": str(key_file),
        "webhook_secret": app.hook.secret,
    }
    assert (app.hook.url, app.hook.events) == (
        f"{PUBLIC}/api/v1/webhooks/github-app",
        ("issues", "issue_comment", "label"),
    )
    (code,) = parse_qs(urlsplit(path).query)["code"]
    for secret in (code, app.hook.secret or "", *key_file.read_text().splitlines()[1:3]):
        assert secret not in logged(caplog)
        assert secret not in " ".join(map(str, operator.harness.bugspark.dump().values()))
        assert secret not in seen.shown_text


async def test_the_file_as_it_is_configures_passes_and_the_webhook_of_the_new_app(
    migrated: str, github: GitHub, tmp_path: Path
) -> None:
    async with open_operator(migrated, github, tmp_path) as operator:
        await operator.come_back(await operator.agree("acme"))
        project = operator.harness.project
    (app,) = github.world.apps.values()
    github.world.install_app(app, [github.web])
    environ = {
        "RECONCILER_DATABASE__URL": migrated,
        "RECONCILER_GITHUB__API_URL": github.api,
        "RECONCILER_GITHUB__APP__REPOSITORIES": json.dumps({str(project): "acme/web"}),
    }
    section_file = tmp_path / f"github-app-{app.id}.toml"
    settings = load_configuration(section_file, environ).settings
    sockets, queue = bind_sockets("127.0.0.1", 0), RecordingQueue()
    async with open_container(settings, FollowingClock(github.clock)) as container:
        application = Application(container, OPERATOR_ACTOR)
        found = await application.find_project(str(project))
        result = await application.run_pass(found, wait=False, accept=None, progress=NullProgress())
        assert (result.outcome, result.repository) == (Outcome.OK, "acme/web")
        github.simulator.hooks.lost = True  # its address is not one of this machine
        github.web.open_issue("It breaks", "", by="alice")
        (delivery,) = github.simulator.hooks.all
        served = await build_web(container, sockets, queue)
        async with (
            serving(served, sockets) as running,
            loopback_client(f"http://127.0.0.1:{running.port}") as client,
        ):
            path = urlsplit(delivery.url).path
            answer = await client.post(path, content=delivery.body, headers=dict(delivery.headers))
    assert answer.status_code == 202
    assert queue.projects == [project]


async def test_the_form_for_github_asks_for_no_more_than_is_needed_and_its_page_alone_may_send_it_there(
    migrated: str, github: GitHub
) -> None:
    async with open_operator(migrated, github) as operator:
        usual = (await operator.harness.client.get(PATH, headers=HTML)).headers["content-security-policy"]
        answer = await operator.begin("acme")
        policy = answer.headers["content-security-policy"]
        assert " form-action 'self';" in usual
        assert f" form-action 'self' {github.api};" in policy
        assert policy.replace(f" {github.api}", "") == usual
        form = Page(answer.text).form("Go on to GitHub")
    assert form.action.startswith(f"{github.api}/organizations/acme/settings/apps/new?state=")
    assert set(form.fields) == {"manifest"}, "no token of ours leaves for GitHub"
    manifest = httpx.Response(200, content=form.fields["manifest"]).json()
    assert manifest == {
        "name": "BugSpark sync sync.test",
        "url": PUBLIC,
        "description": "Keeps BugSpark reports and GitHub issues equal.",
        "public": False,
        "hook_attributes": {"url": f"{PUBLIC}/api/v1/webhooks/github-app", "active": True},
        "redirect_url": f"{PUBLIC}{PATH}/created",
        "default_permissions": {"issues": "write", "metadata": "read", "repository_hooks": "write"},
        "default_events": ["issues", "issue_comment", "label"],
    }


async def test_without_a_state_directory_the_secrets_are_shown_once(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github) as operator:
        seen = await operator.come_back(await operator.agree("acme"))
        secret = str(operator.made.hook and operator.made.hook.secret)
        assert secret not in seen.shown_text
        form = seen.form("Show them once")
        shown = Page((await operator.send(form)).text).shown_text
        assert f'webhook_secret = "{secret}"' in shown
        assert "-----BEGIN RSA PRIVATE KEY-----" in shown
        again = await operator.send(form)
        assert again.status_code == 303
        assert "shown once" in (await operator.look()).shown_text
        assert github.world.users[operator.made.owner].login == "acme"


async def test_secrets_that_nobody_looks_at_are_forgotten_after_ten_minutes(
    migrated: str, github: GitHub
) -> None:
    async with open_operator(migrated, github) as operator:
        seen = await operator.come_back(await operator.agree())
        operator.harness.clock.advance(601)
        assert (await operator.send(seen.form("Show them once"))).status_code == 303
        assert "Show them once" not in (await operator.look()).buttons


async def test_a_state_counts_once_in_its_own_session_for_an_hour(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github) as operator:
        client = operator.harness.client
        refused = "nothing was done with it"
        forged = await operator.come_back(f"{PATH}/created?code=abc&state=made-up")
        assert refused in forged.shown_text
        assert refused in (await operator.come_back(f"{PATH}/created?code=abc")).shown_text
        first = await operator.agree()
        sign_in_operator(client, operator.harness.app)
        assert refused in (await operator.come_back(first)).shown_text, "another session of the operator"
        late = await operator.agree()
        operator.harness.clock.advance(3_601)
        assert refused in (await operator.come_back(late)).shown_text
        assert operator.exchanges() == 0
        good = await operator.agree()
        assert "GitHub has made the App" in (await operator.come_back(good)).shown_text
        assert refused in (await operator.come_back(good)).shown_text
        assert operator.exchanges() == 1


async def test_a_state_signs_nobody_in(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github) as operator:
        (state,) = parse_qs(urlsplit(await operator.agree()).query)["state"]
        operator.harness.client.cookies.clear()
        answer = await operator.harness.client.post(
            "/sign-in", data={"token": state}, headers=operator.origin
        )
        assert answer.status_code == 401


async def test_only_the_operator_has_this_page(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github) as operator:
        harness = operator.harness
        harness.client.cookies.clear()
        owner = HTML | bearer(harness, owner_of(harness, harness.project))
        superadmin = HTML | bearer(harness, harness.bugspark.add_user("Root", role="superadmin"))
        for user in (owner, superadmin):
            for method, path in (
                ("GET", PATH),
                ("POST", PATH),
                ("POST", f"{PATH}/reveal"),
                ("GET", f"{PATH}/created?code=abc&state=x"),
            ):
                answer = await harness.client.request(method, path, headers=user | operator.origin)
                assert answer.status_code == 404, (method, path)
            assert PATH not in (await harness.client.get("/", headers=user)).text
        nobody = await harness.client.get(f"{PATH}/created?code=abc&state=x", headers=HTML)
        assert nobody.headers["location"] == f"/sign-in?next={PATH}", "the code goes nowhere"
        assert operator.exchanges() == 0


async def test_a_form_from_elsewhere_makes_no_state(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github) as operator:
        before = operator.harness.bugspark.rows_of("sync_meta")
        form = (await operator.look()).form("Prepare the App")
        elsewhere = HTML | {"Origin": "https://evil.test"}
        answer = await operator.harness.client.post(PATH, data=form.fields, headers=elsewhere)
        assert answer.status_code == 403
        untold = await operator.harness.client.post(PATH, data={"organization": ""}, headers=operator.origin)
        assert untold.status_code == 403
        assert operator.harness.bugspark.rows_of("sync_meta") == before


@pytest.mark.parametrize("organization", ["a/b", "..", "a b", "x" * 40, "-a", "a?b=c", "a#b"])
async def test_what_is_no_organization_leads_nowhere(
    migrated: str, github: GitHub, organization: str
) -> None:
    async with open_operator(migrated, github) as operator:
        answer = await operator.begin(organization)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
        assert "no name of an organization" in (await operator.look()).shown_text


async def test_without_a_public_address_no_app_is_offered(migrated: str, github: GitHub) -> None:
    async with open_operator(migrated, github, public_url="") as operator:
        seen = await operator.look()
        assert "Prepare the App" not in seen.buttons
        assert "web.public_url is not set" in seen.shown_text


async def test_errors_of_the_exchange_are_reported_without_the_code(
    migrated: str, github: GitHub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "reconciler")
    async with open_operator(migrated, github) as operator:
        for fault, expected in (
            (Drop(), "GitHub's answer did not arrive: the App exists on GitHub"),
            (Reply(status=404), "GitHub does not know this code"),
            (Reply(status=500), "GitHub refuses the code (500"),
            (Reply(status=201, body=b"{}"), "the new GitHub App"),
            (Reply(status=201, body=b'{"id": 1, "slug": "a", "pem": "x"}'), "has no key"),
        ):
            path = await operator.agree()
            github.simulator.faults.add(fault, path="/app-manifests/.*", times=1)
            seen = await operator.come_back(path)
            (code,) = parse_qs(urlsplit(path).query)["code"]
            assert expected in seen.shown_text
            assert code not in seen.shown_text + logged(caplog)
        assert operator.exchanges() == 5, "each code is sent once"


async def test_secrets_are_shown_when_the_directory_cannot_be_written_to(
    migrated: str, github: GitHub, tmp_path: Path
) -> None:
    async with open_operator(migrated, github, tmp_path / "absent") as operator:
        seen = await operator.come_back(await operator.agree())
        assert "Show them once" in seen.buttons


async def test_a_file_that_is_there_is_never_written_over(
    migrated: str, github: GitHub, tmp_path: Path
) -> None:
    async with open_operator(migrated, github, tmp_path) as operator:
        path = await operator.agree()
        taken = [tmp_path / f"github-app-{number}.toml" for number in range(1_000, 1_100)]
        for file in taken:
            file.symlink_to(tmp_path / "elsewhere")
        assert "Show them once" in (await operator.come_back(path)).buttons
    assert not (tmp_path / "elsewhere").exists()
    assert keys_in(tmp_path) == []
