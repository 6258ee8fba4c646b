"""The writing half of a pass on its own, with scripted replacements for GitHub and the database.

For situations that a complete setup reaches only by chance. What the store guarantees for intents
(tests/store) holds here too: each is claimed once, updated in place, and removed when it is cancelled or
confirmed. A query for another project, report or issue than the existing one returns nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.ids import (
    AccountId,
    Fingerprint,
    IntentId,
    IssueNumber,
    LinkId,
    ProjectId,
    ReportId,
    RepositoryId,
)
from reconciler.model.intent import Desired, Intent, IntentState
from reconciler.model.issue import Issue, Repository
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPair, Link
from reconciler.model.passes import NullProgress
from reconciler.model.policy import GuardPolicy, PassTiming, SyncPolicy
from reconciler.model.report import Project, Report
from reconciler.model.snapshot import Change, LocalThread, ProjectState
from reconciler.owner_settings.effective import OperatorSettings
from reconciler.owner_settings.values import NO_SETTINGS
from reconciler.ports import Claim, Confirmation, GitHub, ListPage, Markers, NoWriteSlot, Stores
from reconciler.sync.context import Context, CredentialLocks
from tests.support.factories import AFTER, LINK, OURS, PROJECT, REPORT, a_link, a_report, ids

LONG_AGO = AFTER - timedelta(hours=1)
PROJECT_STATE = ProjectState(project_id=PROJECT, repository_id=a_link().repository_id, account=OURS.id)
REPOSITORY = Repository(
    id=a_link().repository_id,
    full_name="acme/web",
    private=False,
    archived=False,
    has_issues=True,
    can_push=True,
)


class ScriptedGitHub:
    """`ports.GitHub`: each method returns its scripted answers in turn (an exception is raised)."""

    credential = Fingerprint("one token")

    def __init__(self, *, time_of_repository: datetime = AFTER, **answers: Any) -> None:
        """`time_of_repository`: GitHub's time after the repository was requested; before that it is AFTER."""
        self.requests: list[tuple[Any, ...]] = []
        self.at = AFTER
        self._time_of_repository = time_of_repository
        self._answers = {name: iter(each) for name, each in answers.items()}

    def now(self) -> datetime:
        return self.at

    def earliest_now(self) -> datetime:
        return self.at

    async def repository(self) -> Repository:
        self.at = self._time_of_repository
        return REPOSITORY

    async def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        """One scripted answer is a whole list: pages of issues, and an exception where reading fails."""
        self.requests.append(("all_issues", since))
        for rows in next(self._answers["all_issues"]):
            if isinstance(rows, Exception):
                raise rows
            yield ListPage(rows=tuple(rows), state=None)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*args: Any, **more: Any) -> Any:
            self.requests.append((name, *args, *more.values()))
            found = next(self._answers[name])
            if isinstance(found, Exception):
                raise found
            return found

        return ask


@dataclass(slots=True)
class MemoryIntents:
    """`ports.Intents`, in memory."""

    rows: dict[IntentId, Intent] = field(default_factory=dict)
    link: Link | None = None
    pair: CommentPair | None = None
    claim_of: Callable[[Intent], Claim | None] | None = None
    changes: list[Change] = field(default_factory=list)
    stored: list[Link | CommentPair] = field(default_factory=list)
    at: datetime | None = None
    """When the last intent was confirmed."""
    has_slot_now: bool = True

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        return tuple(row for row in self.rows.values() if row.project_id == project_id)

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        if self.claim_of is not None:
            return self.claim_of(intent)
        sending = replace(intent, state=IntentState.SENDING, attempts=intent.attempts + 1, claimed_at=at)
        self.rows[intent.id] = sending
        return Claim(intent=sending, link=self.link, pair=self.pair)

    async def claim_if_slot_free(
        self,
        intent: Intent,
        at: datetime,
        *,
        credential: Fingerprint,
        points: int,
        confirmed: Confirmation | None = None,
    ) -> Claim | NoWriteSlot | None:
        if confirmed is not None:
            await self.confirm(confirmed)
        return await self.claim(intent, at) if self.has_slot_now else NoWriteSlot()

    async def release_claim(self, intent: Intent) -> None:
        self.rows[intent.id] = replace(intent, state=IntentState.PLANNED)

    async def save_unconfirmed(self, intent: Intent) -> None:
        self.rows[intent.id] = intent

    async def cancel(self, intents: Collection[Intent]) -> None:
        for intent in intents:
            del self.rows[intent.id]

    async def confirm(self, confirmed: Confirmation) -> None:
        self.rows.pop(confirmed.intent.id, None)
        self.changes += confirmed.changes
        self.at = confirmed.at
        self.stored += [each for each in (confirmed.link, confirmed.pair) if each is not None]

    @property
    def only(self) -> Intent:
        (intent,) = self.rows.values()
        return intent


@dataclass(slots=True)
class MemoryClock:
    """`ports.Clock`: moves only by sleeping."""

    at: datetime = AFTER
    passed: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += max(seconds, 0)


@dataclass(slots=True, kw_only=True)
class WriterHarness:
    """The inputs of the writing functions. `link` and `report` are what the ledger returns."""

    github: ScriptedGitHub = field(default_factory=ScriptedGitHub)
    intents: MemoryIntents = field(default_factory=MemoryIntents)
    time: MemoryClock = field(default_factory=MemoryClock)
    link: Link | None = None
    others: tuple[Link, ...] = ()  # of other reports
    report: Report | None = field(default_factory=a_report)
    pairs: tuple[CommentPair, ...] = ()
    was_linked: Link | None = None
    accounts: frozenset[AccountId] = frozenset()
    marked: UUID | None = None  # the local id in a valid marker
    slots: list[tuple[Fingerprint, int]] = field(
        default_factory=list
    )  # the credential and the points of each reserved slot

    def with_intents(self, *intents: Intent) -> "WriterHarness":
        self.intents.rows.update({intent.id: intent for intent in intents})
        return self

    def context(self, **given: Any) -> Context:
        fields: dict[str, Any] = {
            "project": Project(id=PROJECT, name="Shop", integration=None),
            "github": cast("GitHub", self.github),
            "stores": cast("Stores", self._stores()),
            "markers": cast("Markers", self),
            "identity": DatabaseInstance(instance="here", is_bound=True),
            "clock": self.time,
            "policy": SyncPolicy(),
            "operator": OperatorSettings(defaults=NO_SETTINGS, policy=SyncPolicy()),
            "guard": GuardPolicy(),
            "timing": PassTiming(),
            "new_id": ids(5_000),
            "random_fraction": lambda: 0.5,
            "progress": NullProgress(),
            "dashboard_url": "",
            "credential_locks": CredentialLocks(),
            "alert_channel": None,
            "manual": False,
        }
        return Context(**fields | given)

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return f"<!-- {kind} {repository_id} {number} {local_id} -->"

    def local_id_of_marker(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> UUID | None:
        valid = (kind, repository_id, number) == ("issue", REPOSITORY.id, 0) and "bugspark-sync" in body
        return self.marked if valid else None

    def find_local_id(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        return self.local_id_of_marker(body, kind, repository_id, number)

    def _stores(self) -> SimpleNamespace:
        async def slot(credential: Fingerprint, points: int) -> datetime:
            self.slots.append((credential, points))
            return self.time.now()

        async def link_of(report: ReportId) -> Link | None:
            links = (self.link, *self.others)
            return next((link for link in links if link and link.report_id == report), None)

        async def was_linked(*place: Any) -> Link | None:
            was = self.was_linked
            return was if was and place == (was.report_id, was.repository_id, was.number) else None

        async def threads(links: Iterable[Link]) -> dict[ReportId, LocalThread]:
            thread = LocalThread(report=self.report, comments=(), pairs=self.pairs)
            return {link.report_id: thread for link in links}

        async def details(reports: Iterable[ReportId]) -> dict[ReportId, tuple[Report, None]]:
            return {each: (self.report, None) for each in reports if self.report is not None}

        async def accounts(project: ProjectId) -> frozenset[AccountId]:
            return self.accounts if project == PROJECT else frozenset()

        async def remember(memory: ProjectState) -> None:
            return None

        async def resting(project: ProjectId, at: datetime) -> frozenset[LinkId]:
            return frozenset()

        async def held(project: ProjectId) -> frozenset[LinkId]:
            return frozenset()

        return SimpleNamespace(
            intents=self.intents,
            rate_limiter=SimpleNamespace(reserve_write=slot),
            ledger=SimpleNamespace(
                find_link_of_report=link_of,
                find_link_between=was_linked,
                local_threads=threads,
                quarantined_link_ids=resting,
            ),
            reports=SimpleNamespace(details=details),
            projects=SimpleNamespace(own_accounts=accounts, save_state=remember),
            restores=SimpleNamespace(links_held_by_other_databases=held),
        )


def an_intent(operation: Operation, desired: Desired, **given: Any) -> Intent:
    """A planned intent for the report of the default link."""
    link = a_link()
    fields: dict[str, Any] = {
        "id": IntentId(uuid4()),
        "project_id": PROJECT,
        "report_id": REPORT,
        "link_id": LINK,
        "pair_id": None,
        "local_id": REPORT,
        "operation": operation,
        "repository_id": link.repository_id,
        "number": IssueNumber(12),
        "desired": desired,
        "state": IntentState.PLANNED,
        "attempts": 0,
        "created_at": AFTER,
    }
    return Intent(**fields | given)


def a_lost_intent(operation: Operation, desired: Desired, **given: Any) -> Intent:
    """An intent that was sent an hour ago with an unknown outcome."""
    sent: dict[str, Any] = {
        "state": IntentState.UNKNOWN,
        "attempts": 1,
        "claimed_at": LONG_AGO,
        "ended_at": LONG_AGO,
    }
    return an_intent(operation, desired, **{**sent, **given})
