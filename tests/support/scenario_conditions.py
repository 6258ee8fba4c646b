"""Unusual conditions of a scenario: rows that can't be read, clocks that differ, edited answers, a button.

Each is recorded, so that the invariants know what to expect of both sides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from reconciler.model.ids import ReportId
from tests.support.button import press_button
from tests.support.canary import BOT_TOKEN
from tests.support.scenario_actors import Actors
from tests.support.scenario_records import GITHUB, Note
from tests.support.scenario_views import FIRST_OTHER_NUMBER
from tests.support.sync import FollowingClock


def append(body: str) -> str:
    """Return the body with a person's addition, as GitHub's editor stores it."""
    return (body + "\n\nEdit: seen on Firefox, too").replace("\n", "\r\n")


def unsign(body: str) -> str:
    """Return the body with an addition in place of our marker."""
    return body.partition("\n\n<!--")[0] + "\n\nEdit: seen on Firefox, too"


def quote(body: str) -> str:
    """Return the body as a quotation with an answer below it."""
    return "> " + body.replace("\n", "\n> ") + "\n\nDid you see this?"


EDITS: Mapping[str, Callable[[str], str]] = {"append": append, "unsign": unsign, "quote": quote}
"""What a person may do to an issue or comment of ours before its lost answer is searched for."""


@dataclass(slots=True, kw_only=True)
class Conditions(Actors):
    """What disturbs the two sides besides the people on them."""

    clock: FollowingClock
    unreadable_issues: set[int] = field(default_factory=set)
    unreadable_comments: dict[int, Note] = field(default_factory=dict)
    """The notes whose comment, or our copy of it, can't be read, by the id of the row."""

    # --- rows that can't be read -------------------------------------------------------------------------

    def spoil_issue(self, report: ReportId) -> None:
        """GitHub shows the issue in a state that nobody knows."""
        number = self.issue_numbers()[report]
        if number is not None:
            row = self.repository_of(number).issue(number)
            self.github.simulator.views.edits[row.id] = lambda shown: shown.update(state="half-open")
            self.unreadable_issues.add(number)

    def spoil_comment(self, note: Note) -> None:
        """GitHub shows the comment, or our copy of it, with a body that is no text."""
        for row in self.rows_on_github(note):
            self.github.simulator.views.edits[row.id] = lambda shown: shown.update(body=["x"])
            self.unreadable_comments[row.id] = note

    def make_readable(self) -> None:
        """GitHub shows every row as documented again."""
        self.github.simulator.views.edits.clear()
        self.unreadable_issues.clear()
        self.unreadable_comments.clear()

    def numbers_that_rest(self) -> set[int]:
        """Issues with a row that can't be read: their links rest, at least while GitHub shows that row."""
        rows = [
            (row.id, row.issue)
            for note in self.unreadable_comments.values()
            for row in self.rows_on_github(note)
        ]
        return self.unreadable_issues | {issue for id_, issue in rows if id_ in self.unreadable_comments}

    def numbers_that_must_rest(self) -> set[int]:
        """Those among `numbers_that_rest` whose row is shown to everybody."""
        hidden = {
            note.number
            for note in self.unreadable_comments.values()
            if note.hidden or (note.side == GITHUB and self.github.world.flagged)
        }
        return self.unreadable_issues | (self.numbers_that_rest() - hidden)

    # --- clocks ------------------------------------------------------------------------------------------

    def set_clocks(self, *, daemon: int, bugspark: int) -> None:
        """Let the clocks of the program and of BugSpark differ from GitHub's by so many seconds."""
        self.clock.ahead = timedelta(seconds=daemon)
        self.bugspark_ahead = timedelta(seconds=bugspark)

    def run_ahead(self, hours: int, *, whole_clock: bool) -> None:
        """GitHub's clock runs ahead, or only the times of its rows; with 0 hours both are correct again."""
        seconds = hours * 3600
        self.github.world.assume(
            clock_ahead_seconds=seconds if whole_clock else 0,
            row_times_ahead_seconds=0 if whole_clock else seconds,
        )

    # --- answers that are lost ---------------------------------------------------------------------------

    def edit_answer(self, note: Note, how: str) -> None:
        """Edit our copy of a comment on GitHub, whether or not the program knows it."""
        for row in self.copies_on_github(note):
            self.repository_of(row.issue).edit_comment(row.id, EDITS[how](row.body), by="alice")

    def edit_issue_of_ours(self, report: ReportId, how: str) -> None:
        """Edit the body of the issue that was made for this report, whether or not the program knows it."""
        row = self.all_reports().get(report)
        for number in self.numbers():
            repository = self.repository_of(number)
            issue = repository.issue(number)
            if row is not None and issue.title.startswith(f"[{row['tracking_id']}]"):
                repository.rewrite(number, EDITS[how](issue.body or ""), by="alice")

    # --- BugSpark's own export button --------------------------------------------------------------------

    def file_report(self, title: str) -> ReportId:
        """File a report that nobody exports."""
        report = self.bugspark.add_report(self.project, title, at=self.bugspark_now())
        self.reports[report] = None
        return report

    def press_button(self, report: ReportId) -> None:
        """Press BugSpark's own export button, which knows of no link."""
        if report in self.all_reports():
            number = press_button(self.bugspark, self.repository, report)
            self.pressed.setdefault(report, set()).add(number)

    # --- another repository ------------------------------------------------------------------------------

    def move_integration(self) -> None:
        """The owner connects the project to the other repository, or to the first one again."""
        if self.other is None:
            self.other = self.github.world.add_repository("acme/site")
            self.other.allow("bugspark-bot", "write")
            self.other.allow("alice", "write")
            self.other._last_number = FIRST_OTHER_NUMBER - 1
        self.is_moved = not self.is_moved
        self.cut |= self.pressed.keys()  # what the button made just before is found by command
        self.bugspark.execute("DELETE FROM integrations")
        self.bugspark.add_integration(self.project, repo="site" if self.is_moved else "web", token=BOT_TOKEN)

    def restore(self) -> bool:
        """End the conditions that keep links from being equal; returns whether there were any."""
        disturbed = bool(self.unreadable_issues or self.unreadable_comments or self.is_moved)
        self.make_readable()
        if self.is_moved:
            self.move_integration()
        return disturbed
