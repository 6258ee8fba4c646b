"""What is asked and kept of restores and of other databases (docs/decisions/0032-after-a-restore.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import CommentId, LinkId, ProjectId, RemoteCommentId


class Restores(Protocol):
    """A project that is read anew before it is written to."""

    async def unknown_copies(self, copies: Mapping[RemoteCommentId, CommentId]) -> frozenset[RemoteCommentId]:
        """Of comments on GitHub with our marker, by the BugSpark comment each names: those of which no ledger
        row of any project knows either."""
        ...

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        """From GitHub's time `at` on every link is read anew. Links that rest wake, to be read as well."""
        ...

    async def end_reread(self, project_id: ProjectId) -> None:
        """All of them have been."""
        ...

    async def links_held_by_other_databases(self, project_id: ProjectId) -> frozenset[LinkId]:
        """Links whose issue belongs to another database: read, not written."""
        ...
