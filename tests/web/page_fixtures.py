"""Fixtures for pages over synced data: an operator on this machine, without a sign-in method."""

from collections.abc import AsyncIterator

import httpx
import pytest

from reconciler.bootstrap.web import build_web_application
from reconciler.metrics import Metrics
from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.web.harness import RecordingQueue

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m' onmouseover=x <b>"


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github, guard={"max_deletions": 1}) as world:
        yield world


@pytest.fixture
async def client(sync: Sync, queue: RecordingQueue) -> AsyncIterator[httpx.AsyncClient]:
    sockets = bind_sockets("127.0.0.1", 0)
    app = build_web_application(sync.app._container, queue, Metrics(), lambda: True, sockets)
    async with (
        serving(app, sockets) as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=10) as opened,
    ):
        yield opened
