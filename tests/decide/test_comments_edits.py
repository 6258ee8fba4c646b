"""Edits of originals are carried over, edits of copies are recorded (docs/design.md, Comments)."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import COPY_EDITED_IN_BUGSPARK, CommentsDecision
from reconciler.model.ids import RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair
from reconciler.model.plan import (
    EditLocalComment,
    EditRemoteComment,
)
from reconciler.text import text_digest
from tests.decide.threads import (
    BUGSPARK,
    COPIED,
    IMPORTED,
    LATER,
    MINE,
    ORIGINAL,
    PENDING,
    POSTED,
    SENT,
    TOMBSTONE,
    decided,
    kinds,
    only,
)
from tests.support.factories import BEFORE, missing


def test_an_edit_of_a_github_original_is_carried_over() -> None:
    edited = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    decision = decided(comments=(edited,), pairs=(COPIED,))
    (action,) = decision.actions
    assert isinstance(action, EditLocalComment)
    assert (action.pair, action.body) == (COPIED, "**octocat** (via GitHub):\n\nSeen there")
    assert only(decision) == replace(
        COPIED,
        local_digest=text_digest(action.body),
        remote_digest=text_digest("Seen there"),
        remote_updated_at=LATER,
    )


@pytest.mark.parametrize("known", [False, True])
def test_a_copy_edited_in_bugspark_is_kept_and_recorded(known: bool) -> None:
    edited = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    local_comments = (replace(IMPORTED, body="an administrator's words"),)
    pair = replace(COPIED, reason=COPY_EDITED_IN_BUGSPARK) if known else COPIED
    decision = decided(comments=(edited,), pairs=(pair,), local_comments=() if known else local_comments)
    assert decision.actions == ()
    assert (only(decision).reason, only(decision).local_digest) == (
        COPY_EDITED_IN_BUGSPARK,
        COPIED.local_digest,
    )
    assert only(decision).remote_digest == text_digest("Seen there")
    assert [(event.side, event.rule, event.remote) for event in decision.events] == [
        (BUGSPARK, COPY_EDITED_IN_BUGSPARK, "Seen there")
    ]


@pytest.mark.parametrize(
    "seen",
    [
        ORIGINAL,
        replace(ORIGINAL, body="An older text", updated_at=BEFORE),  # a lagging list
        replace(ORIGINAL, body="Seen here too\r\n"),
    ],
)
def test_a_row_without_news_changes_nothing(seen: RemoteComment) -> None:
    assert decided(comments=(seen,), pairs=(COPIED,)) == CommentsDecision()


def test_a_new_time_without_a_new_text_is_only_stored() -> None:
    decision = decided(comments=(replace(ORIGINAL, updated_at=LATER),), pairs=(COPIED,))
    assert decision == CommentsDecision(pairs=(replace(COPIED, remote_updated_at=LATER),))


def test_an_edit_of_our_copy_is_recorded_and_neither_carried_over_nor_overwritten() -> None:
    edited = replace(POSTED, body="[BugSpark] Ada: what I meant", updated_at=LATER)
    decision = decided(comments=(edited,), local_comments=(MINE,), pairs=(SENT,), is_complete=True)
    assert decision.actions == ()
    assert only(decision).reason == "our copy was edited on GitHub"
    assert only(decision).remote_digest == text_digest(edited.body)
    rewritten = replace(MINE, body="By an administrator")
    second_decision = decided(
        comments=(edited,), local_comments=(rewritten,), pairs=(only(decision),), is_complete=True
    )
    assert second_decision == CommentsDecision()
    both = decided(comments=(edited,), local_comments=(rewritten,), pairs=(SENT,), is_complete=True)
    assert both.actions == ()


def test_an_edited_original_in_bugspark_is_carried_over_by_a_full_read() -> None:
    edited = replace(MINE, body="It happens hourly")
    decision = decided(comments=(POSTED,), local_comments=(edited,), pairs=(SENT,), is_complete=True)
    (action,) = decision.actions
    assert isinstance(action, EditRemoteComment)
    assert (action.pair, action.comment) == (SENT, edited)
    assert decision.pairs == ()  # until GitHub confirms


@pytest.mark.parametrize(
    ("pair", "local"),
    [
        (COPIED, replace(IMPORTED, body="By an administrator")),  # a copy, not an original
        (replace(SENT, state=PENDING, remote_id=None), replace(MINE, body="Hm")),
        (replace(SENT, state=TOMBSTONE), replace(MINE, body="Hm")),
        (SENT, MINE),
        (
            replace(SENT, remote_id=RemoteCommentId(9)),
            replace(MINE, body="Hm"),
        ),  # this reading does not show its copy
        (missing(SENT), replace(MINE, body="Hm")),  # an earlier one did not
    ],
)
def test_nothing_else_is_ever_edited_on_github(pair: CommentPair, local: Any) -> None:
    remote_comments = [row for row in (ORIGINAL if pair is COPIED else POSTED,) if row.id == pair.remote_id]
    decision = decided(
        comments=tuple(remote_comments),
        local_comments=(local,),
        pairs=(pair,),
        is_complete=True,
    )
    assert EditRemoteComment not in kinds(decision)
