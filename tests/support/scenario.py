"""The scenario of the proofs: users on both sides, the program between them, and records of what they wrote.

Every comment body contains a unique token, so that each comment and its copies can be found at the end.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from reconciler.bootstrap.application import Application, open_application
from reconciler.config.settings import Settings
from reconciler.errors import LimitedError, ProjectError, RefusedError, UsageError
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress, PassResult
from reconciler.model.viewer import OPERATOR
from reconciler.store.schema.database_identity import LOCATION_KEY, StoredIdentity
from reconciler.store.schema.engine import open_database
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import search_requests, search_rows
from tests.support.crash_points import HOST, Crash, CrashPoints, Pause, intercept_process
from tests.support.github import GitHub, copied, make_github
from tests.support.inline_sqlite import inline
from tests.support.scenario_conditions import Conditions
from tests.support.sync import FollowingClock, is_idle, settings_for

RECORDED_FIELDS = ("notes", "reports", "field_edits", "unrelated_labels", "most_copies", "_count")
"""Attributes that record what the users did."""
LOCK_SECONDS = 31
"""The project lock of a process expires after this time without a renewal."""


@dataclass(slots=True, kw_only=True)
class Scenario(Conditions):
    """One project `Shop`, connected to acme/web; `start()` starts the program, which may crash."""

    url: str
    settings: Settings
    crash_points: CrashPoints = field(default_factory=CrashPoints)
    app: Application | None = None
    most_copies: int = 0
    """The highest number of copies of one comment or issue on GitHub that was seen after a pass."""
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> Application:
        """Start the program as a new process, unless it runs."""
        if self.app is None:
            self.crash_points = CrashPoints()
            self._open.enter_context(intercept_process(self.crash_points, self.github.simulator))
            self.app = await self._open.enter_async_context(open_application(self.settings, self.clock))
        return self.app

    async def stop(self) -> None:
        """Close everything; after a crash, let the locks of the process expire."""
        await self._open.aclose()
        if self.crash_points.is_dead:
            self.github.clock.advance(LOCK_SECONDS)
        self.app, self._open = None, AsyncExitStack()

    async def run(self, *, seconds: float = 5, accept: str | None = None) -> PassResult | None:
        """Run a pass; None if the process crashed."""
        self.github.clock.advance(seconds)
        result: PassResult | None = await self.run_work(lambda app: self.one_pass(app, accept))
        self.most_copies = max(self.most_copies, self.count_most_copies())
        return result

    async def one_pass(self, app: Application, accept: str | None = None) -> PassResult:
        """Run one pass of this application, for use with `run_work`."""
        found = await app.find_project(str(self.project))
        return await app.run_pass(found, wait=False, accept=accept, progress=NullProgress())

    async def run_work(self, work: Callable[[Application], Any]) -> Any:
        """Run work of the program; None if the process crashed (the next call starts a new one)."""
        try:
            return await work(await self.start())
        except Crash:
            if not self.crash_points.is_dead:
                raise
            return None
        finally:
            if self.crash_points.is_dead:
                await self.stop()

    async def run_overtaken_pass(self, requests: int) -> None:
        """Run a pass whose process is paused before one of its requests until its lock expires, while another
        worker takes over the project; then continue the first one.
        """
        first = await self.start()
        self.github.clock.advance(5)
        pause = self.crash_points.pause = Pause(requests)
        task = asyncio.ensure_future(self.one_pass(first))
        reached = asyncio.ensure_future(pause.reached.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        self.crash_points.pause = None  # only the first worker is paused
        self.github.clock.advance(LOCK_SECONDS)
        async with open_application(self.settings, self.clock) as second:
            await self.one_pass(second)
        pause.over.set()
        await task
        self.most_copies = max(self.most_copies, self.count_most_copies())

    async def export(self, **fields: Any) -> ReportId:
        """File a report and export it as an issue."""
        report = self.bugspark.add_report(self.project, at=self.bugspark_now(), **fields)
        self.reports[report] = None
        if await self.run_work(lambda app: app.export((str(report),), NullProgress())) is not None:
            self.exported.add(report)
        return report

    async def save_settings(self, **own: Any) -> None:
        """Store the project's own settings, by the operator."""

        async def save(app: Application) -> None:
            now = (await app.settings.show_settings(self.project)).version
            text = json.dumps(own).encode()
            await app.settings.save_settings(self.project, text, OPERATOR, expected=now)

        await self.run_work(save)

    async def settle_second_issue(self, report: ReportId, *, instead: bool) -> None:
        """Link the newest issue of the button in place of the present one, or close it as a duplicate."""
        number = max(self.pressed[report])
        issue = f"{self.repository_of(number).full_name}#{number}"
        self.issue_numbers()
        await self.run_work(
            lambda app: self._ignore_refusal(
                app.link(str(report), issue, backfill=False, instead=True)
                if instead
                else app.close_duplicate_issue(str(report), issue)
            )
        )

    async def unlink(self, report: ReportId) -> None:
        self.issue_numbers()
        self.cut.add(report)
        self.exported.discard(report)
        await self.run_work(lambda app: self._ignore_refusal(app.unlink(str(report))))

    async def retry(self, report: ReportId) -> None:
        await self.run_work(lambda app: self._ignore_refusal(app.retry(str(report))))

    async def relink(self, report: ReportId, *, backfill: bool) -> None:
        """Link it to the same issue again after an unlink."""
        number = self.issue_numbers()[report]
        if number is not None:
            issue = f"{self.repository_of(number).full_name}#{number}"
            await self.run_work(
                lambda app: self._ignore_refusal(app.link(str(report), issue, backfill=backfill))
            )

    async def _ignore_refusal(self, work: Any) -> None:
        # linked or unlinked already, too early, or the report was deleted
        with suppress(RefusedError, UsageError, ProjectError, LimitedError):
            await work

    async def settle(self, *, hours: int = 7) -> PassResult:
        """Remove all faults and run passes until one is idle; withheld deletions are accepted. After `hours`
        every quarantine has ended, and after seven hours every link has been verified.
        """
        self.github.simulator.faults.clear()
        self.run_ahead(0, whole_clock=True)
        self.crash_points.reset()
        for _ in range(5):
            if is_idle(await self.run(seconds=61)):
                break
        self.github.clock.advance(hours * 3600)
        for _ in range(6):  # two readings, what follows from the second, and what is withheld of that
            result = await self.run(seconds=61)
            if result is not None and is_idle(result):
                return result
            if result is not None and result.withheld:
                await self.run(accept=result.withheld)
        last = await self.run(seconds=61)
        assert last is not None
        return last


@asynccontextmanager
async def open_scenario(url: str, **sync: Any) -> AsyncIterator[Scenario]:
    """Open a scenario on a migrated database with BugSpark in it; `sync`: keys of that section."""
    github = make_github()
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, token=github.token)
        ada = bugspark.add_user("Ada")
        async with _opened(url, github, bugspark, project, ada, sync) as scenario:
            yield scenario


@asynccontextmanager
async def _opened(
    url: str, github: GitHub, bugspark: BugSpark, project: ProjectId, ada: UUID, sync: dict[str, Any]
) -> AsyncIterator[Scenario]:
    """Open a scenario of these two sides; afterwards both are searched for the secret token."""
    github.simulator.views.api = f"http://{HOST}:9"
    scenario = Scenario(
        url=url,
        github=github,
        bugspark=bugspark,
        clock=FollowingClock(github.clock),
        settings=settings_for(url, f"http://{HOST}:9", sync=sync),
        ada=ada,
        project=project,
    )
    with inline():
        try:
            yield scenario
        finally:
            await scenario.stop()
    search_rows(bugspark.engine)
    search_requests(github.simulator)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedScenario:
    """A scenario without its database, opened on copies of that: setting one up takes longer than a pass."""

    github: GitHub
    project: ProjectId
    ada: UUID
    records: dict[str, Any]

    @asynccontextmanager
    async def open(self, url: str, **sync: Any) -> AsyncIterator[Scenario]:
        """Open the saved scenario; its GitHub has no recorded requests."""
        with connected(url) as engine:
            github, bugspark = copied(self.github), BugSpark(engine)
            await _bind_copy(url, bugspark)
            async with _opened(url, github, bugspark, self.project, self.ada, sync) as scenario:
                for name, value in deepcopy(self.records).items():
                    setattr(scenario, name, value)
                yield scenario


async def _bind_copy(url: str, bugspark: BugSpark) -> None:
    """Make the program accept a copy of a database as the original."""
    bugspark.execute(f"DELETE FROM sync_meta WHERE key = '{LOCATION_KEY}'")
    database = open_database(url)
    try:
        await StoredIdentity(database, uuid4).bind()
    finally:
        await database.aclose()


async def save(scenario: Scenario) -> SavedScenario:
    """Stop the program and save the scenario. Its database may be copied after the scenario is closed."""
    await scenario.stop()
    return SavedScenario(
        github=copied(scenario.github),
        project=scenario.project,
        ada=scenario.ada,
        records=deepcopy({name: getattr(scenario, name) for name in RECORDED_FIELDS}),
    )
