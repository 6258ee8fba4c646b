"""Names for the kinds of identity that travel through the program, so that mypy tells them apart."""

from typing import NewType
from uuid import UUID

ProjectId = NewType("ProjectId", UUID)
ReportId = NewType("ReportId", UUID)
CommentId = NewType("CommentId", UUID)
"""A comment in BugSpark."""
LinkId = NewType("LinkId", UUID)
CommentPairId = NewType("CommentPairId", UUID)
"""A row of the comment ledger."""
IntentId = NewType("IntentId", UUID)

RepositoryId = NewType("RepositoryId", int)
"""GitHub's numeric id: survives renames, differs after a re-creation."""
IssueNumber = NewType("IssueNumber", int)
RemoteCommentId = NewType("RemoteCommentId", int)
AccountId = NewType("AccountId", int)
Fingerprint = NewType("Fingerprint", str)
"""A credential's one-way fingerprint: keys ETags and limits, reveals nothing."""


def parse_uuid(text: str) -> UUID | None:
    """Parse an id from outside; None for text that is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
