"""After a restore: the ledger learns which copies are ours, and nothing is done about them."""

from dataclasses import replace
from typing import Any

from reconciler.decide.copies import ORIGINAL_MISSING, adopt_copies
from reconciler.model.fields import Side
from reconciler.model.issue import ThreadEtags
from reconciler.model.link import CommentPair, CommentPairState, Verification
from reconciler.model.plan import LinkPlan
from reconciler.model.policy import SyncPolicy
from reconciler.text import text_digest
from tests.support.factories import (
    AFTER,
    a_local_comment,
    a_pair,
    a_remote_comment,
    an_observation,
    ids,
    local_id,
)

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = CommentPairState
COPY = a_remote_comment(5, "[BugSpark] Ada:\n\nIt happens daily", marker_comment_id=local_id(1))
AWAITED = a_pair(Side.BUGSPARK, a_local_comment(1), None, state=PENDING)


def adopted(*entries: CommentPair, local: bool = True) -> LinkPlan:
    view = an_observation(
        comments=(COPY, a_remote_comment(6)),
        local_comments=(a_local_comment(1),) * local,
        pairs=entries,
        is_complete=True,
    )
    plan = adopt_copies(view, SyncPolicy(), ids())
    assert plan.actions == ()
    return plan


def test_a_copy_the_ledger_does_not_know_is_written_down_with_both_texts() -> None:
    (entry,) = adopted().pairs
    assert (entry.origin, entry.state, entry.reason) == (Side.BUGSPARK, LIVE, None)
    assert (entry.local_id, entry.remote_id) == (local_id(1), 5)
    assert (entry.local_digest, entry.remote_digest) == (
        text_digest(a_local_comment(1).body),
        text_digest(COPY.body),
    )


def test_a_copy_without_its_original_is_neither_imported_nor_deleted() -> None:
    (entry,) = adopted(local=False).pairs
    assert (entry.origin, entry.state, entry.reason) == (Side.BUGSPARK, SKIPPED, ORIGINAL_MISSING)
    assert (entry.local_id, entry.remote_id) == (None, 5)


def test_a_copy_that_was_awaited_has_arrived() -> None:
    (entry,) = adopted(AWAITED).pairs
    arrived: dict[str, Any] = {
        "remote_id": 5,
        "remote_digest": text_digest(COPY.body),
        "remote_updated_at": COPY.updated_at,
    }
    assert entry == replace(AWAITED, state=LIVE, **arrived)


def test_what_the_ledger_knows_otherwise_stays_as_it_is() -> None:
    assert adopted(replace(AWAITED, state=TOMBSTONE)).pairs == ()  # it was deleted there: not revived
    assert adopted(a_pair(Side.BUGSPARK, a_local_comment(1), COPY)).pairs == ()


def test_the_link_is_due_at_once_and_its_etags_are_dropped() -> None:
    tags = ThreadEtags(issue="a", thread="b", credential="c")
    checked = Verification(at=AFTER, due=AFTER.replace(day=28), etags=tags)
    view = an_observation(verification=checked, owner_instance="other-db", is_complete=True)
    after = adopt_copies(view, SyncPolicy(), ids()).after
    assert after == replace(
        view.link, owner_instance="other-db", verification=Verification(at=AFTER, due=AFTER, etags=None)
    )
