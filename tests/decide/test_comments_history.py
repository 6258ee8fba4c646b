"""The reasons, texts and events of decisions about comments.

Found missing by mutation (docs/proofs.md): the decisions were right, but no test checked their reasons.
"""

from typing import Any

import pytest

from reconciler.decide.comment_copies import excerpt
from reconciler.decide.comments import CommentsDecision, decide_comments
from reconciler.decide.edited_originals import COPY_EDITED_ON_GITHUB
from reconciler.model.fields import Side
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, CommentPairState
from reconciler.model.plan import CommentEvent, Rule, Why
from reconciler.model.policy import SyncPolicy
from reconciler.text import text_digest
from tests.support.factories import (
    AFTER,
    a_local_comment,
    a_pair,
    a_remote_comment,
    an_observation,
    ids,
    local_id,
    missing,
)

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = CommentPairState
GITHUB, BUGSPARK = Side.GITHUB, Side.BUGSPARK
LATER = AFTER.replace(minute=59)


def decided(policy: SyncPolicy | None = None, **view: Any) -> CommentsDecision:
    return decide_comments(an_observation(**view), policy or SyncPolicy(), ids())


def ours(*, copied: bool = True, **values: Any) -> CommentPair:
    return a_pair(BUGSPARK, a_local_comment(1), a_remote_comment(1) if copied else None, **values)


def theirs(**values: Any) -> CommentPair:
    return a_pair(GITHUB, a_local_comment(1), a_remote_comment(1), **values)


def reasons(decision: CommentsDecision) -> list[Why]:
    return [action.why for action in decision.actions]


def test_the_event_of_a_copy_deleted_on_github_has_the_originals_text() -> None:
    decision = decided(
        pairs=(missing(ours()),),
        local_comments=(a_local_comment(1),),
        deleted_remote_ids=frozenset({1}),
    )
    (pair,) = decision.pairs
    assert (pair.state, pair.reason) == (TOMBSTONE, "deleted on GitHub")
    (event,) = decision.events
    assert (event.kind, event.side, event.local) == (Kind.COPY_DELETED, GITHUB, "It happens daily")
    assert event.rule


def test_a_copy_deleted_in_bugspark_makes_an_event() -> None:
    decision = decided(pairs=(theirs(),), vanished_pairs=(theirs(),))
    (pair,) = decision.pairs
    assert (pair.state, pair.reason) == (TOMBSTONE, "deleted in BugSpark")
    (event,) = decision.events
    assert (event.kind, event.side, event.local) == (Kind.COPY_DELETED, BUGSPARK, None)
    assert event.rule


def test_the_event_of_an_edited_copy_has_the_new_text() -> None:
    decision = decided(pairs=(ours(),), comments=(a_remote_comment(1, "rewritten", updated_at=LATER),))
    assert decision.events == (
        CommentEvent(kind=Kind.COPY_EDITED, side=GITHUB, rule=COPY_EDITED_ON_GITHUB, remote="rewritten"),
    )
    assert [pair.reason for pair in decision.pairs] == [COPY_EDITED_ON_GITHUB]


def test_the_reason_of_an_edit_on_github_has_the_new_text() -> None:
    decision = decided(pairs=(theirs(),), comments=(a_remote_comment(1, "better words", updated_at=LATER),))
    body = "**octocat** (via GitHub):\n\nbetter words"
    assert reasons(decision) == [Why(rule=Rule.COMMENT_EDITED, remote="better words", to=excerpt(body))]
    (pair,) = decision.pairs
    assert (pair.local_digest, pair.remote_digest) == (text_digest(body), text_digest("better words"))


def test_the_reason_of_an_import_has_both_texts() -> None:
    decision = decided(comments=(a_remote_comment(1, "new"),))
    body = excerpt("**octocat** (via GitHub):\n\nnew")
    assert reasons(decision) == [Why(rule=Rule.COMMENT_CREATED, remote="new", to=body)]


def test_a_comment_that_is_not_by_a_collaborator_is_skipped_with_the_reason() -> None:
    comment = a_remote_comment(1, "me too", collaborator=False)
    decision = decided(SyncPolicy(collaborators_only=True), comments=(comment,))
    (pair,) = decision.pairs
    assert (pair.origin, pair.state, pair.remote_id) == (GITHUB, SKIPPED, 1)
    assert pair.reason == "not by a collaborator (sync.comments_from)"
    assert pair.remote_digest == text_digest("me too")


def test_a_copy_without_an_original_is_recorded_with_the_reason() -> None:
    decision = decided(comments=(a_remote_comment(1, "ours", marker_comment_id=local_id(9)),))
    (pair,) = decision.pairs
    assert (pair.origin, pair.state, pair.remote_id) == (BUGSPARK, SKIPPED, 1)
    assert pair.reason == "our copy of a comment that is no longer in BugSpark"


def test_a_second_copy_has_a_reason_and_its_deletion_the_text() -> None:
    decision = decided(
        pairs=(ours(),), comments=(a_remote_comment(2, "again", marker_comment_id=local_id(1)),)
    )
    (pair,) = decision.pairs
    assert (pair.origin, pair.state, pair.remote_id) == (BUGSPARK, LIVE, 2)
    assert (pair.local_id, pair.reason) == (None, "a second copy of ours")
    assert reasons(decision) == [Why(rule=Rule.COMMENT_DOUBLED, remote="again")]


def test_an_adopted_copy_makes_an_event() -> None:
    waiting = ours(copied=False, state=PENDING)
    decision = decided(
        pairs=(waiting,), comments=(a_remote_comment(5, "arrived", marker_comment_id=local_id(1)),)
    )
    assert decision.events == (
        CommentEvent(kind=Kind.POST_COMMENT, side=GITHUB, rule=Rule.FOUND, remote="arrived"),
    )
    (pair,) = decision.pairs
    assert (pair.state, pair.remote_id, pair.reason) == (LIVE, 5, None)
    assert (pair.remote_digest, pair.remote_updated_at) == (text_digest("arrived"), AFTER)


@pytest.mark.parametrize("switch", [True, False])
def test_a_late_copy_is_deleted_only_if_deletion_on_github_is_on(*, switch: bool) -> None:
    over = ours(copied=False, state=ENDED)
    late = a_remote_comment(5, "too late", marker_comment_id=local_id(1))
    decision = decided(SyncPolicy(delete_on_github=switch), pairs=(over,), comments=(late,))
    (pair,) = decision.pairs
    assert (pair.state, pair.remote_id) == (LIVE if switch else ENDED, 5)
    assert reasons(decision) == ([Why(rule=Rule.COMMENT_DELETED, remote="too late")] if switch else [])
    assert pair.remote_digest == text_digest("too late")


def test_the_deletion_of_a_copy_has_its_text_and_reason_on_both_sides() -> None:
    remote_decision = decided(
        pairs=(missing(theirs()),),
        local_comments=(a_local_comment(1, "their words"),),
        deleted_remote_ids=frozenset({1}),
    )
    assert reasons(remote_decision) == [Why(rule=Rule.COMMENT_DELETED, local="their words")]
    assert [(pair.state, pair.reason) for pair in remote_decision.pairs] == [(ENDED, "deleted on GitHub")]
    local_decision = decided(pairs=(ours(),), vanished_pairs=(ours(),))
    assert reasons(local_decision) == [Why(rule=Rule.COMMENT_DELETED)]
    unsent = decided(
        pairs=(ours(copied=False, state=PENDING),), vanished_pairs=(ours(copied=False, state=PENDING),)
    )
    assert [(pair.state, pair.reason) for pair in unsent.pairs] == [(ENDED, "deleted in BugSpark")]


def test_the_reason_of_a_post_has_the_text() -> None:
    decision = decided(local_comments=(a_local_comment(1, "from here"),))
    assert reasons(decision) == [Why(rule=Rule.COMMENT_CREATED, local="from here")]
    assert [(pair.origin, pair.state) for pair in decision.pairs] == [(BUGSPARK, PENDING)]


def test_a_comment_imported_earlier_is_skipped_with_the_reason() -> None:
    decision = decided(local_comments=(a_local_comment(1, "copied once", source="github"),))
    (pair,) = decision.pairs
    assert (pair.origin, pair.state, pair.local_id) == (GITHUB, SKIPPED, local_id(1))
    assert pair.reason == "imported earlier; its original was not found on GitHub"
