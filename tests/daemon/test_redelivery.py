"""What a failed pass did not act on, delivered again: the daemon acts, long before its next poll.

The daemon runs in this process.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from reconciler.daemon import signals
from reconciler.demo.github.faults import error
from tests.proofs.test_sigterm import run_daemon_to_end
from tests.support.command import Installation, open_installation
from tests.support.daemon import QUICK, advancing_clock, eventually
from tests.support.stores import sqlite_template, store_url
from tests.web.harness import SECRET, integration, issue_event, sign

__all__ = ["sqlite_template", "store_url"]

INTERVAL_SECONDS = 3_600.0


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def installation(
    store_url: str, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    monkeypatch.setattr(signals, "_end_process_after", lambda _: None)  # it would take the tests along
    with open_installation(store_url, tmp_path) as opened:
        poll = {"interval_seconds": INTERVAL_SECONDS}
        opened.configure(**{**QUICK, "web": {"port": port}, "poll": poll})
        opened.bugspark.execute("DELETE FROM integrations")
        opened.bugspark.add_integration(opened.project, config=integration())
        yield opened


async def until(what: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, what)


async def deliver(installation: Installation, port: int, number: int, delivery: str) -> int:
    """Deliver `issues.closed` as GitHub does; return the status of the answer."""
    body = issue_event(number)
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": sign(body, SECRET),
    }
    url = f"http://127.0.0.1:{port}/api/v1/webhooks/github/{installation.project}"
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.post(url, content=body, headers=headers)).status_code


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_delivery_whose_pass_failed_acts_when_it_is_delivered_again(
    installation: Installation, port: int
) -> None:
    faults, web = installation.github.simulator.faults, installation.github.web
    number = web.open_issue("It breaks", by="alice").number
    report = installation.bugspark.add_report(
        installation.project, github_issue_number=number, github_repo="acme/web"
    )

    def outcome() -> str:
        return str([row["outcome"] for row in installation.bugspark.rows_of("sync_projects")])

    def status() -> str:
        row = installation.bugspark.report(report)
        assert row is not None
        return str(row["status"])

    def is_linked() -> bool:
        return [row["state"] for row in installation.bugspark.rows_of("sync_links")] == ["active"]

    delivery = str(uuid4())
    with advancing_clock(installation):
        daemon = asyncio.create_task(run_daemon_to_end(installation))
        await until(lambda: is_linked() and outcome() == "['ok']")
        rule = faults.add(error(502), times=None)
        web.close(number, by="alice")
        assert await deliver(installation, port, number, delivery) == 202
        await until(lambda: outcome() == "['failed']")
        faults.clear()
        assert (status(), web.issue(number).state, rule.hits > 0) == ("new", "closed", True)
        assert await deliver(installation, port, number, delivery) == 202
        await until(lambda: status() == "resolved" and outcome() == "['ok']")
        asked = len(installation.github.simulator.requests)
        assert await deliver(installation, port, number, delivery) == 202
        os.kill(os.getpid(), signal.SIGTERM)
        await daemon
    assert len(installation.github.simulator.requests) == asked, "what was acted on does nothing again"
    assert [row["id"] for row in installation.bugspark.rows_of("sync_deliveries")] == [delivery]
