"""From a delivery to the changed report, while many projects are polled (issue "The service", Webhooks)."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from bench.processes import BrokenError
from bench.results import Webhooks
from bench.soak.figures import spread
from bench.soak.fleet import Daemon, daemon
from bench.soak.town import PERSON, SECRET, Thing, Town, open_town

LOOKED_AT = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
CHANGED = "SELECT status::text IN ('resolved', 'closed') FROM reports WHERE id = %s"
FIRST_ROUND, PATIENCE = 900.0, 30.0
PAUSES = (0.05, 0.75)
"""Seconds between two deliveries, at random: not in step with anything of ours."""
GLANCE = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """GitHub's part, and somebody who watches the report."""

    town: Town
    daemon: Daemon
    client: httpx.Client
    bugspark: "psycopg.Connection[tuple[object, ...]]"

    def deliver(self, place: int) -> tuple[float, float]:
        """Somebody closes the project's issue, GitHub tells us: seconds from the first byte sent until the
        answer, and until the report is closed. Raises BrokenError.
        """
        thing, plot = self.town.things[place], self.town.plots[place]
        thing.repository.close(thing.number, by=PERSON)
        body = json.dumps({"action": "closed", "issue": {"number": thing.number}}).encode()
        began = time.perf_counter()
        answer = self.client.post(
            f"/api/v1/webhooks/github/{plot.project}", content=body, headers=_headers(body)
        )
        answered = time.perf_counter() - began
        if answer.status_code != 202:
            raise BrokenError(f"a delivery was answered {answer.status_code}: {answer.text}")
        self._until_changed(thing)
        return answered, time.perf_counter() - began

    def _until_changed(self, thing: Thing) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._ask(CHANGED, thing.report) != [(True,)]:
            if time.monotonic() > deadline:
                raise BrokenError(f"{thing.repository.full_name}#{thing.number} never changed")
            time.sleep(GLANCE)

    def _ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        return self.bugspark.execute(question.encode(), values).fetchall()

    def first_round(self) -> None:
        """Every project is looked at once. Raises BrokenError."""
        deadline = time.monotonic() + FIRST_ROUND
        while self._ask(LOOKED_AT) != [(len(self.town.plots),)]:
            if time.monotonic() > deadline:
                raise BrokenError("not every project was looked at")
            time.sleep(0.2)


def measure(folder: Path, projects: int, deliveries: int) -> Webhooks:
    """At the default interval. Each delivery is for another project. Raises BrokenError."""
    dice = random.Random(1)
    with _post(folder, projects) as post:
        post.first_round()
        before, began, cpu = len(post.town.simulator.requests), time.monotonic(), post.daemon.cpu()
        took = []
        for place in dice.sample(range(projects), min(deliveries, projects)):
            time.sleep(dice.uniform(*PAUSES))
            took.append(post.deliver(place))
        seconds = time.monotonic() - began
        return Webhooks(
            projects=projects,
            answered=spread([answered for answered, _ in took]),
            changed=spread([changed for _, changed in took]),
            requests_per_second=(len(post.town.simulator.requests) - before) / seconds,
            cpu_share=(post.daemon.cpu() - cpu) / seconds,
        )


@contextmanager
def _post(folder: Path, projects: int) -> Iterator[Post]:
    town_of = open_town(folder, projects=projects, links=1, hooked=0, settings={})
    with town_of as town, daemon("polling", town.config) as running:
        client = httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=PATIENCE)
        with client, psycopg.connect(town.conninfo, autocommit=True) as bugspark:
            yield Post(town=town, daemon=running, client=client, bugspark=bugspark)


def _headers(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": f"sha256={digest}",
    }
