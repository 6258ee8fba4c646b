"""Deleted originals and deleted copies (docs/design.md, Comments)."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.model.link import CommentPairState
from reconciler.model.plan import (
    DeleteRemoteComment,
    RemoveLocalComment,
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
    kinds,
    only,
)
from tests.support.factories import (
    a_local_comment,
    a_pair,
    a_remote_comment,
    missing,
)


def test_the_copy_of_an_original_deleted_on_github_is_deleted() -> None:
    decision = decided(
        local_comments=(IMPORTED,), pairs=(missing(COPIED),), deleted_remote_ids=frozenset({1})
    )
    (action,) = decision.actions
    assert isinstance(action, RemoveLocalComment)
    assert action.pair == missing(COPIED)
    assert only(decision).state is ENDED


def test_the_copy_is_kept_if_deletion_in_bugspark_is_off() -> None:
    policy = SyncPolicy(delete_in_bugspark=False)
    decision = decided(
        policy,
        local_comments=(IMPORTED,),
        pairs=(missing(COPIED),),
        deleted_remote_ids=frozenset({1}),
    )
    assert decision.actions == ()
    assert only(decision).state is ENDED


@pytest.mark.parametrize("is_complete", [True, False])
def test_the_copy_of_an_original_deleted_in_bugspark_is_deleted(*, is_complete: bool) -> None:
    view: dict[str, Any] = (
        {"pairs": (SENT,), "comments": (POSTED,)} if is_complete else {"vanished_pairs": (SENT,)}
    )
    decision = decided(is_complete=is_complete, **view)
    (action,) = decision.actions
    assert isinstance(action, DeleteRemoteComment)
    assert action.pair == SENT
    assert action.why.rule is Rule.COMMENT_DELETED
    assert decision.pairs == ()  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), is_complete=is_complete, **view)
    assert kept.actions == ()
    assert only(kept).state is ENDED


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_copy_deleted_in_bugspark_is_recorded_and_its_original_stays(*, is_complete: bool) -> None:
    view: dict[str, Any] = (
        {"pairs": (COPIED,), "comments": (ORIGINAL,)} if is_complete else {"vanished_pairs": (COPIED,)}
    )
    decision = decided(is_complete=is_complete, **view)
    assert decision.actions == ()
    assert only(decision).state is TOMBSTONE


def test_a_copy_deleted_on_github_is_recorded_and_its_original_stays() -> None:
    decision = decided(local_comments=(MINE,), pairs=(missing(SENT),), deleted_remote_ids=frozenset({1}))
    assert decision.actions == ()
    assert only(decision).state is TOMBSTONE


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_an_edit_does_not_restore_a_deleted_copy(state: CommentPairState) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    pair = replace(COPIED, state=state)
    assert decided(comments=(edited,), pairs=(pair,)) == CommentsDecision()
    assert decided(comments=(edited,), pairs=(pair,), is_complete=True) == CommentsDecision()


@pytest.mark.parametrize("is_complete", [True, False])
def test_an_edit_does_not_restore_a_copy_deleted_in_the_same_observation(*, is_complete: bool) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    gone = () if is_complete else (COPIED,)
    decision = decided(comments=(edited,), pairs=(COPIED,), vanished_pairs=gone, is_complete=is_complete)
    assert decision.actions == ()
    assert only(decision).state is TOMBSTONE


def test_a_copy_in_bugspark_deleted_on_both_sides_is_recorded() -> None:
    decision = decided(pairs=(COPIED,), is_complete=True)
    assert decision.actions == ()
    assert (only(decision).state, only(decision).first_reading) == (TOMBSTONE, None)


def test_a_copy_on_github_that_is_not_shown_is_deleted_with_its_original() -> None:
    """GitHub's answer says whether it was there."""
    decision = decided(pairs=(SENT,), is_complete=True)
    assert kinds(decision) == [DeleteRemoteComment]


def test_the_pair_of_a_comment_deleted_before_it_was_sent_ends() -> None:
    waiting = replace(SENT, state=PENDING, remote_id=None)
    decision = decided(vanished_pairs=(waiting,))
    assert decision.actions == ()
    assert only(decision).state is ENDED


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_a_finished_pair_that_is_missing_on_both_sides_does_not_change(state: CommentPairState) -> None:
    decision = decided(pairs=(replace(COPIED, state=state),), is_complete=True)
    assert decision == CommentsDecision()


def test_nothing_is_done_about_a_thread_that_is_equal() -> None:
    pairs = (a_pair(GITHUB, a_local_comment(2, FORM), a_remote_comment(2)), SENT)
    view: dict[str, Any] = {
        "comments": (a_remote_comment(2), POSTED),
        "local_comments": (a_local_comment(2, FORM), MINE),
    }
    assert decided(pairs=pairs, is_complete=True, **view) == CommentsDecision()
