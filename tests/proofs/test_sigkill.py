"""A sample of the kill points with the real process, the real command and SIGKILL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.github.faults import DuringRequest
from tests.support.command import Place, open_place
from tests.support.forks import Process
from tests.support.stores import sqlite_template, store_url

__all__ = ["sqlite_template", "store_url"]

SAMPLE = [
    ("POST", r"/issues/\d+/comments$", "after"),
    ("PATCH", r"/issues/\d+$", "after"),
    ("GET", r"/issues/comments\?", "after"),
]


@pytest.fixture
def place(store_url: str, tmp_path: Path) -> Iterator[Place]:
    with open_place(store_url, tmp_path) as opened:
        yield opened


def killed(place: Place, *words: str, method: str, path: str, when: str) -> None:
    """A command that dies at this request, before or after it takes its effect."""
    processes: list[Process] = []

    def kill() -> None:
        processes[0].kill()
        processes[0].wait()

    rule = place.github.simulator.faults.add(DuringRequest(**{when: kill}), method=method, path=path)
    place.github.simulator.world.lock.acquire()  # no request is answered before we know whom to kill
    try:
        processes.append(place.desk.start(*words))
    finally:
        place.github.simulator.world.lock.release()
    assert processes[0].wait(60) == -9
    assert rule.hits == 1
    place.github.clock.advance(5)


def test_a_process_killed_anywhere_leaves_one_of_everything(place: Place) -> None:
    filed = place.bugspark.add_report(place.project)
    killed(place, "export", str(filed), method="POST", path="/issues$", when="after")
    for _ in range(2):
        place.shop("--wait")
    number = place.number(filed)
    for index, (method, path, when) in enumerate(SAMPLE):
        place.bugspark.add_comment(filed, f"hers{index}x", author=place.ada, at=place.github.clock.now())
        place.github.web.comment(number, f"mine{index}x", by="alice")
        values = {"status": "closed" if index % 2 == 0 else "new", "severity": ["high", "low"][index % 2]}
        place.bugspark.set_report(filed, **values, updated_at=place.github.clock.now())
        killed(place, "--project", "Shop", "--wait", method=method, path=path, when=when)
        place.shop("--wait")
    for _ in range(3):
        place.shop("--wait")
    last = place.shop("--wait")
    assert (last.code, last.row["pending"], last.row["github"]["writes"]) == (0, 0, 0), last
    assert [row.title for row in place.github.web.issues] == ["[BUG-0001] It breaks"]
    here = [str(row["body"]) for row in place.bugspark.comments(filed)]
    there = [row.body for row in place.github.web.thread(number)]
    for token in [f"{side}{index}x" for side in ("hers", "mine") for index in range(len(SAMPLE))]:
        assert (sum(token in body for body in here), sum(token in body for body in there)) == (1, 1), token
    assert place.github.web.issue(number).state == "closed"
    assert set(place.github.web.label_names(number)) == {"bug", "high-priority"}
