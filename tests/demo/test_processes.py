"""The simulator beside the test: in a thread, and as a process with its control endpoint."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from reconciler.demo.github.server import running_in_thread
from reconciler.demo.github.simulator import Simulator
from tests.support.github import GitHub

SEED = {
    "users": [{"login": "alice"}, {"login": "bot", "token": "ghp_sim_process"}],
    "repositories": [
        {"name": "acme/web", "levels": {"bot": "write", "alice": "write"}},
        {"name": "acme/api"},
    ],
}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[httpx.Client]:
    seed = tmp_path / "seed.json"
    seed.write_bytes(msgspec.json.encode(SEED))
    command = [sys.executable, "-m", "reconciler.demo.github", "--seed-file", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        with httpx.Client(
            verify=False, base_url=address, headers={"Authorization": "Bearer ghp_sim_process"}
        ) as client:
            yield client
        running.terminate()
        assert running.wait(60) == 0


def tell(client: httpx.Client, what: str, **spec: Any) -> Any:
    answer = client.post(f"/_sim/{what}", json=spec)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_people_act_while_a_thread_serves(github_process: GitHub) -> None:
    headers = {"Authorization": f"Bearer {github_process.token}"}
    with httpx.Client(verify=False, base_url=github_process.api, headers=headers) as client:
        for n in range(1, 21):
            github_process.web.open_issue(f"{n}", by="alice")
            assert client.get("/repos/acme/web/issues").json()[0]["number"] == n


def test_a_port_in_use_is_reported_to_the_starter(github_process: GitHub) -> None:
    port = httpx.URL(github_process.api).port or 0
    with pytest.raises(OSError, match="address"), running_in_thread(Simulator(), port):
        pass


def test_a_process_is_steered_over_http(process: httpx.Client) -> None:
    grown = tell(
        process, "grow", repository="acme/web", by="alice", issues=150, labels=["bug"], comments_each=2,
        title="Issue {n}", comment="On {n}",
    )  # fmt: skip
    assert grown == {"first": 1, "last": 150}
    page = process.get("/repos/acme/web/issues", params={"per_page": 100, "sort": "updated"})
    assert page.json()[0]["title"] == "Issue 150"
    assert "next" in page.links
    assert len(process.get("/repos/acme/web/issues/comments", params={"per_page": 100}).json()) == 100
    tell(process, "grow", repository="acme/web", by="alice", close=[1, 3], comment="Done {n}")
    tell(process, "act", repository="acme/web", act="reopen", args=[3], kwargs={"by": "alice"})
    tell(
        process,
        "act",
        repository="acme/web",
        act="transfer",
        args=[4],
        kwargs={"by": "alice", "to": "acme/api"},
    )
    state = tell(process, "state", repository="acme/web", numbers=[2, 4])
    assert [(row["issue"]["number"], row["issue"]["state"]) for row in state] == [(2, "closed"), (3, "open")]
    assert [row["body"] for row in state[0]["thread"]] == ["On 2", "On 2", "Done 2"]
    assert state[0]["labels"] == ["bug"]


def test_faults_facts_limits_and_the_journal_over_http(process: httpx.Client) -> None:
    tell(process, "fault", fault="drop", path="/issues$", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        process.get("/repos/acme/web/issues")
    tell(process, "fault", fault="reply", times=None, **{"with": {"status": 500}})
    assert process.get("/repos/acme/web/issues").status_code == 500
    tell(process, "calm")
    tell(process, "assume", paging="cursors")
    tell(process, "limits", primary=1, enforce_primary=True)
    assert [process.get("/repos/acme/web/issues").status_code for _ in range(2)] == [200, 403]
    seen = tell(process, "requests", clear=True)
    assert [row["status"] for row in seen["requests"]] == [0, 500, 200, 403]
    assert sum(seen["cost"].values()) == 1
    assert tell(process, "requests")["requests"] == []


@pytest.mark.parametrize(
    ("what", "spec", "status"),
    [
        ("nothing", {}, 404),
        ("act", {"repository": "acme/none", "act": "close"}, 400),
        ("act", {"repository": "acme/web", "act": "__init__"}, 400),
        ("act", {"repository": "acme/web", "act": "close", "args": [1]}, 400),
        ("fault", {"fault": "earthquake"}, 400),
        ("clock", {"advance": 5}, 400),
    ],
)
def test_invalid_control_requests_are_reported(
    process: httpx.Client, what: str, spec: dict[str, Any], status: int
) -> None:
    assert process.post(f"/_sim/{what}", json=spec).status_code == status


async def test_the_control_endpoint_is_closed_unless_asked_for(bot: httpx.AsyncClient) -> None:
    assert (await bot.post("/_sim/state", json={"repository": "acme/web"})).status_code == 404
