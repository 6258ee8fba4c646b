"""A small town for proofs: people on both sides, the program between them, and a book of what people wrote.

The book is kept by unique tokens, one in every comment body, so that in the end each can be looked for.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from reconciler.config.settings import Settings
from reconciler.errors import LimitedError, UsageError
from reconciler.model.ids import ReportId
from reconciler.model.passes import Outcome, PassResult
from reconciler.store import bugspark as tables
from reconciler.store.tables import deliveries
from reconciler.wiring.application import Application, Silent, open_application
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import search_requests, search_rows
from tests.support.github import GitHub, make_github
from tests.support.life import HOST, Crash, Life, Pause, living
from tests.support.sync import FollowingClock, settings_for

SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
CATEGORIES = {"crash": "crash", "performance": "performance", "ui": "ui"}
"""Label by value, the one that counts first (DESIGN.md, Deciding)."""
OPEN = ("new", "triaging", "in_progress")
HERE, THERE = "bugspark", "github"
ELSEWHERE = 2
"""So many issues there are that no report was made for, once reports are moved about."""
LOCK_SECONDS = 31
"""A process that is silent for so long has lost its project."""
TOKEN = re.compile(r"token\d+x")


@dataclass(slots=True, kw_only=True)
class Note:
    """A comment somebody wrote: where, in which words now, and what people did to it and to its copies."""

    side: str
    report: ReportId
    number: int | None  # the issue it was written on, or its report was tied to
    id: Any
    token: str
    gone: bool = False
    copies_gone: set[Any] = field(default_factory=set)  # the reports or issues from which somebody deleted it
    copies_edited: dict[int, str] = field(default_factory=dict)  # the token somebody put into our copy there

    def token_on(self, number: int | None) -> str:
        """What its copy on that issue says."""
        return self.token if number is None else self.copies_edited.get(number, self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody set a field to; `base`: what both sides had last agreed on by then."""

    side: str
    value: str
    base: str | None


@dataclass(slots=True)
class Town:
    """One project `Shop`, connected to acme/web; `open()` starts the program, `die()` ends it any time."""

    url: str
    github: GitHub
    bugspark: BugSpark
    clock: FollowingClock
    settings: Settings
    ada: UUID
    project: Any
    life: Life = field(default_factory=Life)
    app: Application | None = None
    notes: list[Note] = field(default_factory=list)
    reports: dict[ReportId, int | None] = field(default_factory=dict)
    wishes: dict[tuple[ReportId, str], list[Wish]] = field(default_factory=dict)
    stickers: set[int] = field(default_factory=set)
    most: int = 0
    """The most live copies of one thing there ever were on GitHub after a pass."""
    _count: int = 0
    _memory: dict[str, Any] | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    # --- the program --------------------------------------------------------------------------------------

    async def start(self) -> Application:
        """The program as a new process finds the world."""
        if self.app is None:
            self.life = Life()
            self._open.enter_context(living(self.life, self.github.simulator))
            self.app = await self._open.enter_async_context(open_application(self.settings, self.clock))
        return self.app

    async def stop(self) -> None:
        """Close whatever is open; a dead process's locks run out."""
        await self._open.aclose()
        if self.life.dead:
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
        found = await app.find(str(self.project))
        return await app.run(found, wait=False, accept=accept, progress=Silent())

    async def whole(self, work: Callable[[Application], Any]) -> Any:
        """Work of the program; None when the process died in it, a new one is started next time."""
        try:
            return await work(await self.start())
        except Crash:
            if not self.life.dead:
                raise
            return None
        finally:
            if self.life.dead:
                await self.stop()

    async def overtaken(self, requests: int) -> None:
        """A pass whose process is paused before one of its requests, for longer than its lock lasts. A second
        worker takes the project over; then the first goes on.
        """
        first = await self.start()
        self.github.clock.advance(5)
        pause = self.life.pause = Pause(requests)
        task = asyncio.ensure_future(self.one_pass(first))
        reached = asyncio.ensure_future(pause.reached.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        self.life.pause = None  # it is for the first worker alone
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
        await self.whole(lambda app: app.export((str(report),), Silent()))
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

    def erase(self, report: ReportId) -> None:
        """A report is deleted in BugSpark, with its comments; nothing on GitHub may go because of it."""
        self.linked_numbers()
        self.bugspark.delete_report(report)
        self.notes = [note for note in self.notes if (note.report, note.side) != (report, HERE)]

    async def settle(self, *, hours: int = 7) -> PassResult:
        """No more faults: the settle times pass, then three passes; deletions that wait are accepted. After
        `hours` every rest is over, and from seven on every link has been verified.
        """
        self.github.simulator.faults.clear()
        self.life.begin()
        for _ in range(5):
            if idle(await self.run(seconds=61)):
                break
        self.github.clock.advance(hours * 3600)
        for _ in range(3):
            result = await self.run(seconds=61)
            if result is not None and idle(result):
                return result
            if result is not None and result.withheld:
                await self.run(accept=result.withheld)
        last = await self.run(seconds=61)
        assert last is not None
        return last

    # --- people -------------------------------------------------------------------------------------------

    def linked_numbers(self) -> dict[ReportId, int | None]:
        """The issue of each report, remembered when it is cut."""
        for report, row in self.filed().items():
            if report in self.reports and row["github_issue_number"] is not None:
                self.reports[report] = int(row["github_issue_number"])
        return self.reports

    def token(self) -> str:
        self._count += 1
        return f"token{self._count:04}x"

    def say_here(self, report: ReportId) -> None:
        if report not in self.filed():
            return
        token = self.token()
        id_ = self.bugspark.add_comment(report, token, author=self.ada, at=self.github.clock.now())
        number = self.linked_numbers()[report]
        self.notes.append(Note(side=HERE, report=report, number=number, id=id_, token=token))

    def say_there(self, report: ReportId) -> None:
        number = self.linked_numbers()[report]
        if number is not None:
            token = self.token()
            row = self.github.web.comment(number, token, by="alice")
            self.notes.append(Note(side=THERE, report=report, number=number, id=row.id, token=token))

    def edit(self, note: Note) -> None:
        """The writer edits it (in BugSpark: an administrator's SQL)."""
        if note.gone:
            return
        note.token = self.token()
        if note.side == HERE:
            self.bugspark.set_comment(note.id, note.token)
        else:
            self.github.web.edit_comment(note.id, note.token, by="alice")

    def unsay(self, note: Note) -> None:
        """The writer deletes it."""
        if note.gone:
            return
        note.gone = True
        if note.side == HERE:
            self.bugspark.delete_comment(note.id)
        else:
            self.github.web.delete_comment(note.id, by="alice")

    def drop_copy(self, note: Note) -> None:
        """Somebody deletes the program's copy, if it is there."""
        if note.side == HERE:
            for row in self._copies_there(note):
                self.github.web.delete_comment(row.id, by="alice")
                note.copies_gone.add(row.issue)
        else:
            for id_ in self._copies_here(note):
                self.bugspark.delete_comment(id_)
                note.copies_gone.add(note.report)

    def edit_copy(self, note: Note) -> None:
        """Somebody rewrites our copy on GitHub."""
        for row in self._copies_there(note) if note.side == HERE else ():
            token = note.copies_edited[row.issue] = self.token()
            self.github.web.edit_comment(row.id, row.body.replace(note.token, token), by="alice")

    def set_here(self, report: ReportId, item: str, value: str) -> None:
        self._wished(report, item, HERE, value)
        self.bugspark.set_report(report, **{item: value}, updated_at=self.github.clock.now())

    def set_there(self, report: ReportId, item: str, value: str) -> None:
        number = self.linked_numbers()[report]
        if number is None:
            return
        self._wished(report, item, THERE, value)
        web = self.github.web
        if item == "status":
            if value == "new":
                web.reopen(number, by="alice")
            else:
                web.close(number, by="alice", reason="completed" if value == "resolved" else "not_planned")
            return
        names = SEVERITIES if item == "severity" else CATEGORIES
        present = [name for name in web.label_names(number) if name in names.values()]
        web.unlabel(number, *present, by="alice")
        web.label(number, names[value], by="alice")

    def sticker(self, report: ReportId) -> None:
        """Somebody puts a label on the issue that is nobody's business."""
        number = self.linked_numbers()[report]
        if number is not None:
            self.github.web.label(number, "good first issue", by="alice")
            self.stickers.add(number)

    def move(self, report: ReportId, which: int) -> None:
        """An administrator writes another issue into a report's columns: one of nobody's, one that was its
        own before, or another report's.
        """
        numbers = sorted(self.github.web.picture())
        if len(numbers) < len(self.reports) + ELSEWHERE:
            numbers.append(self.github.web.open_issue(f"elsewhere {len(numbers)}", by="alice").number)
        number = numbers[-1 - which % len(numbers)]
        if report in self.filed() and number != self.linked_numbers()[report]:
            self.bugspark.set_report(
                report,
                github_issue_number=number,
                github_repo="acme/web",
                github_issue_url=f"https://github.com/acme/web/issues/{number}",
            )
            self.linked_numbers()
            for key in [key for key in self.wishes if key[0] == report]:
                del self.wishes[key]  # they were about another pair of sides

    def deliver(self, numbers: Sequence[int]) -> None:
        """The webhook names these issues, linked or not, whether or not anything happened to them."""
        rows = [
            {
                "project_id": self.project,
                "id": str(uuid4()),
                "event": "issues",
                "number": number,
                "at": self.clock.now(),
            }
            for number in numbers
        ]
        if rows:
            with self.bugspark.engine.begin() as connection:
                connection.execute(sa.insert(deliveries), rows)

    def _wished(self, report: ReportId, item: str, side: str, value: str) -> None:
        link = self.link_row(report)
        base = link[f"base_{item}"] if link and link["state"] == "active" else None
        self.wishes.setdefault((report, item), []).append(Wish(side=side, value=value, base=base))

    # --- what can be seen from outside --------------------------------------------------------------------

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody acts within the block, so what is asked twice is read once."""
        self._memory = {}
        try:
            yield
        finally:
            self._memory = None

    def _once(self, what: str, read: Callable[[], Any]) -> Any:
        if self._memory is None:
            return read()
        if what not in self._memory:
            self._memory[what] = read()
        return self._memory[what]

    def filed(self) -> dict[ReportId, Mapping[str, Any]]:
        """Every report there is."""
        query = sa.select(tables.reports)
        rows = self._once("reports", lambda: self.bugspark.rows(query))
        return {row["id"]: row for row in rows}

    def _said_here(self) -> dict[ReportId, list[str]]:
        said: dict[ReportId, list[str]] = {}
        for row in self.bugspark.rows(sa.select(tables.comments.c.report_id, tables.comments.c.body)):
            said.setdefault(row["report_id"], []).append(str(row["body"]))
        return said

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of one of our tables."""
        found = self._once(table, lambda: self.bugspark.rows_of(table))
        return [dict(row) for row in found if all(_same(row[key], value) for key, value in where.items())]

    def link_row(self, report: ReportId) -> dict[str, Any] | None:
        rows = self.rows("sync_links", report_id=report)
        return next((row for row in rows if row["state"] == "active"), rows[0] if rows else None)

    def is_linked(self, report: ReportId) -> bool:
        row = self.filed().get(report)
        link = self.link_row(report)
        if row is None or link is None or link["state"] != "active":
            return False
        return bool(row["github_issue_number"] == link["number"])

    def holder(self, number: int | None) -> ReportId | None:
        """The report that is tied to this issue."""
        rows = [] if number is None else self.rows("sync_links", number=number, state="active")
        reports = {UUID(str(row["report_id"])) for row in rows}
        return next((report for report in self.reports if report in reports and self.is_linked(report)), None)

    def here(self, report: ReportId) -> list[str]:
        said: dict[ReportId, list[str]] = self._once("comments", self._said_here)
        return said.get(report, [])

    def there(self, report: ReportId) -> list[str]:
        return self.on(self._once("numbers", self.linked_numbers)[report])

    def on(self, number: int | None) -> list[str]:
        """What is said on an issue."""
        return [] if number is None else [row.body for row in self.github.web.thread(number)]

    def titles(self) -> list[str]:
        """Of every issue that was not closed as a duplicate."""
        rows = self.github.web.picture().values()
        return [row["title"] for row in rows if row["reason"] != "duplicate"]

    def copies(self) -> int:
        """The most live copies of one thing on GitHub now: of a comment on one issue, or of a report."""
        most = max(Counter(self.titles()).values(), default=0)
        for number in self.github.web.picture():
            said = Counter(word for body in self.on(number) for word in set(TOKEN.findall(body)))
            most = max([most, *(said[note.token_on(number)] for note in self.notes)])
        return most

    def _copies_there(self, note: Note) -> list[Any]:
        number = self.linked_numbers()[note.report]
        thread = [] if number is None else self.github.web.thread(number)
        return [row for row in thread if note.token in row.body]

    def _copies_here(self, note: Note) -> list[Any]:
        return [row["id"] for row in self.bugspark.comments(note.report) if note.token in row["body"]]

    def ok(self, result: PassResult | None) -> bool:
        return result is not None and result.outcome is Outcome.OK


def idle(result: PassResult | None) -> bool:
    """Nothing happened, and nothing waits: no later pass would find more before the clock has moved on."""
    if result is None or result.outcome is not Outcome.OK or result.pending:
        return False
    return result.github.requests == result.github.not_modified == 2


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, UUID):
        return str(value).replace("-", "") == wanted.hex
    return bool(value == wanted)


@asynccontextmanager
async def open_town(url: str, **sync: Any) -> AsyncIterator[Town]:
    """A town on a migrated database with BugSpark in it; `sync`: keys of that section."""
    github = make_github()
    github.simulator.views.api = f"http://{HOST}:9"
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, token=github.token)
        town = Town(
            url=url,
            github=github,
            bugspark=bugspark,
            clock=FollowingClock(github.clock),
            settings=settings_for(url, f"http://{HOST}:9", sync=sync),
            ada=bugspark.add_user("Ada"),
            project=project,
        )
        try:
            yield town
        finally:
            await town.stop()
        search_rows(engine)
        search_requests(github.simulator)
