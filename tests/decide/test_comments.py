"""DESIGN.md, "Comments": each has an original on one side and a copy on the other."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.decide.comments import Comments, decide_comments
from reconciler.decide.text import digest, to_github
from reconciler.decide.unsent import OLDER
from reconciler.model.fields import Side
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CUT, Entry, EntryState, LinkOrigin
from reconciler.model.plan import (
    Action,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    PostComment,
    RemoveLocal,
    Rule,
)
from reconciler.model.policy import SyncPolicy
from tests.support.nouns import (
    AFTER,
    BEFORE,
    LINKED,
    OURS,
    a_link,
    a_local,
    a_new_link,
    a_remote,
    a_view,
    an_entry,
    ids,
    local_id,
)

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = EntryState
GITHUB, BUGSPARK = Side.GITHUB, Side.BUGSPARK
LATER = AFTER.replace(minute=59)
POLICY = SyncPolicy()


def decided(policy: SyncPolicy = POLICY, **view: Any) -> Comments:
    return decide_comments(a_view(**view), policy, ids())


def kinds(found: Comments) -> list[type[Action]]:
    return [type(action) for action in found.actions]


def only(found: Comments) -> Entry:
    (entry,) = found.entries
    return entry


def a_copy(of: int = 1, number: int = 1, **given: Any) -> RemoteComment:
    """Our copy on GitHub, its marker found valid."""
    body = to_github("Ada", "It happens daily", "<!-- signed -->", hosts=())
    return a_remote(number, body, **{"author": OURS, "marked": local_id(of)} | given)


# --- new ones ---------------------------------------------------------------------------------------------


def test_a_comment_on_github_is_imported_under_its_authors_name() -> None:
    comment = a_remote(body="Seen <b>here</b>\r\n")
    found = decided(comments=(comment,))
    assert [type(a) for a in found.actions] == [ImportComment]
    (action,) = found.actions
    assert isinstance(action, ImportComment)
    assert action.comment == comment
    assert action.body == "**octocat** (via GitHub):\n\nSeen <b>here</b>"
    entry = only(found)
    assert (entry.origin, entry.state, entry.remote_id) == (GITHUB, LIVE, comment.id)
    assert entry.local_id is not None
    assert (entry.local_digest, entry.remote_digest) == (digest(action.body), digest(comment.body))
    assert entry.remote_updated_at == comment.updated_at
    assert entry.author == "octocat"


def test_a_comment_of_a_deleted_account_is_imported_as_the_ghosts() -> None:
    (action,) = decided(comments=(a_remote(author=None),)).actions
    assert isinstance(action, ImportComment)
    assert action.body.startswith("**ghost** (via GitHub):")


@pytest.mark.parametrize(
    "comment",
    [
        a_remote(body="[BugSpark] Ada:\n\nis what it said"),
        a_remote(body="> [BugSpark] Ada:\n\nquoted", author=OURS),
        a_remote(body="[BugSpark] typed by hand, from the token's own account", author=OURS),
        a_remote(body="[BugSpark] of the very moment", author=OURS, created_at=LINKED),
        a_remote(body="[BugSpark] by somebody else, long ago", created_at=BEFORE),
        a_remote(body="Long ago: [BugSpark] not at the start", author=OURS, created_at=BEFORE),
        a_remote(body=" [BugSpark] not at the very start", author=OURS, created_at=BEFORE),
        a_remote(body="[BugSpark] by a ghost", author=None, created_at=BEFORE),
        a_remote(body="Just me", author=OURS),
    ],
)
def test_whoever_quotes_us_or_uses_our_account_is_imported_like_anyone(comment: RemoteComment) -> None:
    assert kinds(decided(comments=(comment,))) == [ImportComment]


def test_a_comment_in_bugspark_is_posted_and_its_copy_awaited() -> None:
    comment = a_local()
    found = decided(local=(comment,))
    (action,) = found.actions
    assert isinstance(action, PostComment)
    assert action.comment == comment
    entry = only(found)
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (
        BUGSPARK,
        PENDING,
        comment.id,
        None,
    )
    assert entry.local_digest == digest(comment.body)


def test_comments_go_out_and_come_in_oldest_first() -> None:
    found = decided(
        local=(a_local(1, created_at=LATER), a_local(3), a_local(2)),
        comments=(a_remote(5, created_at=LATER), a_remote(7), a_remote(6)),
    )
    order = [a.comment.id for a in found.actions if isinstance(a, ImportComment | PostComment)]
    assert order == [6, 7, 5, local_id(2), local_id(3), local_id(1)]


@pytest.mark.parametrize(("collaborator", "done"), [(True, [ImportComment]), (False, [])])
def test_collaborators_only(*, collaborator: bool, done: list[type[Action]]) -> None:
    comment = a_remote(collaborator=collaborator)
    found = decided(SyncPolicy(collaborators_only=True), comments=(comment,))
    assert kinds(found) == done
    assert only(found).state is (LIVE if collaborator else SKIPPED)
    assert kinds(decided(comments=(comment,))) == [ImportComment]


def test_a_stranger_who_was_left_out_is_not_let_in_by_an_edit() -> None:
    comment = a_remote(collaborator=False)
    entry = an_entry(GITHUB, None, comment, state=SKIPPED)
    edited = replace(comment, body="Please", updated_at=LATER, collaborator=True)
    assert decided(comments=(edited,), entries=(entry,)) == Comments()


def test_a_comment_marked_github_is_never_sent_back() -> None:
    found = decided(local=(a_local(source="github", body="anything"),))
    assert found.actions == ()
    assert (only(found).state, only(found).origin) == (SKIPPED, GITHUB)


# --- first contact ----------------------------------------------------------------------------------------

FORM = "**octocat** (via GitHub):\n\nSeen here too"


def first(policy: SyncPolicy = POLICY, *, link: Any = None, **view: Any) -> Comments:
    return decided(policy, link=link or a_new_link(), whole=True, **view)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (FORM, None),
        (FORM, "github"),
        ("**Octocat** (via GitHub):\n\nSeen here too\n", None),
        ("Seen here too", "github"),
    ],
)
def test_first_contact_matches_what_was_imported_before(body: str, source: str | None) -> None:
    comment, local = a_remote(created_at=BEFORE), a_local(body=body, source=source, created_at=BEFORE)
    found = first(comments=(comment,), local=(local,))
    assert found.actions == ()
    entry = only(found)
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (
        GITHUB,
        LIVE,
        local.id,
        comment.id,
    )
    assert entry.local_digest == digest(body)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("**hubot** (via GitHub):\n\nSeen here too", None),
        ("**octocat** (via GitHub):\n\nSomething else", None),
        ("Seen here too", None),
    ],
)
def test_first_contact_imports_what_only_looks_alike(body: str, source: str | None) -> None:
    comment, local = a_remote(created_at=BEFORE), a_local(body=body, source=source, created_at=BEFORE)
    assert kinds(first(comments=(comment,), local=(local,))) == [ImportComment]


def test_a_login_is_matched_whatever_its_case() -> None:
    comment = a_remote(author=replace(OURS, login="OctoCat"))
    assert first(comments=(comment,), local=(a_local(body=FORM),)).actions == ()


def test_first_contact_matches_one_to_one_oldest_first() -> None:
    remotes = (a_remote(2), a_remote(1, created_at=BEFORE), a_remote(3))
    found = first(comments=remotes, local=(a_local(9, FORM), a_local(8, FORM, created_at=BEFORE)))
    assert [(e.remote_id, e.local_id) for e in found.entries[:2]] == [(1, local_id(8)), (2, local_id(9))]
    assert [a.comment.id for a in found.actions if isinstance(a, ImportComment)] == [3]


def test_an_import_too_long_for_bugspark_is_matched_by_its_cut_form() -> None:
    comment = a_remote(body="x" * 70_000)
    (action,) = first(comments=(comment,)).actions
    assert isinstance(action, ImportComment)
    assert first(comments=(comment,), local=(a_local(body=action.body),)).actions == ()


def test_after_first_contact_nothing_is_matched_by_prose() -> None:
    found = decided(comments=(a_remote(),), local=(a_local(body=FORM),))
    assert kinds(found) == [ImportComment, PostComment]


OLD, FRESH = a_local(1, created_at=BEFORE), a_local(2, created_at=LINKED)


@pytest.mark.parametrize(
    ("link", "sent"),
    [
        (a_new_link(origin=LinkOrigin.COLUMNS), [FRESH]),
        (a_new_link(origin=LinkOrigin.COMMAND), [FRESH]),
        (a_new_link(origin=LinkOrigin.DISCOVERY), [FRESH]),
        (a_new_link(origin=LinkOrigin.EXPORT), [OLD, FRESH]),
        (a_new_link(origin=LinkOrigin.COMMAND, backfill=True), [OLD, FRESH]),
        (a_link(origin=LinkOrigin.COMMAND), [OLD, FRESH]),  # after first contact every new comment goes
    ],
)
def test_comments_older_than_the_link_go_out_only_when_asked_for(link: Any, sent: list[Any]) -> None:
    found = decided(link=link, local=(OLD, FRESH))
    assert [a.comment for a in found.actions if isinstance(a, PostComment)] == sent
    kept = [entry for entry in found.entries if entry.state is SKIPPED]
    assert [entry.local_id for entry in kept] == [OLD.id] * (2 - len(sent))
    assert all(entry.reason for entry in kept)


@pytest.mark.parametrize(
    ("link", "created_at", "sent"),
    [
        (a_new_link(backfill=True), BEFORE, False),
        (a_new_link(backfill=True), AFTER, False),
        (a_link(origin=LinkOrigin.EXPORT), BEFORE, False),  # an export's link has had its first contact
        (a_link(), AFTER, True),  # a person quoting the form is synced like anyone
    ],
)
def test_text_of_the_imported_form_is_not_sent_back(link: Any, created_at: Any, *, sent: bool) -> None:
    found = decided(link=link, local=(a_local(body=FORM, created_at=created_at),))
    assert kinds(found) == [PostComment] * sent


# --- recognising ours -------------------------------------------------------------------------------------


def test_a_marked_copy_is_adopted_by_its_waiting_row() -> None:
    entry = an_entry(BUGSPARK, a_local(), None, state=PENDING)
    copy = a_copy()
    found = decided(comments=(copy,), entries=(entry,))
    assert found.actions == ()
    assert only(found) == replace(
        entry, state=LIVE, remote_id=copy.id, remote_digest=digest(copy.body), remote_updated_at=AFTER
    )


def test_an_adopted_copy_that_lags_behind_its_original_is_edited_at_once() -> None:
    waiting = an_entry(BUGSPARK, a_local(), None, state=PENDING)
    edited = a_local(body="It happens hourly")
    found = decided(comments=(a_copy(),), local=(edited,), entries=(waiting,), whole=True)
    (action,) = found.actions
    assert isinstance(action, EditRemote)
    assert (action.entry.remote_id, action.comment) == (1, edited)


def test_a_marked_copy_is_adopted_with_its_original_where_the_ledger_knows_neither() -> None:
    found = decided(comments=(a_copy(),), local=(a_local(),))
    assert found.actions == ()
    entry = only(found)
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (BUGSPARK, LIVE, local_id(1), 1)


def test_a_marked_copy_without_any_original_is_never_imported() -> None:
    found = decided(comments=(a_copy(),))
    assert found.actions == ()
    assert only(found).state is SKIPPED


def test_of_two_copies_the_oldest_is_kept_and_the_other_deleted() -> None:
    entry = an_entry(BUGSPARK, a_local(), None, state=PENDING)
    for known in ({"entries": (entry,)}, {"local": (a_local(),)}):
        found = decided(comments=(a_copy(number=4, created_at=LATER), a_copy(number=5)), **known)
        (action,) = found.actions
        assert isinstance(action, DeleteRemote)
        assert action.entry.remote_id == 4
        assert action.why.rule is Rule.COMMENT_DOUBLED
        kept, second = found.entries
        assert (kept.state, kept.remote_id, kept.local_id) == (LIVE, 5, local_id(1))
        assert (second.state, second.remote_id, second.local_id) == (LIVE, 4, None)


def test_a_copy_beside_the_one_the_ledger_knows_is_deleted_even_where_copies_stay() -> None:
    entry = an_entry(BUGSPARK, a_local(), a_copy(number=5))
    found = decided(
        SyncPolicy(delete_on_github=False), comments=(a_copy(number=4), a_copy(number=5)), entries=(entry,)
    )
    (action,) = found.actions
    assert isinstance(action, DeleteRemote)
    assert action.entry.remote_id == 4


def test_the_last_living_copy_is_never_deleted() -> None:
    comment = a_local()
    entry = an_entry(BUGSPARK, comment, a_copy(number=5))
    survivor = a_copy(number=6)
    found = decided(
        comments=(survivor,), local=(comment,), entries=(entry,), whole=True, missing=frozenset({5})
    )
    assert found.actions == ()
    assert (only(found).id, only(found).state, only(found).remote_id) == (entry.id, LIVE, 6)


@pytest.mark.parametrize(("switch", "whole"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_deletion_of_a_second_copy_is_derived_again_until_it_is_gone(
    *, switch: bool, whole: bool
) -> None:
    second = an_entry(BUGSPARK, None, a_copy(number=4))
    view = {"entries": (second,)} if whole else {"gone": (second,)}
    found = decided(SyncPolicy(delete_on_github=switch), whole=whole, **view)
    assert kinds(found) == [DeleteRemote]
    assert found.actions[0].why.rule is Rule.COMMENT_DOUBLED


def test_a_copy_that_shows_up_after_its_original_was_deleted_goes_along() -> None:
    ended = an_entry(BUGSPARK, a_local(), None, state=ENDED)
    found = decided(comments=(a_copy(),), entries=(ended,))
    assert kinds(found) == [DeleteRemote]
    assert (only(found).state, only(found).remote_id) == (LIVE, 1)  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), comments=(a_copy(),), entries=(ended,))
    assert kept.actions == ()
    assert (only(kept).state, only(kept).remote_id) == (ENDED, 1)


def test_a_late_copy_of_a_comment_deleted_in_the_very_same_look_goes_along() -> None:
    waiting = an_entry(BUGSPARK, a_local(), None, state=PENDING)
    found = decided(comments=(a_copy(),), entries=(waiting,), gone=(waiting,))
    assert kinds(found) == [DeleteRemote]


def test_a_second_copy_of_an_ended_comment_goes_too() -> None:
    ended = an_entry(BUGSPARK, a_local(), a_copy(number=5), state=ENDED)
    found = decided(comments=(a_copy(number=6),), entries=(ended,))
    assert [a.entry.remote_id for a in found.actions if isinstance(a, DeleteRemote)] == [6]


def test_a_second_copy_of_a_tombstone_is_neither_imported_nor_adopted() -> None:
    entry = an_entry(BUGSPARK, a_local(), a_copy(number=5), state=TOMBSTONE)
    assert decided(comments=(a_copy(number=6),), entries=(entry,)) == Comments()


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
    local = a_local(body="Don&#x27;t", created_at=BEFORE)
    copy = a_remote(body=body, author=OURS, created_at=BEFORE)
    found = first(link=a_new_link(backfill=True), comments=(copy,), local=(a_local(2), local))
    assert [a.comment.id for a in found.actions if isinstance(a, PostComment)] == [local_id(2)]
    entry = found.entries[0]
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (BUGSPARK, LIVE, local.id, 1)


def test_an_earlier_copy_of_a_hostile_comment_is_found_as_we_would_render_it() -> None:
    local = a_local(body="ping @octocat", author=None)
    copy = a_remote(body=to_github(None, local.body, "", hosts=()), author=OURS, created_at=BEFORE)
    assert first(comments=(copy,), local=(local,)).actions == ()


def test_an_earlier_copy_without_original_is_not_imported() -> None:
    found = first(comments=(a_remote(body="[BugSpark] Ada:\n\nGone", author=OURS, created_at=BEFORE),))
    assert found.actions == ()
    assert (only(found).origin, only(found).state) == (BUGSPARK, SKIPPED)


# --- edits ------------------------------------------------------------------------------------------------

IMPORTED = a_local(body=FORM, source="github")
ORIGINAL = a_remote()
COPIED = an_entry(GITHUB, IMPORTED, ORIGINAL)
MINE = a_local()
POSTED = a_copy()
SENT = an_entry(BUGSPARK, MINE, POSTED)


def test_an_edit_of_a_github_original_is_carried_over() -> None:
    edited = replace(ORIGINAL, body="Seen there", updated_at=LATER)
    found = decided(comments=(edited,), entries=(COPIED,))
    (action,) = found.actions
    assert isinstance(action, EditLocal)
    assert (action.entry, action.body) == (COPIED, "**octocat** (via GitHub):\n\nSeen there")
    assert only(found) == replace(
        COPIED,
        local_digest=digest(action.body),
        remote_digest=digest("Seen there"),
        remote_updated_at=LATER,
    )


@pytest.mark.parametrize(
    "seen",
    [
        ORIGINAL,
        replace(ORIGINAL, body="An older text", updated_at=BEFORE),  # a lagging list
        replace(ORIGINAL, body="Seen here too\r\n"),
    ],
)
def test_what_is_no_news_changes_nothing(seen: RemoteComment) -> None:
    assert decided(comments=(seen,), entries=(COPIED,)) == Comments()


def test_a_touch_without_a_change_is_only_remembered() -> None:
    found = decided(comments=(replace(ORIGINAL, updated_at=LATER),), entries=(COPIED,))
    assert found == Comments(entries=(replace(COPIED, remote_updated_at=LATER),))


def test_an_edit_of_our_copy_is_shown_and_never_taken_over_nor_overwritten() -> None:
    edited = replace(POSTED, body="[BugSpark] Ada: what I meant", updated_at=LATER)
    found = decided(comments=(edited,), local=(MINE,), entries=(SENT,), whole=True)
    assert found.actions == ()
    assert only(found).reason == "our copy was edited on GitHub"
    assert only(found).remote_digest == digest(edited.body)
    rewritten = replace(MINE, body="By an administrator")
    again = decided(comments=(edited,), local=(rewritten,), entries=(only(found),), whole=True)
    assert again == Comments()
    both = decided(comments=(edited,), local=(rewritten,), entries=(SENT,), whole=True)
    assert both.actions == ()


def test_an_edited_original_in_bugspark_is_carried_over_when_the_thread_is_looked_at_whole() -> None:
    edited = replace(MINE, body="It happens hourly")
    found = decided(comments=(POSTED,), local=(edited,), entries=(SENT,), whole=True)
    (action,) = found.actions
    assert isinstance(action, EditRemote)
    assert (action.entry, action.comment) == (SENT, edited)
    assert found.entries == ()  # until GitHub confirms


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
def test_nothing_else_is_ever_edited_on_github(entry: Entry, local: Any, missing: frozenset[int]) -> None:
    there = [row for row in (ORIGINAL if entry is COPIED else POSTED,) if row.id == entry.remote_id]
    comments = () if missing else tuple(there)
    found = decided(comments=comments, local=(local,), entries=(entry,), whole=True, missing=missing)
    assert EditRemote not in kinds(found)


# --- unsent ones whose link was cut, and made again -------------------------------------------------------

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


# --- deletions --------------------------------------------------------------------------------------------


def test_an_original_deleted_on_github_takes_its_copy_along() -> None:
    found = decided(local=(IMPORTED,), entries=(COPIED,), whole=True, missing=frozenset({1}))
    (action,) = found.actions
    assert isinstance(action, RemoveLocal)
    assert action.entry == COPIED
    assert only(found).state is ENDED


def test_its_copy_stays_where_the_switch_says_so() -> None:
    policy = SyncPolicy(delete_in_bugspark=False)
    found = decided(policy, local=(IMPORTED,), entries=(COPIED,), whole=True, missing=frozenset({1}))
    assert found.actions == ()
    assert only(found).state is ENDED


@pytest.mark.parametrize("whole", [True, False])
def test_an_original_deleted_in_bugspark_takes_its_copy_along(*, whole: bool) -> None:
    view: dict[str, Any] = {"entries": (SENT,), "comments": (POSTED,)} if whole else {"gone": (SENT,)}
    found = decided(whole=whole, **view)
    (action,) = found.actions
    assert isinstance(action, DeleteRemote)
    assert action.entry == SENT
    assert action.why.rule is Rule.COMMENT_DELETED
    assert found.entries == ()  # until GitHub confirms
    kept = decided(SyncPolicy(delete_on_github=False), whole=whole, **view)
    assert kept.actions == ()
    assert only(kept).state is ENDED


@pytest.mark.parametrize("whole", [True, False])
def test_a_copy_deleted_in_bugspark_is_remembered_and_its_original_stays(*, whole: bool) -> None:
    view: dict[str, Any] = {"entries": (COPIED,), "comments": (ORIGINAL,)} if whole else {"gone": (COPIED,)}
    found = decided(whole=whole, **view)
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


def test_a_copy_deleted_on_github_is_remembered_and_its_original_stays() -> None:
    found = decided(local=(MINE,), entries=(SENT,), whole=True, missing=frozenset({1}))
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_an_edit_revives_nothing(state: EntryState) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    entry = replace(COPIED, state=state)
    assert decided(comments=(edited,), entries=(entry,)) == Comments()
    assert decided(comments=(edited,), entries=(entry,), whole=True) == Comments()


@pytest.mark.parametrize("whole", [True, False])
def test_an_edit_does_not_revive_a_copy_deleted_in_the_very_same_look(*, whole: bool) -> None:
    edited = replace(ORIGINAL, body="Still there?", updated_at=LATER)
    gone = () if whole else (COPIED,)
    found = decided(comments=(edited,), entries=(COPIED,), gone=gone, whole=whole)
    assert found.actions == ()
    assert only(found).state is TOMBSTONE


@pytest.mark.parametrize("entry", [SENT, COPIED])
def test_what_was_deleted_on_both_sides_is_over(entry: Entry) -> None:
    found = decided(entries=(entry,), whole=True, missing=frozenset({1}))
    assert found.actions == ()
    assert only(found).state is (ENDED if entry is SENT else TOMBSTONE)


def test_a_comment_deleted_before_it_was_sent_is_over() -> None:
    waiting = replace(SENT, state=PENDING, remote_id=None)
    found = decided(gone=(waiting,))
    assert found.actions == ()
    assert only(found).state is ENDED


@pytest.mark.parametrize("state", [TOMBSTONE, ENDED, SKIPPED])
def test_an_ended_row_that_is_missing_on_both_sides_is_left_as_it_is(state: EntryState) -> None:
    found = decided(entries=(replace(COPIED, state=state),), whole=True, missing=frozenset({1}))
    assert found == Comments()


def test_a_thread_in_step_is_left_alone() -> None:
    entries = (an_entry(GITHUB, a_local(2, FORM), a_remote(2)), SENT)
    view: dict[str, Any] = {"comments": (a_remote(2), POSTED), "local": (a_local(2, FORM), MINE)}
    assert decided(entries=entries, whole=True, **view) == Comments()
