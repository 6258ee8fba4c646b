"""Rules of the state machine for closings: people close and reopen issues by commits, and comments say so."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from reconciler.model.ids import ReportId
from tests.proofs.random_history import INDEXES, RandomHistory
from tests.support.scenario import Scenario

ANNOUNCED = ("Closed as ", "Closed by ", "Closed on ", "Reopened on GitHub")
COMMITS = st.none() | st.sampled_from(["1" * 40, "2" * 40])
CLOSERS = st.sampled_from(["alice", "bob", "bugspark-bot"])


class ResolutionHistory(RandomHistory):
    """Everything that `RandomHistory` does; who closed an issue is announced in a comment."""

    sync: ClassVar[dict[str, Any]] = {"resolution_comment": True}

    @rule(index=INDEXES, by=CLOSERS, commit=COMMITS, seconds=st.integers(0, 40))
    def close_on_github(self, index: int, by: str, commit: str | None, seconds: int) -> None:
        self.scenario.set_on_github(self.report_at(index), "status", "resolved", by=by, commit=commit)
        self.scenario.github.clock.advance(seconds)

    @rule(index=INDEXES, by=st.sampled_from(["alice", "bob"]), seconds=st.integers(0, 40))
    def reopen_on_github(self, index: int, by: str, seconds: int) -> None:
        self.scenario.set_on_github(self.report_at(index), "status", "new", by=by)
        self.scenario.github.clock.advance(seconds)

    def violations_when_settled(self) -> list[str]:
        """Return those of the closings, too."""
        found = super().violations_when_settled()
        resting = self.scenario.numbers_that_rest()
        for report, number in self.scenario.issue_numbers().items():
            is_here = number is not None and self.scenario.is_here(number) and number not in resting
            if is_here and self.scenario.is_linked(report):
                found += _resolution_violations(self.scenario, report, number or 0)
            found += _comment_violations(self.scenario, report)
        return found


def _resolution_violations(scenario: Scenario, report: ReportId, number: int) -> Iterator[str]:
    """Check that a resolution is that of a closed issue, by somebody who closed it, by their commit."""
    link, repository = scenario.link_row(report), scenario.repository_of(number)
    if link is None or link["resolution"] is None:
        return
    kept = json.loads(link["resolution"])
    if repository.issue(number).state != "closed":
        yield f"#{number} is open and has the resolution {kept}"
    closings = [event for event in repository.events[number] if event.kind == "closed"]
    known = {(repository.world.users[event.actor].login, event.detail.get("commit_id")) for event in closings}
    if (kept["by"], kept["commit"]) not in known | {(login, None) for login, _ in known} | {(None, None)}:
        yield f"#{number} was closed by {known}, and its resolution is {kept}"


def _comment_violations(scenario: Scenario, report: ReportId) -> Iterator[str]:
    """Check that announcements of closings stay in BugSpark, at most once for each of them."""
    acts = 0
    for number in scenario.numbers():
        repository = scenario.repository_of(number)
        acts += sum(event.kind in ("closed", "reopened") for event in repository.events.get(number, ()))
        sent = [
            body for body in scenario.comments_of_issue(number) if any(word in body for word in ANNOUNCED)
        ]
        if sent:
            yield f"what is told in BugSpark was sent to #{number}: {sent}"
    announced = [body for body in scenario.comments_of_report(report) if body.startswith(ANNOUNCED)]
    if len(announced) > acts:
        yield f"{len(announced)} comments in report {report} about {acts} closings and reopenings"
