"""Which comment is a copy of which, where no ledger row and no marker says so: by author and text."""

from collections.abc import Collection

from reconciler.model.fields import Side
from reconciler.model.ids import AccountId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import Link
from reconciler.model.report import LocalComment
from reconciler.text import (
    MARKER_NAME,
    comment_to_bugspark,
    comment_to_github,
    has_tag,
    is_same_text,
    parse_import,
    text_digest,
)


def author_login(comment: RemoteComment) -> str:
    """Who wrote it; an account that is gone is GitHub's ghost."""
    return comment.author.login if comment.author else "ghost"


def is_earlier_copy(comment: RemoteComment, link: Link, accounts: Collection[AccountId]) -> bool:
    """Prose counts only for comments older than the link, by an account of ours.

    Source: docs/design.md, Comments.
    """
    ours = comment.author is not None and comment.author.id in accounts
    return ours and has_tag(comment.body) and comment.created_at < link.created_at


def is_copy_of(local: LocalComment, body: str) -> bool:
    """Whether a GitHub comment is this BugSpark one as BugSpark, or an earlier instance of ours, wrote it."""
    unsigned = body.partition(f"\n\n<!-- {MARKER_NAME}")[0]
    plain = f"[BugSpark] {local.author or 'Unknown'}:\n\n{local.body}"
    ours = comment_to_github(local.author, local.body, "", hosts=())
    return is_same_text(plain, unsigned) or text_digest(ours) == text_digest(unsigned)


def is_import_of(local: LocalComment, comment: RemoteComment) -> bool:
    """Whether a BugSpark comment is a copy of this GitHub comment, made by hand or by an earlier program."""
    login = author_login(comment)
    if is_same_text(local.body, comment_to_bugspark(login, comment.body)):  # a long one was cut
        return True
    if local.source == Side.GITHUB and is_same_text(local.body, comment.body):
        return True
    form = parse_import(local.body)
    return form is not None and form[0].casefold() == login.casefold() and is_same_text(form[1], comment.body)


def excerpt(text: str) -> str:
    """Enough of a text to recognise it in a plan or a story."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
