"""The simulated GitHub in a process of its own, with any number of repositories."""

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
COMMENT_TEXT = (
    "I can reproduce this on 1.4.2 with an empty cart: the page stays white until it is reloaded ({n})."
)
CHUNK = 10_000
WRITERS = {"bugspark-bot": "write", "alice": "write"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueComment:
    """A comment on an issue, with the values that a ledger row has of it."""

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
        """Create alice's issues: `spread` seconds apart, the newest `age` seconds old, `comments` on each."""
        self.hub.control(
            "grow", repository=self.name, by="alice", issues=issues, labels=labels,
            title="Cart is empty ({n})", comments_each=comments, comment=COMMENT_TEXT, spread=spread, age=age,
        )  # fmt: skip

    def list_comments(self, issues: int) -> list[IssueComment]:
        """Return all comments on the issues 1 to `issues`."""
        comments: list[IssueComment] = []
        for first in range(1, issues + 1, CHUNK):
            rows = self.hub.control(
                "state", repository=self.name, numbers=[first, min(issues, first + CHUNK - 1)]
            )
            comments += (_issue_comment(comment) for row in rows for comment in row["thread"])
        return comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The running simulator."""

    api: str
    client: httpx.Client

    def control(self, what: str, **values: Any) -> Any:
        """Send a command to the simulator's control endpoint and return the answer."""
        answer = self.client.post(f"/_sim/{what}", json=values)
        answer.raise_for_status()
        return answer.json()

    def repository(self, name: str) -> Repository:
        """Create a repository `acme/name` that the bot's token may write to."""
        full_name = f"acme/{name}"
        ids = self.control("seed", repositories=[{"name": full_name, "levels": WRITERS}])
        return Repository(hub=self, name=full_name, id=RepositoryId(ids[full_name]))


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Run the simulator until the end of the block."""
    command = [sys.executable, "-m", "reconciler.demo.github"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            api = process.stdout.readline().strip()
            with httpx.Client(base_url=api, timeout=120) as client:
                hub = Hub(api=api, client=client)
                hub.control("seed", users=[{"login": "alice"}, {"login": "bugspark-bot", "token": TOKEN}])
                hub.control("limits", primary=100_000_000)  # one token for the whole run
                yield hub
        finally:
            process.terminate()


def _issue_comment(row: dict[str, Any]) -> IssueComment:
    return IssueComment(
        number=IssueNumber(row["issue"]),
        id=RemoteCommentId(row["id"]),
        body=row["body"],
        at=datetime.fromtimestamp(row["updated"], UTC),
    )
