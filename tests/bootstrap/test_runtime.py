"""A reload: running requests keep the old container, and none uses a closed one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from reconciler.bootstrap import runtime as module
from reconciler.bootstrap.runtime import ReloadableRuntime
from reconciler.config.settings import Settings
from reconciler.errors import DatabaseError
from reconciler.model.secret import NoLearntSecrets
from reconciler.web.replaceable_app import ReplaceableApp


class Requests:
    """An application on a container, whose requests end when the test lets them; it records their answers."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts
        self.go = asyncio.Event()
        self.found: list[tuple[int, bool]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.go.wait()
        self.found.append((self.parts.number, self.parts.open))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every container that was opened; closing takes a while, as in practice."""
    row: list[Any] = []

    @asynccontextmanager
    async def open_parts(settings: Settings, **_: object) -> AsyncIterator[Any]:
        if settings.poll.concurrency == 1:
            raise DatabaseError("The database is unreachable.")
        parts = SimpleNamespace(settings=settings, number=len(row), open=True, closing=asyncio.Event())
        row.append(parts)
        yield parts
        parts.open = False
        parts.closing.set()
        await asyncio.sleep(0)

    async def build_operator_sessions(_: object) -> object:
        return object()

    monkeypatch.setattr(module, "open_container", open_parts)
    monkeypatch.setattr(module, "build_operator_sessions", build_operator_sessions)
    return row


async def ask(replaceable_app: ReplaceableApp) -> None:
    await replaceable_app({"type": "http"}, None, None)  # type: ignore[arg-type]  # nothing is read or sent here


async def test_requests_under_way_keep_their_parts_open_and_later_ones_get_the_new_ones(
    opened: list[Any],
) -> None:
    reloadable, replaceable_app = ReloadableRuntime(NoLearntSecrets()), ReplaceableApp()
    apps: list[Requests] = []

    def renew() -> None:
        apps.append(Requests(reloadable.container))
        replaceable_app.replace_app(apps[-1], reloadable.lease)

    await reloadable.reload(Settings(), renew)
    under_way = [asyncio.create_task(ask(replaceable_app)) for _ in range(2)]
    await asyncio.sleep(0)
    await reloadable.reload(Settings(), renew)
    later = asyncio.create_task(ask(replaceable_app))
    assert [each.open for each in opened] == [True, True]
    for each in apps:
        each.go.set()
    await asyncio.gather(*under_way, later)
    assert (apps[0].found, apps[1].found) == ([(0, True)] * 2, [(1, True)])
    assert [each.open for each in opened] == [False, True]
    await reloadable.aclose()


async def test_a_container_that_is_closing_is_leased_to_no_request(opened: list[Any]) -> None:
    reloadable, replaceable_app = ReloadableRuntime(NoLearntSecrets()), ReplaceableApp()

    def renew() -> None:
        app = Requests(reloadable.container)
        app.go.set()
        replaceable_app.replace_app(app, reloadable.lease)
        apps.append(app)

    apps: list[Requests] = []
    await reloadable.reload(Settings(), renew)
    moving = asyncio.create_task(reloadable.reload(Settings(), renew))
    await opened[0].closing.wait()  # at once: nobody is in there
    assert not moving.done()
    await ask(replaceable_app)
    await moving
    assert [each.found for each in apps] == [[], [(1, True)]]
    await reloadable.aclose()


async def test_a_configuration_that_can_not_be_opened_leaves_the_old_one_in_use(opened: list[Any]) -> None:
    reloadable = ReloadableRuntime(NoLearntSecrets())
    moved: list[int] = []
    await reloadable.reload(Settings())
    with pytest.raises(DatabaseError):
        await reloadable.reload(
            Settings.model_validate({"poll": {"concurrency": 1}}), lambda: moved.append(1)
        )
    assert (reloadable.container, opened[0].open, moved) == (opened[0], True, [])
    await reloadable.aclose()
