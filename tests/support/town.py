"""A small town for proofs: people on both sides, the program between them, and a book of what people wrote.

The book is kept by unique tokens, one in every comment body, so that in the end each can be looked for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from reconciler.bootstrap.application import Application, open_application
from reconciler.config.settings import Settings
from reconciler.errors import LimitedError, UsageError
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.views import NoProgress
from reconciler.store.schema.database_identity import LOCATION_KEY, StoredIdentity
from reconciler.store.schema.engine import open_database
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import search_requests, search_rows
from tests.support.crash_points import HOST, Crash, CrashPoints, Pause, intercept_process
from tests.support.github import GitHub, copied, make_github
from tests.support.inline_sqlite import inline
from tests.support.sync import FollowingClock, is_idle, settings_for
from tests.support.town_people import People

BOOK = ("notes", "reports", "wishes", "stickers", "most", "_count")
"""What a town knows of what people did."""
LOCK_SECONDS = 31
"""A process that is silent for so long has lost its project."""


@dataclass(slots=True, kw_only=True)
class Town(People):
    """One project `Shop`, connected to acme/web; `start()` starts the program, which may die any time."""

    url: str
    clock: FollowingClock
    settings: Settings
    crash_points: CrashPoints = field(default_factory=CrashPoints)
    app: Application | None = None
    most: int = 0
    """The most live copies of one thing there ever were on GitHub after a pass."""
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> Application:
        """The program as a new process finds the world."""
        if self.app is None:
            self.crash_points = CrashPoints()
            self._open.enter_context(intercept_process(self.crash_points, self.github.simulator))
            self.app = await self._open.enter_async_context(open_application(self.settings, self.clock))
        return self.app

    async def stop(self) -> None:
        """Close whatever is open; a dead process's locks run out."""
        await self._open.aclose()
        if self.crash_points.is_dead:
            self.github.clock.advance(LOCK_SECONDS)
        self.app, self._open = None, AsyncExitStack()

    async def run(self, *, seconds: float = 5, accept: str | None = None) -> PassResult | None:
        """A pass; None when the process died in it."""
        self.github.clock.advance(seconds)
        result: PassResult | None = await self.whole(lambda app: self.one_pass(app, accept))
        self.most = max(self.most, self.copies())
        return result

    async def one_pass(self, app: Application, accept: str | None = None) -> PassResult:
        """Within a life: `whole` gives the application."""
        found = await app.find_project(str(self.project))
        return await app.run_pass(found, wait=False, accept=accept, progress=NoProgress())

    async def whole(self, work: Callable[[Application], Any]) -> Any:
        """Work of the program; None when the process died in it, a new one is started next time."""
        try:
            return await work(await self.start())
        except Crash:
            if not self.crash_points.is_dead:
                raise
            return None
        finally:
            if self.crash_points.is_dead:
                await self.stop()

    async def overtaken(self, requests: int) -> None:
        """A pass whose process is paused before one of its requests, for longer than its lock lasts. A second
        worker takes the project over; then the first goes on.
        """
        first = await self.start()
        self.github.clock.advance(5)
        pause = self.crash_points.pause = Pause(requests)
        task = asyncio.ensure_future(self.one_pass(first))
        reached = asyncio.ensure_future(pause.reached.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        self.crash_points.pause = None  # it is for the first worker alone
        self.github.clock.advance(LOCK_SECONDS)
        async with open_application(self.settings, self.clock) as second:
            await self.one_pass(second)
        pause.over.set()
        await task
        self.most = max(self.most, self.copies())

    async def export(self, **fields: Any) -> ReportId:
        """A report is filed and made an issue."""
        report = self.bugspark.add_report(self.project, at=self.github.clock.now(), **fields)
        self.reports[report] = None
        await self.whole(lambda app: app.export((str(report),), NoProgress()))
        return report

    async def unlink(self, report: ReportId) -> None:
        self.linked_numbers()
        await self.whole(lambda app: self._told(app.unlink(str(report))))

    async def relink(self, report: ReportId, *, backfill: bool) -> None:
        """Tie it to the same issue again, if it was cut."""
        number = self.linked_numbers()[report]
        if number is not None:
            issue = f"acme/web#{number}"
            await self.whole(lambda app: self._told(app.link(str(report), issue, backfill=backfill)))

    async def _told(self, work: Any) -> None:
        with suppress(UsageError, LimitedError):  # linked or cut already, or too soon: the person is told so
            await work

    async def settle(self, *, hours: int = 7) -> PassResult:
        """No more faults: the settle times pass, then three passes; deletions that wait are accepted. After
        `hours` every rest is over, and from seven on every link has been verified.
        """
        self.github.simulator.faults.clear()
        self.crash_points.reset()
        for _ in range(5):
            if is_idle(await self.run(seconds=61)):
                break
        self.github.clock.advance(hours * 3600)
        for _ in range(3):
            result = await self.run(seconds=61)
            if result is not None and is_idle(result):
                return result
            if result is not None and result.withheld:
                await self.run(accept=result.withheld)
        last = await self.run(seconds=61)
        assert last is not None
        return last


@asynccontextmanager
async def open_town(url: str, **sync: Any) -> AsyncIterator[Town]:
    """A town on a migrated database with BugSpark in it; `sync`: keys of that section."""
    github = make_github()
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, token=github.token)
        ada = bugspark.add_user("Ada")
        async with _opened(url, github, bugspark, project, ada, sync) as town:
            yield town


@asynccontextmanager
async def _opened(
    url: str, github: GitHub, bugspark: BugSpark, project: ProjectId, ada: UUID, sync: dict[str, Any]
) -> AsyncIterator[Town]:
    """The town between these two sides; both are searched for the token when it ends well."""
    github.simulator.views.api = f"http://{HOST}:9"
    town = Town(
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
            yield town
        finally:
            await town.stop()
    search_rows(bugspark.engine)
    search_requests(github.simulator)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTown:
    """What a town is beside its database, to open it again on copies of that: making one takes longer than
    a pass.
    """

    github: GitHub
    project: ProjectId
    ada: UUID
    book: dict[str, Any]

    @asynccontextmanager
    async def open(self, url: str, **sync: Any) -> AsyncIterator[Town]:
        """The town as it was saved; on GitHub nothing has been asked yet."""
        with connected(url) as engine:
            github, bugspark = copied(self.github), BugSpark(engine)
            await _bind_copy(url, bugspark)
            async with _opened(url, github, bugspark, self.project, self.ada, sync) as town:
                for name, value in deepcopy(self.book).items():
                    setattr(town, name, value)
                yield town


async def _bind_copy(url: str, bugspark: BugSpark) -> None:
    """Let the program take a copy of a database for the one it has always worked on."""
    bugspark.execute(f"DELETE FROM sync_meta WHERE key = '{LOCATION_KEY}'")
    database = open_database(url)
    try:
        await StoredIdentity(database, uuid4).bind()
    finally:
        await database.aclose()


async def save(town: Town) -> SavedTown:
    """Stop the program and save the town. Its database may be copied when the town is closed."""
    await town.stop()
    return SavedTown(
        github=copied(town.github),
        project=town.project,
        ada=town.ada,
        book=deepcopy({name: getattr(town, name) for name in BOOK}),
    )
