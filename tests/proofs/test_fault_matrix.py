"""Every endpoint the pass uses, every fault: what came of it, copies on GitHub (at most 1), lost (0).

The table is shown at the end of the session (conftest.py).
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from reconciler.demo.github.faults import (
    Drop,
    Fault,
    Limit,
    Reply,
    Stale,
    Truncate,
    Unmodified,
    error,
    html,
    redirect,
)
from tests.support.invariants import settle_and_check
from tests.support.scenario import Scenario, open_scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]

BOTH: dict[str, Fault] = {
    "timeout before": Drop(seconds=60),
    "reset": Drop(reset=True),
    "500 before": error(500),
    "502 before": html(502),
    "truncated": Truncate(),
    "broken off": Truncate(closing=True),
    "HTML 200": html(200),
    "403 retry-after": Limit(),
    "403 remaining 0": Limit(form="remaining"),
    "403 message": Limit(form="message"),
    "429 retry-after": Limit(status=429),
    "429 remaining 0": Limit(status=429, form="remaining"),
    "429 message": Limit(status=429, form="message"),
    "403 no access": error(403, "Resource not accessible by personal access token"),
    "401": error(401, "Bad credentials"),
    "404 once": error(404, "Not Found"),
    "foreign redirect": redirect("https://elsewhere.test/repos/acme/web", 307),
}
READING: dict[str, Fault] = {"stale 304": Unmodified(), "stale list": Stale(seconds=30)}
WRITING: dict[str, Fault] = {
    "201 of another shape": Reply(status=201, body=b"[]", applied=True),
    "timeout after": Drop(seconds=60, applied=True),
    "reset after": Drop(reset=True, applied=True),
    "500 after": error(500, applied=True),
    "502 after": html(502, applied=True),
    "HTML 200 after": html(200, applied=True),
}
"""Faults after GitHub has carried the request out: a reading has nothing to carry out."""


async def act_on_github(scenario: Scenario) -> None:
    """People on GitHub."""
    report = next(iter(scenario.reports))
    scenario.comment_on_github(report)
    is_open = scenario.github.web.issue(1).state == "open"
    scenario.set_on_github(report, "status", "resolved" if is_open else "new")


async def make_verification_due(scenario: Scenario) -> None:
    """Everything is due for verification, and a thread has lost a comment without a trace."""
    report = next(iter(scenario.reports))
    scenario.comment_on_github(report)
    await scenario.run()
    scenario.delete_comment_of(scenario.notes[-1])
    scenario.comment_on_github(report)
    scenario.github.clock.advance(7 * 3600)


async def read_again(scenario: Scenario) -> None:
    """A thread has lost a comment; one reading has shown it, and the second one is due."""
    await make_verification_due(scenario)
    await scenario.run()
    scenario.github.clock.advance(120)


async def dispute(scenario: Scenario) -> None:
    """Both sides move one field apart."""
    report = next(iter(scenario.reports))
    _severity(scenario, "critical", "medium")
    is_low = "low-priority" in scenario.github.web.label_names(1)
    scenario.set_on_github(report, "severity", "high" if is_low else "low")


async def file(scenario: Scenario) -> None:
    """A report that is to become an issue, once the time in which BugSpark's button may make one is over."""
    scenario.reports[
        scenario.bugspark.add_report(
            scenario.project, f"no. {len(scenario.reports)}", at=scenario.clock.now()
        )
    ] = None
    scenario.github.clock.advance(61)


async def add_comment(scenario: Scenario) -> None:
    scenario.comment_in_bugspark(next(iter(scenario.reports)))


async def decide(scenario: Scenario) -> None:
    """The status moves to the other class."""
    report = next(iter(scenario.reports))
    is_open = scenario.github.web.issue(1).state == "open"
    scenario.set_in_bugspark(report, "status", "closed" if is_open else "triaging")


async def correct(scenario: Scenario) -> None:
    """An administrator edits a comment that has a copy; it is found when the link is verified."""
    scenario.comment_in_bugspark(next(iter(scenario.reports)))
    await scenario.run()
    scenario.edit(scenario.notes[-1])
    scenario.github.clock.advance(7 * 3600)


async def delete_sent_comment(scenario: Scenario) -> None:
    scenario.comment_in_bugspark(next(iter(scenario.reports)))
    await scenario.run()
    scenario.delete_comment_of(scenario.notes[-1])


async def change_severity(scenario: Scenario) -> None:
    """The severity moves."""
    _severity(scenario, "low", "high")


def _severity(scenario: Scenario, one: str, other: str) -> None:
    report = next(iter(scenario.reports))
    row = scenario.bugspark.report(report)
    assert row is not None
    scenario.set_in_bugspark(report, "severity", other if row["severity"] == one else one)


Work = Callable[[Scenario], Awaitable[None]]
ENDPOINTS: dict[str, tuple[str, str, Work]] = {
    "GET issues": ("GET", r"/issues\?", act_on_github),
    "GET issues/comments": ("GET", r"/issues/comments\?", act_on_github),
    "GET issues/N": ("GET", r"/issues/\d+$", make_verification_due),
    "GET issues/N/comments": ("GET", r"/issues/\d+/comments", make_verification_due),
    "GET issues/comments/N": ("GET", r"/issues/comments/\d+", read_again),
    "GET issues/N/events": ("GET", r"/issues/\d+/(events|timeline)", dispute),
    "GET repository": ("GET", r"/repos/[^/]+/[^/]+$", add_comment),
    "POST issues": ("POST", "/issues$", file),
    "POST issues/N/comments": ("POST", r"/issues/\d+/comments$", add_comment),
    "PATCH issues/N": ("PATCH", r"/issues/\d+$", decide),
    "PATCH issues/comments/N": ("PATCH", r"/issues/comments/\d+", correct),
    "DELETE issues/comments/N": ("DELETE", r"/issues/comments/\d+", delete_sent_comment),
    "POST issues/N/labels": ("POST", "/labels$", change_severity),
    "DELETE issues/N/labels/NAME": ("DELETE", "/labels/", change_severity),
}


@pytest.mark.parametrize("place", ENDPOINTS)
async def test_no_fault_at_any_endpoint_loses_or_doubles_anything(
    place: str, sqlite_template: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = shutil.copy(sqlite_template, tmp_path)
    method, pattern, work = ENDPOINTS[place]
    faults = BOTH | (READING if method == "GET" else WRITING)
    async with open_scenario(f"sqlite:///{path}", export="all") as scenario:
        await scenario.export(title="first")
        scenario.comment_in_bugspark(next(iter(scenario.reports)))
        await scenario.run()
        for name, fault in faults.items():
            await work(scenario)
            rule = scenario.github.simulator.faults.add(fault, method=method, path=pattern)
            result = await scenario.run(seconds=30)
            assert rule.hits == 1, f"{place} was not asked for while {name} waited"
            wrong, copies = await settle_and_check(scenario), scenario.most_copies
            outcome = result.outcome.value if result else "died"
            record_property("fault matrix", (place, name, outcome, copies, len(wrong)))
            assert copies <= 1, f"{place}, {name}: {copies} copies"
            assert not wrong, f"{place}, {name}:\n" + "\n".join(wrong)
