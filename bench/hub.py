"""The simulated GitHub in a process of its own, with as many repositories as are asked for."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bench.processes import ROOT
from reconciler.model.ids import IssueNumber, RemoteCommentId, RepositoryId

TOKEN = "ghp_sim_bench"
SAID = "I can reproduce this on 1.4.2 with an empty cart: the page stays white until it is reloaded ({n})."
CHUNK = 10_000
WRITERS = {"bugspark-bot": "write", "alice": "write"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment on an issue, as far as a ledger row remembers it."""

    number: IssueNumber
    id: RemoteCommentId
    body: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One repository of the simulator."""

    hub: "Hub"
    name: str
    id: RepositoryId

    def grow(self, issues: int, labels: list[str], *, comments: int, spread: float, age: float) -> None:
        """Issues by alice, `spread` seconds apart, the newest `age` seconds old."""
        self.hub.tell(
            "grow", repository=self.name, by="alice", issues=issues, labels=labels,
            title="Cart is empty ({n})", comments_each=comments, comment=SAID, spread=spread, age=age,
        )  # fmt: skip

    def said(self, issues: int) -> list[Said]:
        """Every comment on the first so many issues."""
        found: list[Said] = []
        for first in range(1, issues + 1, CHUNK):
            rows = self.hub.tell(
                "state", repository=self.name, numbers=[first, min(issues, first + CHUNK - 1)]
            )
            found += (_said(each) for row in rows for each in row["thread"])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The running simulator."""

    api: str
    client: httpx.Client

    def tell(self, what: str, **wish: Any) -> Any:
        """Its control endpoint."""
        answer = self.client.post(f"/_sim/{what}", json=wish)
        answer.raise_for_status()
        return answer.json()

    def repository(self, name: str) -> Repository:
        """A new repository `acme/name` that our token may write to."""
        full = f"acme/{name}"
        made = self.tell("seed", repositories=[{"name": full, "levels": WRITERS}])
        return Repository(hub=self, name=full, id=RepositoryId(made[full]))


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Start it, and end it with the block."""
    command = [sys.executable, "-m", "reconciler.demo.github"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            api = process.stdout.readline().strip()
            with httpx.Client(base_url=api, timeout=120) as client:
                hub = Hub(api=api, client=client)
                hub.tell("seed", users=[{"login": "alice"}, {"login": "bugspark-bot", "token": TOKEN}])
                hub.tell("limits", primary=100_000_000)  # one token for the whole run
                yield hub
        finally:
            process.terminate()


def _said(row: dict[str, Any]) -> Said:
    return Said(
        number=IssueNumber(row["issue"]),
        id=RemoteCommentId(row["id"]),
        body=row["body"],
        at=datetime.fromtimestamp(row["updated"], UTC),
    )
