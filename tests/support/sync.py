"""Both sides and the program between them: a live BugSpark, a simulated GitHub, a clock moved by the test."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reconciler.bootstrap.application import Application, open_application
from reconciler.config.settings import Settings
from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.journal import RecordedRequest
from reconciler.model.fields import Category, Severity, Status
from reconciler.model.ids import CommentId, ProjectId, ReportId
from reconciler.model.passes import DuePass, NullProgress, Outcome, PassResult, ScheduledProject
from reconciler.model.secret import Secret
from reconciler.model.views import PlanView
from reconciler.sync.passes.run_pass import run_due_pass
from tests.support.bugspark import BugSpark, connected
from tests.support.button import press_button
from tests.support.canary import search_requests, search_rows
from tests.support.github import GitHub

QUICK: dict[str, dict[str, Any]] = {
    "write": {"min_interval_seconds": 0.0, "per_minute": 10_000, "per_hour": 100_000}
}
"""No pacing: a wait for the next slot would only move the clock."""


class FollowingClock:
    """The program's clock: the simulator's, and sleeping moves it."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.ahead = timedelta()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept.append(seconds)
            self._clock.advance(seconds)


@dataclass(slots=True, kw_only=True)
class Sync:
    """One project `Shop`, connected to `acme/web` as bugspark-bot, unless a test adds more."""

    github: GitHub
    bugspark: BugSpark
    app: Application
    clock: FollowingClock
    project: ProjectId
    ada: UUID
    since: int = field(default=0)

    async def run(
        self, project: ProjectId | None = None, *, seconds: float = 5, **options: Any
    ) -> PassResult:
        """Run a pass, `seconds` after the last event."""
        self.github.clock.advance(seconds)
        self.since = len(self.github.simulator.requests)
        found = await self.app.find_project(str(project or self.project))
        return await self.app.run_pass(
            found, wait=False, accept=options.pop("accept", None), progress=NullProgress(), **options
        )

    async def run_due(
        self, *, compares: bool = False, seconds: float = 5, due: DuePass | None = None
    ) -> PassResult:
        """Run a pass as the daemon does, `seconds` after the last event."""
        result = await self.run_due_or_none(due, compares=compares, seconds=seconds)
        assert result is not None, "the project is not active"
        return result

    async def run_due_or_none(
        self, due: DuePass | None, *, compares: bool = False, seconds: float = 5
    ) -> PassResult | None:
        """Run a pass as the daemon does. None: it was not to be made."""
        self.github.clock.advance(seconds)
        self.since = len(self.github.simulator.requests)
        container = self.app._container
        return await run_due_pass(
            container.stores,
            container.clock,
            self.project,
            lambda start: container.build_context_of_start(start, NullProgress(), manual=False),
            compares=compares,
            due=due,
        )

    async def plan(self, *, seconds: float = 5) -> PlanView:
        """Return the plan of a pass."""
        self.github.clock.advance(seconds)
        return await self.app.plan(await self.app.find_project(str(self.project)), NullProgress())

    async def scheduled(self) -> ScheduledProject:
        """What the next pass of the only project depends on."""
        (found,) = await self.app._stores.projects.pass_schedule()
        return found

    async def settle(self, passes: int = 3) -> PassResult:
        """Run passes until one is idle, `passes` at most; return the last result."""
        for _ in range(passes - 1):
            result = await self.run()
            if is_idle(result):
                return result
        return await self.run()

    async def linked(self, **report: Any) -> tuple[ReportId, int]:
        """Add a report with an issue made by our own export, settled."""
        kinds: dict[str, Any] = {"status": Status, "severity": Severity, "category": Category}
        typed: dict[str, Any] = {name: kinds.get(name, str)(value) for name, value in report.items()}
        made = self.bugspark.add_report(self.project, **typed)
        await self.app.export((str(made),), NullProgress())
        await self.settle()
        return made, self.number(made)

    def press_button(self, report: ReportId) -> int:
        """Export as BugSpark's button does; return the issue's number."""
        return press_button(self.bugspark, self.github.web, report)

    def number(self, report: ReportId) -> int:
        """Return the issue number in the report's columns."""
        row = self.bugspark.report(report)
        assert row is not None
        assert row["github_issue_number"] is not None, "the report is not linked"
        return int(row["github_issue_number"])

    def status(self, report: ReportId) -> str:
        row = self.bugspark.report(report)
        assert row is not None
        return str(row["status"])

    def severity(self, report: ReportId) -> str:
        row = self.bugspark.report(report)
        assert row is not None
        return str(row["severity"])

    def category(self, report: ReportId) -> str:
        row = self.bugspark.report(report)
        assert row is not None
        return str(row["category"])

    def labels(self, number: int) -> set[str]:
        return set(self.github.web.label_names(number))

    def texts_in_bugspark(self, report: ReportId) -> list[str]:
        """Bodies of the report's comments, oldest first."""
        return [str(row["body"]) for row in self.bugspark.comments(report)]

    def texts_on_github(self, number: int) -> list[str]:
        """Bodies of the issue's comments, oldest first."""
        return [row.body for row in self.github.web.thread(number)]

    def add_comment(self, report: ReportId, body: str) -> CommentId:
        """Comment in BugSpark as Ada, now."""
        return self.bugspark.add_comment(report, body, author=self.ada, at=self.github.clock.now())

    def change(self, report: ReportId, **values: Any) -> None:
        """Change a report in BugSpark as Ada, now."""
        self.bugspark.set_report(report, **values, updated_at=self.github.clock.now())

    @property
    def asked(self) -> list[RecordedRequest]:
        """The requests of the last pass."""
        return list(self.github.simulator.requests)[self.since :]

    @property
    def writes(self) -> list[RecordedRequest]:
        """The writing requests of the last pass."""
        return [seen for seen in self.asked if seen.write]

    def dump(self) -> Mapping[str, list[str]]:
        """Every row of every table, for comparing before and after."""
        return self.bugspark.dump()


def settings_for(url: str, api: str, **sections: Mapping[str, Any]) -> Settings:
    """A configuration without pacing; `sections` replace single keys."""
    wanted: dict[str, dict[str, Any]] = {
        "database": {"url": Secret(url)},
        "github": {"api_url": api},
        "limits": {"points_per_minute": 1_000_000},
        **QUICK,
    }
    for name, values in sections.items():
        wanted[name] = {**wanted.get(name, {}), **values}
    return Settings.model_validate(wanted)


def is_idle(result: PassResult | None) -> bool:
    """Whether nothing happened and nothing is pending: another pass at this time would be idle too."""
    if result is None or result.outcome is not Outcome.OK or result.pending:
        return False
    return result.github.requests == result.github.not_modified == 2


@asynccontextmanager
async def open_sync(url: str, github: GitHub, **sections: Mapping[str, Any]) -> AsyncIterator[Sync]:
    """Everything, on a migrated database."""
    clock = FollowingClock(github.clock)
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, token=github.token)
        ada = bugspark.add_user("Ada")
        async with open_application(settings_for(url, github.api, **sections), clock) as app:
            yield Sync(github=github, bugspark=bugspark, app=app, clock=clock, project=project, ada=ada)
        search_rows(engine)
        search_requests(github.simulator)
