"""Rules of the state machine for conditions that are rare in the field, alone and beside everything else.

Rows that can't be read; answers that are lost, and edited before they are searched for; GitHub's times ahead;
BugSpark's own export button; a project that is connected to another repository.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from reconciler.demo.github.faults import Drop, Limit
from tests.proofs.random_history import INDEXES, USER_ACTIONS, RandomHistory
from tests.support.scenario_conditions import EDITS

CLOCKS = st.sampled_from([0, 0, -90, -2, 2, 90])
"""How many seconds a clock is ahead of the real time."""
MAX_REPORTS = 4
LOST = Drop(applied=True, reset=True)


class RareEventHistory(RandomHistory):
    """Everything that `RandomHistory` does, and what is rare."""

    @initialize(
        acts=st.lists(USER_ACTIONS, max_size=4), is_limited=st.booleans(), daemon=CLOCKS, bugspark=CLOCKS
    )
    def begin(self, acts: list[tuple[str, int, Any]], is_limited: bool, daemon: int, bugspark: int) -> None:
        """Export a report as the project's first contact, which a limit may end before anything is known."""
        self.scenario.set_clocks(daemon=daemon, bugspark=bugspark)
        if is_limited:
            self.scenario.github.simulator.faults.add(Limit(wait=60), times=None)
        report = self.wait(self.scenario.export(title="first"))
        self.scenario.github.simulator.faults.clear()
        self.scenario.comment_in_bugspark(report)
        self.scenario.comment_on_github(report)
        self.wait(self.scenario.run(seconds=61 if is_limited else 5))
        for act in acts:
            self.act(act)

    # --- rows that can't be read -------------------------------------------------------------------------

    @rule(index=INDEXES, comment=st.booleans())
    def row_becomes_unreadable(self, index: int, comment: bool) -> None:
        if not comment:
            self.scenario.spoil_issue(self.report_at(index))
        elif self.scenario.notes:
            self.scenario.spoil_comment(self.scenario.notes[-1 - index % len(self.scenario.notes)])

    @precondition(lambda self: self.scenario.unreadable_issues or self.scenario.unreadable_comments)
    @rule()
    def rows_become_readable(self) -> None:
        self.scenario.make_readable()

    # --- answers that are lost ---------------------------------------------------------------------------

    @rule(index=INDEXES, how=st.sampled_from(sorted(EDITS)), seconds=st.sampled_from([1, 61]))
    def lost_comment_is_edited(self, index: int, how: str, seconds: int) -> None:
        report = self.report_at(index)
        known = len(self.scenario.notes)
        self.scenario.comment_in_bugspark(report)
        self._lose(r"/issues/\d+/comments$", seconds)
        for note in self.scenario.notes[known:]:
            self.scenario.edit_answer(note, how)

    @precondition(lambda self: len(self.scenario.reports) < MAX_REPORTS)
    @rule(how=st.sampled_from(["append", "unsign"]), seconds=st.sampled_from([1, 61]))
    def lost_issue_is_edited(self, how: str, seconds: int) -> None:
        self.scenario.github.simulator.faults.add(LOST, method="POST", path="/issues$")
        report = self.wait(self.scenario.export(title=f"report {len(self.scenario.reports)}"))
        self.scenario.github.simulator.faults.clear()
        self.scenario.edit_issue_of_ours(report, how)
        self.wait(self.scenario.run(seconds=seconds))

    def _lose(self, path: str, seconds: int) -> None:
        """Run a pass whose answers to these creates are lost."""
        self.scenario.github.simulator.faults.add(LOST, method="POST", path=path, times=None)
        self.wait(self.scenario.run(seconds=seconds))
        self.scenario.github.simulator.faults.clear()

    # --- times ahead -------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([0, 0, 1, 5]), whole_clock=st.booleans())
    def times_run_ahead(self, hours: int, whole_clock: bool) -> None:
        self.scenario.run_ahead(hours, whole_clock=whole_clock)

    # --- BugSpark's own export button --------------------------------------------------------------------

    @precondition(lambda self: len(self.scenario.reports) < MAX_REPORTS)
    @rule(presses=st.integers(1, 2), seconds=st.sampled_from([0, 61]))
    def file_and_press_button(self, presses: int, seconds: int) -> None:
        report = self.scenario.file_report(f"report {len(self.scenario.reports)}")
        for _ in range(presses):
            self.scenario.press_button(report)
            self.scenario.github.clock.advance(seconds)

    @precondition(lambda self: sum(map(len, self.scenario.pressed.values())) < MAX_REPORTS)
    @rule(index=INDEXES)
    def press_button(self, index: int) -> None:
        self.scenario.press_button(self.report_at(index))

    @precondition(lambda self: self.scenario.pressed)
    @rule(index=INDEXES, instead=st.booleans())
    def settle_second_issue(self, index: int, instead: bool) -> None:
        reports = list(self.scenario.pressed)
        report = reports[index % len(reports)]
        self.wait(self.scenario.settle_second_issue(report, instead=instead))

    # --- another repository ------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 61]))
    def move_integration(self, seconds: int) -> None:
        self.scenario.move_integration()
        self.wait(self.scenario.run(seconds=seconds))
