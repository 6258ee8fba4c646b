"""After a restore: the ledger records which copies are ours, and nothing else is done about them."""

from dataclasses import replace
from typing import Any

from reconciler.decide.comment_copies import ORIGINAL_MISSING, adopt_copies
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


def adopted(*pairs: CommentPair, local: bool = True) -> LinkPlan:
    view = an_observation(
        comments=(COPY, a_remote_comment(6)),
        local_comments=(a_local_comment(1),) * local,
        pairs=pairs,
        is_complete=True,
    )
    plan = adopt_copies(view, SyncPolicy(), ids())
    assert plan.actions == ()
    return plan


def test_a_copy_without_a_ledger_row_is_recorded_with_both_texts() -> None:
    (pair,) = adopted().pairs
    assert (pair.origin, pair.state, pair.reason) == (Side.BUGSPARK, LIVE, None)
    assert (pair.local_id, pair.remote_id) == (local_id(1), 5)
    assert (pair.local_digest, pair.remote_digest) == (
        text_digest(a_local_comment(1).body),
        text_digest(COPY.body),
    )


def test_a_copy_whose_original_is_lost_is_neither_imported_nor_deleted() -> None:
    (pair,) = adopted(local=False).pairs
    assert (pair.origin, pair.state, pair.reason) == (Side.BUGSPARK, SKIPPED, ORIGINAL_MISSING)
    assert (pair.local_id, pair.remote_id) == (None, 5)


def test_a_pending_pair_gets_its_copy() -> None:
    (pair,) = adopted(AWAITED).pairs
    arrived: dict[str, Any] = {
        "remote_id": 5,
        "remote_digest": text_digest(COPY.body),
        "remote_updated_at": COPY.updated_at,
    }
    assert pair == replace(AWAITED, state=LIVE, **arrived)


def test_pairs_in_other_states_stay_as_they_are() -> None:
    assert adopted(replace(AWAITED, state=TOMBSTONE)).pairs == ()  # it was deleted there: not restored
    assert adopted(a_pair(Side.BUGSPARK, a_local_comment(1), COPY)).pairs == ()


def test_the_link_is_due_at_once_without_etags() -> None:
    tags = ThreadEtags(issue="a", thread="b", credential="c")
    checked = Verification(at=AFTER, due=AFTER.replace(day=28), etags=tags)
    view = an_observation(verification=checked, owner_instance="other-db", is_complete=True)
    after = adopt_copies(view, SyncPolicy(), ids()).after
    assert after == replace(
        view.link, owner_instance="other-db", verification=Verification(at=AFTER, due=AFTER, etags=None)
    )
