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
from reconciler.demo.github.faults import Delay

LOOKED_AT = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
SPREAD_OUT = "UPDATE sync_projects SET last_pass_at = now() - random() * interval '{} seconds'"
CLOSED = "SELECT status::text IN ('resolved', 'closed') FROM reports WHERE id = %s"
SAID = "SELECT count(*) > 0 FROM comments WHERE report_id = %s"
INTERVAL = 60.0
"""poll.interval_seconds: its default. All projects have just been in use, so that it counts for each."""
ANSWERS_AFTER = 0.15
"""Seconds that GitHub takes for an answer, once every project was looked at."""
FIRST_ROUND, PATIENCE = 600.0, 20.0
PROMISE = 1.0
"""Seconds from the delivery to the changed report that the issue "The service" allows."""
PAUSES = (0.05, 0.35)
"""Seconds between two deliveries, at random: not in step with anything of ours."""
GLANCE = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """GitHub's part, and somebody who watches the report."""

    town: Town
    daemon: Daemon
    client: httpx.Client
    bugspark: "psycopg.Connection[tuple[object, ...]]"

    def deliver(self, place: int) -> tuple[float, float | None]:
        """Somebody closes the project's issue or, at every second one, comments on it, and GitHub tells us.
        Seconds from the first byte sent until the answer, and until BugSpark shows it; None: it never did.
        Raises BrokenError.
        """
        thing, plot = self.town.things[place], self.town.plots[place]
        event, body, shown = _changed(thing, speaks=bool(place % 2))
        began = time.perf_counter()
        answer = self.client.post(
            f"/api/v1/webhooks/github/{plot.project}", content=body, headers=_headers(event, body)
        )
        answered = time.perf_counter() - began
        if answer.status_code != 202:
            raise BrokenError(f"a delivery was answered {answer.status_code}: {answer.text}")
        return answered, time.perf_counter() - began if self._until(shown, thing) else None

    def _until(self, shown: str, thing: Thing) -> bool:
        deadline = time.monotonic() + PATIENCE
        while self._ask(shown, thing.report) != [(True,)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(GLANCE)
        return True

    def _ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        return self.bugspark.execute(question.encode(), values).fetchall()

    def first_round(self) -> None:
        """Every project is looked at once; from then on their turns are spread over the interval, as they
        are after a while. Raises BrokenError.
        """
        deadline = time.monotonic() + FIRST_ROUND
        while self._ask(LOOKED_AT) != [(len(self.town.plots),)]:
            if time.monotonic() > deadline:
                raise BrokenError("not every project was looked at")
            time.sleep(0.2)
        self.bugspark.execute(SPREAD_OUT.format(INTERVAL).encode())
        self.town.simulator.faults.add(Delay(seconds=ANSWERS_AFTER), times=None)

    def asked(self) -> int:
        """How many requests GitHub has had."""
        return len(self.town.simulator.requests)


def measure(folder: Path, projects: int, deliveries: int) -> Webhooks:
    """At the default interval. Each delivery is for another project. Raises BrokenError."""
    dice = random.Random(1)
    with _post(folder, projects) as post:
        post.first_round()
        before, began, cpu = post.asked(), time.monotonic(), post.daemon.cpu()
        took = []
        for place in dice.sample(range(projects), min(deliveries, projects)):
            time.sleep(dice.uniform(*PAUSES))
            took.append(post.deliver(place))
        seconds = time.monotonic() - began
        changed = [each for _, each in took if each is not None]
        return Webhooks(
            projects=projects,
            answered=spread([answered for answered, _ in took]),
            changed=spread(changed),
            late=sum(each > PROMISE for each in changed),
            lost=len(took) - len(changed),
            requests_per_second=(post.asked() - before) / seconds,
            cpu_share=(post.daemon.cpu() - cpu) / seconds,
        )


@contextmanager
def _post(folder: Path, projects: int) -> Iterator[Post]:
    settings = {"poll": {"interval_seconds": INTERVAL}}
    town_of = open_town(folder, projects=projects, links=1, hooked=0, settings=settings)
    with town_of as town, daemon("polling", town.config) as running:
        client = httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=PATIENCE)
        with client, psycopg.connect(town.conninfo, autocommit=True) as bugspark:
            yield Post(town=town, daemon=running, client=client, bugspark=bugspark)


def _changed(thing: Thing, *, speaks: bool) -> tuple[str, bytes, str]:
    """A change on GitHub: the event and the payload that tell of it, the question whether it is here."""
    if speaks:
        thing.repository.comment(thing.number, "It happens to me as well.", by=PERSON)
    else:
        thing.repository.close(thing.number, by=PERSON)
    event, action, shown = ("issue_comment", "created", SAID) if speaks else ("issues", "closed", CLOSED)
    return event, json.dumps({"action": action, "issue": {"number": thing.number}}).encode(), shown


def _headers(event: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": f"sha256={digest}",
    }
