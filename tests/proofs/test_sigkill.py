"""A sample of the kill points with the real process, the real command and SIGKILL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.github.faults import DuringRequest
from tests.support.command import Installation, open_installation
from tests.support.forks import Process
from tests.support.stores import sqlite_template, store_url

__all__ = ["sqlite_template", "store_url"]

SAMPLE = [
    ("POST", r"/issues/\d+/comments$", "after"),
    ("PATCH", r"/issues/\d+$", "after"),
    ("GET", r"/issues/comments\?", "after"),
]


@pytest.fixture
def installation(store_url: str, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(store_url, tmp_path) as opened:
        yield opened


def kill_command(installation: Installation, *arguments: str, method: str, path: str, when: str) -> None:
    """A command killed at this request, before or after it takes its effect."""
    processes: list[Process] = []

    def kill() -> None:
        processes[0].kill()
        processes[0].wait()

    rule = installation.github.simulator.faults.add(DuringRequest(**{when: kill}), method=method, path=path)
    installation.github.simulator.world.lock.acquire()  # no request is answered before we know whom to kill
    try:
        processes.append(installation.commands.start(*arguments))
    finally:
        installation.github.simulator.world.lock.release()
    assert processes[0].wait(60) == -9
    assert rule.hits == 1
    installation.github.clock.advance(5)


def test_a_process_killed_anywhere_leaves_one_of_everything(installation: Installation) -> None:
    filed = installation.bugspark.add_report(installation.project)
    kill_command(installation, "export", str(filed), method="POST", path="/issues$", when="after")
    for _ in range(2):
        installation.sync_shop("--wait")
    number = installation.number(filed)
    for index, (method, path, when) in enumerate(SAMPLE):
        installation.bugspark.add_comment(
            filed, f"hers{index}x", author=installation.ada, at=installation.github.clock.now()
        )
        installation.github.web.comment(number, f"mine{index}x", by="alice")
        values = {"status": "closed" if index % 2 == 0 else "new", "severity": ["high", "low"][index % 2]}
        installation.bugspark.set_report(filed, **values, updated_at=installation.github.clock.now())
        kill_command(installation, "--project", "Shop", "--wait", method=method, path=path, when=when)
        installation.sync_shop("--wait")
    for _ in range(3):
        installation.sync_shop("--wait")
    last = installation.sync_shop("--wait")
    assert (last.code, last.row["pending"], last.row["github"]["writes"]) == (0, 0, 0), last
    assert [row.title for row in installation.github.web.issues] == ["[BUG-0001] It breaks"]
    here = [str(row["body"]) for row in installation.bugspark.comments(filed)]
    there = [row.body for row in installation.github.web.thread(number)]
    for token in [f"{side}{index}x" for side in ("hers", "mine") for index in range(len(SAMPLE))]:
        assert (sum(token in body for body in here), sum(token in body for body in there)) == (1, 1), token
    assert installation.github.web.issue(number).state == "closed"
    assert set(installation.github.web.label_names(number)) == {"bug", "high-priority"}
