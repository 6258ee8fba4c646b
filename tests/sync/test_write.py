"""Claim, send once, confirm: the result of one intent for every event in between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.link import seen_issue
from reconciler.errors import (
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
    LimitedError,
    ProjectLockLostError,
)
from reconciler.model.fields import IssueState, Side
from reconciler.model.intent import (
    Confirmed,
    DesiredCommentDeletion,
    DesiredState,
    DesiredTitle,
    Intent,
    IntentState,
    NotSent,
    OutcomeUnknown,
    Refused,
)
from reconciler.model.issue import Issue
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPair, CommentPairState, Link
from reconciler.ports import Claim
from reconciler.sync.result import PassStats, WriteProblem
from reconciler.sync.write import REFUSED_WRITE_QUARANTINE, IntentWriter
from tests.support.factories import AFTER, a_link, a_local_comment, a_pair, a_remote_comment, an_issue
from tests.support.writer_harness import (
    PROJECT_STATE,
    MemoryClock,
    MemoryIntents,
    ScriptedGitHub,
    WriterHarness,
    an_intent,
)

PLANNED, SENDING, UNKNOWN, QUARANTINED = (
    IntentState.PLANNED,
    IntentState.SENDING,
    IntentState.UNKNOWN,
    IntentState.QUARANTINED,
)
CLOSED = an_issue(state=IssueState.CLOSED, state_reason="completed")
CLOSE = an_intent(
    Operation.STATUS, DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved")
)
RETITLE = an_intent(Operation.TITLE, DesiredTitle(title="[BUG-0001] Crash", agreed="Crash"))
DELETE = an_intent(Operation.DELETE_COMMENT, DesiredCommentDeletion(remote_id=a_remote_comment(5).id))
COPY = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(5))
DONE = Confirmed(value=CLOSED, request_id=None)
GONE = Refused(status=404, reason="Not Found", gone=True, request_id=None)
LATER, EARLIER = AFTER + timedelta(seconds=1), AFTER - timedelta(seconds=1)


@dataclass(slots=True)
class Lock:
    """A project lock: held, or lost to another process."""

    lost: bool = False

    async def ensure_held(self) -> None:
        if self.lost:
            raise ProjectLockLostError("somebody else has it")


@dataclass(slots=True, kw_only=True)
class PassWriter:
    """The writer of one pass with these intents, all of them derived by this pass."""

    harness: WriterHarness
    lock: Lock = field(default_factory=Lock)
    stats: PassStats = field(default_factory=PassStats)
    decided_again: list[Issue] = field(default_factory=list)  # links decided again because of these

    async def run(self, *, derived: bool = True, **context: Any) -> None:
        async def redecide(issue: Issue) -> None:
            self.decided_again.append(issue)

        async def read_missing(link: Link) -> bool:
            return False

        rows = self.harness.intents.rows.values()
        await IntentWriter(
            context=self.harness.context(**context),
            project_state=PROJECT_STATE,
            project_lock=self.lock,
            stats=self.stats,
            derived_keys={(each.local_id, each.operation) for each in rows} if derived else set(),
            decide_again=redecide,
            handle_issue_not_found=read_missing,
            observed_monotonic=0.0,
        ).send_due_intents()


def pass_writer(*intents: Intent, passed: float = 0.0, link: Any = None, **answers: Any) -> PassWriter:
    link = link or a_link()
    rows = MemoryIntents(link=link, pair=COPY)
    harness = WriterHarness(
        github=ScriptedGitHub(**answers), intents=rows, time=MemoryClock(passed=passed), link=link
    )
    return PassWriter(harness=harness.with_intents(*intents))


@pytest.mark.parametrize(
    ("state", "not_before", "sent", "sent_by_hand"),
    [
        (PLANNED, None, True, True),
        (PLANNED, EARLIER, True, True),
        (PLANNED, LATER, False, True),
        (QUARANTINED, EARLIER, True, True),
        (QUARANTINED, LATER, False, True),
        (QUARANTINED, None, False, True),
        (SENDING, None, False, False),
        (UNKNOWN, None, False, False),
    ],
)
@pytest.mark.parametrize("by_hand", [False, True])
async def test_an_intent_is_sent_when_it_is_due_and_at_once_for_a_manual_command(
    state: IntentState, not_before: Any, *, sent: bool, sent_by_hand: bool, by_hand: bool
) -> None:
    waiting = replace(CLOSE, state=state, not_before=not_before)
    writer = pass_writer(waiting, update_issue=[DONE])
    await writer.run(manual=by_hand)
    gone = sent_by_hand if by_hand else sent
    assert list(writer.harness.intents.rows.values()) == ([] if gone else [waiting])
    assert len(writer.harness.github.requests) == gone


async def test_an_intent_that_this_pass_did_not_derive_is_dropped_unsent() -> None:
    writer = pass_writer(CLOSE)
    await writer.run(derived=False)
    assert (writer.harness.intents.rows, writer.harness.github.requests) == ({}, [])


# --- a state is written on a fresh look only --------------------------------------------------------------


async def test_a_state_is_looked_at_again_before_it_is_written_once_for_all_its_writes() -> None:
    second = replace(CLOSE, id=RETITLE.id)
    writer = pass_writer(
        CLOSE,
        second,
        passed=60,
        issue=[an_issue()],
        update_issue=[DONE, DONE],
        link=a_link(seen=seen_issue(an_issue())),
    )
    await writer.run()
    assert [name for name, *_ in writer.harness.github.requests] == ["issue", "update_issue", "update_issue"]
    assert writer.decided_again == []


async def test_an_intent_overtaken_by_a_user_is_dropped_and_the_link_decided_again() -> None:
    reopened = an_issue(updated_at=LATER, comments=3)
    writer = pass_writer(CLOSE, passed=60, issue=[reopened])
    await writer.run()
    assert writer.decided_again == [reopened]
    assert (writer.harness.intents.rows, len(writer.harness.github.requests)) == ({}, 1)


@pytest.mark.parametrize(
    "error", [GitHubNotFoundError("It is not there.", 404), IssueTransferredError("It has moved.")]
)
async def test_a_state_of_an_issue_that_is_not_there_rests_with_the_reason(error: GitHubError) -> None:
    writer = pass_writer(CLOSE, passed=60, issue=[error])
    await writer.run()
    rests = writer.harness.intents.only
    assert (rests.state, rests.not_before, rests.reason) == (
        QUARANTINED,
        AFTER + REFUSED_WRITE_QUARANTINE,
        str(error),
    )
    assert writer.stats.problems == [WriteProblem(CLOSE.operation, CLOSE.report_id, str(error))]


# --- the claim --------------------------------------------------------------------------------------------


def claiming(found: Callable[[PassWriter, Intent], Claim | None]) -> PassWriter:
    writer = pass_writer(CLOSE, update_issue=[DONE])
    writer.harness.intents.claim_of = lambda intent: found(writer, intent)
    return writer


async def test_an_intent_claimed_by_another_process_is_not_sent() -> None:
    writer = claiming(lambda *_: None)
    await writer.run()
    assert (writer.harness.intents.only, writer.harness.github.requests) == (CLOSE, [])


async def test_an_intent_whose_cause_is_gone_is_cancelled() -> None:
    writer = claiming(lambda _, intent: Claim(intent=intent, link=None, pair=None, cause_gone=True))
    await writer.run()
    assert (writer.harness.intents.rows, writer.harness.github.requests) == ({}, [])


def slow(seconds: float, *, lost: bool = False) -> PassWriter:
    """A claim that took so long, and perhaps somebody took the project over in the meantime."""

    def claim(at: PassWriter, intent: Intent) -> Claim:
        at.harness.time.passed += seconds
        at.lock.lost = lost
        sending = replace(intent, state=SENDING, attempts=1)
        at.harness.intents.rows[intent.id] = sending
        return Claim(intent=sending, link=a_link(), pair=None)

    return claiming(claim)


@pytest.mark.parametrize("seconds", [0.5, 3.0])
async def test_a_claim_that_was_quick_enough_is_sent(seconds: float) -> None:
    writer = slow(seconds)
    await writer.run()
    assert (writer.harness.intents.rows, len(writer.harness.github.requests)) == ({}, 1)


async def test_a_claim_that_was_long_on_its_way_is_given_back_unsent() -> None:
    writer = slow(5.1)
    await writer.run()
    assert (writer.harness.intents.only.state, writer.harness.github.requests) == (PLANNED, [])


async def test_a_project_lock_lost_during_the_claim_returns_the_claim_and_stops() -> None:
    writer = slow(3.0, lost=True)
    with pytest.raises(ProjectLockLostError):
        await writer.run()
    assert (writer.harness.intents.only.state, writer.harness.github.requests) == (PLANNED, [])


# --- the answer -------------------------------------------------------------------------------------------


async def test_a_limit_ends_the_pass_and_the_intent_stays_planned() -> None:
    writer = pass_writer(CLOSE, update_issue=[LimitedError("wait", until=LATER)])
    with pytest.raises(LimitedError):
        await writer.run()
    assert (writer.harness.intents.only.state, writer.harness.intents.only.attempts) == (PLANNED, 1)


async def test_what_was_not_sent_is_planned_and_the_pass_ends() -> None:
    writer = pass_writer(CLOSE, update_issue=[NotSent(reason="no route")])
    with pytest.raises(GitHubError, match="Shop: no route; nothing was sent, the next pass tries again"):
        await writer.run()
    assert writer.harness.intents.only.state is PLANNED


async def test_an_unknown_outcome_is_reported_and_nothing_is_sent_again() -> None:
    writer = pass_writer(CLOSE, update_issue=[OutcomeUnknown(reason="502")])
    await writer.run()
    waits = writer.harness.intents.only
    assert (waits.state, waits.ended_at, waits.reason) == (UNKNOWN, AFTER, "502")
    (problem,) = writer.stats.problems
    assert isinstance(problem, WriteProblem) and "outcome unknown (502)" in problem.reason


async def test_a_write_refused_because_its_object_is_gone_rests_unless_it_was_to_go() -> None:
    writer = pass_writer(RETITLE, update_issue=[GONE])
    await writer.run()
    assert (writer.harness.intents.only.state, writer.harness.intents.only.reason) == (
        QUARANTINED,
        "Not Found",
    )


async def test_a_copy_that_is_gone_already_counts_as_deleted() -> None:
    writer = pass_writer(DELETE, delete_comment=[GONE], comment=[GitHubNotFoundError("gone", 404)])
    await writer.run()
    (entry,) = writer.harness.intents.stored
    assert isinstance(entry, CommentPair)
    assert (writer.harness.intents.rows, entry.state) == ({}, CommentPairState.ENDED)


@pytest.mark.parametrize("copy", [a_remote_comment(5), IssueUnreadableError("its author can't be read")])
async def test_a_404_for_a_copy_that_is_still_there_is_no_access_and_no_deletion(copy: Any) -> None:
    writer = pass_writer(DELETE, delete_comment=[GONE], comment=[copy])
    await writer.run()
    assert (writer.harness.intents.only.state, writer.harness.intents.stored) == (QUARANTINED, [])
