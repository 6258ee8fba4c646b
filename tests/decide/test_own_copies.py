"""docs/design.md, Comments: how a copy of ours is known, and what becomes of a second one."""

from dataclasses import replace

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.model.plan import (
    DeleteRemote,
    EditRemote,
    PostComment,
    Rule,
)
from reconciler.model.policy import SyncPolicy
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


def test_a_marked_copy_is_adopted_by_its_waiting_row() -> None:
    entry = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    copy = a_copy()
    found = decided(comments=(copy,), pairs=(entry,))
    assert found.actions == ()
    assert only(found) == replace(
        entry, state=LIVE, remote_id=copy.id, remote_digest=text_digest(copy.body), remote_updated_at=AFTER
    )


def test_an_adopted_copy_that_lags_behind_its_original_is_edited_at_once() -> None:
    waiting = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    edited = a_local_comment(body="It happens hourly")
    found = decided(comments=(a_copy(),), local_comments=(edited,), pairs=(waiting,), is_complete=True)
    (action,) = found.actions
    assert isinstance(action, EditRemote)
    assert (action.pair.remote_id, action.comment) == (1, edited)


def test_a_marked_copy_is_adopted_with_its_original_where_the_ledger_knows_neither() -> None:
    found = decided(comments=(a_copy(),), local_comments=(a_local_comment(),))
    assert found.actions == ()
    entry = only(found)
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (BUGSPARK, LIVE, local_id(1), 1)


def test_a_marked_copy_without_any_original_is_never_imported() -> None:
    found = decided(comments=(a_copy(),))
    assert found.actions == ()
    assert only(found).state is SKIPPED


def test_of_two_copies_the_oldest_is_kept_and_the_other_deleted() -> None:
    entry = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    for known in ({"pairs": (entry,)}, {"local_comments": (a_local_comment(),)}):
        found = decided(comments=(a_copy(number=4, created_at=LATER), a_copy(number=5)), **known)
        (action,) = found.actions
        assert isinstance(action, DeleteRemote)
        assert action.pair.remote_id == 4
        assert action.why.rule is Rule.COMMENT_DOUBLED
        kept, second = found.pairs
        assert (kept.state, kept.remote_id, kept.local_id) == (LIVE, 5, local_id(1))
        assert (second.state, second.remote_id, second.local_id) == (LIVE, 4, None)


def test_a_copy_beside_the_one_the_ledger_knows_is_deleted_even_where_copies_stay() -> None:
    entry = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5))
    found = decided(
        SyncPolicy(delete_on_github=False), comments=(a_copy(number=4), a_copy(number=5)), pairs=(entry,)
    )
    (action,) = found.actions
    assert isinstance(action, DeleteRemote)
    assert action.pair.remote_id == 4


def test_the_last_living_copy_is_never_deleted() -> None:
    comment = a_local_comment()
    entry = a_pair(BUGSPARK, comment, a_copy(number=5))
    survivor = a_copy(number=6)
    found = decided(
        comments=(survivor,),
        local_comments=(comment,),
        pairs=(entry,),
        is_complete=True,
        deleted_remote_ids=frozenset({5}),
    )
    assert found.actions == ()
    assert (only(found).id, only(found).state, only(found).remote_id) == (entry.id, LIVE, 6)


@pytest.mark.parametrize(("switch", "whole"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_deletion_of_a_second_copy_is_derived_again_until_it_is_gone(
    *, switch: bool, whole: bool
) -> None:
    second = a_pair(BUGSPARK, None, a_copy(number=4))
    view = {"pairs": (second,)} if whole else {"vanished_pairs": (second,)}
    found = decided(SyncPolicy(delete_on_github=switch), is_complete=whole, **view)
    assert kinds(found) == [DeleteRemote]
    assert found.actions[0].why.rule is Rule.COMMENT_DOUBLED


def test_a_copy_that_shows_up_after_its_original_was_deleted_goes_along() -> None:
    ended = a_pair(BUGSPARK, a_local_comment(), None, state=ENDED)
    found = decided(comments=(a_copy(),), pairs=(ended,))
    assert kinds(found) == [DeleteRemote]
    assert (only(found).state, only(found).remote_id) == (LIVE, 1)  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), comments=(a_copy(),), pairs=(ended,))
    assert kept.actions == ()
    assert (only(kept).state, only(kept).remote_id) == (ENDED, 1)


def test_a_late_copy_of_a_comment_deleted_in_the_same_observation_is_deleted() -> None:
    waiting = a_pair(BUGSPARK, a_local_comment(), None, state=PENDING)
    found = decided(comments=(a_copy(),), pairs=(waiting,), vanished_pairs=(waiting,))
    assert kinds(found) == [DeleteRemote]


def test_a_second_copy_of_an_ended_comment_goes_too() -> None:
    ended = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5), state=ENDED)
    found = decided(comments=(a_copy(number=6),), pairs=(ended,))
    assert [a.pair.remote_id for a in found.actions if isinstance(a, DeleteRemote)] == [6]


def test_a_second_copy_of_a_tombstone_is_neither_imported_nor_adopted() -> None:
    entry = a_pair(BUGSPARK, a_local_comment(), a_copy(number=5), state=TOMBSTONE)
    assert decided(comments=(a_copy(number=6),), pairs=(entry,)) == CommentsDecision()


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
def test_an_earlier_copy_by_bugspark_finds_its_original(body: str) -> None:
    local = a_local_comment(body="Don&#x27;t", created_at=BEFORE)
    copy = a_remote_comment(body=body, author=OURS, created_at=BEFORE)
    found = first(
        link=a_new_link(backfill=True), comments=(copy,), local_comments=(a_local_comment(2), local)
    )
    assert [a.comment.id for a in found.actions if isinstance(a, PostComment)] == [local_id(2)]
    entry = found.pairs[0]
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (BUGSPARK, LIVE, local.id, 1)


def test_an_earlier_copy_of_a_hostile_comment_is_found_as_we_would_render_it() -> None:
    local = a_local_comment(body="ping @octocat", author=None)
    copy = a_remote_comment(
        body=comment_to_github(None, local.body, "", hosts=()), author=OURS, created_at=BEFORE
    )
    assert first(comments=(copy,), local_comments=(local,)).actions == ()


def test_an_earlier_copy_without_original_is_not_imported() -> None:
    found = first(
        comments=(a_remote_comment(body="[BugSpark] Ada:\n\nGone", author=OURS, created_at=BEFORE),)
    )
    assert found.actions == ()
    assert (only(found).origin, only(found).state) == (BUGSPARK, SKIPPED)
