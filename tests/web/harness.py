"""The web for a test: served on loopback over a real database, with a clock that the test moves."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from socket import socket
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from reconciler.bootstrap.container import Container, open_container
from reconciler.bootstrap.sign_in import build_operator_sessions
from reconciler.bootstrap.web import build_web_application
from reconciler.demo.github.clock import ManualClock
from reconciler.metrics import Metrics
from reconciler.model.health import WorkGauges
from reconciler.model.ids import ProjectId
from reconciler.web.security.access_control import AccessControl
from reconciler.web.server import bind_sockets
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import BOT_TOKEN, serving
from tests.support.loopback import loopback_client
from tests.support.sync import settings_for

SECRET = "it-is-a-secret-to-everybody"


class MovableClock:
    """The program's clock, moved by the test."""

    def __init__(self) -> None:
        self._clock = ManualClock()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)


@dataclass(slots=True)
class RecordingQueue:
    """A queue that records the nudged projects."""

    projects: list[ProjectId] = field(default_factory=list)

    async def nudge(self, project_id: ProjectId) -> None:
        self.projects.append(project_id)


@dataclass(slots=True, kw_only=True)
class Health:
    """What the daemon says of its work."""

    is_alive: bool = True
    is_working: bool = True
    work: WorkGauges = field(default_factory=WorkGauges)

    def measure(self) -> WorkGauges:
        return self.work


@dataclass(slots=True, kw_only=True)
class WebHarness:
    """The served web with its database, clock and client."""

    bugspark: BugSpark
    project: ProjectId
    queue: RecordingQueue
    clock: MovableClock
    port: int
    client: httpx.AsyncClient
    app: FastAPI
    health: Health

    def path(self, project: object = None) -> str:
        return f"/api/v1/webhooks/github/{project or self.project}"

    async def deliver(
        self,
        body: bytes,
        *,
        secret: str = SECRET,
        project: object = None,
        event: str = "issues",
        delivery: str | None = None,
        content_type: str | None = "application/json",
        **headers: str | None,
    ) -> httpx.Response:
        """Send a delivery as GitHub does; a header that is None is left out."""
        given: dict[str, str | None] = {
            "Content-Type": content_type,
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid4()),
            "X-Hub-Signature-256": sign(body, secret),
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in given.items() if value is not None}
        return await self.client.post(self.path(project), content=body, headers=kept)

    def deliveries(self) -> list[Mapping[str, Any]]:
        """Return the stored deliveries, oldest first."""
        return sorted(self.bugspark.rows_of("sync_deliveries"), key=lambda row: (row["at"], row["id"]))

    async def raw(self, *pieces: bytes) -> bytes:
        """Send raw bytes, and return everything received until the connection is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
            return await reader.read()
        finally:
            writer.close()

    @property
    def access_control(self) -> AccessControl:
        """The access control of the served application."""
        found: AccessControl = self.app.state.access_control
        return found

    def untouched(self) -> bool:
        """Whether nothing was stored and no project was nudged."""
        return not self.deliveries() and not self.queue.projects


def sign(body: bytes, secret: str = SECRET) -> str:
    """Return the signature header that GitHub would send."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def issue_event(number: int = 7, action: str = "closed", **issue: Any) -> bytes:
    """Return the body of an `issues` event, with the fields that are read."""
    return json.dumps({"action": action, "issue": {"number": number, "title": "x", **issue}}).encode()


def integration(secret: str | None = SECRET) -> dict[str, str]:
    """Return the configuration of a github integration row."""
    config = {"owner": "acme", "repo": "web", "token": BOT_TOKEN}
    return config if secret is None else {**config, "webhookSecret": secret}


async def build_web(
    container: Container,
    sockets: Sequence[socket],
    queue: RecordingQueue | None = None,
    health: Health | None = None,
    state_directory: Path | None = None,
) -> FastAPI:
    """Build the application as the daemon does."""
    sessions = await build_operator_sessions(container)
    app = build_web_application(
        container,
        sessions,
        queue or RecordingQueue(),
        Metrics(),
        health or Health(),
        sockets,
        state_directory,
    )
    assert isinstance(app, FastAPI)
    return app


def sign_in_operator(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Give the client the cookie of an operator who has signed in."""
    access_control: AccessControl = app.state.access_control
    client.cookies.set(access_control.session_cookie_name, access_control.sessions.create_token())


@asynccontextmanager
async def open_web(
    url: str,
    *,
    secret: str | None = SECRET,
    role: str = "postgres",
    state_directory: Path | None = None,
    **sections: Mapping[str, Any],
) -> AsyncIterator[WebHarness]:
    """Serve on a free port until the end of the block; nobody has signed in.

    `sections`: of the configuration; `role`: who the program is in the database.
    """
    clock, queue, sockets = MovableClock(), RecordingQueue(), bind_sockets("127.0.0.1", 0)
    settings = settings_for(url.replace("postgres@", f"{role}@"), "http://127.0.0.1:9", **sections)
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, config=integration(secret))
        health = Health()
        async with open_container(settings, clock) as parts:
            app = await build_web(parts, sockets, queue, health, state_directory)
            async with (
                serving(app, sockets, settings.web.trusted_proxies_in_force) as running,
                loopback_client(f"http://127.0.0.1:{running.port}") as client,
            ):
                harness = WebHarness(
                    bugspark=bugspark,
                    project=project,
                    queue=queue,
                    clock=clock,
                    port=running.port,
                    client=client,
                    app=app,
                    health=health,
                )
                yield harness


def other_project(harness: WebHarness, secret: str | None) -> UUID:
    """Add a second project that is connected to the same repository."""
    project = harness.bugspark.add_project("Other")
    harness.bugspark.add_integration(project, config=integration(secret))
    return project
