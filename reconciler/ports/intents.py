"""Recorded wishes to write to GitHub."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import (
    ProjectId,
)
from reconciler.model.intent import Intent
from reconciler.model.link import CommentPair, Link
from reconciler.model.snapshot import (
    Change,
)
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An intent that is ours to send, with what it is about as stored now.

    `cause_gone` means that the comment or report was deleted, or the link cut, since it was planned: it
    was not claimed.
    """

    intent: Intent
    link: Link | None
    pair: CommentPair | None
    cause_gone: bool = False


class Intents(Protocol):
    """Recorded wishes to write to GitHub."""

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        """Every row of the project, oldest first."""
        ...

    async def add(self, intents: Sequence[Intent]) -> None:
        """Store wishes outside a batch (`reconcile export`); an existing (local id, operation) stays."""
        ...

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        """planned → sending, attempts + 1, committed. None when somebody else has it or it is not planned.
        Raises PausedError when the operator has paused the project.
        """
        ...

    async def release_claim(self, intent: Intent) -> None:
        """sending → planned, only at this attempt number."""
        ...

    async def confirm(
        self,
        intent: Intent,
        *,
        link: Link | None,
        entry: CommentPair | None,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        """One transaction: the link and entry as they are now, the story, and the intent's row is removed.
        For CREATE_ISSUE the link is inserted and the report's empty columns are filled.
        """
        ...

    async def save_unconfirmed(self, intent: Intent) -> None:
        """Store the state, reason, times of an intent that was not confirmed."""
        ...

    async def cancel(self, intents: Collection[Intent]) -> None:
        """Remove unsent wishes whose cause is gone; a PENDING entry of theirs becomes ENDED."""
        ...
