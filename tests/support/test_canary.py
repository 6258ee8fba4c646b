"""The search for the token finds it: a test of the tests (invariant 13)."""

from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from reconciler.demo.github.server import serve
from reconciler.errors import ProjectError
from reconciler.logs import EventLogger
from reconciler.web.server import bind_sockets
from tests.support import canary
from tests.support.bugspark import BugSpark, connected
from tests.support.command import command_runner
from tests.support.github import make_github
from tests.support.loopback import loopback_client
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


def test_the_token_is_found_in_any_text() -> None:
    for text in (f"Bearer {canary.BOT_TOKEN}", canary.BOT_TOKEN.encode(), {"token": canary.BOT_TOKEN}):
        with pytest.raises(canary.TokenFoundError) as caught:
            canary.search("here", text)
        assert canary.CANARY not in str(caught.value)


def test_the_token_is_found_in_a_row_but_not_in_bugsparks_own(sqlite_template: Path) -> None:
    with connected(f"sqlite:///{sqlite_template}") as engine:
        people = BugSpark(engine)
        project = people.add_project()
        people.add_integration(project, token=canary.BOT_TOKEN)
        canary.search_rows(engine)
        people.add_report(project, f"it says {canary.BOT_TOKEN}")
        with pytest.raises(canary.TokenFoundError, match="a row of reports"):
            canary.search_rows(engine)


async def test_the_token_is_found_in_an_address_on_github() -> None:
    github = make_github()
    async with serve(github.simulator), github.client() as client:
        await client.get("/user")
        canary.search_requests(github.simulator)
        await client.get(f"/user?token={github.token}")
    with pytest.raises(canary.TokenFoundError, match="GET /user"):
        canary.search_requests(github.simulator)


def test_the_token_is_found_in_an_error_that_is_not_shown(is_token_allowed: None) -> None:
    with canary.watch_errors_and_logs() as found:
        ProjectError(f"refused: {canary.BOT_TOKEN}")
    assert len(found) == 1
    assert canary.CANARY not in found[0]


def test_the_token_is_found_in_what_is_logged_at_any_level(is_token_allowed: None) -> None:
    log = EventLogger("reconciler.somewhere")
    with canary.watch_errors_and_logs() as found:
        log.debug("asked", header=f"Bearer {canary.BOT_TOKEN}")
        try:
            raise ValueError(canary.BOT_TOKEN)
        except ValueError:
            log.exception("it broke")
    assert len(found) == 2
    assert canary.CANARY not in str(found)


async def test_the_token_is_found_in_an_answer_of_the_web() -> None:
    async def careless(scope: Scope, receive: Receive, send: Send) -> None:
        header = (b"x-token", canary.BOT_TOKEN.encode() if scope["path"] == "/header" else b"")
        await send({"type": "http.response.start", "status": 500, "headers": [header]})
        body = canary.BOT_TOKEN if scope["path"] == "/page" else ""
        half = len(body) // 2
        await send({"type": "http.response.body", "body": body[:half].encode(), "more_body": True})
        await send({"type": "http.response.body", "body": body[half:].encode()})

    async def ask(path: str) -> None:
        async with (
            canary.serving(careless, bind_sockets("127.0.0.1", 0)) as running,
            loopback_client() as client,
        ):
            await client.get(f"http://127.0.0.1:{running.port}{path}")

    await ask("/nothing")
    for path in ("/page", "/header"):
        with pytest.raises(canary.TokenFoundError, match=f"the answer to GET {path}"):
            await ask(path)


def test_the_token_is_found_in_the_output_of_a_started_process(tmp_path: Path) -> None:
    at = command_runner(tmp_path)
    at.start("--help").wait(60)
    at.search_started()
    assert b"reconcile" in at.started[0].out.read_bytes()
    at.started[0].err.write_bytes(f"it says {canary.BOT_TOKEN}".encode())
    with pytest.raises(canary.TokenFoundError, match="reconcile --help"):
        at.search_started()
