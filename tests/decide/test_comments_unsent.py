"""Comments that were on their way when their link was cut, and the link is made again."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.decide.copies import OLDER_THAN_LINK
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


def test_what_was_on_its_way_when_its_link_was_cut_goes_out_when_it_is_made_again() -> None:
    edited = replace(MINE, body="It happens hourly")
    found = decided(link=a_new_link(), local_comments=(edited,), pairs=(UNSENT,), is_complete=True)
    assert kinds(found) == [PostComment]
    digested = text_digest("It happens hourly")
    assert only(found) == replace(UNSENT, state=PENDING, reason=None, local_digest=digested)


def test_an_open_intent_keeps_its_recorded_text() -> None:
    waiting = replace(UNSENT, state=PENDING, reason=None)
    found = decided(local_comments=(replace(MINE, body="Hm"),), pairs=(waiting,), is_complete=True)
    assert kinds(found) == [PostComment]
    assert found.pairs == (waiting,)


def test_only_a_full_read_shows_that_an_unsent_comment_still_exists() -> None:
    assert decided(local_comments=(MINE,), pairs=(UNSENT,)) == CommentsDecision()


def test_a_late_copy_of_what_a_cut_link_did_not_send_is_adopted_not_deleted() -> None:
    views: list[dict[str, Any]] = [{"is_complete": True, "local_comments": (MINE,)}, {}]
    for view in views:
        found = decided(comments=(POSTED,), pairs=(UNSENT,), **view)
        assert found.actions == ()
        assert (only(found).state, only(found).remote_id) == (LIVE, POSTED.id)


@pytest.mark.parametrize("state", [LIVE, TOMBSTONE, SKIPPED])
def test_what_was_sent_or_kept_back_is_not_sent_again(state: CommentPairState) -> None:
    entry = replace(UNSENT, state=state, remote_id=None if state is SKIPPED else POSTED.id, reason="a rule's")
    assert PostComment not in kinds(decided(local_comments=(MINE,), pairs=(entry,), is_complete=True))


@pytest.mark.parametrize(("backfill", "done"), [(True, [PostComment]), (False, [])])
def test_older_comments_are_sent_after_relinking_with_backfill(
    *, backfill: bool, done: list[type[Action]]
) -> None:
    kept = replace(UNSENT, state=SKIPPED, reason=OLDER_THAN_LINK)
    again = replace(a_new_link(), backfill=backfill)
    assert kinds(decided(link=again, local_comments=(MINE,), pairs=(kept,), is_complete=True)) == done
    standing = replace(a_link(), backfill=backfill)
    assert kinds(decided(link=standing, local_comments=(MINE,), pairs=(kept,), is_complete=True)) == []
