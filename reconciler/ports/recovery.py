"""What is asked and kept of restores and of other databases (docs/decisions/0032-after-a-restore.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import CommentId, LinkId, ProjectId, RemoteCommentId


class Recovery(Protocol):
    """A project that is read anew before it is written to."""

    async def unheard_of(self, copies: Mapping[RemoteCommentId, CommentId]) -> frozenset[RemoteCommentId]:
        """Of comments on GitHub with our marker, by the BugSpark comment each names: those of which no ledger
        row of any project knows either."""
        ...

    async def begin(self, project_id: ProjectId, at: datetime) -> None:
        """From GitHub's time `at` on every link is read anew. Links that rest wake, to be read as well."""
        ...

    async def end(self, project_id: ProjectId) -> None:
        """All of them have been."""
        ...

    async def held(self, project_id: ProjectId) -> frozenset[LinkId]:
        """Links whose issue belongs to another database: read, not written."""
        ...
