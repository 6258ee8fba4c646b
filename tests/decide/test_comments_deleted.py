"""docs/design.md, Comments: a deleted original takes its copy along, a deleted copy is remembered."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.model.link import CommentPair, CommentPairState
from reconciler.model.plan import (
    DeleteRemote,
    RemoveLocal,
    Rule,
)
from reconciler.model.policy import SyncPolicy
from tests.decide.threads import (
    COPIED,
    ENDED,
    FORM,
    GITHUB,
    IMPORTED,
    LATER,
    MINE,
    ORIGINAL,
    PENDING,
    POSTED,
    SENT,
    SKIPPED,
    TOMBSTONE,
    decided,
    only,
)
from tests.support.factories import (
    a_local_comment,
    a_pair,
    a_remote_comment,
)


def test_an_original_deleted_on_github_takes_its_copy_along() -> None:
    found = decided(
        local_comments=(IMPORTED,), pairs=(COPIED,), is_complete=True, deleted_remote_ids=frozenset({1})
    )
    (action,) = found.actions
    assert isinstance(action, RemoveLocal)
    assert action.pair == COPIED
    assert only(found).state is ENDED


def test_its_copy_stays_where_the_switch_says_so() -> None:
    policy = SyncPolicy(delete_in_bugspark=False)
    found = decided(
        policy,
        local_comments=(IMPORTED,),
        pairs=(COPIED,),
        is_complete=True,
        deleted_remote_ids=frozenset({1}),
    )
    assert found.actions == ()
    assert only(found).state is ENDED


@pytest.mark.parametrize("whole", [True, False])
def test_an_original_deleted_in_bugspark_takes_its_copy_along(*, whole: bool) -> None:
    view: dict[str, Any] = {"pairs": (SENT,), "comments": (POSTED,)} if whole else {"vanished_pairs": (SENT,)}
    found = decided(is_complete=whole, **view)
    (action,) = found.actions
    assert isinstance(action, DeleteRemote)
    assert action.pair == SENT
    assert action.why.rule is Rule.COMMENT_DELETED
    assert found.pairs == ()  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), is_complete=whole, **view)
    assert kept.actions == ()
    assert only(kept).state is ENDED


@pytest.mark.parametrize("whole", [True, False])
def test_a_copy_deleted_in_bugspark_is_remembered_and_its_original_stays(*, whole: bool) -> None:
    view: dict[str, Any] = (
        {"pairs": (COPIED,), "comments": (ORIGINAL,)} if whole else {"vanished_pairs": (COPIED,)}
    )
    found = decided(is_complete=whole, **view)
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


def test_a_copy_deleted_on_github_is_remembered_and_its_original_stays() -> None:
    found = decided(
        local_comments=(MINE,), pairs=(SENT,), is_complete=True, deleted_remote_ids=frozenset({1})
    )
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_an_edit_revives_nothing(state: CommentPairState) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    entry = replace(COPIED, state=state)
    assert decided(comments=(edited,), pairs=(entry,)) == CommentsDecision()
    assert decided(comments=(edited,), pairs=(entry,), is_complete=True) == CommentsDecision()


@pytest.mark.parametrize("whole", [True, False])
def test_an_edit_does_not_revive_a_copy_deleted_in_the_same_observation(*, whole: bool) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    gone = () if whole else (COPIED,)
    found = decided(comments=(edited,), pairs=(COPIED,), vanished_pairs=gone, is_complete=whole)
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


@pytest.mark.parametrize("entry", [SENT, COPIED])
def test_what_was_deleted_on_both_sides_is_over(entry: CommentPair) -> None:
    found = decided(pairs=(entry,), is_complete=True, deleted_remote_ids=frozenset({1}))
    assert found.actions == ()
    assert only(found).state is (ENDED if entry is SENT else TOMBSTONE)


def test_a_comment_deleted_before_it_was_sent_is_over() -> None:
    waiting = replace(SENT, state=PENDING, remote_id=None)
    found = decided(vanished_pairs=(waiting,))
    assert found.actions == ()
    assert only(found).state is ENDED


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_an_ended_row_that_is_missing_on_both_sides_is_left_as_it_is(state: CommentPairState) -> None:
    found = decided(
        pairs=(replace(COPIED, state=state),), is_complete=True, deleted_remote_ids=frozenset({1})
    )
    assert found == CommentsDecision()


def test_a_thread_in_step_is_left_alone() -> None:
    entries = (a_pair(GITHUB, a_local_comment(2, FORM), a_remote_comment(2)), SENT)
    view: dict[str, Any] = {
        "comments": (a_remote_comment(2), POSTED),
        "local_comments": (a_local_comment(2, FORM), MINE),
    }
    assert decided(pairs=entries, is_complete=True, **view) == CommentsDecision()
