"""Deletions on GitHub, and their undoing: two readings that agree (docs/design.md, Comments)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.comment_exclusion import NOT_A_COLLABORATOR
from reconciler.decide.comment_presence import (
    COPY_WAS_HIDDEN,
    HIDDEN_ONCE,
    MISSING_ONCE,
    NEVER_GONE,
    SHOWN_ONCE,
    STILL_GONE,
)
from reconciler.decide.comments import COPY_LIVES_AGAIN, CommentsDecision
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    DELETED_ON_GITHUB,
    HIDDEN_ON_GITHUB,
    NOT_FOUND_TO_DELETE,
    CommentPair,
    FirstReading,
    Presence,
)
from reconciler.model.plan import ImportComment, PostComment, RemoveLocalComment, Rule
from reconciler.model.policy import SyncPolicy
from tests.decide.threads import (
    BUGSPARK,
    COPIED,
    ENDED,
    GITHUB,
    IMPORTED,
    LATER,
    LIVE,
    MINE,
    ORIGINAL,
    POSTED,
    SENT,
    SKIPPED,
    TOMBSTONE,
    a_copy,
    decided,
    first,
    kinds,
    only,
)
from tests.support.factories import AFTER, a_pair, missing, shown

READ_ALONE = frozenset({1})
GONE = replace(COPIED, state=ENDED, reason=DELETED_ON_GITHUB)
LOST = replace(SENT, state=TOMBSTONE, reason=DELETED_ON_GITHUB)
HIDDEN = replace(ORIGINAL, is_hidden=True)


def rules(decision: CommentsDecision) -> list[str]:
    return [event.rule for event in decision.events if event.kind is Kind.READING]


# --- first readings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pair", "local"), [(COPIED, IMPORTED), (SENT, MINE)])
def test_a_thread_without_a_comment_deletes_nothing_and_is_recorded(pair: CommentPair, local: Any) -> None:
    decision = decided(
        SyncPolicy(settle_seconds=90), local_comments=(local,), pairs=(pair,), is_complete=True
    )
    due = AFTER + timedelta(seconds=90)
    expected = FirstReading(presence=Presence.ABSENT, at=AFTER, second_due=due)
    assert (decision.actions, only(decision)) == ((), replace(pair, first_reading=expected))
    assert rules(decision) == [MISSING_ONCE]


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_comment_that_is_hidden_is_recorded_and_not_edited(*, is_complete: bool) -> None:
    row = replace(HIDDEN, body="Buy now", updated_at=LATER)
    decision = decided(
        comments=(row,), local_comments=(IMPORTED,) * is_complete, pairs=(COPIED,), is_complete=is_complete
    )
    assert decision.actions == ()
    assert only(decision).is_missing
    assert only(decision).remote_digest == COPIED.remote_digest
    assert rules(decision) == [HIDDEN_ONCE]


@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize(("pair", "row"), [(GONE, ORIGINAL), (LOST, POSTED)])
def test_a_deleted_comment_that_is_shown_once_stays_deleted(
    pair: CommentPair, row: Any, *, is_complete: bool
) -> None:
    local = (MINE,) if pair is LOST and is_complete else ()
    decision = decided(comments=(row,), local_comments=local, pairs=(pair,), is_complete=is_complete)
    assert decision.actions == ()
    assert (only(decision).state, only(decision).first_reading is None) == (pair.state, False)
    assert rules(decision) == [SHOWN_ONCE]


@pytest.mark.parametrize(
    "view",
    [
        {"pairs": (COPIED,), "local_comments": (IMPORTED,)},
        {"pairs": (GONE,), "comments": (ORIGINAL,)},
        {"pairs": (COPIED,), "local_comments": (IMPORTED,), "comments": (HIDDEN,)},
    ],
)
def test_a_thread_beside_an_outdated_issue_says_nothing(view: dict[str, Any]) -> None:
    assert decided(is_complete=True, is_older_than_known=True, **view) == CommentsDecision()


@pytest.mark.parametrize(
    ("pair", "comments"),
    [
        (missing(COPIED), ()),
        (missing(COPIED), (ORIGINAL,)),  # another reading, before the second one is due, proves nothing
        (shown(GONE), ()),
        (shown(GONE), (ORIGINAL,)),
        (GONE, ()),
        (replace(COPIED, state=TOMBSTONE, reason="deleted in BugSpark"), ()),
    ],
)
def test_further_readings_change_nothing(pair: CommentPair, comments: Any) -> None:
    local = (IMPORTED,) if pair.state is LIVE else ()
    decision = decided(comments=comments, local_comments=local, pairs=(pair,), is_complete=True)
    assert decision == CommentsDecision()


# --- second readings --------------------------------------------------------------------------------------


def test_a_comment_that_the_second_reading_shows_was_never_gone() -> None:
    decision = decided(
        comments=(ORIGINAL,),
        local_comments=(IMPORTED,),
        pairs=(missing(COPIED),),
        shown_remote_ids=READ_ALONE,
    )
    assert (decision.actions, only(decision)) == ((), COPIED)
    assert rules(decision) == [NEVER_GONE]


def test_an_edit_that_the_second_reading_shows_is_carried_over() -> None:
    row = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    decision = decided(comments=(row,), pairs=(missing(COPIED),), shown_remote_ids=READ_ALONE)
    assert [action.kind for action in decision.actions] == [Kind.EDIT_COMMENT]
    assert only(decision).first_reading is None


def test_a_deleted_comment_that_the_second_reading_does_not_show_stays_deleted() -> None:
    decision = decided(pairs=(shown(GONE),), deleted_remote_ids=READ_ALONE)
    assert (decision.actions, only(decision)) == ((), GONE)
    assert rules(decision) == [STILL_GONE]


def test_the_copy_of_an_original_that_two_readings_find_hidden_is_deleted() -> None:
    decision = decided(
        comments=(HIDDEN,),
        local_comments=(IMPORTED,),
        pairs=(missing(COPIED),),
        deleted_remote_ids=READ_ALONE,
    )
    (action,) = decision.actions
    assert isinstance(action, RemoveLocalComment)
    assert action.why.rule is Rule.COMMENT_HIDDEN
    assert (only(decision).state, only(decision).reason) == (ENDED, HIDDEN_ON_GITHUB)


def test_our_copy_that_two_readings_find_hidden_counts_as_deleted_there() -> None:
    row = replace(POSTED, is_hidden=True)
    decision = decided(
        comments=(row,), local_comments=(MINE,), pairs=(missing(SENT),), deleted_remote_ids=READ_ALONE
    )
    assert decision.actions == ()
    assert (only(decision).state, only(decision).reason) == (TOMBSTONE, HIDDEN_ON_GITHUB)
    assert [event.rule for event in decision.events] == [COPY_WAS_HIDDEN]


@pytest.mark.parametrize("reason", [DELETED_ON_GITHUB, HIDDEN_ON_GITHUB])
def test_an_original_that_two_readings_show_again_gets_its_copy_back_as_it_is_now(reason: str) -> None:
    row = replace(ORIGINAL, body="Still there", updated_at=LATER)
    pair = shown(replace(GONE, reason=reason))
    decision = decided(comments=(row,), pairs=(pair,), shown_remote_ids=READ_ALONE)
    (action,) = decision.actions
    assert isinstance(action, ImportComment)
    assert (action.body, action.why.rule) == (
        "**octocat** (via GitHub):\n\nStill there",
        Rule.COMMENT_SHOWN,
    )
    after = only(decision)
    assert (after.id, after.state, after.reason, after.first_reading) == (pair.id, LIVE, None, None)
    assert after.local_id != COPIED.local_id
    assert after.remote_updated_at == LATER


def test_a_kept_copy_is_live_again_and_not_made_twice() -> None:
    """With sync.delete_in_bugspark off."""
    row = replace(ORIGINAL, body="Still there", updated_at=LATER)
    decision = decided(
        comments=(row,), local_comments=(IMPORTED,), pairs=(shown(GONE),), shown_remote_ids=READ_ALONE
    )
    assert [action.kind for action in decision.actions] == [Kind.EDIT_COMMENT]
    assert (only(decision).state, only(decision).local_id) == (LIVE, COPIED.local_id)


@pytest.mark.parametrize("pair", [LOST, replace(SENT, state=ENDED, reason=NOT_FOUND_TO_DELETE)])
def test_our_copy_that_two_readings_show_again_is_live(pair: CommentPair) -> None:
    decision = decided(
        comments=(POSTED,), local_comments=(MINE,), pairs=(shown(pair),), shown_remote_ids=READ_ALONE
    )
    assert decision.actions == ()
    assert only(decision) == SENT
    (event,) = decision.events
    assert (event.kind, event.side, event.rule) == (Kind.COPY_RESTORED, GITHUB, COPY_LIVES_AGAIN)


def test_an_edit_in_bugspark_is_sent_when_our_hidden_copy_is_live_again() -> None:
    edited = replace(MINE, body="It happens hourly")
    for pair in (shown(LOST), missing(SENT)):
        decision = decided(
            comments=(POSTED,), local_comments=(edited,), pairs=(pair,), shown_remote_ids=READ_ALONE
        )
        assert [action.kind for action in decision.actions] == [Kind.EDIT_REMOTE_COMMENT]


def test_an_original_shown_again_whose_author_is_no_longer_imported_is_skipped() -> None:
    row = replace(ORIGINAL, collaborator=False)
    decision = decided(
        SyncPolicy(collaborators_only=True),
        comments=(row,),
        pairs=(shown(GONE),),
        shown_remote_ids=READ_ALONE,
    )
    assert decision.actions == ()
    assert (only(decision).state, only(decision).reason) == (SKIPPED, NOT_A_COLLABORATOR)


@pytest.mark.parametrize(
    ("pair", "view"),
    [
        (shown(GONE), {"shown_remote_ids": READ_ALONE}),  # it is there, but its row can't be read
        (
            missing(replace(COPIED, state=TOMBSTONE, reason="deleted in BugSpark")),
            {"deleted_remote_ids": {1}},
        ),
        (missing(GONE), {"deleted_remote_ids": {1}}),  # it ended in between
        (shown(COPIED), {"comments": (ORIGINAL,), "shown_remote_ids": READ_ALONE}),
    ],
)
def test_a_first_reading_that_means_nothing_any_more_is_forgotten(
    pair: CommentPair, view: dict[str, Any]
) -> None:
    decision = decided(pairs=(pair,), **view)
    assert (decision.actions, decision.events) == ((), ())
    assert only(decision) == replace(pair, first_reading=None)


def test_a_single_reading_without_a_first_one_decides_nothing() -> None:
    assert decided(pairs=(COPIED,), deleted_remote_ids=READ_ALONE) == CommentsDecision()


# --- hidden before it was known ---------------------------------------------------------------------------


def test_a_hidden_comment_is_not_imported_and_named() -> None:
    for decision in (decided(comments=(HIDDEN,)), first(comments=(HIDDEN,))):
        assert decision.actions == ()
        assert (only(decision).state, only(decision).reason) == (SKIPPED, HIDDEN_ON_GITHUB)


def test_a_comment_that_was_hidden_when_it_was_first_seen_is_imported_after_two_readings() -> None:
    pair = a_pair(GITHUB, None, ORIGINAL, state=SKIPPED, reason=HIDDEN_ON_GITHUB)
    once = decided(comments=(ORIGINAL,), pairs=(pair,))
    assert (once.actions, rules(once)) == ((), [SHOWN_ONCE])
    twice = decided(comments=(ORIGINAL,), pairs=(only(once),), shown_remote_ids=READ_ALONE)
    assert kinds(twice) == [ImportComment]
    assert only(twice).state is LIVE


def test_a_comment_passed_over_for_its_author_that_is_hidden_now_is_not_imported() -> None:
    pair = a_pair(GITHUB, None, ORIGINAL, state=SKIPPED, reason=NOT_A_COLLABORATOR)
    decision = decided(SyncPolicy(collaborators_only=True), comments=(HIDDEN,), pairs=(pair,))
    assert decision.actions == ()
    assert (only(decision).state, only(decision).reason) == (SKIPPED, HIDDEN_ON_GITHUB)


# --- a second copy of ours --------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [{"is_complete": True}, {"pairs": (missing(SENT),)}])
def test_another_copy_takes_the_place_of_one_that_is_not_shown(view: dict[str, Any]) -> None:
    other = a_copy(number=6)
    decision = decided(**({"comments": (other,), "local_comments": (MINE,), "pairs": (SENT,)} | view))
    assert PostComment not in kinds(decision)
    assert decision.actions == ()
    assert (only(decision).state, only(decision).remote_id, only(decision).first_reading) == (LIVE, 6, None)
    assert only(decision).origin is BUGSPARK


def test_an_outdated_thread_does_not_tell_which_copy_is_the_second() -> None:
    """Both stay until a thread shows which of them are there."""
    decision = decided(
        comments=(a_copy(number=6),),
        local_comments=(MINE,),
        pairs=(SENT,),
        is_complete=True,
        is_older_than_known=True,
    )
    assert decision == CommentsDecision()
