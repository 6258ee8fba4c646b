"""Comments that existed before the link (docs/design.md, Initial sync)."""

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
def test_the_initial_sync_matches_comments_imported_before(body: str, source: str | None) -> None:
    comment, local = (
        a_remote_comment(created_at=BEFORE),
        a_local_comment(body=body, source=source, created_at=BEFORE),
    )
    decision = first(comments=(comment,), local_comments=(local,))
    assert decision.actions == ()
    pair = only(decision)
    assert (pair.origin, pair.state, pair.local_id, pair.remote_id) == (
        GITHUB,
        LIVE,
        local.id,
        comment.id,
    )
    assert pair.local_digest == text_digest(body)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("**hubot** (via GitHub):\n\nSeen here too", None),
        ("**octocat** (via GitHub):\n\nSomething else", None),
        ("Seen here too", None),
    ],
)
def test_the_initial_sync_imports_comments_that_only_look_alike(body: str, source: str | None) -> None:
    comment, local = (
        a_remote_comment(created_at=BEFORE),
        a_local_comment(body=body, source=source, created_at=BEFORE),
    )
    assert kinds(first(comments=(comment,), local_comments=(local,))) == [ImportComment]


def test_a_login_is_matched_in_any_case() -> None:
    comment = a_remote_comment(author=replace(OURS, login="OctoCat"))
    assert first(comments=(comment,), local_comments=(a_local_comment(body=FORM),)).actions == ()


def test_the_initial_sync_matches_one_to_one_oldest_first() -> None:
    remotes = (a_remote_comment(2), a_remote_comment(1, created_at=BEFORE), a_remote_comment(3))
    decision = first(
        comments=remotes,
        local_comments=(a_local_comment(9, FORM), a_local_comment(8, FORM, created_at=BEFORE)),
    )
    assert [(pair.remote_id, pair.local_id) for pair in decision.pairs[:2]] == [
        (1, local_id(8)),
        (2, local_id(9)),
    ]
    assert [a.comment.id for a in decision.actions if isinstance(a, ImportComment)] == [3]


def test_an_import_too_long_for_bugspark_is_matched_by_its_truncated_text() -> None:
    comment = a_remote_comment(body="x" * 70_000)
    (action,) = first(comments=(comment,)).actions
    assert isinstance(action, ImportComment)
    assert first(comments=(comment,), local_comments=(a_local_comment(body=action.body),)).actions == ()


def test_after_the_initial_sync_nothing_is_matched_by_text() -> None:
    decision = decided(comments=(a_remote_comment(),), local_comments=(a_local_comment(body=FORM),))
    assert kinds(decision) == [ImportComment, PostComment]


OLD, FRESH = a_local_comment(1, created_at=BEFORE), a_local_comment(2, created_at=LINKED)


@pytest.mark.parametrize(
    ("link", "sent"),
    [
        (a_new_link(origin=LinkOrigin.COLUMNS), [FRESH]),
        (a_new_link(origin=LinkOrigin.COMMAND), [FRESH]),
        (a_new_link(origin=LinkOrigin.DISCOVERY), [FRESH]),
        (a_new_link(origin=LinkOrigin.EXPORT), [OLD, FRESH]),
        (a_new_link(origin=LinkOrigin.COMMAND, backfill=True), [OLD, FRESH]),
        (a_link(origin=LinkOrigin.COMMAND), [OLD, FRESH]),  # after the initial sync every new comment is sent
    ],
)
def test_comments_older_than_the_link_are_sent_only_on_request(link: Any, sent: list[Any]) -> None:
    decision = decided(link=link, local_comments=(OLD, FRESH))
    assert [a.comment for a in decision.actions if isinstance(a, PostComment)] == sent
    kept = [pair for pair in decision.pairs if pair.state is SKIPPED]
    assert [pair.local_id for pair in kept] == [OLD.id] * (2 - len(sent))
    assert all(pair.reason for pair in kept)


@pytest.mark.parametrize(
    ("link", "created_at", "sent"),
    [
        (a_new_link(backfill=True), BEFORE, False),
        (a_new_link(backfill=True), AFTER, False),
        (a_link(origin=LinkOrigin.EXPORT), BEFORE, False),  # an export's link has no initial sync
        (a_link(), AFTER, True),  # a person quoting the form is synced like anyone
    ],
)
def test_text_of_the_imported_form_is_not_sent_back(link: Any, created_at: Any, *, sent: bool) -> None:
    decision = decided(link=link, local_comments=(a_local_comment(body=FORM, created_at=created_at),))
    assert kinds(decision) == [PostComment] * sent
