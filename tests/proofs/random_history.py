"""A state machine of everything that happens between BugSpark and GitHub (Hypothesis).

Users act on both sides, also during a pass; requests fail in every way; lists lag, and webhooks name issues
at random; the process crashes at any point; clocks jump. Then all of it stops, the settle times pass, and the
invariants are checked.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from reconciler.demo.github.faults import (
    Drop,
    Fault,
    Limit,
    Stale,
    Truncate,
    Unmodified,
    error,
    html,
    redirect,
)
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario, open_scenario
from tests.support.scenario_actors import CATEGORIES, SEVERITIES

STATUSES = ("new", "triaging", "in_progress", "resolved", "closed")
FAULTS: dict[str, Fault] = {
    "dropped before": Drop(),
    "dropped after": Drop(applied=True, reset=True),
    "timeout after": Drop(applied=True, seconds=60),
    "500 before": error(500),
    "500 after": error(500, applied=True),
    "502 page after": html(502, applied=True),
    "cut off": Truncate(),
    "broken off": Truncate(closing=True),
    "page": html(200),
    "401": error(401, "Bad credentials"),
    "404": error(404, "Not Found"),
    "403 limit": Limit(),
    "429 limit": Limit(status=429, form="message"),
    "primary limit": Limit(form="remaining"),
    "304": Unmodified(),
    "redirect": redirect("https://elsewhere.test/"),
}
ENDPOINTS = {
    "issue list": ("GET", r"/issues\?"),
    "comment list": ("GET", r"/issues/comments\?"),
    "issue": ("GET", r"/issues/\d+$"),
    "thread": ("GET", r"/issues/\d+/comments"),
    "comment": ("GET", r"/issues/comments/\d+"),
    "events": ("GET", r"/issues/\d+/(events|timeline)"),
    "repository": ("GET", r"/repos/[^/]+/[^/]+$"),
    "create issue": ("POST", "/issues$"),
    "create comment": ("POST", r"/issues/\d+/comments$"),
    "patch issue": ("PATCH", r"/issues/\d+$"),
    "patch comment": ("PATCH", r"/issues/comments/\d+"),
    "delete comment": ("DELETE", r"/issues/comments/\d+"),
    "add label": ("POST", "/labels$"),
    "remove label": ("DELETE", "/labels/"),
    "any write": ("POST|PATCH|DELETE", ""),
    "anything": (".*", ""),
}
INDEXES = st.integers(0, 9)
USER_ACTIONS: st.SearchStrategy[tuple[str, int, Any]] = st.one_of(
    st.tuples(st.sampled_from(["comment in BugSpark", "comment on GitHub"]), INDEXES, st.none()),
    st.tuples(
        st.sampled_from(["edit", "delete", "delete copy", "edit copy", "unrelated label"]), INDEXES, st.none()
    ),
    st.tuples(st.just("status in BugSpark"), INDEXES, st.sampled_from(STATUSES)),
    st.tuples(st.just("status on GitHub"), INDEXES, st.sampled_from(["new", "resolved", "closed"])),
    st.tuples(
        st.sampled_from(["severity in BugSpark", "severity on GitHub"]),
        INDEXES,
        st.sampled_from(sorted(SEVERITIES)),
    ),
    st.tuples(st.just("category in BugSpark"), INDEXES, st.sampled_from([*CATEGORIES, "bug", "other"])),
    st.tuples(st.just("category on GitHub"), INDEXES, st.sampled_from(sorted(CATEGORIES))),
    st.tuples(st.just("move link"), INDEXES, INDEXES),
    st.tuples(st.sampled_from(["hide", "show", "flag", "unflag"]), INDEXES, st.none()),
)
PLACED_FAULTS = st.tuples(
    st.sampled_from(sorted(FAULTS)), st.sampled_from(sorted(ENDPOINTS)), st.integers(0, 2)
)


class RandomHistory(RuleBasedStateMachine):
    """One run; `make_url` gives it an address of a fresh migrated database."""

    make_url: Callable[[AsyncExitStack], str]
    sync: ClassVar[dict[str, Any]] = {}  # keys of that section

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.resources = AsyncExitStack()
        url = type(self).make_url(self.resources)
        opened = open_scenario(url, **type(self).sync)
        self.scenario: Scenario = self.wait(self.resources.enter_async_context(opened))

    def wait(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(acts=st.lists(USER_ACTIONS, max_size=4))
    def begin(self, acts: list[tuple[str, int, Any]]) -> None:
        report = self.wait(self.scenario.export(title="first"))
        self.scenario.comment_in_bugspark(report)
        self.scenario.comment_on_github(report)
        self.wait(self.scenario.run())
        for act in acts:
            self.act(act)

    @rule(acts=st.lists(USER_ACTIONS, min_size=1, max_size=3), seconds=st.integers(0, 40))
    def people(self, acts: list[tuple[str, int, Any]], seconds: int) -> None:
        for act in acts:
            self.act(act)
            self.scenario.github.clock.advance(seconds)

    @rule()
    def accept_what_is_withheld(self) -> None:
        result = self.wait(self.scenario.run())
        if result is not None and result.withheld:
            self.wait(self.scenario.run(accept=result.withheld))

    @rule(seconds=st.sampled_from([1, 5, 61]))
    def quiet_pass(self, seconds: int) -> None:
        self.wait(self.scenario.run(seconds=seconds))

    @rule(
        faults=st.lists(PLACED_FAULTS, max_size=2),
        acts=st.dictionaries(st.integers(0, 30), USER_ACTIONS, max_size=3),
        crash_at=st.none() | st.integers(0, 40),
        seconds=st.sampled_from([1, 5, 61]),
    )
    def stress_pass(
        self,
        faults: list[tuple[str, str, int]],
        acts: dict[int, tuple[str, int, Any]],
        crash_at: int | None,
        seconds: int,
    ) -> None:
        for name, place, skip in faults:
            method, path = ENDPOINTS[place]
            self.scenario.github.simulator.faults.add(FAULTS[name], method=method, path=path, skip=skip)
        self.wait(self.scenario.start())
        self.scenario.crash_points.reset(
            crash_at=crash_at, acts={at: partial(self.act, act) for at, act in acts.items()}
        )
        self.wait(self.scenario.run(seconds=seconds))
        self.scenario.crash_points.reset()
        self.scenario.github.simulator.faults.clear()

    @rule(
        seconds=st.integers(1, 60),
        issues=st.booleans(),
        named=st.lists(st.integers(1, 5), max_size=4),
    )
    def lagging_pass(self, seconds: int, issues: bool, named: list[int]) -> None:
        fault = Stale(seconds=seconds, issues=issues, comments=not issues)
        self.scenario.github.simulator.faults.add(fault, method="GET", times=None)
        self.scenario.deliver(named)
        self.wait(self.scenario.run())
        self.scenario.github.simulator.faults.clear()

    @rule(
        seconds=st.integers(1, 200),
        issues=st.booleans(),
        single=st.booleans(),
        named=st.lists(st.integers(1, 5), max_size=4),
        passes=st.integers(1, 2),
    )
    def stale_readings(self, seconds: int, issues: bool, single: bool, named: list[int], passes: int) -> None:
        """Threads are read for deliveries, and are shown as they were, single comments perhaps as well."""
        fault = Stale(seconds=seconds, issues=issues, single=single)
        self.scenario.github.simulator.faults.add(
            fault, method="GET", path=r"/issues/\d+|/comments", times=None
        )
        for _ in range(passes):
            self.scenario.deliver(named, event="issue_comment")
            self.wait(self.scenario.run(seconds=61))
        self.scenario.github.simulator.faults.clear()

    @rule(acts=st.lists(USER_ACTIONS, min_size=1, max_size=3), requests=st.integers(0, 12))
    def overtaken_pass(self, acts: list[tuple[str, int, Any]], requests: int) -> None:
        """A worker is paused in the middle, another one takes over, the first resumes."""
        for act in acts:
            self.act(act)
        self.wait(self.scenario.run_overtaken_pass(requests))

    @rule(index=INDEXES)
    def delete_report(self, index: int) -> None:
        self.scenario.erase_report(self.report_at(index))

    @rule(hours=st.sampled_from([2, 7, 30]))
    def time_passes(self, hours: int) -> None:
        self.scenario.github.clock.advance(hours * 3600)

    @precondition(lambda self: len(self.scenario.reports) < 3)
    @rule()
    def export(self) -> None:
        self.wait(self.scenario.export(title=f"report {len(self.scenario.reports)}"))

    @rule(index=INDEXES)
    def cut_link(self, index: int) -> None:
        self.wait(self.scenario.unlink(self.report_at(index)))

    @rule(index=INDEXES, backfill=st.booleans())
    def make_link(self, index: int, backfill: bool) -> None:
        self.wait(self.scenario.relink(self.report_at(index), backfill=backfill))

    @rule(index=INDEXES, to=INDEXES)
    def move_link(self, index: int, to: int) -> None:
        """Move a report to another issue, possibly one that another report has, or back."""
        self.scenario.move_link(self.report_at(index), to)

    def report_at(self, index: int) -> Any:
        """Return one of the reports."""
        return list(self.scenario.reports)[index % len(self.scenario.reports)]

    def act(self, act: tuple[str, int, Any]) -> None:
        """Perform one action of a user."""
        name, index, value = act
        scenario, report = self.scenario, self.report_at(index)
        item, _, where = name.partition(" ")
        if item in ("status", "severity", "category"):
            (scenario.set_in_bugspark if where == "in BugSpark" else scenario.set_on_github)(
                report, item, value
            )
        elif name == "unrelated label":
            scenario.add_unrelated_label(report)
        elif name in ("flag", "unflag"):
            (scenario.flag if name == "flag" else scenario.unflag)()
        elif name == "move link":
            scenario.move_link(report, value)
        elif item == "comment":
            (scenario.comment_in_bugspark if where == "in BugSpark" else scenario.comment_on_github)(report)
        elif scenario.notes:
            actions = {
                "edit": scenario.edit,
                "delete": scenario.delete_comment_of,
                "edit copy": scenario.edit_copy,
                "delete copy": scenario.delete_copy,
                "hide": scenario.hide,
                "show": scenario.show,
            }
            actions[name](scenario.notes[-1 - index % len(scenario.notes)])

    def teardown(self) -> None:
        try:
            wrong = self.violations_when_settled()
            if self.scenario.restore():
                wrong += self.violations_when_settled()
            assert not wrong, "\n".join(wrong)
        finally:
            self.wait(self.resources.aclose())
            self.loop.close()

    def violations_when_settled(self) -> list[str]:
        last = self.wait(self.scenario.settle())
        return find_violations(self.scenario, last) + [
            f"#{number}: somebody's label is gone"
            for number in self.scenario.unrelated_labels
            if "good first issue" not in self.scenario.repository_of(number).label_names(number)
        ]
