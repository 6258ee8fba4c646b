"""The history of comments: each decision has its reason and text, each skipped row its reason.

Found missing by mutation (docs/proofs.md): the decisions were right, but nothing held what was told of them.
"""

from typing import Any

import pytest

from reconciler.decide.comments import COPY_EDITED_ON_GITHUB, CommentsDecision, decide_comments
from reconciler.decide.copies import excerpt
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
)

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = CommentPairState
GITHUB, BUGSPARK = Side.GITHUB, Side.BUGSPARK
LATER = AFTER.replace(minute=59)


def decided(policy: SyncPolicy | None = None, **view: Any) -> CommentsDecision:
    return decide_comments(an_observation(**view), policy or SyncPolicy(), ids())


def ours(*, copied: bool = True, **given: Any) -> CommentPair:
    return a_pair(BUGSPARK, a_local_comment(1), a_remote_comment(1) if copied else None, **given)


def theirs(**given: Any) -> CommentPair:
    return a_pair(GITHUB, a_local_comment(1), a_remote_comment(1), **given)


def whys(found: CommentsDecision) -> list[Why]:
    return [action.why for action in found.actions]


def test_a_copy_deleted_on_github_is_recorded_with_its_original() -> None:
    found = decided(
        pairs=(ours(),),
        local_comments=(a_local_comment(1),),
        deleted_remote_ids=frozenset({1}),
        is_complete=True,
    )
    (entry,) = found.pairs
    assert (entry.state, entry.reason) == (TOMBSTONE, "deleted on GitHub")
    (event,) = found.events
    assert (event.kind, event.side, event.local) == (Kind.COPY_DELETED, GITHUB, "It happens daily")
    assert event.rule


def test_a_copy_deleted_in_bugspark_is_recorded() -> None:
    found = decided(pairs=(theirs(),), vanished_pairs=(theirs(),))
    (entry,) = found.pairs
    assert (entry.state, entry.reason) == (TOMBSTONE, "deleted in BugSpark")
    (event,) = found.events
    assert (event.kind, event.side, event.local) == (Kind.COPY_DELETED, BUGSPARK, None)
    assert event.rule


def test_an_edit_of_our_copy_is_recorded_with_the_new_text() -> None:
    found = decided(pairs=(ours(),), comments=(a_remote_comment(1, "rewritten", updated_at=LATER),))
    assert found.events == (
        CommentEvent(kind=Kind.COPY_EDITED, side=GITHUB, rule=COPY_EDITED_ON_GITHUB, remote="rewritten"),
    )
    assert [entry.reason for entry in found.pairs] == [COPY_EDITED_ON_GITHUB]


def test_an_edit_of_an_original_on_github_says_what_it_says_now() -> None:
    found = decided(pairs=(theirs(),), comments=(a_remote_comment(1, "better words", updated_at=LATER),))
    body = "**octocat** (via GitHub):\n\nbetter words"
    assert whys(found) == [Why(rule=Rule.COMMENT_EDITED, remote="better words", to=excerpt(body))]
    (entry,) = found.pairs
    assert (entry.local_digest, entry.remote_digest) == (text_digest(body), text_digest("better words"))


def test_an_import_says_where_from_and_what_to() -> None:
    found = decided(comments=(a_remote_comment(1, "new"),))
    body = excerpt("**octocat** (via GitHub):\n\nnew")
    assert whys(found) == [Why(rule=Rule.COMMENT_CREATED, remote="new", to=body)]


def test_a_skipped_author_is_recorded_with_the_reason() -> None:
    comment = a_remote_comment(1, "me too", collaborator=False)
    found = decided(SyncPolicy(collaborators_only=True), comments=(comment,))
    (entry,) = found.pairs
    assert (entry.origin, entry.state, entry.remote_id) == (GITHUB, SKIPPED, 1)
    assert entry.reason == "not by a collaborator (sync.comments_from)"
    assert entry.remote_digest == text_digest("me too")


def test_a_copy_without_an_original_is_remembered_with_the_reason() -> None:
    found = decided(comments=(a_remote_comment(1, "ours", marker_comment_id=local_id(9)),))
    (entry,) = found.pairs
    assert (entry.origin, entry.state, entry.remote_id) == (BUGSPARK, SKIPPED, 1)
    assert entry.reason == "our copy of a comment that is no longer in BugSpark"


def test_a_second_copy_is_named_as_such_and_its_deletion_says_which_words_go() -> None:
    found = decided(pairs=(ours(),), comments=(a_remote_comment(2, "again", marker_comment_id=local_id(1)),))
    (entry,) = found.pairs
    assert (entry.origin, entry.state, entry.remote_id) == (BUGSPARK, LIVE, 2)
    assert (entry.local_id, entry.reason) == (None, "a second copy of ours")
    assert whys(found) == [Why(rule=Rule.COMMENT_DOUBLED, remote="again")]


def test_an_adopted_copy_is_recorded_as_found() -> None:
    waiting = ours(copied=False, state=PENDING)
    found = decided(
        pairs=(waiting,), comments=(a_remote_comment(5, "arrived", marker_comment_id=local_id(1)),)
    )
    assert found.events == (
        CommentEvent(kind=Kind.POST_COMMENT, side=GITHUB, rule=Rule.FOUND, remote="arrived"),
    )
    (entry,) = found.pairs
    assert (entry.state, entry.remote_id, entry.reason) == (LIVE, 5, None)
    assert (entry.remote_digest, entry.remote_updated_at) == (text_digest("arrived"), AFTER)


@pytest.mark.parametrize("switch", [True, False])
def test_a_late_copy_goes_along_as_far_as_the_switch_says(*, switch: bool) -> None:
    over = ours(copied=False, state=ENDED)
    late = a_remote_comment(5, "too late", marker_comment_id=local_id(1))
    found = decided(SyncPolicy(delete_on_github=switch), pairs=(over,), comments=(late,))
    (entry,) = found.pairs
    assert (entry.state, entry.remote_id) == (LIVE if switch else ENDED, 5)
    assert whys(found) == ([Why(rule=Rule.COMMENT_DELETED, remote="too late")] if switch else [])
    assert entry.remote_digest == text_digest("too late")


def test_a_deleted_original_says_what_goes_and_why_on_both_sides() -> None:
    there = decided(
        pairs=(theirs(),),
        local_comments=(a_local_comment(1, "their words"),),
        deleted_remote_ids=frozenset({1}),
        is_complete=True,
    )
    assert whys(there) == [Why(rule=Rule.COMMENT_DELETED, local="their words")]
    assert [(entry.state, entry.reason) for entry in there.pairs] == [(ENDED, "deleted on GitHub")]
    here = decided(pairs=(ours(),), vanished_pairs=(ours(),))
    assert whys(here) == [Why(rule=Rule.COMMENT_DELETED)]
    unsent = decided(
        pairs=(ours(copied=False, state=PENDING),), vanished_pairs=(ours(copied=False, state=PENDING),)
    )
    assert [(entry.state, entry.reason) for entry in unsent.pairs] == [(ENDED, "deleted in BugSpark")]


def test_a_comment_that_goes_out_says_its_words() -> None:
    found = decided(local_comments=(a_local_comment(1, "from here"),))
    assert whys(found) == [Why(rule=Rule.COMMENT_CREATED, local="from here")]
    assert [(entry.origin, entry.state) for entry in found.pairs] == [(BUGSPARK, PENDING)]


def test_comments_older_than_the_link_are_skipped_with_the_reason() -> None:
    found = decided(local_comments=(a_local_comment(1, "copied once", source="github"),))
    (entry,) = found.pairs
    assert (entry.origin, entry.state, entry.local_id) == (GITHUB, SKIPPED, local_id(1))
    assert entry.reason == "imported earlier; its original was not found on GitHub"
