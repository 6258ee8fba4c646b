"""The Protocols between the cycle and its doorways: GitHub, the database, time.

In: values of the model. Out: values of the model, or an error from `errors`. Adapters live in `github/`
and `store/`; the cycle knows only these names.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from reconciler.model.dossier import Dossier
from reconciler.model.fields import Field, IssueState, Side
from reconciler.model.ids import (
    AccountId,
    CommentId,
    Fingerprint,
    IssueNumber,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.intent import Answer, Intent
from reconciler.model.issue import (
    Account,
    Etags,
    FieldEvent,
    Issue,
    ListState,
    RemoteComment,
    Repository,
    Whole,
)
from reconciler.model.link import Entry, Link
from reconciler.model.passes import Cost, PassResult
from reconciler.model.plan import Deletion
from reconciler.model.report import Columns, Project, Report, ReportDetails
from reconciler.model.snapshot import (
    Batch,
    Change,
    Coverage,
    Health,
    Limits,
    Memory,
    Poisoned,
    RateLimit,
    Snapshot,
    Step,
    Stored,
    ThreadSide,
    UnlinkedReport,
    Withheld,
)

Row_co = TypeVar("Row_co", covariant=True)


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> datetime:
        """The local wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; `seconds` ≤ 0 returns at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row_co]):
    """Rows of one list, and the state that may be stored once they are applied (GITHUB.md, rule 4).

    `state` is None on pages that must not move the cursor yet (a window still being walked).
    """

    rows: tuple[Row_co, ...]
    state: ListState | None
    poisoned: tuple[Poisoned, ...] = ()


class GitHub(Protocol):
    """One repository, seen with one credential. Every method may raise LimitedError, CredentialError,
    UnreadableError, ForeignOriginError, GitHubError; writes return an Answer instead of the last.
    """

    @property
    def credential(self) -> Fingerprint:
        """Of the token in use right now."""
        ...

    def now(self) -> datetime:
        """GitHub's time: the last `Date` it sent, moved on by our monotonic clock. Before the first
        answer, the local clock.
        """
        ...

    def cost(self) -> Cost:
        """What was asked of GitHub through this object so far."""
        ...

    async def repository(self) -> Repository:
        """The repository as it is now. Its numeric id is what the name is checked against."""
        ...

    async def account(self) -> Account:
        """Who writes with this credential (`GET /user`; for an App its bot account)."""
        ...

    async def expect(self, requests: int) -> None:
        """Reserve the points of that many reads at once: an idle pass has its two probes in one UPDATE."""
        ...

    def issue_changes(self, state: ListState | None) -> AsyncIterator[Page[Issue]]:
        """Issues changed since `state` by probe and drain; nothing at all when the list did not change (304).
        None: the list is new; its anchor is fixed at GitHub's present time less the overlap.
        """
        ...

    def comment_changes(self, state: ListState | None) -> AsyncIterator[Page[RemoteComment]]:
        """The same for the repository's comment list (issues' and pull requests')."""
        ...

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[Page[Issue]]:
        """Every issue updated since then (None: ever), oldest change first, by the drain's rules."""
        ...

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[Page[RemoteComment]]:
        """Every comment updated since then, oldest change first, by the drain's rules."""
        ...

    async def newest_number(self) -> int:
        """The highest issue or pull request number of the repository, 0 if there is none (one request)."""
        ...

    async def issue(self, number: IssueNumber) -> Issue:
        """One issue as it is now. Raises NotThereError (404, 410), MovedError (transferred)."""
        ...

    async def whole(self, number: IssueNumber) -> Whole:
        """One issue and all its comments, complete or an error. Raises what `issue` raises."""
        ...

    async def unchanged(self, number: IssueNumber, known: Etags) -> bool:
        """Whether an issue and its thread are as they were; costs no primary limit if they are. Raises what
        `issue` raises."""
        ...

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        """One comment as it is now. Raises NotThereError."""
        ...

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        """Who changed state, labels and title of an issue, oldest first, all pages."""
        ...

    async def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Answer[Issue]: ...

    async def create_comment(self, number: IssueNumber, body: str) -> Answer[RemoteComment]: ...

    async def set_state(
        self, number: IssueNumber, state: IssueState, reason: str | None
    ) -> Answer[Issue]: ...

    async def set_title(self, number: IssueNumber, title: str) -> Answer[Issue]: ...

    async def add_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        """The issue's labels as they are after adding. A label GitHub dropped silently is missing in them."""
        ...

    async def remove_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        """The labels that are left. Refused with `gone` when the label was not there."""
        ...

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> Answer[RemoteComment]: ...

    async def delete_comment(self, comment_id: RemoteCommentId) -> Answer[None]: ...

    async def aclose(self) -> None: ...


class Markers(Protocol):
    """Signs and recognises the last line of what we write (DESIGN.md, Marker)."""

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        """The marker line. `kind` is "issue" or "comment"; `number` is 0 for an issue."""
        ...

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        """The local id of a valid marker of this very instance, or None."""
        ...


class Fence(Protocol):
    """The right to write for one project."""

    async def check(self) -> None:
        """Raises FenceLostError when the lock is no longer ours."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An intent that is ours to send, with what it is about as stored now.

    `cause_gone` means that the comment or report was deleted, or the link cut, since it was planned: it
    was not claimed.
    """

    intent: Intent
    link: Link | None
    entry: Entry | None
    cause_gone: bool = False


class Projects(Protocol):
    """BugSpark's projects and what we remember about each."""

    async def all(self) -> tuple[Project, ...]:
        """Every active project with a github integration, by name, with its problem if it has one."""
        ...

    async def find(self, text: str) -> Project:
        """By id or exact name. Raises UsageError when there is none or more than one."""
        ...

    async def memory(self, project_id: ProjectId) -> Memory:
        """What we remember; an empty Memory for a project never looked at."""
        ...

    async def remember(self, memory: Memory) -> None:
        """Store everything but the list states (those are stored by `Ledger.store`, with their rows)."""
        ...

    async def accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        """Every account this project has ever written as."""
        ...

    async def begin_round(self, project_id: ProjectId, at: datetime, patience: timedelta) -> datetime:
        """When the whole verification under way began: at `at`, or earlier, no longer than `patience` ago."""
        ...

    async def end_round(self, project_id: ProjectId) -> None:
        """Every link was compared: the next round begins anew."""
        ...

    async def record(self, result: PassResult, at: datetime) -> None:
        """The end of a pass: one row for an idle one, a run as well for one that did something."""
        ...

    async def health(self, project_id: ProjectId | None = None) -> tuple[Health, ...]: ...

    async def limits(self) -> tuple[Limits, ...]: ...


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

    async def threads(self, links: Sequence[Link]) -> Mapping[ReportId, ThreadSide]:
        """BugSpark's half of the whole threads of these links, in one snapshot."""
        ...

    async def store(self, batch: Batch) -> Stored:
        """One transaction. Reports and comments are updated only where they still have the value the plan
        was decided on, links only at the revision they were read at: what moved is reported as stale.
        """
        ...

    async def known(self, project_id: ProjectId) -> Mapping[Side, int]:
        """How many LIVE comments the ledger has, by the side of their original."""
        ...

    async def withhold(
        self, project_id: ProjectId, digest: str | None, deletions: Sequence[tuple[Link, Deletion]]
    ) -> None:
        """Remember the deletions the guard holds back (None: none any more), for people to see and accept."""
        ...

    async def withheld(self, project_id: ProjectId) -> Withheld:
        """The deletions held back, and whether the operator has accepted them."""
        ...

    async def accept(self, project_id: ProjectId, digest: str) -> bool:
        """The operator accepts exactly the withheld deletions with this hash; False when they are others."""
        ...

    async def due(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        """ACTIVE links that are to be compared whole by then, the longest overdue first."""
        ...

    async def unchecked(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        """ACTIVE links that were not compared whole since then, the oldest comparison first."""
        ...

    async def steps(
        self, reports: Collection[ReportId], since: datetime
    ) -> Mapping[ReportId, tuple[Step, ...]]:
        """What the story of these reports says of their fields since then, oldest first."""
        ...

    async def transferred(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        """Links whose issue was transferred to this repository."""
        ...

    async def recheck(self, project_id: ProjectId, repository_id: RepositoryId, at: datetime) -> None:
        """Every ACTIVE link of this repository is due for verification: its lists begin anew."""
        ...

    async def coverage(self, project_id: ProjectId, since: datetime) -> Coverage:
        """How many ACTIVE links there are, and how many of them were compared whole since then."""
        ...

    async def link_of(self, report_id: ReportId) -> Link | None:
        """The link that is not UNLINKED, or the newest one."""
        ...

    async def was_linked(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        """The link, cut or not, that tied this report to this issue."""
        ...

    async def link_at(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        """The live link that holds this issue, of any project."""
        ...

    async def make_link(self, link: Link, columns: Columns) -> None:
        """Store a NEW link made by command or discovery and fill the report's columns."""
        ...

    async def unlink(self, link: Link) -> None:
        """Clear the report's columns and keep the link as UNLINKED with its remote ids."""
        ...

    async def same_tracking(self, tracking_ids: Collection[str]) -> tuple[UnlinkedReport, ...]:
        """Reports of any project with these tracking ids, without a live link and without columns."""
        ...

    def unlinked_reports(self, project_id: ProjectId) -> AsyncIterator[UnlinkedReport]:
        """Reports without a link and without columns, for discovery."""
        ...


class Reports(Protocol):
    """BugSpark's reports, for commands and exports."""

    async def find(self, text: str) -> tuple[Project, ReportId]:
        """By report id, or "PROJECT:BUG-0001". Raises UsageError."""
        ...

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        """The report and what an export shows of it; deleted ones are absent."""
        ...

    async def to_export(self, project_id: ProjectId, since: datetime, limit: int) -> tuple[ReportId, ...]:
        """Reports filed since then without link, columns or open intent, oldest first."""
        ...


class Stories(Protocol):
    """What people ask and mend about single reports."""

    async def dossier(self, report_id: ReportId, lines: int) -> Dossier | None:
        """All that is known about a report and the newest lines of its story; None when it was deleted."""
        ...

    async def conflict(self, report_id: ReportId, field: Field) -> Change | None:
        """The newest recorded conflict of a field."""
        ...

    async def bring_back(self, link: Link, change: Change, at: datetime) -> bool:
        """One transaction: the report's field from `change.local` to `change.to`, the link as given, the
        story. False, and nothing stored, when the report says something else by now.
        """
        ...

    async def release(self, link: Link | None, report_id: ReportId, told: str, at: datetime) -> int:
        """One transaction: the link as given, the report's quarantined writes planned again, the story. How
        many writes that were.
        """
        ...


class Intents(Protocol):
    """Recorded wishes to write to GitHub."""

    async def open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        """Every row of the project, oldest first."""
        ...

    async def add(self, intents: Sequence[Intent]) -> None:
        """Store wishes outside a batch (`reconcile export`); an existing (local id, operation) stays."""
        ...

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        """planned → sending, attempts + 1, committed. None when somebody else has it or it is not planned."""
        ...

    async def give_back(self, intent: Intent) -> None:
        """sending → planned, only at this attempt number."""
        ...

    async def confirm(
        self,
        intent: Intent,
        *,
        link: Link | None,
        entry: Entry | None,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        """One transaction: the link and entry as they are now, the story, and the intent's row is removed.
        For CREATE_ISSUE the link is inserted and the report's empty columns are filled.
        """
        ...

    async def settle(self, intent: Intent) -> None:
        """Store the state, reason, times of an intent that was not confirmed."""
        ...

    async def cancel(self, intents: Collection[Intent]) -> None:
        """Remove unsent wishes whose cause is gone; a PENDING entry of theirs becomes ENDED."""
        ...


class Governor(Protocol):
    """One credential's limits, shared by all processes through the database."""

    async def reserve(self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None) -> None:
        """Take that many read points. Raises LimitedError when there are none within this minute."""
        ...

    async def slot(self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None) -> datetime:
        """Reserve one write. Returns when it may go: now, or at most a few `min_interval`s later."""
        ...

    async def spare(self, credential: Fingerprint, points: int) -> int:
        """How many points of these may go into verification now; they are counted, not reserved."""
        ...

    async def blocked(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """GitHub said wait: everybody with this credential does."""
        ...


class Fences(Protocol):
    """Locks on projects."""

    def hold(self, project_id: ProjectId, *, wait: bool = False) -> AbstractAsyncContextManager[Fence]:
        """Raises BusyError at once (or waits) when the project is at work elsewhere."""
        ...


class Stores(Protocol):
    """The database doorway as a whole."""

    @property
    def projects(self) -> Projects: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def stories(self) -> Stories: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def governor(self) -> Governor: ...
    @property
    def fences(self) -> Fences: ...
