"""Types of ids, so that mypy finds a mixed-up id."""

from typing import NewType
from uuid import UUID

ProjectId = NewType("ProjectId", UUID)
OwnerId = NewType("OwnerId", UUID)
"""The id of the BugSpark user who owns a project."""
ReportId = NewType("ReportId", UUID)
CommentId = NewType("CommentId", UUID)
"""The id of a comment in BugSpark."""
LinkId = NewType("LinkId", UUID)
CommentPairId = NewType("CommentPairId", UUID)
"""The id of a row of the comment ledger."""
IntentId = NewType("IntentId", UUID)

RepositoryId = NewType("RepositoryId", int)
"""GitHub's numeric id: it survives renames and differs after a re-creation."""
IssueNumber = NewType("IssueNumber", int)
RemoteCommentId = NewType("RemoteCommentId", int)
AccountId = NewType("AccountId", int)
Fingerprint = NewType("Fingerprint", str)
"""A one-way fingerprint of a credential: the key of ETags and limits; it reveals nothing."""


def parse_uuid(text: str) -> UUID | None:
    """Parse an id from outside; None for text that is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None
