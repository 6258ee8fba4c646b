"""Links, bases and the comment ledger; intents, which are recorded writes to GitHub; restores.

What is asked and kept of restores and of other databases: docs/decisions/0032-after-a-restore.md.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.model.fields import Side
from reconciler.model.health import VerificationCoverage
from reconciler.model.ids import (
    CommentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.intent import Intent
from reconciler.model.link import CommentPair, Link
from reconciler.model.plan import Deletion
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import (
    Change,
    FieldChange,
    LocalBatch,
    LocalThread,
    Snapshot,
    StoreResult,
    UnlinkedReport,
    WithheldDeletions,
)


class Ledger(Protocol):
    """Links, bases and the comment ledger, read and written in single transactions."""

    async def snapshot(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        repository: str,
        *,
        numbers: Collection[IssueNumber] = (),
        comments: Collection[RemoteCommentId] = (),
        copies: Collection[CommentId] = (),
        local: bool = True,
        by_hand: bool = False,
    ) -> Snapshot:
        """One consistent look. `comments` and `copies` ask for ledger rows by their id on GitHub and in
        BugSpark. `local=False` leaves out BugSpark's own differences (later segments). `by_hand`: links in
        quarantine are released whatever time it is.
        """
        ...

    async def threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        """BugSpark's half of the whole threads of these links, in one snapshot."""
        ...

    async def apply_batch(self, batch: LocalBatch) -> StoreResult:
        """One transaction. Reports and comments are updated only where they still have the value the plan
        was decided on, links only at the revision they were read at: what moved is reported as stale.
        """
        ...

    async def live_comment_counts(self, project_id: ProjectId) -> Mapping[Side, int]:
        """How many LIVE comments the ledger has, by the side of their original."""
        ...

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, deletions: Sequence[tuple[Link, Deletion]]
    ) -> None:
        """Remember the deletions the guard holds back (None: none any more), for people to see and accept."""
        ...

    async def withheld_deletions(self, project_id: ProjectId) -> WithheldDeletions:
        """The deletions held back, and whether the operator has accepted them."""
        ...

    async def accept_withheld_deletions(self, project_id: ProjectId, digest: str) -> bool:
        """The operator accepts exactly the withheld deletions with this hash; False when they are others."""
        ...

    async def due_links(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        """ACTIVE links that are to be compared whole by then, the longest overdue first."""
        ...

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        """ACTIVE links that were not compared whole since then, the oldest comparison first."""
        ...

    async def field_history(
        self, reports: Collection[ReportId], since: datetime
    ) -> Mapping[ReportId, tuple[FieldChange, ...]]:
        """What the story of these reports says of their fields since then, oldest first."""
        ...

    async def transferred_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        """Links whose issue was transferred to this repository."""
        ...

    async def contested_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        """Links that are CONTESTED: another report's link held their issue when they were made."""
        ...

    async def mark_all_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime
    ) -> None:
        """Every ACTIVE link of this repository is due for verification: its lists begin again."""
        ...

    async def verification_coverage(self, project_id: ProjectId, since: datetime) -> VerificationCoverage:
        """How many ACTIVE links there are, and how many of them were compared whole since then."""
        ...

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        """The link that is not UNLINKED, or the newest one."""
        ...

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        """The link, cut or not, that tied this report to this issue."""
        ...

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        """The live link that holds this issue, of any project."""
        ...

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """Store a NEW link made by command or discovery and fill the report's columns."""
        ...

    async def unlink(self, link: Link) -> None:
        """Clear the report's columns and keep the link as UNLINKED with its remote ids."""
        ...

    async def restore_lost_value(self, link: Link, change: Change, at: datetime) -> bool:
        """One transaction: the report's field from `change.local` to `change.to`, the link as given, the line
        of history. False, and nothing stored, when the report has another value by now.
        """
        ...

    async def record_kept_value(self, link: Link, change: Change, at: datetime) -> bool:
        """One line of history, where the report's field still is `change.local`. False, and nothing stored,
        where it is not.
        """
        ...

    async def release_quarantine(
        self, link: Link | None, report_id: ReportId, rule: str, at: datetime
    ) -> int:
        """One transaction: the link as given, the report's quarantined writes planned again, a line of
        history that gives `rule` as its reason. How many writes that were.
        """
        ...

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[UnlinkedReport, ...]:
        """Reports of any project with these tracking ids, without a live link and without columns."""
        ...


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
        pair: CommentPair | None,
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


class Restores(Protocol):
    """A project that is read again before it is written to."""

    async def unknown_copies(self, copies: Mapping[RemoteCommentId, CommentId]) -> frozenset[RemoteCommentId]:
        """Of comments on GitHub with our marker, by the BugSpark comment each names: those of which no ledger
        row of any project knows either."""
        ...

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        """From GitHub's time `at` on every link is read again. Links that rest wake, to be read as well."""
        ...

    async def end_reread(self, project_id: ProjectId) -> None:
        """All of them have been."""
        ...

    async def links_held_by_other_databases(self, project_id: ProjectId) -> frozenset[LinkId]:
        """Links whose issue belongs to another database: read, not written."""
        ...
