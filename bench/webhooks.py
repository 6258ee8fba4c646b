"""Time from a delivery to the changed report, while many projects are polled.

Source: issue "The service", Webhooks.
"""

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
from bench.soak.daemons import Daemon, daemon
from bench.soak.environment import PERSON, SECRET, LinkedReport, SoakEnvironment, open_environment
from bench.soak.figures import spread
from reconciler.demo.github.faults import Delay

COUNT_SYNCED_PROJECTS = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
SPREAD_LAST_PASSES = "UPDATE sync_projects SET last_pass_at = now() - random() * interval '{} seconds'"
IS_CLOSED = "SELECT status::text IN ('resolved', 'closed') FROM reports WHERE id = %s"
HAS_COMMENT = "SELECT count(*) > 0 FROM comments WHERE report_id = %s"
INTERVAL_SECONDS = 60.0
"""The default of poll.interval_seconds. All projects were active recently, so it applies to each."""
RESPONSE_DELAY_SECONDS = 0.15
"""Seconds that GitHub takes for a response, after every project had its first pass."""
FIRST_PASSES_TIMEOUT_SECONDS, TIMEOUT_SECONDS = 600.0, 20.0
MAX_LATENCY_SECONDS = 1.0
"""Allowed seconds from the delivery to the changed report (issue "The service")."""
PAUSE_RANGE_SECONDS = (0.05, 0.35)
"""Seconds between two deliveries, chosen at random, so that they follow no interval of the program."""
CHECK_SECONDS = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRun:
    """Sends deliveries as GitHub does, and waits for the change in BugSpark's database."""

    environment: SoakEnvironment
    daemon: Daemon
    client: httpx.Client
    interval: float  # poll.interval_seconds
    bugspark: "psycopg.Connection[tuple[object, ...]]"

    def deliver(self, index: int) -> tuple[float, float | None]:
        """Close the project's issue, or comment on it if `index` is odd, and deliver the webhook.
        Returns the seconds from the first byte sent until the response, and until BugSpark shows the change
        (None: it never did). Raises BrokenError.
        """
        linked_report, plot = self.environment.linked_reports[index], self.environment.plots[index]
        event, body, query = _change_issue(linked_report, is_comment=bool(index % 2))
        began = time.perf_counter()
        answer = self.client.post(
            f"/api/v1/webhooks/github/{plot.project}", content=body, headers=_headers(event, body)
        )
        answered = time.perf_counter() - began
        if answer.status_code != 202:
            raise BrokenError(f"a delivery was answered {answer.status_code}: {answer.text}")
        return answered, time.perf_counter() - began if self._wait_until_shown(query, linked_report) else None

    def _wait_until_shown(self, query: str, linked_report: LinkedReport) -> bool:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self._select(query, linked_report.report) != [(True,)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(CHECK_SECONDS)
        return True

    def _select(self, query: str, *values: object) -> list[tuple[object, ...]]:
        return self.bugspark.execute(query.encode(), values).fetchall()

    def wait_for_first_passes(self) -> None:
        """Wait until every project had a pass, then spread the next passes over the interval.

        In a real service they are spread after a while. Raises BrokenError.
        """
        deadline = time.monotonic() + FIRST_PASSES_TIMEOUT_SECONDS
        while self._select(COUNT_SYNCED_PROJECTS) != [(len(self.environment.plots),)]:
            if time.monotonic() > deadline:
                raise BrokenError("not every project had a pass")
            time.sleep(0.2)
        self.bugspark.execute(SPREAD_LAST_PASSES.format(self.interval).encode())
        self.environment.simulator.faults.add(Delay(seconds=RESPONSE_DELAY_SECONDS), times=None)

    def count_requests(self) -> int:
        """Return the number of requests that GitHub received."""
        return len(self.environment.simulator.requests)


def measure(folder: Path, projects: int, deliveries: int) -> Webhooks:
    """Measure deliveries at the default polling interval, each for another project. Raises BrokenError."""
    rng = random.Random(1)
    with open_delivery_run(folder, projects, interval=INTERVAL_SECONDS) as delivery_run:
        delivery_run.wait_for_first_passes()
        before, began, cpu = delivery_run.count_requests(), time.monotonic(), delivery_run.daemon.cpu()
        latencies = []
        for index in rng.sample(range(projects), min(deliveries, projects)):
            time.sleep(rng.uniform(*PAUSE_RANGE_SECONDS))
            latencies.append(delivery_run.deliver(index))
        seconds = time.monotonic() - began
        changed = [seconds for _, seconds in latencies if seconds is not None]
        return Webhooks(
            projects=projects,
            answered=spread([answered for answered, _ in latencies]),
            changed=spread(changed),
            late=sum(latency > MAX_LATENCY_SECONDS for latency in changed),
            lost=len(latencies) - len(changed),
            requests_per_second=(delivery_run.count_requests() - before) / seconds,
            cpu_share=(delivery_run.daemon.cpu() - cpu) / seconds,
        )


@contextmanager
def open_delivery_run(folder: Path, projects: int, *, interval: float) -> Iterator[DeliveryRun]:
    """Open everything, with a daemon that polls every `interval` seconds."""
    settings = {"poll": {"interval_seconds": interval}}
    opened = open_environment(folder, projects=projects, links=1, hooked=0, settings=settings)
    with opened as environment, daemon("polling", environment.config) as polling_daemon:
        client = httpx.Client(base_url=f"http://127.0.0.1:{polling_daemon.port}", timeout=TIMEOUT_SECONDS)
        with client, psycopg.connect(environment.conninfo, autocommit=True) as bugspark:
            yield DeliveryRun(
                environment=environment,
                daemon=polling_daemon,
                client=client,
                interval=interval,
                bugspark=bugspark,
            )


def _change_issue(linked_report: LinkedReport, *, is_comment: bool) -> tuple[str, bytes, str]:
    """Change an issue on GitHub.

    Returns the event, its payload, and the SQL that shows whether it arrived.
    """
    if is_comment:
        linked_report.repository.comment(linked_report.number, "It happens to me as well.", by=PERSON)
    else:
        linked_report.repository.close(linked_report.number, by=PERSON)
    event, action, query = (
        ("issue_comment", "created", HAS_COMMENT) if is_comment else ("issues", "closed", IS_CLOSED)
    )
    return event, json.dumps({"action": action, "issue": {"number": linked_report.number}}).encode(), query


def _headers(event: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": f"sha256={digest}",
    }
