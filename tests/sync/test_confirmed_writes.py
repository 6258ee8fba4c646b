"""What a confirmed write means for base, ledger and story; what can't be meant is an error, not a guess."""

from typing import Any

import pytest

from reconciler.model.fields import IssueState, Severity, Side, Status
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Confirmed,
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredLabels,
    DesiredState,
    DesiredTitle,
    Intent,
    NewComment,
    NewIssue,
)
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkState
from reconciler.model.plan import Rule, Why
from reconciler.ports import Claim
from reconciler.sync.confirmed_writes import record_confirmation, store_recovered_issue
from reconciler.sync.result import PassStats
from reconciler.text import text_digest
from tests.support.factories import (
    AFTER,
    a_base,
    a_link,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    an_issue,
)
from tests.support.writer_harness import WriterHarness, an_intent

CLOSE = DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved")
RETITLE = DesiredTitle(title="[BUG-0001] Crash", agreed="Crash")
SWAP = DesiredLabels(add="critical", remove=("low",), agreed="critical")
EDIT = DesiredCommentBody(remote_id=a_remote_comment(5).id, body="new", local_digest="of here")
DELETE = DesiredCommentDeletion(remote_id=a_remote_comment(5).id)
CREATE = NewIssue(title="T", body="B", labels=())
COPY = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(5))
CLOSED = an_issue(state=IssueState.CLOSED, state_reason="completed")


async def stored(
    intent: Intent, value: Any, link: Link | None = None, entry: CommentPair | None = None, **harness: Any
) -> WriterHarness:
    """What is there when GitHub has answered with this value."""
    given = WriterHarness(**harness).with_intents(intent)
    claim = Claim(intent=intent, link=link, pair=entry)
    await record_confirmation(given.context(), claim, Confirmed(value=value, request_id="R1"), PassStats())
    assert given.intents.rows == {}
    return given


async def test_a_closed_issue_moves_the_base_and_is_recorded_with_githubs_reason() -> None:
    harness = await stored(an_intent(Operation.STATUS, CLOSE), CLOSED, a_link())
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert link.base == a_base(status=Status.RESOLVED)
    assert link.seen is not None
    assert link.seen.state is IssueState.CLOSED
    (change,) = harness.intents.changes
    assert (change.side, change.to, change.rule, change.request_id) == (
        Side.GITHUB,
        "resolved",
        Rule.RECORDED,
        "R1",
    )


async def test_a_title_is_agreed_on_as_github_spells_it() -> None:
    value = an_issue(title="[BUG-0001] Crash")
    harness = await stored(an_intent(Operation.TITLE, RETITLE), value, a_link())
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert link.base == a_base(title="Crash", remote_title="[BUG-0001] Crash")
    assert harness.intents.changes[0].to == "Crash"


async def test_a_swap_is_finished_only_when_one_label_of_its_field_is_left() -> None:
    intent = an_intent(Operation.SEVERITY, SWAP)
    for left, agreed in ((("critical",), Severity.CRITICAL), (("critical", "high"), a_base().severity)):
        (link,) = (await stored(intent, left, a_link())).intents.stored
        assert isinstance(link, Link)
        assert (link.seen.labels if link.seen else None, link.base) == (left, a_base(severity=agreed))


async def test_a_lower_label_added_during_the_swap_is_kept_in_the_history() -> None:
    harness = await stored(
        an_intent(Operation.SEVERITY, SWAP), ("critical", "low", "high-priority"), a_link()
    )
    assert [(each.kind, each.lost) for each in harness.intents.changes[1:]] == [(Kind.CONFLICT, "high")]


async def test_an_edited_copy_is_live_with_both_new_texts_and_its_link_untouched() -> None:
    intent = an_intent(Operation.EDIT_COMMENT, EDIT, why=Why(rule=Rule.COMMENT_EDITED, local="new"))
    harness = await stored(intent, a_remote_comment(5, "new"), a_link(), COPY)
    (entry,) = harness.intents.stored
    assert isinstance(entry, CommentPair)
    assert (entry.state, entry.local_digest, entry.remote_digest) == (
        CommentPairState.LIVE,
        "of here",
        text_digest("new"),
    )
    assert harness.intents.changes[0].to == "new"


async def test_a_deleted_copy_is_over_and_a_link_that_is_gone_too_is_no_matter() -> None:
    (entry,) = (await stored(an_intent(Operation.DELETE_COMMENT, DELETE), None, None, COPY)).intents.stored
    assert isinstance(entry, CommentPair)
    assert (entry.state, entry.reason) == (CommentPairState.ENDED, "deleted in BugSpark")


async def test_a_posted_comment_recorded_without_a_reason_is_in_the_history_too() -> None:
    harness = await stored(
        an_intent(Operation.CREATE_COMMENT, NewComment(body="B")), a_remote_comment(5), a_link(), COPY
    )
    assert [(each.to, each.rule) for each in harness.intents.changes] == [(None, Rule.RECORDED)]


@pytest.mark.parametrize(
    ("operation", "desired"),
    [
        (Operation.CREATE_COMMENT, NewComment(body="B")),
        (Operation.EDIT_COMMENT, EDIT),
        (Operation.DELETE_COMMENT, DELETE),
        (Operation.STATUS, CLOSE),
    ],
)
async def test_an_answer_without_the_row_it_belongs_to_is_stored_nowhere(
    operation: Operation, desired: Desired
) -> None:
    intent = an_intent(operation, desired)
    harness = WriterHarness().with_intents(intent)
    claim = Claim(intent=intent, link=None, pair=None)
    with pytest.raises(ValueError, match="row it belongs to is missing"):
        await record_confirmation(
            harness.context(), claim, Confirmed(value=CLOSED, request_id=None), PassStats()
        )
    assert harness.intents.only == intent


async def test_a_link_without_a_base_was_never_to_be_written_to() -> None:
    with pytest.raises(ValueError, match="before its initial sync"):
        await stored(an_intent(Operation.STATUS, CLOSE), CLOSED, a_new_link())


async def test_an_issue_of_a_report_deleted_during_the_write_is_recorded_and_not_read() -> None:
    intent = an_intent(Operation.CREATE_ISSUE, CREATE, link_id=None, number=None)
    for report, state, rest in (
        (None, LinkState.REPORT_DELETED, None),
        (WriterHarness().report, LinkState.ACTIVE, an_issue().created_at),
    ):
        harness, stats = WriterHarness(report=report).with_intents(intent), PassStats()
        await store_recovered_issue(harness.context(), intent, an_issue(), stats)
        (link,) = harness.intents.stored
        assert isinstance(link, Link)
        assert (link.state, link.quarantined_until) == (state, rest)
        assert (link.base is None) is (report is None)
        assert stats.counts["issues_created"] == 1
        assert harness.intents.changes[0].since == AFTER


async def test_an_issue_that_was_made_is_linked_to_its_report() -> None:
    made = an_intent(Operation.CREATE_ISSUE, CREATE, link_id=None, number=None)
    harness = await stored(made, an_issue(number=IssueNumber(13)))
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert (link.number, link.report_id, link.state) == (13, made.report_id, LinkState.ACTIVE)
    assert (harness.intents.changes[0].link_id, harness.intents.changes[0].request_id) == (link.id, "R1")
