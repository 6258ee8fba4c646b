"""docs/design.md, Comments: edits of originals are carried over, edits of copies shown."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import COPY_EDITED_IN_BUGSPARK, CommentsDecision
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair
from reconciler.model.plan import (
    EditLocal,
    EditRemote,
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
from tests.support.factories import (
    BEFORE,
)


def test_an_edit_of_a_github_original_is_carried_over() -> None:
    edited = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    found = decided(comments=(edited,), pairs=(COPIED,))
    (action,) = found.actions
    assert isinstance(action, EditLocal)
    assert (action.pair, action.body) == (COPIED, "**octocat** (via GitHub):\n\nSeen there")
    assert only(found) == replace(
        COPIED,
        local_digest=text_digest(action.body),
        remote_digest=text_digest("Seen there"),
        remote_updated_at=LATER,
    )


@pytest.mark.parametrize("known", [False, True])
def test_a_copy_that_an_administrator_edited_is_kept_and_recorded(known: bool) -> None:
    edited = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    here = (replace(IMPORTED, body="an administrator's words"),)
    entry = replace(COPIED, reason=COPY_EDITED_IN_BUGSPARK) if known else COPIED
    found = decided(comments=(edited,), pairs=(entry,), local_comments=() if known else here)
    assert found.actions == ()
    assert (only(found).reason, only(found).local_digest) == (COPY_EDITED_IN_BUGSPARK, COPIED.local_digest)
    assert only(found).remote_digest == text_digest("Seen there")
    assert [(each.side, each.rule, each.remote) for each in found.events] == [
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
def test_what_is_no_news_changes_nothing(seen: RemoteComment) -> None:
    assert decided(comments=(seen,), pairs=(COPIED,)) == CommentsDecision()


def test_a_touch_without_a_change_is_only_remembered() -> None:
    found = decided(comments=(replace(ORIGINAL, updated_at=LATER),), pairs=(COPIED,))
    assert found == CommentsDecision(pairs=(replace(COPIED, remote_updated_at=LATER),))


def test_an_edit_of_our_copy_is_shown_and_never_taken_over_nor_overwritten() -> None:
    edited = replace(POSTED, body="[BugSpark] Ada: what I meant", updated_at=LATER)
    found = decided(comments=(edited,), local_comments=(MINE,), pairs=(SENT,), is_complete=True)
    assert found.actions == ()
    assert only(found).reason == "our copy was edited on GitHub"
    assert only(found).remote_digest == text_digest(edited.body)
    rewritten = replace(MINE, body="By an administrator")
    again = decided(comments=(edited,), local_comments=(rewritten,), pairs=(only(found),), is_complete=True)
    assert again == CommentsDecision()
    both = decided(comments=(edited,), local_comments=(rewritten,), pairs=(SENT,), is_complete=True)
    assert both.actions == ()


def test_an_edited_original_in_bugspark_is_carried_over_by_a_full_read() -> None:
    edited = replace(MINE, body="It happens hourly")
    found = decided(comments=(POSTED,), local_comments=(edited,), pairs=(SENT,), is_complete=True)
    (action,) = found.actions
    assert isinstance(action, EditRemote)
    assert (action.pair, action.comment) == (SENT, edited)
    assert found.pairs == ()  # until GitHub confirms


@pytest.mark.parametrize(
    ("entry", "local", "missing"),
    [
        (COPIED, replace(IMPORTED, body="By an administrator"), frozenset[int]()),  # a copy, not an original
        (replace(SENT, state=PENDING, remote_id=None), replace(MINE, body="Hm"), frozenset[int]()),
        (replace(SENT, state=TOMBSTONE), replace(MINE, body="Hm"), frozenset[int]()),
        (SENT, MINE, frozenset[int]()),
        (SENT, replace(MINE, body="Hm"), frozenset({1})),  # its copy was just found deleted
    ],
)
def test_nothing_else_is_ever_edited_on_github(
    entry: CommentPair, local: Any, missing: frozenset[int]
) -> None:
    there = [row for row in (ORIGINAL if entry is COPIED else POSTED,) if row.id == entry.remote_id]
    comments = () if missing else tuple(there)
    found = decided(
        comments=comments,
        local_comments=(local,),
        pairs=(entry,),
        is_complete=True,
        deleted_remote_ids=missing,
    )
    assert EditRemote not in kinds(found)
