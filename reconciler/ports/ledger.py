"""The stores of links, bases and the comment ledger, and of restores.

Source for restores and other databases: docs/decisions/0032-after-a-restore.md.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.fields import Field, Side
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
from reconciler.model.link import CommentPair, Link, UnsyncedFieldChange
from reconciler.model.plan import WithheldItem
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import (
    Change,
    FieldChange,
    LocalThread,
    ReportIdentity,
    Snapshot,
    StoreResult,
    TransactionBatch,
    WithheldDeletions,
)


class Ledger(Protocol):
    """Links, bases and the comment ledger. Each write is a single transaction."""

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
        followers: bool = False,
    ) -> Snapshot:
        """Read one consistent snapshot.

        `comments`, `copies`: read the ledger rows with these ids on GitHub and in BugSpark. `local`: False
        leaves out what differs in BugSpark, for later observations of the same pass. `by_hand`: release
        quarantined links before their time. `followers`: the project has some.
        """
        ...

    async def local_threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        """Read BugSpark's half of the complete threads of these links, in one snapshot."""
        ...

    async def apply_batch(self, batch: TransactionBatch) -> StoreResult:
        """Store a batch in one transaction.

        Reports and comments are updated only if they still have the value that the plan was based on, links
        only at the revision that was read. What has changed since is returned as stale.
        """
        ...

    async def live_comment_counts_by_origin(self, project_id: ProjectId) -> Mapping[Side, int]:
        """Count the LIVE comments of the ledger, by the side of their original."""
        ...

    async def are_all_known_comments_missing(self) -> bool:
        """Whether BugSpark shows none of two or more comments that the ledger knows, in any project.

        Then none is believed to be deleted (docs/decisions/0075-reads-without-known-rows.md).
        """
        ...

    async def are_all_known_reports_missing(self) -> bool:
        """Whether BugSpark shows none of two or more linked reports, in any project: as above."""
        ...

    async def comments_missing_on_github(self, project_id: ProjectId) -> tuple[CommentPair, ...]:
        """Read the LIVE rows of ACTIVE links whose comment one reading of GitHub did not show."""
        ...

    async def links_with_due_second_readings(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        """Read ACTIVE links, not in quarantine, with a comment that is to be read a second time by then.

        The longest overdue first.
        """
        ...

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, items: Sequence[tuple[Link, WithheldItem]]
    ) -> None:
        """Store what the guard withholds, for people to accept. `digest` None: nothing."""
        ...

    async def withheld_deletions(self, project_id: ProjectId) -> WithheldDeletions:
        """Read the withheld deletions, and whether the operator has accepted them."""
        ...

    async def accept_withheld_deletions(self, project_id: ProjectId, digest: str) -> bool:
        """Accept the withheld deletions with this hash; False if they are others by now."""
        ...

    async def links_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        """Read ACTIVE links that are due for verification by then, the longest overdue first."""
        ...

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        """Read ACTIVE links that were not verified since then, the oldest comparison first."""
        ...

    async def field_history(
        self, reports: Collection[ReportId], since: datetime
    ) -> Mapping[ReportId, tuple[FieldChange, ...]]:
        """Read these reports' history of fields since then, oldest first."""
        ...

    async def field_differences(self, link_id: LinkId) -> Mapping[Field, UnsyncedFieldChange]:
        """Read since when fields of this link's report differ from their bases, as far as a scan saw it."""
        ...

    async def links_moved_to(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        """Read links whose issue was transferred to this repository."""
        ...

    async def contested_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        """Read CONTESTED links: another report was linked to their issue when they were made."""
        ...

    async def quarantined_link_ids(self, project_id: ProjectId, at: datetime) -> frozenset[LinkId]:
        """ACTIVE links whose quarantine lasts longer than `at`: nothing of theirs is written."""
        ...

    async def mark_all_due_for_verification(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        at: datetime,
        *,
        compared_before: datetime | None = None,
    ) -> None:
        """Make every ACTIVE link of this repository due for verification, because its lists start again.

        `compared_before`: only those that were compared before then and are not due yet.
        """
        ...

    async def verification_coverage(self, project_id: ProjectId, since: datetime) -> VerificationCoverage:
        """Count the ACTIVE links, and those of them verified since then."""
        ...

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        """Find the report's link that is not UNLINKED, or else the newest one."""
        ...

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        """Find the link, cut or not, between this report and this issue."""
        ...

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        """Find the live link of this issue, in any project."""
        ...

    async def numbers_contested_by_others(
        self, project_id: ProjectId, repository_id: RepositoryId
    ) -> frozenset[IssueNumber]:
        """Read the issues of this repository that reports of other projects name and do not hold."""
        ...

    async def request_linking_right_check(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        numbers: Collection[IssueNumber],
        at: datetime,
    ) -> None:
        """Make other projects' links to these issues due for verification, which checks their right."""
        ...

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """Store a NEW link made by command or discovery, and fill the report's columns."""
        ...

    async def unlink(self, link: Link) -> None:
        """Clear the report's columns, and keep the link as UNLINKED with its ids on GitHub."""
        ...

    async def write_resolved_report_value(self, link: Link, change: Change, at: datetime) -> bool:
        """Set the report's field from `change.local` to `change.to`; store the link and the line of history.

        One transaction. False, and nothing stored, if the report has another value by now.
        """
        ...

    async def record_settled_conflict(self, link: Link, change: Change, at: datetime) -> bool:
        """Store a line of history, if the report's field still is `change.local`.

        False, and nothing stored, if it is not.
        """
        ...

    async def release_quarantine(
        self, link: Link | None, report_id: ReportId, rule: str, at: datetime
    ) -> int:
        """Store the link, plan the report's quarantined writes again, and record why (`rule`) in the history.

        One transaction. Returns how many writes were planned.
        """
        ...

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        """Find reports of any project with these tracking ids, without a live link and without columns."""
        ...

    async def find_linked_or_following(
        self, project_id: ProjectId, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        """Find the project's reports with these tracking ids that have a live link or follow another one."""
        ...


class Restores(Protocol):
    """The restore of a project: everything is read again before anything is written."""

    async def filter_unrecorded_copies(
        self, copies: Mapping[RemoteCommentId, CommentId]
    ) -> frozenset[RemoteCommentId]:
        """Return those of these marked comments on GitHub that no ledger row of any project knows.

        `copies`: for each comment, the BugSpark comment that its marker names. A row may know either id.
        """
        ...

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        """Make every link due to be read again from `at` on (GitHub's time), quarantined ones too."""
        ...

    async def end_reread(self, project_id: ProjectId) -> None:
        """Record that every link has been read again."""
        ...

    async def links_held_by_other_databases(self, project_id: ProjectId) -> frozenset[LinkId]:
        """Return the links whose issue belongs to another database: it is read, not written."""
        ...
