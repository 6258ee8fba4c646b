"""docs/design.md, Initial sync: comments that were there before the link."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.link import LinkOrigin
from reconciler.model.plan import (
    ImportComment,
    PostComment,
)
from reconciler.text import text_digest
from tests.decide.threads import FORM, GITHUB, LIVE, SKIPPED, decided, first, kinds, only
from tests.support.factories import (
    AFTER,
    BEFORE,
    LINKED,
    OURS,
    a_link,
    a_local_comment,
    a_new_link,
    a_remote_comment,
    local_id,
)


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
    comment, local = (
        a_remote_comment(created_at=BEFORE),
        a_local_comment(body=body, source=source, created_at=BEFORE),
    )
    found = first(comments=(comment,), local_comments=(local,))
    assert found.actions == ()
    entry = only(found)
    assert (entry.origin, entry.state, entry.local_id, entry.remote_id) == (
        GITHUB,
        LIVE,
        local.id,
        comment.id,
    )
    assert entry.local_digest == text_digest(body)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("**hubot** (via GitHub):\n\nSeen here too", None),
        ("**octocat** (via GitHub):\n\nSomething else", None),
        ("Seen here too", None),
    ],
)
def test_first_contact_imports_what_only_looks_alike(body: str, source: str | None) -> None:
    comment, local = (
        a_remote_comment(created_at=BEFORE),
        a_local_comment(body=body, source=source, created_at=BEFORE),
    )
    assert kinds(first(comments=(comment,), local_comments=(local,))) == [ImportComment]


def test_a_login_is_matched_whatever_its_case() -> None:
    comment = a_remote_comment(author=replace(OURS, login="OctoCat"))
    assert first(comments=(comment,), local_comments=(a_local_comment(body=FORM),)).actions == ()


def test_first_contact_matches_one_to_one_oldest_first() -> None:
    remotes = (a_remote_comment(2), a_remote_comment(1, created_at=BEFORE), a_remote_comment(3))
    found = first(
        comments=remotes,
        local_comments=(a_local_comment(9, FORM), a_local_comment(8, FORM, created_at=BEFORE)),
    )
    assert [(e.remote_id, e.local_id) for e in found.pairs[:2]] == [(1, local_id(8)), (2, local_id(9))]
    assert [a.comment.id for a in found.actions if isinstance(a, ImportComment)] == [3]


def test_an_import_too_long_for_bugspark_is_matched_by_its_cut_form() -> None:
    comment = a_remote_comment(body="x" * 70_000)
    (action,) = first(comments=(comment,)).actions
    assert isinstance(action, ImportComment)
    assert first(comments=(comment,), local_comments=(a_local_comment(body=action.body),)).actions == ()


def test_after_first_contact_nothing_is_matched_by_prose() -> None:
    found = decided(comments=(a_remote_comment(),), local_comments=(a_local_comment(body=FORM),))
    assert kinds(found) == [ImportComment, PostComment]


OLD, FRESH = a_local_comment(1, created_at=BEFORE), a_local_comment(2, created_at=LINKED)


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
    found = decided(link=link, local_comments=(OLD, FRESH))
    assert [a.comment for a in found.actions if isinstance(a, PostComment)] == sent
    kept = [entry for entry in found.pairs if entry.state is SKIPPED]
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
    found = decided(link=link, local_comments=(a_local_comment(body=FORM, created_at=created_at),))
    assert kinds(found) == [PostComment] * sent
