"""Each comment has an original on one side and a copy on the other (docs/design.md, Comments)."""

from dataclasses import replace

import pytest

from reconciler.decide.comments import CommentsDecision
from reconciler.model.issue import RemoteComment
from reconciler.model.plan import (
    Action,
    ImportComment,
    PostComment,
)
from reconciler.model.policy import SyncPolicy
from reconciler.text import text_digest
from tests.decide.threads import BUGSPARK, GITHUB, LATER, LIVE, PENDING, SKIPPED, decided, kinds, only
from tests.support.factories import (
    BEFORE,
    LINKED,
    OURS,
    a_local_comment,
    a_pair,
    a_remote_comment,
    local_id,
)


def test_a_comment_on_github_is_imported_under_its_authors_name() -> None:
    comment = a_remote_comment(body="Seen <b>here</b>\r\n")
    decision = decided(comments=(comment,))
    assert [type(a) for a in decision.actions] == [ImportComment]
    (action,) = decision.actions
    assert isinstance(action, ImportComment)
    assert action.comment == comment
    assert action.body == "**octocat** (via GitHub):\n\nSeen <b>here</b>"
    pair = only(decision)
    assert (pair.origin, pair.state, pair.remote_id) == (GITHUB, LIVE, comment.id)
    assert pair.local_id is not None
    assert (pair.local_digest, pair.remote_digest) == (text_digest(action.body), text_digest(comment.body))
    assert pair.remote_updated_at == comment.updated_at
    assert pair.author == "octocat"


def test_a_comment_of_a_deleted_account_is_imported_as_by_ghost() -> None:
    (action,) = decided(comments=(a_remote_comment(author=None),)).actions
    assert isinstance(action, ImportComment)
    assert action.body.startswith("**ghost** (via GitHub):")


@pytest.mark.parametrize(
    "comment",
    [
        a_remote_comment(body="[BugSpark] Ada:\n\nis what it said"),
        a_remote_comment(body="> [BugSpark] Ada:\n\nquoted", author=OURS),
        a_remote_comment(body="[BugSpark] typed by hand, from the token's own account", author=OURS),
        a_remote_comment(body="[BugSpark] of the very moment", author=OURS, created_at=LINKED),
        a_remote_comment(body="[BugSpark] by somebody else, long ago", created_at=BEFORE),
        a_remote_comment(body="Long ago: [BugSpark] not at the start", author=OURS, created_at=BEFORE),
        a_remote_comment(body=" [BugSpark] not at the very start", author=OURS, created_at=BEFORE),
        a_remote_comment(body="[BugSpark] by a ghost", author=None, created_at=BEFORE),
        a_remote_comment(body="Just me", author=OURS),
    ],
)
def test_comments_that_quote_us_or_use_our_account_are_imported(comment: RemoteComment) -> None:
    assert kinds(decided(comments=(comment,))) == [ImportComment]


def test_a_comment_in_bugspark_is_posted_and_its_pair_is_pending() -> None:
    comment = a_local_comment()
    decision = decided(local_comments=(comment,))
    (action,) = decision.actions
    assert isinstance(action, PostComment)
    assert action.comment == comment
    pair = only(decision)
    assert (pair.origin, pair.state, pair.local_id, pair.remote_id) == (
        BUGSPARK,
        PENDING,
        comment.id,
        None,
    )
    assert pair.local_digest == text_digest(comment.body)


def test_comments_are_sent_and_imported_oldest_first() -> None:
    decision = decided(
        local_comments=(a_local_comment(1, created_at=LATER), a_local_comment(3), a_local_comment(2)),
        comments=(a_remote_comment(5, created_at=LATER), a_remote_comment(7), a_remote_comment(6)),
    )
    order = [a.comment.id for a in decision.actions if isinstance(a, ImportComment | PostComment)]
    assert order == [6, 7, 5, local_id(2), local_id(3), local_id(1)]


@pytest.mark.parametrize(("collaborator", "done"), [(True, [ImportComment]), (False, [])])
def test_only_collaborators_are_imported_if_configured(
    *, collaborator: bool, done: list[type[Action]]
) -> None:
    comment = a_remote_comment(collaborator=collaborator)
    decision = decided(SyncPolicy(collaborators_only=True), comments=(comment,))
    assert kinds(decision) == done
    assert only(decision).state is (LIVE if collaborator else SKIPPED)
    assert kinds(decided(comments=(comment,))) == [ImportComment]


def test_a_skipped_comment_is_not_imported_after_an_edit() -> None:
    comment = a_remote_comment(collaborator=False)
    pair = a_pair(GITHUB, None, comment, state=SKIPPED)
    edited = replace(comment, body="Please", updated_at=LATER, collaborator=True)
    assert decided(comments=(edited,), pairs=(pair,)) == CommentsDecision()


def test_a_comment_marked_github_is_never_sent_back() -> None:
    decision = decided(local_comments=(a_local_comment(source="github", body="anything"),))
    assert decision.actions == ()
    assert (only(decision).state, only(decision).origin) == (SKIPPED, GITHUB)
