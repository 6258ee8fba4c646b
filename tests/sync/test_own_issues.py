"""A second copy of ours is closed once, and counts as closed only when GitHub has confirmed it."""

import asyncio
from dataclasses import replace

import pytest

from reconciler.errors import GitHubError
from reconciler.fields.status import state_update
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Confirmed,
    IntentState,
    NewIssue,
    NotSent,
    OutcomeUnknown,
    Refused,
    WriteResult,
)
from reconciler.model.issue import Issue
from reconciler.model.kinds import Operation
from reconciler.model.link import Link, LinkState
from reconciler.sync.context import WRITE_POINTS
from reconciler.sync.own_issues import UnlinkedIssues, adopt_and_close_duplicates, classify_unlinked_issues
from reconciler.sync.result import PassStats
from tests.support.factories import OCTOCAT, REPORT, a_link, an_issue
from tests.support.writer_harness import LONG_AGO, PROJECT_STATE, ScriptedGitHub, WriterHarness, an_intent

MARKED = "text\n\n<!-- bugspark-sync v1 -->"
ELEVEN, THIRTEEN = (an_issue(number=IssueNumber(n), body=MARKED) for n in (11, 13))
CREATE = an_intent(
    Operation.CREATE_ISSUE, NewIssue(title="T", body=MARKED, labels=()), link_id=None, number=None
)
SAID: tuple[WriteResult[Issue], ...] = (
    Confirmed(value=THIRTEEN, request_id=None),
    Refused(status=403, reason="not yours", gone=False, request_id=None),
)


@pytest.mark.parametrize("answer", SAID)
async def test_an_open_double_is_closed_as_a_duplicate_and_a_closed_one_left_alone(
    answer: WriteResult[Issue],
) -> None:
    harness = WriterHarness(github=ScriptedGitHub(update_issue=[answer]))
    closed = an_issue(number=IssueNumber(14), state=IssueState.CLOSED)
    await adopt_and_close_duplicates(
        harness.context(), UnlinkedIssues(duplicates=(closed, THIRTEEN)), PassStats()
    )
    assert harness.github.requests == [("update_issue", 13, state_update(IssueState.CLOSED, "duplicate"))]
    assert harness.slots == [(harness.github.credential, WRITE_POINTS)]


@pytest.mark.parametrize("answer", [NotSent(reason="no connection"), OutcomeUnknown(reason="answer lost")])
async def test_a_double_that_may_still_be_open_must_be_seen_again(answer: WriteResult[Issue]) -> None:
    harness = WriterHarness(github=ScriptedGitHub(update_issue=[answer]))
    with pytest.raises(GitHubError, match=r"Shop: a second copy could not be closed: (no conn|answer lost)"):
        await adopt_and_close_duplicates(
            harness.context(), UnlinkedIssues(duplicates=(ELEVEN, THIRTEEN)), PassStats()
        )
    assert len(harness.github.requests) == 1


async def test_a_double_waits_its_turn_among_the_writes_of_its_credential() -> None:
    harness = WriterHarness(github=ScriptedGitHub(update_issue=[SAID[0]]))
    context = harness.context()
    async with context.credential_locks.hold(harness.github.credential):
        healing = asyncio.create_task(
            adopt_and_close_duplicates(context, UnlinkedIssues(duplicates=(THIRTEEN,)), PassStats())
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (harness.slots, harness.github.requests) == ([], [])
    await healing
    assert len(harness.github.requests) == 1


async def test_what_was_lost_is_adopted_and_its_double_closed() -> None:
    harness = WriterHarness(github=ScriptedGitHub(update_issue=[SAID[0]])).with_intents(CREATE)
    stats = PassStats()
    await adopt_and_close_duplicates(
        harness.context(), UnlinkedIssues(lost_creates=((CREATE, ELEVEN),), duplicates=(THIRTEEN,)), stats
    )
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert (link.number, link.report_id, harness.intents.rows) == (11, REPORT, {})
    assert (stats.to_applied().issues_created, len(harness.github.requests)) == (1, 1)


async def test_of_several_answers_to_one_create_the_oldest_counts() -> None:
    harness = WriterHarness(marked=REPORT).with_intents(CREATE)
    found = await classify_unlinked_issues(
        harness.context(), PROJECT_STATE, (THIRTEEN, an_issue(number=IssueNumber(9)), ELEVEN)
    )
    assert found.lost_creates == ((CREATE, ELEVEN),)
    assert found.duplicates == (THIRTEEN,)
    assert [issue.number for issue in found.others] == [9]


async def test_an_issue_by_the_button_answers_no_create_that_was_never_sent() -> None:
    pressed = an_issue(number=ELEVEN.number, title="T", body="*Exported from BugSpark (BUG-0001)*")
    harness = WriterHarness().with_intents(CREATE)
    found = await classify_unlinked_issues(harness.context(), PROJECT_STATE, (pressed,))
    assert (found, harness.intents.only) == (UnlinkedIssues(others=(pressed,)), CREATE)


async def test_an_issue_of_ours_that_is_not_like_what_was_sent_answers_no_create() -> None:
    other = an_issue(number=ELEVEN.number, title="Other", body="*Exported from BugSpark (BUG-0002)*")
    lost = replace(CREATE, state=IntentState.UNKNOWN, attempts=1, claimed_at=LONG_AGO)
    harness = WriterHarness().with_intents(lost)
    found = await classify_unlinked_issues(harness.context(), PROJECT_STATE, (other,))
    assert (found, harness.intents.only) == (UnlinkedIssues(others=(other,)), lost)


async def test_without_a_marker_anywhere_nothing_is_asked_of_the_tables() -> None:
    issues = (an_issue(), an_issue(number=IssueNumber(9)))
    assert await classify_unlinked_issues(WriterHarness().context(), PROJECT_STATE, issues) == UnlinkedIssues(
        others=issues
    )


async def test_a_marker_under_a_stranger_s_name_is_a_stranger_s() -> None:
    copied = an_issue(body=MARKED, author=OCTOCAT)
    assert await classify_unlinked_issues(
        WriterHarness(marked=REPORT).context(), PROJECT_STATE, (copied,)
    ) == UnlinkedIssues(others=(copied,))


@pytest.mark.parametrize(
    ("number", "state", "was", "double"),
    [
        (11, LinkState.ACTIVE, False, False),  # the link's own issue
        (12, LinkState.ACTIVE, False, True),
        (12, LinkState.NEW, False, True),
        (12, LinkState.UNLINKED, False, False),
        (12, LinkState.ACTIVE, True, False),  # a person cut a link and made another: both issues stay
    ],
)
async def test_an_issue_is_a_double_only_beside_a_live_link_that_was_never_its_own(
    number: int, state: LinkState, *, was: bool, double: bool
) -> None:
    link = a_link(number=IssueNumber(number), state=state)
    harness = WriterHarness(
        marked=REPORT, link=link, was_linked=a_link(number=ELEVEN.number) if was else None
    )
    found = await classify_unlinked_issues(harness.context(), PROJECT_STATE, (ELEVEN,))
    assert found == (UnlinkedIssues(duplicates=(ELEVEN,)) if double else UnlinkedIssues(others=(ELEVEN,)))
