"""The store of intents, the recorded writes to GitHub (docs/design.md, Writing to GitHub)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.intent import Intent
from reconciler.model.link import CommentPair, Link
from reconciler.model.snapshot import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claimed intent, with the link and the comment pair it is about as stored now.

    `cause_gone`: the comment or report was deleted, or the link cut, since the intent was planned; then it
    was not claimed.
    """

    intent: Intent
    link: Link | None
    pair: CommentPair | None
    cause_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is stored of a write that GitHub confirmed; its intent is deleted.

    `link`, `pair`: as they are now; None: unchanged. For CREATE_ISSUE the link is inserted, and the report's
    empty columns are filled.
    """

    intent: Intent
    link: Link | None
    pair: CommentPair | None
    changes: Sequence[Change]  # lines of the history
    at: datetime  # of these lines


@dataclass(frozen=True, slots=True)
class NoWriteSlot:
    """Nothing was claimed: the rate limiter has no slot for this moment."""


class Intents(Protocol):
    """Recorded writes to GitHub."""

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        """Read every intent of the project, oldest first."""
        ...

    async def add(self, intents: Sequence[Intent]) -> None:
        """Store intents outside a batch (`reconcile export`); an existing (local id, operation) is kept."""
        ...

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        """Commit planned → sending, attempts + 1. None if another process has it, or it is not planned.

        Raises PausedError when the operator has paused the project.
        """
        ...

    async def claim_if_slot_free(
        self,
        intent: Intent,
        at: datetime,
        *,
        credential: Fingerprint,
        points: int,
        confirmed: Confirmation | None = None,
    ) -> Claim | NoWriteSlot | None:
        """Claim, reserve the write's slot, and store the write before as confirmed: one transaction.

        NoWriteSlot: the write has to wait, a limit is used up, or another process took the slot first. It,
        and what `claim` returns and raises, comes with `confirmed` stored. After a DatabaseError all was
        stored, or nothing.
        """
        ...

    async def release_claim(self, intent: Intent) -> None:
        """Store sending → planned, only if the attempt number is still the same."""
        ...

    async def confirm(self, confirmed: Confirmation) -> None:
        """Store a confirmed write, in one transaction."""
        ...

    async def save_unconfirmed(self, intent: Intent) -> None:
        """Store the state, reason and times of an intent that was not confirmed."""
        ...

    async def cancel(self, intents: Collection[Intent]) -> None:
        """Delete unsent intents whose cause is gone; their PENDING pairs become ENDED."""
        ...

    async def discard_manually(self, intents: Collection[Intent], rule: str, at: datetime) -> None:
        """Delete intents, sent or not, by order of a person; the history says so in the words of `rule`."""
        ...
