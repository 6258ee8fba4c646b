"""The writing half of a pass alone: GitHub and the database played by something small that a test scripts.

For situations that a whole world reaches only by luck. Whatever the store promises of intents (tests/store)
is kept here too: they are claimed once, settled in place, cancelled and confirmed away. Who asks for another
project, report or place than the one that is there is told nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
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
from reconciler.model.policy import GuardPolicy, SyncPolicy, Timing
from reconciler.model.report import Project, Report
from reconciler.model.snapshot import Change, LocalThread, ProjectState
from reconciler.model.views import NoProgress
from reconciler.ports import Claim, GitHub, ListPage, Markers, Stores
from reconciler.sync.context import Context
from reconciler.sync.send import CredentialLocks
from tests.support.nouns import AFTER, LINK, OURS, PROJECT, REPORT, a_link, a_report, ids

LONG_AGO = AFTER - timedelta(hours=1)
MEMORY = ProjectState(project_id=PROJECT, repository_id=a_link().repository_id, account=OURS.id)
REPOSITORY = Repository(
    id=a_link().repository_id,
    full_name="acme/web",
    private=False,
    archived=False,
    has_issues=True,
    can_push=True,
)


class Hand:
    """`ports.GitHub`: each method answers what it was told to, in turn (an exception: raises it)."""

    credential = Fingerprint("one token")

    def __init__(self, *, heard: datetime = AFTER, **answers: Any) -> None:
        """`heard`: GitHub's time, once the repository was asked for; AFTER before."""
        self.asked: list[tuple[Any, ...]] = []
        self.at = AFTER
        self._heard = heard
        self._answers = {name: iter(told) for name, told in answers.items()}

    def now(self) -> datetime:
        return self.at

    async def repository(self) -> Repository:
        self.at = self._heard
        return REPOSITORY

    async def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        """One answer is a whole list: its pages, each the issues on it, an exception where it breaks off."""
        self.asked.append(("all_issues", since))
        for rows in next(self._answers["all_issues"]):
            if isinstance(rows, Exception):
                raise rows
            yield ListPage(rows=tuple(rows), state=None)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*args: Any) -> Any:
            self.asked.append((name, *args))
            found = next(self._answers[name])
            if isinstance(found, Exception):
                raise found
            return found

        return ask


@dataclass(slots=True)
class Rows:
    """`ports.Intents`, in memory."""

    rows: dict[IntentId, Intent] = field(default_factory=dict)
    link: Link | None = None
    entry: CommentPair | None = None
    claim_of: Callable[[Intent], Claim | None] | None = None
    changes: list[Change] = field(default_factory=list)
    stored: list[Link | CommentPair] = field(default_factory=list)
    at: datetime | None = None
    """When the last of them was confirmed."""

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        return tuple(row for row in self.rows.values() if row.project_id == project_id)

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        if self.claim_of is not None:
            return self.claim_of(intent)
        sending = replace(intent, state=IntentState.SENDING, attempts=intent.attempts + 1, claimed_at=at)
        self.rows[intent.id] = sending
        return Claim(intent=sending, link=self.link, pair=self.entry)

    async def release_claim(self, intent: Intent) -> None:
        self.rows[intent.id] = replace(intent, state=IntentState.PLANNED)

    async def save_unconfirmed(self, intent: Intent) -> None:
        self.rows[intent.id] = intent

    async def cancel(self, intents: Collection[Intent]) -> None:
        for intent in intents:
            del self.rows[intent.id]

    async def confirm(
        self,
        intent: Intent,
        *,
        link: Link | None,
        entry: CommentPair | None,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        self.rows.pop(intent.id, None)
        self.changes += changes
        self.at = at
        self.stored += [each for each in (link, entry) if each is not None]

    @property
    def only(self) -> Intent:
        (intent,) = self.rows.values()
        return intent


@dataclass(slots=True)
class Time:
    """`ports.Clock`: moves by sleeping, and by `pass_by`."""

    at: datetime = AFTER
    passed: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += max(seconds, 0)


@dataclass(slots=True, kw_only=True)
class Pen:
    """What the writing parts are given. `link` and `report` are what the ledger says of the report."""

    github: Hand = field(default_factory=Hand)
    rows: Rows = field(default_factory=Rows)
    time: Time = field(default_factory=Time)
    link: Link | None = None
    others: tuple[Link, ...] = ()  # of other reports
    report: Report | None = field(default_factory=a_report)
    entries: tuple[CommentPair, ...] = ()
    was_linked: Link | None = None
    accounts: frozenset[AccountId] = frozenset()
    marked: UUID | None = None  # what a valid marker says
    slots: list[tuple[Fingerprint, int]] = field(default_factory=list)  # for whom, and for how many points

    def holding(self, *intents: Intent) -> "Pen":
        self.rows.rows.update({intent.id: intent for intent in intents})
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
            "guard": GuardPolicy(),
            "timing": Timing(),
            "new_id": ids(5_000),
            "random_fraction": lambda: 0.5,
            "progress": NoProgress(),
            "image_hosts": frozenset(),
            "dashboard_url": "",
            "credential_locks": CredentialLocks(),
            "alert_channel": None,
            "manual": False,
        }
        return Context(**fields | given)

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return f"<!-- {kind} {repository_id} {number} {local_id} -->"

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        valid = (kind, repository_id, number) == ("issue", REPOSITORY.id, 0) and "bugspark-sync" in body
        return self.marked if valid else None

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
            half = LocalThread(report=self.report, comments=(), pairs=self.entries)
            return {link.report_id: half for link in links}

        async def details(reports: Iterable[ReportId]) -> dict[ReportId, tuple[Report, None]]:
            return {each: (self.report, None) for each in reports if self.report is not None}

        async def accounts(project: ProjectId) -> frozenset[AccountId]:
            return self.accounts if project == PROJECT else frozenset()

        async def remember(memory: ProjectState) -> None:
            return None

        async def held(project: ProjectId) -> frozenset[LinkId]:
            return frozenset()

        return SimpleNamespace(
            intents=self.rows,
            rate_limiter=SimpleNamespace(reserve_write=slot),
            ledger=SimpleNamespace(
                find_link_of_report=link_of, find_link_between=was_linked, threads=threads
            ),
            reports=SimpleNamespace(details=details),
            projects=SimpleNamespace(own_accounts=accounts, save_state=remember),
            restores=SimpleNamespace(links_held_by_other_databases=held),
        )


def an_intent(operation: Operation, wish: Desired, **given: Any) -> Intent:
    """A planned wish about the default link's report."""
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
        "desired": wish,
        "state": IntentState.PLANNED,
        "attempts": 0,
        "created_at": AFTER,
    }
    return Intent(**fields | given)


def a_lost(operation: Operation, wish: Desired, **given: Any) -> Intent:
    """Sent an hour ago, and nobody knows what became of it."""
    sent: dict[str, Any] = {
        "state": IntentState.UNKNOWN,
        "attempts": 1,
        "claimed_at": LONG_AGO,
        "ended_at": LONG_AGO,
    }
    return an_intent(operation, wish, **{**sent, **given})
