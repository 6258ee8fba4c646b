"""How our copies are recognised, and what is done about second ones (docs/design.md, Comments)."""

from dataclasses import replace

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.model.plan import (
    DeleteRemoteComment,
    EditRemoteComment,
    PostComment,
    Rule,
)
from reconciler.model.policy import SanitizationPolicy, SyncPolicy
from reconciler.text import comment_to_github, text_digest
from tests.decide.threads import (
    BUGSPARK,
    ENDED,
    LATER,
    LIVE,
    PENDING,
    SKIPPED,
    TOMBSTONE,
    a_copy,
    decided,
    first,
    kinds,
    only,
)
from tests.support.factories import (
    AFTER,
    BEFORE,
    OURS,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    local_id,
)


def test_a_marked_copy_completes_its_pending_pair() -> None:
    pair = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    copy = a_copy()
    decision = decided(comments=(copy,), pairs=(pair,))
    assert decision.actions == ()
    assert only(decision) == replace(
        pair, state=LIVE, remote_id=copy.id, remote_digest=text_digest(copy.body), remote_updated_at=AFTER
    )


def test_what_may_be_our_copy_edited_is_neither_imported_nor_matched() -> None:
    waiting = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    copies = [a_copy(number=each, is_doubtful_copy=True) for each in (1, 2)]
    assert decided(comments=tuple(copies), pairs=(waiting,)) == CommentsDecision()
    unmarked = replace(copies[0], marker_comment_id=None)
    assert decided(comments=(unmarked,), pairs=(waiting,)) == CommentsDecision()


def test_an_adopted_copy_with_an_old_text_is_edited_at_once() -> None:
    waiting = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    edited = a_local_comment(body="It happens hourly")
    decision = decided(comments=(a_copy(),), local_comments=(edited,), pairs=(waiting,), is_complete=True)
    (action,) = decision.actions
    assert isinstance(action, EditRemoteComment)
    assert (action.pair.remote_id, action.comment) == (1, edited)


def test_a_marked_copy_is_paired_with_its_original_if_neither_has_a_row() -> None:
    decision = decided(comments=(a_copy(),), local_comments=(a_local_comment(),))
    assert decision.actions == ()
    pair = only(decision)
    assert (pair.origin, pair.state, pair.local_id, pair.remote_id) == (BUGSPARK, LIVE, local_id(1), 1)


def test_a_marked_copy_without_any_original_is_never_imported() -> None:
    decision = decided(comments=(a_copy(),))
    assert decision.actions == ()
    assert only(decision).state is SKIPPED


def test_of_two_copies_the_oldest_is_kept_and_the_other_deleted() -> None:
    pair = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    for known in ({"pairs": (pair,)}, {"local_comments": (a_local_comment(),)}):
        decision = decided(comments=(a_copy(number=4, created_at=LATER), a_copy(number=5)), **known)
        (action,) = decision.actions
        assert isinstance(action, DeleteRemoteComment)
        assert action.pair.remote_id == 4
        assert action.why.rule is Rule.COMMENT_DOUBLED
        kept, second = decision.pairs
        assert (kept.state, kept.remote_id, kept.local_id) == (LIVE, 5, local_id(1))
        assert (second.state, second.remote_id, second.local_id) == (LIVE, 4, None)


def test_a_second_copy_is_deleted_even_if_deletion_on_github_is_off() -> None:
    pair = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5))
    decision = decided(
        SyncPolicy(delete_on_github=False), comments=(a_copy(number=4), a_copy(number=5)), pairs=(pair,)
    )
    (action,) = decision.actions
    assert isinstance(action, DeleteRemoteComment)
    assert action.pair.remote_id == 4


def test_the_last_existing_copy_is_never_deleted() -> None:
    comment = a_local_comment()
    pair = a_pair(BUGSPARK, comment, a_copy(number=5))
    survivor = a_copy(number=6)
    decision = decided(
        comments=(survivor,),
        local_comments=(comment,),
        pairs=(pair,),
        is_complete=True,
    )
    assert decision.actions == ()
    assert (only(decision).id, only(decision).state, only(decision).remote_id) == (pair.id, LIVE, 6)


@pytest.mark.parametrize(
    ("switch", "is_complete"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_the_deletion_of_a_second_copy_is_decided_again_until_it_is_gone(
    *, switch: bool, is_complete: bool
) -> None:
    second = a_pair(BUGSPARK, None, a_copy(number=4))
    view = {"pairs": (second,)} if is_complete else {"vanished_pairs": (second,)}
    decision = decided(SyncPolicy(delete_on_github=switch), is_complete=is_complete, **view)
    assert kinds(decision) == [DeleteRemoteComment]
    assert decision.actions[0].why.rule is Rule.COMMENT_DOUBLED


def test_a_copy_found_after_its_original_was_deleted_is_deleted() -> None:
    ended = a_pair(BUGSPARK, a_local_comment(), None, state=ENDED)
    decision = decided(comments=(a_copy(),), pairs=(ended,))
    assert kinds(decision) == [DeleteRemoteComment]
    assert (only(decision).state, only(decision).remote_id) == (LIVE, 1)  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), comments=(a_copy(),), pairs=(ended,))
    assert kept.actions == ()
    assert (only(kept).state, only(kept).remote_id) == (ENDED, 1)


def test_a_late_copy_of_a_comment_deleted_in_the_same_observation_is_deleted() -> None:
    waiting = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    decision = decided(comments=(a_copy(),), pairs=(waiting,), vanished_pairs=(waiting,))
    assert kinds(decision) == [DeleteRemoteComment]


def test_a_second_copy_of_an_ended_comment_is_deleted_too() -> None:
    ended = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5), state=ENDED)
    decision = decided(comments=(a_copy(number=6),), pairs=(ended,))
    assert [a.pair.remote_id for a in decision.actions if isinstance(a, DeleteRemoteComment)] == [6]


def test_a_second_copy_of_a_tombstone_is_neither_imported_nor_adopted() -> None:
    pair = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5), state=TOMBSTONE)
    assert decided(comments=(a_copy(number=6),), pairs=(pair,)) == CommentsDecision()


PLAIN = "[BugSpark] Ada:\n\nDon't"


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        "[BugSpark] Ada:\r\n\r\nDon't\r\n",
        "[BugSpark] Ada:\n\nDon&#x27;t",
        f"{PLAIN}\n\n<!-- bugspark-sync v1 of another instance -->",
    ],
)
def test_an_earlier_copy_by_bugspark_is_paired_with_its_original(body: str) -> None:
    local = a_local_comment(body="Don&#x27;t", created_at=BEFORE)
    copy = a_remote_comment(body=body, author=OURS, created_at=BEFORE)
    decision = first(
        link=a_new_link(backfill=True), comments=(copy,), local_comments=(a_local_comment(2), local)
    )
    assert [a.comment.id for a in decision.actions if isinstance(a, PostComment)] == [local_id(2)]
    pair = decision.pairs[0]
    assert (pair.origin, pair.state, pair.local_id, pair.remote_id) == (BUGSPARK, LIVE, local.id, 1)


def test_an_earlier_copy_of_a_hostile_comment_is_matched_by_our_rendering() -> None:
    local = a_local_comment(body="ping @octocat", author=None)
    copy = a_remote_comment(
        body=comment_to_github(None, local.body, "", SanitizationPolicy()), author=OURS, created_at=BEFORE
    )
    assert first(comments=(copy,), local_comments=(local,)).actions == ()


def test_an_earlier_copy_without_original_is_not_imported() -> None:
    decision = first(
        comments=(a_remote_comment(body="[BugSpark] Ada:\n\nGone", author=OURS, created_at=BEFORE),)
    )
    assert decision.actions == ()
    assert (only(decision).origin, only(decision).state) == (BUGSPARK, SKIPPED)
