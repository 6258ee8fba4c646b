"""Rules of the state machine for followers: made, commented, changed by hand, let go, left to lead."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from reconciler.bootstrap.application import Application
from reconciler.errors import ProjectError, RefusedError, UsageError
from reconciler.model.ids import ReportId
from tests.proofs.random_history import INDEXES, STATUSES, USER_ACTIONS, RandomHistory
from tests.support.scenario import Scenario
from tests.support.scenario_records import BUGSPARK, Note

MAX_REPORTS = 6
ABOUT_LINK = "Linked to BUG-"


class FollowerHistory(RandomHistory):
    """Everything that `RandomHistory` does, with reports that follow others."""

    def __init__(self) -> None:
        super().__init__()
        self.ever_followed: set[ReportId] = set()
        self.notes_before: dict[ReportId, int] = {}  # how many comments each had when it began to follow

    @initialize(acts=st.lists(USER_ACTIONS, max_size=2))
    def begin_with_a_follower(self, acts: list[tuple[str, int, Any]]) -> None:
        self.follow(0)
        self.wait(self.scenario.run())
        for act in acts:
            self.act(act)

    @precondition(lambda self: 0 < len(self.scenario.reports) < MAX_REPORTS)
    @rule(index=INDEXES)
    def follow(self, index: int) -> None:
        """A new report, with an older comment or not, is the same as one that is linked."""
        scenario = self.scenario
        if not scenario.reports:
            self.wait(scenario.export(title="first"))
        lead = self.report_at(index)
        number = scenario.issue_numbers()[lead]
        report = scenario.bugspark.add_report(
            scenario.project, f"follower {len(scenario.reports)}", at=scenario.bugspark_now()
        )
        scenario.reports[report] = None
        self.ever_followed.add(report)
        if index % 2:
            scenario.comment_in_bugspark(report)
        if number is None or not scenario.is_here(number):
            return
        self.notes_before[report] = len(scenario.notes)
        issue = f"{scenario.repository_of(number).full_name}#{number}"

        async def command(app: Application) -> None:
            try:
                await app.follow(str(report), issue)
            except (RefusedError, UsageError, ProjectError):  # nobody leads it just now, or it was deleted
                return

        self.wait(scenario.run_work(command))

    @precondition(lambda self: bool(self.ever_followed))
    @rule(index=INDEXES, status=st.sampled_from(STATUSES))
    def change_follower_by_hand(self, index: int, status: str) -> None:
        report = self.follower_at(index)
        if report in self.scenario.all_reports():
            self.scenario.set_in_bugspark(report, "status", status)

    @precondition(lambda self: bool(self.ever_followed))
    @rule(index=INDEXES)
    def comment_on_follower(self, index: int) -> None:
        self.scenario.comment_in_bugspark(self.follower_at(index))

    @precondition(lambda self: bool(self.ever_followed))
    @rule(index=INDEXES)
    def let_follower_go(self, index: int) -> None:
        self.wait(self.scenario.unlink(self.follower_at(index)))

    @rule(is_on=st.booleans())
    def switch_link_comment(self, is_on: bool) -> None:
        """The owner lets issues that are linked by command show it, or no more."""
        self.wait(self.scenario.save_settings(link_comment=is_on))

    def follower_at(self, index: int) -> ReportId:
        """Return one of the reports that follow, or did."""
        return sorted(self.ever_followed)[index % len(self.ever_followed)]

    def violations_when_settled(self) -> list[str]:
        """Return those of followers, too. No edit of a field counts from before a report led."""
        for report in self.ever_followed:
            for item in ("status", "severity", "category"):
                self.scenario.field_edits.pop((report, item), None)
        found = super().violations_when_settled()
        with self.scenario.cached_reads():
            for row in self.scenario.rows("sync_followers"):
                found += _follower_violations(self.scenario, row, self.notes_before)
            found += _link_comment_violations(self.scenario)
        return found


def _follower_violations(
    scenario: Scenario, row: Mapping[str, Any], notes_before: Mapping[ReportId, int]
) -> Iterator[str]:
    report = ReportId(row["report_id"])
    known = scenario.all_reports().get(report)
    links = [link for link in scenario.rows("sync_links") if link["id"] == row["link_id"]]
    if known is None or known["github_issue_number"] is not None:
        return
    (link,) = links
    if link["state"] in ("unlinked", "report_deleted"):
        yield f"follower {report} follows a link that is {link['state']}"
    number = int(link["number"])
    rests = number in scenario.numbers_that_rest() or link["quarantined_until"] is not None
    if link["state"] != "active" or rests or not scenario.is_here(number):
        return
    issue = scenario.repository_of(number).issue(number)
    if row["state"] != issue.state:
        yield f"follower {report} took over {row['state']}, and #{number} is {issue.state}"
    for note in scenario.notes[notes_before.get(report, 0) :]:
        if note.side == BUGSPARK and note.report == report:
            yield from _copies_of(scenario, note, link, number)


def _link_comment_violations(scenario: Scenario) -> Iterator[str]:
    """Check that a link has one comment about itself at most, and that none of them is imported."""
    for number in scenario.numbers():
        shown = sum(body.startswith(ABOUT_LINK) for body in scenario.comments_of_issue(number))
        if shown > len(scenario.rows("sync_links", number=number)):
            yield f"{shown} comments on #{number} say what it is linked to"
    for report in scenario.reports:
        if any(ABOUT_LINK in body for body in scenario.comments_of_report(report)):
            yield f"report {report} has a comment about a link"


def _copies_of(scenario: Scenario, note: Note, link: Mapping[str, Any], number: int) -> Iterator[str]:
    copies = sum(note.token_on(number) in body for body in scenario.comments_of_issue(number))
    rows = [row for row in scenario.rows("sync_comments", local_id=note.id) if row["link_id"] == link["id"]]
    is_kept = any(row["state"] in ("skipped", "tombstone") and row["reason"] for row in rows)
    if number in note.copies_gone or number in note.copies_hidden or is_kept:
        return
    if copies != int(not note.gone):
        yield f"{note} of a follower: {copies} copies on #{number}"
