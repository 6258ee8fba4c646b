"""The writing half of a pass alone: GitHub and the database played by something small that a test scripts.

For situations that a whole world reaches only by luck. Whatever the store promises of intents (tests/store)
is kept here too: they are claimed once, settled in place, cancelled and confirmed away.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from reconciler.cycle.context import Context
from reconciler.cycle.turns import Turns
from reconciler.model.identity import Identity
from reconciler.model.ids import AccountId, IntentId, IssueNumber, LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.intent import Intent, IntentState, Operation, Wish
from reconciler.model.issue import Repository
from reconciler.model.link import Entry, Link
from reconciler.model.policy import GuardPolicy, SyncPolicy, Timing
from reconciler.model.report import Project, Report
from reconciler.model.snapshot import Change, Memory, ThreadSide
from reconciler.ports import Claim, GitHub, Markers, Stores
from reconciler.wiring.application import Silent
from tests.support.nouns import AFTER, LINK, OURS, PROJECT, REPORT, a_link, a_report, ids

MEMORY = Memory(project_id=PROJECT, repository_id=a_link().repository_id, account=OURS.id)
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

    credential = "one token"

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.at = AFTER
        self._answers = {name: iter(told) for name, told in answers.items()}

    def now(self) -> datetime:
        return self.at

    async def repository(self) -> Repository:
        return REPOSITORY

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
    entry: Entry | None = None
    claim_of: Callable[[Intent], Claim | None] | None = None
    changes: list[Change] = field(default_factory=list)
    stored: list[Link | Entry] = field(default_factory=list)

    async def open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        return tuple(self.rows.values())

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        if self.claim_of is not None:
            return self.claim_of(intent)
        sending = replace(intent, state=IntentState.SENDING, attempts=intent.attempts + 1, claimed_at=at)
        self.rows[intent.id] = sending
        return Claim(intent=sending, link=self.link, entry=self.entry)

    async def give_back(self, intent: Intent) -> None:
        self.rows[intent.id] = replace(intent, state=IntentState.PLANNED)

    async def settle(self, intent: Intent) -> None:
        self.rows[intent.id] = intent

    async def cancel(self, intents: Collection[Intent]) -> None:
        for intent in intents:
            del self.rows[intent.id]

    async def confirm(
        self,
        intent: Intent,
        *,
        link: Link | None,
        entry: Entry | None,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        self.rows.pop(intent.id, None)
        self.changes += changes
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
    report: Report | None = field(default_factory=a_report)
    entries: tuple[Entry, ...] = ()
    was_linked: Link | None = None
    accounts: frozenset[AccountId] = frozenset()
    marked: UUID | None = None  # what a marker says, wherever it is read

    def holding(self, *intents: Intent) -> "Pen":
        self.rows.rows.update({intent.id: intent for intent in intents})
        return self

    def context(self, **given: Any) -> Context:
        fields: dict[str, Any] = {
            "project": Project(id=PROJECT, name="Shop", integration=None),
            "github": cast("GitHub", self.github),
            "stores": cast("Stores", self._stores()),
            "markers": cast("Markers", self),
            "identity": Identity(instance="here", bound=True),
            "clock": self.time,
            "policy": SyncPolicy(),
            "guard": GuardPolicy(),
            "timing": Timing(),
            "new_id": ids(5_000),
            "dice": lambda: 0.5,
            "progress": Silent(),
            "image_hosts": frozenset(),
            "dashboard_url": "",
            "turns": Turns(),
            "alarms": None,
            "by_hand": False,
        }
        return Context(**fields | given)

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return f"<!-- {kind} {repository_id} {number} {local_id} -->"

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        return self.marked if "bugspark-sync" in body else None

    def _stores(self) -> SimpleNamespace:
        async def slot(credential: str, points: int) -> datetime:
            return self.time.now()

        async def link_of(report: ReportId) -> Link | None:
            return self.link

        async def was_linked(*place: Any) -> Link | None:
            return self.was_linked

        async def threads(links: Iterable[Link]) -> dict[ReportId, ThreadSide]:
            half = ThreadSide(report=self.report, comments=(), entries=self.entries)
            return {link.report_id: half for link in links}

        async def details(reports: Iterable[ReportId]) -> dict[ReportId, tuple[Report, None]]:
            return {each: (self.report, None) for each in reports if self.report is not None}

        async def accounts(project: ProjectId) -> frozenset[AccountId]:
            return self.accounts

        async def remember(memory: Memory) -> None:
            return None

        async def held(project: ProjectId) -> frozenset[LinkId]:
            return frozenset()

        return SimpleNamespace(
            intents=self.rows,
            governor=SimpleNamespace(slot=slot),
            ledger=SimpleNamespace(link_of=link_of, was_linked=was_linked, threads=threads),
            reports=SimpleNamespace(details=details),
            projects=SimpleNamespace(accounts=accounts, remember=remember),
            recovery=SimpleNamespace(held=held),
        )


def an_intent(operation: Operation, wish: Wish, **given: Any) -> Intent:
    """A planned wish about the default link's report."""
    link = a_link()
    fields: dict[str, Any] = {
        "id": IntentId(uuid4()),
        "project_id": PROJECT,
        "report_id": REPORT,
        "link_id": LINK,
        "entry_id": None,
        "local_id": REPORT,
        "operation": operation,
        "repository_id": link.repository_id,
        "number": IssueNumber(12),
        "wish": wish,
        "state": IntentState.PLANNED,
        "attempts": 0,
        "created_at": AFTER,
    }
    return Intent(**fields | given)
