"""Comments that were on their way when their link was cut, and the link is made again."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import Comments
from reconciler.decide.text import digest
from reconciler.decide.unsent import OLDER
from reconciler.model.link import CUT, EntryState
from reconciler.model.plan import (
    Action,
    PostComment,
)
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
from tests.support.nouns import (
    a_link,
    a_new_link,
    an_entry,
)

UNSENT = an_entry(BUGSPARK, MINE, None, state=ENDED, reason=CUT)


def test_what_was_on_its_way_when_its_link_was_cut_goes_out_when_it_is_made_again() -> None:
    edited = replace(MINE, body="It happens hourly")
    found = decided(link=a_new_link(), local=(edited,), entries=(UNSENT,), whole=True)
    assert kinds(found) == [PostComment]
    digested = digest("It happens hourly")
    assert only(found) == replace(UNSENT, state=PENDING, reason=None, local_digest=digested)


def test_a_wish_that_stands_keeps_the_words_it_was_frozen_in() -> None:
    waiting = replace(UNSENT, state=PENDING, reason=None)
    found = decided(local=(replace(MINE, body="Hm"),), entries=(waiting,), whole=True)
    assert kinds(found) == [PostComment]
    assert found.entries == (waiting,)


def test_only_a_whole_look_tells_that_an_unsent_comment_is_still_there() -> None:
    assert decided(local=(MINE,), entries=(UNSENT,)) == Comments()


def test_a_late_copy_of_what_a_cut_link_did_not_send_is_adopted_not_deleted() -> None:
    views: list[dict[str, Any]] = [{"whole": True, "local": (MINE,)}, {}]
    for view in views:
        found = decided(comments=(POSTED,), entries=(UNSENT,), **view)
        assert found.actions == ()
        assert (only(found).state, only(found).remote_id) == (LIVE, POSTED.id)


@pytest.mark.parametrize("state", [LIVE, TOMBSTONE, SKIPPED])
def test_what_was_sent_or_kept_back_is_not_sent_again(state: EntryState) -> None:
    entry = replace(UNSENT, state=state, remote_id=None if state is SKIPPED else POSTED.id, reason="a rule's")
    assert PostComment not in kinds(decided(local=(MINE,), entries=(entry,), whole=True))


@pytest.mark.parametrize(("backfill", "done"), [(True, [PostComment]), (False, [])])
def test_what_was_older_than_its_link_goes_out_once_that_is_made_anew_with_backfill(
    *, backfill: bool, done: list[type[Action]]
) -> None:
    kept = replace(UNSENT, state=SKIPPED, reason=OLDER)
    again = replace(a_new_link(), backfill=backfill)
    assert kinds(decided(link=again, local=(MINE,), entries=(kept,), whole=True)) == done
    standing = replace(a_link(), backfill=backfill)
    assert kinds(decided(link=standing, local=(MINE,), entries=(kept,), whole=True)) == []
