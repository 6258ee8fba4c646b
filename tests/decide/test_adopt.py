"""After a restore: the ledger learns which copies are ours, and nothing is done about them."""

from dataclasses import replace
from typing import Any

from reconciler.decide.adopt import VANISHED, adopt
from reconciler.decide.text import digest
from reconciler.model.fields import Side
from reconciler.model.issue import Etags
from reconciler.model.link import Checked, Entry, EntryState
from reconciler.model.plan import LinkPlan
from reconciler.model.policy import SyncPolicy
from tests.support.nouns import AFTER, a_local, a_remote, a_view, an_entry, ids, local_id

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = EntryState
COPY = a_remote(5, "[BugSpark] Ada:\n\nIt happens daily", marked=local_id(1))
AWAITED = an_entry(Side.BUGSPARK, a_local(1), None, state=PENDING)


def adopted(*entries: Entry, local: bool = True) -> LinkPlan:
    view = a_view(comments=(COPY, a_remote(6)), local=(a_local(1),) * local, entries=entries, whole=True)
    plan = adopt(view, SyncPolicy(), ids())
    assert plan.actions == ()
    return plan


def test_a_copy_the_ledger_does_not_know_is_written_down_with_both_texts() -> None:
    (entry,) = adopted().entries
    assert (entry.origin, entry.state, entry.reason) == (Side.BUGSPARK, LIVE, None)
    assert (entry.local_id, entry.remote_id) == (local_id(1), 5)
    assert (entry.local_digest, entry.remote_digest) == (digest(a_local(1).body), digest(COPY.body))


def test_a_copy_whose_original_is_lost_is_neither_a_strangers_nor_deleted() -> None:
    (entry,) = adopted(local=False).entries
    assert (entry.origin, entry.state, entry.reason) == (Side.BUGSPARK, SKIPPED, VANISHED)
    assert (entry.local_id, entry.remote_id) == (None, 5)


def test_a_copy_that_was_awaited_has_arrived() -> None:
    (entry,) = adopted(AWAITED).entries
    arrived: dict[str, Any] = {
        "remote_id": 5,
        "remote_digest": digest(COPY.body),
        "remote_updated_at": COPY.updated_at,
    }
    assert entry == replace(AWAITED, state=LIVE, **arrived)


def test_what_the_ledger_knows_otherwise_stays_as_it_is() -> None:
    assert adopted(replace(AWAITED, state=TOMBSTONE)).entries == ()  # it was deleted there: not revived
    assert adopted(an_entry(Side.BUGSPARK, a_local(1), COPY)).entries == ()


def test_the_link_is_due_at_once_and_no_etag_spares_the_look() -> None:
    tags = Etags(issue="a", thread="b", credential="c")
    checked = Checked(at=AFTER, due=AFTER.replace(day=28), etags=tags)
    view = a_view(checked=checked, rival="other-db", whole=True)
    after = adopt(view, SyncPolicy(), ids()).after
    assert after == replace(view.link, held_by="other-db", checked=Checked(at=AFTER, due=AFTER, etags=None))
