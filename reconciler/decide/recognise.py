"""Which comment is a copy of which, where no ledger row and no marker says so: by author and text."""

from collections.abc import Collection

from reconciler.decide.text import (
    MARKER_NAME,
    digest,
    has_tag,
    is_imported,
    same_text,
    to_bugspark,
    to_github,
)
from reconciler.model.fields import Side
from reconciler.model.ids import AccountId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import Link
from reconciler.model.report import LocalComment


def login_of(comment: RemoteComment) -> str:
    """Who wrote it; an account that is gone is GitHub's ghost."""
    return comment.author.login if comment.author else "ghost"


def is_earlier_copy(comment: RemoteComment, link: Link, accounts: Collection[AccountId]) -> bool:
    """Prose counts only for comments older than the link, by an account of ours.

    Source: docs/design.md, Comments.
    """
    ours = comment.author is not None and comment.author.id in accounts
    return ours and has_tag(comment.body) and comment.created_at < link.created_at


def renders_as(local: LocalComment, body: str) -> bool:
    """Whether a GitHub comment is this BugSpark one as BugSpark, or an earlier instance of ours, wrote it."""
    unsigned = body.partition(f"\n\n<!-- {MARKER_NAME}")[0]
    plain = f"[BugSpark] {local.author or 'Unknown'}:\n\n{local.body}"
    ours = to_github(local.author, local.body, "", hosts=())
    return same_text(plain, unsigned) or digest(ours) == digest(unsigned)


def is_import_of(local: LocalComment, comment: RemoteComment) -> bool:
    """Whether a BugSpark comment is a copy of this GitHub comment, made by hand or by an earlier program."""
    login = login_of(comment)
    if same_text(local.body, to_bugspark(login, comment.body)):  # a long one was cut
        return True
    if local.source == Side.GITHUB and same_text(local.body, comment.body):
        return True
    form = is_imported(local.body)
    return form is not None and form[0].casefold() == login.casefold() and same_text(form[1], comment.body)


def excerpt(text: str) -> str:
    """Enough of a text to recognise it in a plan or a story."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
