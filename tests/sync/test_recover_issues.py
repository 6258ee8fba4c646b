"""A new issue whose answer was lost is looked for by its marker before it is made again."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from reconciler.errors import GitHubError
from reconciler.fields.status import state_update
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, ReportId, RepositoryId
from reconciler.model.intent import Confirmed, Intent, IntentState, NewIssue
from reconciler.model.issue import Issue
from reconciler.model.kinds import Operation
from reconciler.model.link import Link, LinkState
from reconciler.sync.recover import RecoveryFindings, conclude_recovery, recover_unknown_writes
from reconciler.sync.result import PassStats
from tests.support.factories import AFTER, OCTOCAT, REPORT, an_issue
from tests.support.writer_harness import LONG_AGO, PROJECT_STATE, ScriptedGitHub, WriterHarness, a_lost_intent

PLANNED, SENDING, UNKNOWN = IntentState.PLANNED, IntentState.SENDING, IntentState.UNKNOWN
EARLIER = AFTER - timedelta(seconds=1)
OTHER = ReportId(uuid4())
MARKED = "text\n\n<!-- bugspark-sync v1 -->"
CREATE = NewIssue(title="T", body=MARKED, labels=())
CLOSED = Confirmed(value=an_issue(state=IssueState.CLOSED), request_id=None)
NINE, ELEVEN, THIRTEEN = (an_issue(number=IssueNumber(n), body=MARKED) for n in (9, 11, 13))


async def found(
    *pages: Any, doubles: tuple[Issue, ...] = (), **given: Any
) -> tuple[WriterHarness, Intent, PassStats]:
    """What is there after GitHub's lists were looked through for a lost issue. `doubles`: found besides, as
    they are once the pass has looked at everything.
    """
    sent = {"link_id": None, "number": None, **given}
    intent, stats = a_lost_intent(Operation.CREATE_ISSUE, CREATE, **sent), PassStats()
    github_side = ScriptedGitHub(all_issues=[pages], update_issue=[CLOSED, CLOSED], issue=doubles)
    harness = WriterHarness(marked=REPORT, github=github_side).with_intents(intent)
    recovery = await recover_unknown_writes(harness.context(), PROJECT_STATE, stats)
    assert recovery == RecoveryFindings(duplicates=tuple(issue.number for issue in doubles))
    assert [name for name, *_ in harness.github.requests] == ["all_issues"], (
        "nothing is sent before the lists are read"
    )
    await conclude_recovery(harness.context(), recovery, ())
    return harness, intent, stats


async def test_a_lost_issue_that_is_there_is_adopted_and_counted() -> None:
    strangers = (an_issue(number=IssueNumber(3)), replace(NINE, author=OCTOCAT))
    harness, _, stats = await found(strangers, (THIRTEEN,), strangers)
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert (link.number, link.report_id, link.state) == (13, REPORT, LinkState.ACTIVE)
    assert (harness.intents.rows, harness.intents.at, stats.to_applied().issues_created) == ({}, AFTER, 1)
    assert harness.github.requests == [("all_issues", LONG_AGO - timedelta(minutes=10))]


async def test_of_several_the_oldest_stays_and_the_others_are_closed_as_duplicates() -> None:
    there = (THIRTEEN, NINE), (replace(NINE, comments=1), ELEVEN)
    harness, *_ = await found(*there, doubles=(ELEVEN, THIRTEEN))
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert link.number == 9
    closed = [("update_issue", number, state_update(IssueState.CLOSED, "duplicate")) for number in (11, 13)]
    assert harness.github.requests[1:] == [("issue", 11), ("issue", 13), *closed]


@dataclass(slots=True, kw_only=True)
class TwoReports(WriterHarness):
    """A valid marker names the report whose id is in the body."""

    def local_id_of_marker(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> UUID | None:
        return next((each for each in (REPORT, OTHER) if str(each) in body), None)


async def test_of_two_lost_issues_in_one_recovery_each_second_copy_is_closed() -> None:
    rows = [
        an_issue(number=IssueNumber(number), body=f"{MARKED} {report}")
        for number, report in ((9, REPORT), (11, OTHER), (13, REPORT), (15, OTHER))
    ]
    intents = [
        a_lost_intent(
            Operation.CREATE_ISSUE, CREATE, link_id=None, number=None, report_id=report, local_id=report
        )
        for report in (REPORT, OTHER)
    ]
    github_side = ScriptedGitHub(
        all_issues=[[rows], [rows]], issue=[rows[2], rows[3]], update_issue=[CLOSED, CLOSED]
    )
    harness = TwoReports(github=github_side).with_intents(*intents)
    recovery = await recover_unknown_writes(harness.context(), PROJECT_STATE, PassStats())
    assert recovery == RecoveryFindings(duplicates=(IssueNumber(13), IssueNumber(15)))
    await conclude_recovery(harness.context(), recovery, ())
    links = [each for each in harness.intents.stored if isinstance(each, Link)]
    assert [(each.report_id, each.number) for each in links] == [(REPORT, 9), (OTHER, 11)]
    closed = [number for name, number, *_ in harness.github.requests if name == "update_issue"]
    assert (closed, harness.intents.rows) == ([13, 15], {})


async def test_one_that_was_closed_as_a_duplicate_before_is_not_the_answer() -> None:
    closed_duplicate = replace(NINE, state=IssueState.CLOSED, state_reason="duplicate")
    harness, *_ = await found((closed_duplicate, THIRTEEN), doubles=(closed_duplicate,))
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert link.number == 13
    assert harness.github.requests[1:] == [("issue", 9)]


async def test_an_issue_that_is_not_there_is_looked_for_twice_and_then_sent_again() -> None:
    harness, intent, _ = await found(state=SENDING, not_before=EARLIER)
    once = replace(intent, state=UNKNOWN, empty_searches=1, not_before=AFTER + timedelta(seconds=60))
    assert harness.intents.only == once
    harness, intent, _ = await found((an_issue(),), empty_searches=1, not_before=EARLIER, reason="502")
    assert harness.intents.only == replace(
        intent, state=PLANNED, empty_searches=0, not_before=None, reason=None
    )


async def test_an_unclaimed_intent_is_looked_for_since_its_creation() -> None:
    harness, *_ = await found(claimed_at=None, ended_at=None, state=SENDING, created_at=EARLIER)
    assert harness.github.requests == [("all_issues", EARLIER - timedelta(minutes=10))]


async def test_a_claim_ahead_of_a_corrected_clock_is_looked_for_since_a_day_ago() -> None:
    """GitHub's clock was ahead when it was claimed: since then no list would show anything."""
    harness, *_ = await found((THIRTEEN,), claimed_at=AFTER + timedelta(hours=5))
    assert harness.github.requests == [("all_issues", AFTER - timedelta(days=1))]
    assert harness.intents.rows == {}


async def test_a_list_that_broke_off_proves_nothing() -> None:
    intent = a_lost_intent(Operation.CREATE_ISSUE, CREATE, link_id=None, number=None, empty_searches=1)
    harness = WriterHarness(github=ScriptedGitHub(all_issues=[((), GitHubError("502"))])).with_intents(intent)
    with pytest.raises(GitHubError):
        await recover_unknown_writes(harness.context(), PROJECT_STATE, PassStats())
    assert harness.intents.only == intent
