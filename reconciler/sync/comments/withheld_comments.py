"""The comments on GitHub that withheld deletions would delete, read to be shown before somebody decides."""

from collections.abc import Iterable
from contextlib import suppress

from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.model.ids import IssueNumber, RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.ports import GitHub

MAX_THREADS_READ = 50
"""Of so many issues the withheld deletions are shown with their text; of further ones without."""


async def read_comments_of_issues(
    github: GitHub, numbers: Iterable[IssueNumber]
) -> dict[RemoteCommentId | None, RemoteComment]:
    """Return the comments of at most `MAX_THREADS_READ` of these issues, by id; nothing of one that is gone.

    Raises GitHubError, CredentialError, LimitedError.
    """
    found: dict[RemoteCommentId | None, RemoteComment] = {}
    for number in list(dict.fromkeys(numbers))[:MAX_THREADS_READ]:
        with suppress(
            GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
        ):  # nothing is there that could be shown
            found |= {row.id: row for row in (await github.issue_thread(number)).comments}
    return found
