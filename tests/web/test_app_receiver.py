"""The receiver of the operator's GitHub App, over a real port, with deliveries of the simulated GitHub."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from reconciler.bootstrap.application import Application
from reconciler.bootstrap.container import open_container
from reconciler.demo.github.rows import Hook
from reconciler.model.ids import ProjectId
from reconciler.model.passes import NullProgress, Outcome, PassResult
from reconciler.model.secret import Secret
from reconciler.model.viewer import OPERATOR_ACTOR
from reconciler.web.server import bind_sockets
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import serving
from tests.support.github import GitHub, InstalledApp, github, install_app
from tests.support.loopback import loopback_client
from tests.support.sync import FollowingClock, settings_for
from tests.web.harness import RecordingQueue, build_web, sign

__all__ = ["github"]

APP_SECRET = "the app's own secret"
PATH = "/api/v1/webhooks/github-app"
EVENTS = ("issues", "issue_comment", "label")


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(slots=True, kw_only=True)
class AppWorld:
    """A running program whose operator has a GitHub App, installed on acme/web."""

    github: GitHub
    app: InstalledApp
    bugspark: BugSpark
    application: Application
    client: httpx.AsyncClient
    queue: RecordingQueue = field(default_factory=RecordingQueue)

    @property
    def installation(self) -> int:
        (found,) = self.app.app.installations
        return found

    async def run(self, project: ProjectId) -> PassResult:
        self.github.clock.advance(5)
        found = await self.application.find_project(str(project))
        return await self.application.run_pass(found, wait=False, accept=None, progress=NullProgress())

    async def deliver(self, body: bytes, secret: str = APP_SECRET, **headers: str | None) -> httpx.Response:
        given = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": str(uuid4()),
            "X-Hub-Signature-256": sign(body, secret),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in given.items() if value is not None}
        return await self.client.post(PATH, content=body, headers=kept)

    async def settled(self) -> list[int | None]:
        """Wait until GitHub has an answer to each of its deliveries; return their statuses."""
        deliveries = self.github.simulator.hooks.all
        async with asyncio.timeout(60):
            while any(delivery.status is None for delivery in deliveries):  # noqa: ASYNC110 - no event is set for it
                await asyncio.sleep(0.005)
        return [delivery.status for delivery in deliveries]

    def stored(self) -> list[Mapping[str, Any]]:
        return self.bugspark.rows_of("sync_deliveries")


def event(installation: int, repository: int, number: int = 7) -> bytes:
    return json.dumps(
        {
            "action": "closed",
            "issue": {"number": number},
            "installation": {"id": installation},
            "repository": {"id": repository, "full_name": "acme/web"},
        }
    ).encode()


@asynccontextmanager
async def open_world(
    url: str, github: GitHub, app: InstalledApp, pairs: Mapping[ProjectId, str], **options: Any
) -> AsyncIterator[AppWorld]:
    """`options`: `sockets` to serve on, `secret` of the configuration."""
    sockets = options.get("sockets") or bind_sockets("127.0.0.1", 0)
    key_file = Path(options["directory"]) / "app.pem"
    key_file.write_bytes(app.pem)
    configured = {
        "id": str(app.app.id),
        "private_key_file": str(key_file),
        "repositories": {str(project): pair for project, pair in pairs.items()},
        "webhook_secret": Secret(options.get("secret", APP_SECRET)),
    }
    settings = settings_for(
        url, github.api, github={"app": configured}, web={"public_url": "https://sync.test"}
    )
    async with AsyncExitStack() as stack:
        engine = stack.enter_context(connected(url))
        clock = FollowingClock(github.clock)
        container = await stack.enter_async_context(open_container(settings, clock))
        queue = RecordingQueue()
        served = await build_web(container, sockets, queue)
        running = await stack.enter_async_context(serving(served, sockets, ("127.0.0.0/8",)))
        client = await stack.enter_async_context(loopback_client(f"http://127.0.0.1:{running.port}"))
        yield AppWorld(
            github=github,
            app=app,
            bugspark=BugSpark(engine),
            application=Application(container, OPERATOR_ACTOR),
            client=client,
            queue=queue,
        )


def project_of(url: str, name: str, *, integration: bool = True, owner: str = "acme") -> ProjectId:
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project(name)
        if integration:
            bugspark.add_integration(project, owner=owner)
        return project


async def test_an_event_on_github_nudges_the_pair_it_is_about_and_no_other_project_of_that_repository(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    sockets = bind_sockets("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{PATH}"
    hook = Hook(
        id=1,
        url=url,
        events=EVENTS,
        secret=APP_SECRET,
        content_type="json",
        active=True,
        created=0,
        updated=0,
    )
    app = install_app(github, key, hook=hook)
    listed = project_of(migrated, "Listed", integration=False)
    unlisted = project_of(migrated, "Unlisted")
    async with open_world(
        migrated, github, app, {listed: "acme/web"}, sockets=sockets, directory=tmp_path
    ) as world:
        for project in (listed, unlisted):
            assert (await world.run(project)).outcome is Outcome.OK
        number = github.web.open_issue("It breaks", "", by="alice").number
        github.simulator.hooks.ping_app(app.app)
        assert set(await world.settled()) == {202}
        assert world.queue.projects == [listed]
        (kept,) = world.stored()
        assert (kept["event"], kept["action"], kept["number"]) == ("issues", "opened", number)
        await world.run(listed)
        assert world.stored()[0]["read_at"] is not None


async def test_a_redelivery_of_the_app_nudges_only_projects_whose_pass_has_not_acted_on_it(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    first, second = (project_of(migrated, name, integration=False) for name in ("One", "Two"))
    pairs = {first: "acme/web", second: "acme/web"}
    async with open_world(migrated, github, app, pairs, directory=tmp_path) as world:
        for project in pairs:
            await world.run(project)
        body = event(world.installation, github.web.id)
        for _ in range(2):  # neither has acted
            assert (await world.deliver(body, X_GitHub_Delivery="same-id")).status_code == 202
        assert sorted(world.queue.projects) == sorted([first, second] * 2)
        await world.run(first)
        assert (await world.deliver(body, X_GitHub_Delivery="same-id")).status_code == 202
        assert world.queue.projects[4:] == [second]
        await world.run(second)
        assert (await world.deliver(body, X_GitHub_Delivery="same-id")).status_code == 202
        assert len(world.queue.projects) == 5
        assert [row["id"] for row in world.stored()] == ["same-id"] * 2


async def test_unknown_numbers_are_accepted_and_nothing_is_stored(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    async with open_world(migrated, github, app, {project: "acme/web"}, directory=tmp_path) as world:
        known = (world.installation, github.web.id)
        assert (await world.deliver(event(*known))).status_code == 202
        assert not world.stored(), "no pass has found which repository this is"
        await world.run(project)
        bodies = [
            event(known[0] + 1, known[1]),
            event(known[0], known[1] + 1),
            event(*known).replace(b'"installation": {"id"', b'"installation": {"no"'),
            event(*known).replace(str(known[1]).encode(), b'"text"'),
            event(2**64, known[1]),
            event(-1, known[1]),
            b'{"zen": "x"}',
            b"[" * 100_000,
            b"\xff",
            b"",
        ]
        assert {(await world.deliver(body)).status_code for body in bodies} == {202}
        assert not world.stored()
        assert world.queue.projects == []
        assert (await world.deliver(event(*known))).status_code == 202
        assert world.queue.projects == [project]


async def test_refusals_are_those_of_a_projects_receiver(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    async with open_world(migrated, github, app, {project: "acme/web"}, directory=tmp_path) as world:
        await world.run(project)
        body = event(world.installation, github.web.id)
        answers = [
            await world.deliver(body, X_Hub_Signature_256=None),
            await world.deliver(body, secret="wrong"),
            await world.deliver(body, X_Hub_Signature_256="sha256=not-hex"),
            await world.deliver(body, X_Hub_Signature_256=sign(body, APP_SECRET) + "0"),
            await world.deliver(body, X_Hub_Signature_256=sign(body + b" ", APP_SECRET)),
            await world.client.post(f"/api/v1/webhooks/github/{uuid4()}", json={}),
        ]
        assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
        assert len({str(sorted(set(each.headers) - {"date"})) for each in answers}) == 1
        assert (await world.deliver(body, Content_Type="text/plain")).status_code == 415
        assert (await world.deliver(b" " * 1024 * 1024 + b"{}")).status_code == 413
        assert (await world.client.get(PATH)).status_code == 405
        assert not world.stored()
        assert world.queue.projects == []


async def test_without_a_secret_every_delivery_is_refused(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    options = {"directory": tmp_path, "secret": ""}
    async with open_world(migrated, github, app, {project: "acme/web"}, **options) as world:
        await world.run(project)
        body = event(world.installation, github.web.id)
        assert (await world.deliver(body, secret="")).status_code == 401
        assert not world.stored()


async def test_an_owners_row_never_lets_a_project_borrow_the_app(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    wide, strange = project_of(migrated, "Wide"), project_of(migrated, "Strange", owner="alice")
    unlisted = project_of(migrated, "Unlisted")
    pairs = {wide: "acme/*", strange: "acme/*"}
    async with open_world(migrated, github, app, pairs, directory=tmp_path) as world:
        assert (await world.run(wide)).outcome is Outcome.OK
        assert {seen.token for seen in github.simulator.requests} <= {
            "bugspark-sync (jwt)",
            *(token.name for token in github.world.tokens.values() if token.kind == "installation"),
        }
        before = len(github.simulator.requests)
        refused = await world.run(strange)
        assert refused.error is not None
        assert "repositories of acme only" in refused.error.message
        assert len(github.simulator.requests) == before
        await world.run(unlisted)
        assert {seen.token for seen in github.simulator.requests[before:]} == {"bugspark-bot"}
        await world.deliver(event(world.installation, github.web.id))
        assert world.queue.projects == [wide]


async def test_another_process_knows_the_installation_without_a_pass_of_its_own(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    pairs, options = {project: "acme/web"}, {"directory": tmp_path}
    async with open_world(migrated, github, app, pairs, **options) as world:
        await world.run(project)
    async with open_world(migrated, github, app, pairs, **options) as world:
        await world.deliver(event(world.installation, github.web.id))
        assert world.queue.projects == [project]
    async with open_world(migrated, github, app, {project: "acme/other"}, **options) as world:
        await world.deliver(event(world.installation, github.web.id))
        assert world.queue.projects == [], "the operator has changed the pair since"


async def test_an_app_that_is_installed_again_is_known_by_its_new_number(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    async with open_world(migrated, github, app, {project: "acme/web"}, directory=tmp_path) as world:
        await world.run(project)
        old = world.installation
        github.world.uninstall_app(app.app, old)
        new = github.world.install_app(app.app, [github.web])
        await world.run(project)
        await world.deliver(event(old, github.web.id))
        assert world.queue.projects == []
        await world.deliver(event(new, github.web.id))
        assert world.queue.projects == [project]


async def test_a_dry_run_records_no_installation(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    async with open_world(migrated, github, app, {project: "acme/web"}, directory=tmp_path) as world:
        before = world.bugspark.dump()
        await world.application.plan(await world.application.find_project("Shop"), NullProgress())
        assert world.bugspark.dump() == before


async def test_check_names_the_webhook_of_the_app(
    migrated: str, github: GitHub, key: RSAPrivateKey, tmp_path: Path
) -> None:
    app = install_app(github, key)
    project = project_of(migrated, "Shop", integration=False)
    async with open_world(migrated, github, app, {project: "acme/web"}, directory=tmp_path) as world:
        lines = {line.name: line for line in await world.application.run_self_check()}
        hook = lines["Shop: hook"]
        assert (hook.level.value, hook.message) == ("ok", "the webhook of the GitHub App announces changes")
