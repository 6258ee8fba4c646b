"""Comments not yet sent when their link was cut, after the link is made again."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comment_copies import OLDER_THAN_LINK
from reconciler.decide.comments import CommentsDecision
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPairState
from reconciler.model.plan import (
    Action,
    PostComment,
)
from reconciler.text import text_digest
from tests.decide.threads import (
    BUGSPARK,
    ENDED,
    LIVE,
    MINE,
    PENDING,
    POSTED,
    SKIPPED,
    TOMBSTONE,
    decided,
    kinds,
    only,
)
from tests.support.factories import (
    a_link,
    a_new_link,
    a_pair,
)

UNSENT = a_pair(BUGSPARK, MINE, None, state=ENDED, reason=UNLINKED_BEFORE_SENDING)


def test_a_comment_unsent_when_its_link_was_cut_is_sent_when_the_link_is_made_again() -> None:
    edited = replace(MINE, body="It happens hourly")
    decision = decided(link=a_new_link(), local_comments=(edited,), pairs=(UNSENT,), is_complete=True)
    assert kinds(decision) == [PostComment]
    digested = text_digest("It happens hourly")
    assert only(decision) == replace(UNSENT, state=PENDING, reason=None, local_digest=digested)


def test_an_open_intent_keeps_its_text() -> None:
    waiting = replace(UNSENT, state=PENDING, reason=None)
    decision = decided(local_comments=(replace(MINE, body="Hm"),), pairs=(waiting,), is_complete=True)
    assert kinds(decision) == [PostComment]
    assert decision.pairs == (waiting,)


def test_only_a_full_read_shows_that_an_unsent_comment_still_exists() -> None:
    assert decided(local_comments=(MINE,), pairs=(UNSENT,)) == CommentsDecision()


def test_a_late_copy_of_a_comment_a_cut_link_did_not_send_is_adopted() -> None:
    views: list[dict[str, Any]] = [{"is_complete": True, "local_comments": (MINE,)}, {}]
    for view in views:
        decision = decided(comments=(POSTED,), pairs=(UNSENT,), **view)
        assert decision.actions == ()
        assert (only(decision).state, only(decision).remote_id) == (LIVE, POSTED.id)


@pytest.mark.parametrize("state", [LIVE, TOMBSTONE, SKIPPED])
def test_a_sent_or_skipped_comment_is_not_sent_again(state: CommentPairState) -> None:
    pair = replace(UNSENT, state=state, remote_id=None if state is SKIPPED else POSTED.id, reason="a rule's")
    assert PostComment not in kinds(decided(local_comments=(MINE,), pairs=(pair,), is_complete=True))


@pytest.mark.parametrize(("backfill", "done"), [(True, [PostComment]), (False, [])])
def test_an_older_comment_is_sent_once_its_link_is_made_again_with_backfill(
    *, backfill: bool, done: list[type[Action]]
) -> None:
    kept = replace(UNSENT, state=SKIPPED, reason=OLDER_THAN_LINK)
    next_link = replace(a_new_link(), backfill=backfill)
    assert kinds(decided(link=next_link, local_comments=(MINE,), pairs=(kept,), is_complete=True)) == done
    link = replace(a_link(), backfill=backfill)
    assert kinds(decided(link=link, local_comments=(MINE,), pairs=(kept,), is_complete=True)) == []
