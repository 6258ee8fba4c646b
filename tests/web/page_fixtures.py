"""Fixtures for pages over synced data: the operator has signed in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub
from tests.support.loopback import loopback_client
from tests.support.sync import Sync, open_sync
from tests.web.harness import RecordingQueue, build_web, sign_in_operator

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m' onmouseover=x <b>"


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github, guard={"max_deletions": 1}) as world:
        yield world


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPages:
    """The pages, and a client that asks for them."""

    app: FastAPI
    client: httpx.AsyncClient

    def sign_in(self) -> None:
        """Sign the operator in, as after twelve hours."""
        self.client.cookies.clear()
        sign_in_operator(self.client, self.app)


@pytest.fixture
async def served(sync: Sync, queue: RecordingQueue) -> AsyncIterator[ServedPages]:
    sockets = bind_sockets("127.0.0.1", 0)
    app = await build_web(sync.app._container, sockets, queue)
    async with (
        serving(app, sockets) as running,
        loopback_client(f"http://127.0.0.1:{running.port}") as opened,
    ):
        yield ServedPages(app=app, client=opened)


@pytest.fixture
def client(served: ServedPages) -> httpx.AsyncClient:
    """Of the operator, who has signed in."""
    served.sign_in()
    return served.client
