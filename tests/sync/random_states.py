"""Random states of one project: people act on both sides, and earlier passes were cut short."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import sqlalchemy as sa

from reconciler.demo.github.faults import Drop, Fault, Limit, Stale, error
from reconciler.demo.github.world import Repository
from reconciler.errors import DatabaseIdentityError, ReconcilerError
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from reconciler.store.schema.tables import deliveries
from reconciler.sync import run
from reconciler.sync.observe import ROWS_PER_OBSERVATION, observe_lists
from reconciler.text import export_footer
from tests.support.crash_points import HOST, CrashPoints, intercept_process
from tests.support.github import make_github
from tests.support.inline_sqlite import inline
from tests.support.sync import Sync, open_sync
from tests.sync.compare_plan import compare

PEOPLE = ("alice", "bob", "bugspark-bot")
STATUSES = ("new", "triaging", "in_progress", "resolved", "closed")
SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
CATEGORIES = ("crash", "performance", "ui")
MAX_REPORTS = 7

Sections = Mapping[str, Mapping[str, Any]]

SETTINGS: tuple[Sections, ...] = (
    {},
    {
        "sync": {"export": "all", "title": "both", "conflict": "bugspark"},
        "guard": {"max_deletions": 1, "max_new_issues": 1},
    },
    {"sync": {"conflict": "github", "delete_on_github": False}, "guard": {"max_deletions": 0}},
    {"sync": {"export": "all", "title": "both", "discover": "manual"}, "guard": {"max_deletions": 2}},
)
WRITE_FAULTS: tuple[Fault, ...] = (
    Drop(),
    Drop(applied=True),
    error(500),
    error(502, applied=True),
    Limit(),
    error(422, "Validation Failed"),
)
WRITES = "POST|PATCH|DELETE"
SECONDS = (0, 1, 5, 70, 4_000, 25_000)
"""Between the last act and the plan; verification is due after the longest."""


@dataclass(slots=True, kw_only=True)
class RandomStates:
    """One project with people on both sides, whose acts come from `random`."""

    sync: Sync
    random: Random
    other: Repository  # where issues are transferred to
    reports: list[ReportId] = field(default_factory=list)
    text_count: int = 0
    connected: str = "web"

    # --- what acts are about --------------------------------------------------------------------------

    def next_text(self) -> str:
        """A text that nobody has written before."""
        self.text_count += 1
        return f"word {self.text_count}"

    def report(self) -> ReportId:
        """One of the reports."""
        return self.random.choice(self.reports)

    def number(self, report: ReportId) -> int | None:
        """The issue that a report's columns name, as long as it is there."""
        row = self.sync.bugspark.report(report)
        number = row["github_issue_number"] if row else None
        return number if number in self.sync.github.web.picture() else None

    def issue(self) -> int | None:
        """The issue of one of the reports."""
        return self.number(self.report())

    # --- reports and links ----------------------------------------------------------------------------

    def file_report(self) -> ReportId:
        """A new report, with a comment or two."""
        sync, now = self.sync, self.sync.github.clock.now()
        report = sync.bugspark.add_report(sync.project, self.next_text(), at=now)
        for _ in range(self.random.randrange(3)):
            sync.add_comment(report, self.next_text())
        self.reports.append(report)
        return report

    def open_issue(self) -> int:
        """A new issue of a person's, with a comment or two."""
        web = self.sync.github.web
        number = web.open_issue(self.next_text(), by="alice").number
        for _ in range(self.random.randrange(3)):
            web.comment(number, self.next_text(), by="bob")
        return number

    def name_issue(self, report: ReportId, number: int | None) -> None:
        """An administrator writes an issue into the report's columns, or empties them."""
        url = f"https://github.com/acme/web/issues/{number}" if number else None
        columns = {"github_issue_number": number, "github_issue_url": url}
        self.sync.bugspark.set_report(report, **columns, github_repo="acme/web" if number else None)

    def new_report(self) -> None:
        """To be exported by a pass, linked by its columns, or discovered."""
        if len(self.reports) >= MAX_REPORTS:
            return
        report = self.file_report()
        match self.random.randrange(4):
            case 0:
                self.name_issue(report, self.open_issue())
            case 1:
                row = self.sync.bugspark.report(report)
                assert row is not None
                title = f"[{row['tracking_id']}] {row['title']}"
                body = f"Exported.\n\n{export_footer(row['tracking_id'])}"
                self.sync.github.web.open_issue(title, body, by="bugspark-bot")
            case _:
                return

    def move_link(self) -> None:
        """To an issue of nobody's, to one that another report has, or to none."""
        numbers = [self.open_issue() if self.random.random() < 0.5 else self.issue(), self.issue(), None]
        self.name_issue(self.report(), self.random.choice(numbers))

    def delete_report(self) -> None:
        if len(self.reports) > 2:
            report = self.report()
            self.reports.remove(report)
            self.sync.bugspark.delete_report(report)

    def lose_issue(self) -> None:
        """It is deleted, made a discussion, or transferred."""
        number, web = self.issue(), self.sync.github.web
        if number is None:
            return
        match self.random.randrange(3):
            case 0:
                web.delete_issue(number, by="alice")
            case 1:
                web.convert(number, by="alice")
            case _:
                web.transfer(number, self.other, by="alice")

    def lose_rows(self) -> None:
        """The database is an older copy: what was written last is not in its tables."""
        one = "SELECT id FROM {} WHERE {} ORDER BY {} DESC LIMIT 1"
        lost = {
            "sync_comments": ("origin = 'bugspark' AND remote_id IS NOT NULL", "remote_id"),
            "sync_links": ("origin = 'export'", "number"),
        }
        table = self.random.choice(list(lost))
        self.sync.bugspark.execute(f"DELETE FROM {table} WHERE id IN ({one.format(table, *lost[table])})")

    def reconnect(self) -> None:
        """The project's owner connects the other repository, or the first one again."""
        self.connected = "api" if self.connected == "web" else "web"
        config = json.dumps({"owner": "acme", "repo": self.connected, "token": self.sync.github.token})
        json_type = "CAST(:config AS jsonb)" if self.sync.bugspark.engine.name == "postgresql" else ":config"
        self.sync.bugspark.execute(f"UPDATE integrations SET config = {json_type}", config=config)

    def change_repository(self) -> None:
        """It is archived, or not any more; it turns private or public."""
        web = self.sync.github.web
        if self.random.random() < 0.5:
            web.archive(archived=not web.archived)
        else:
            web.make_private(private=not web.private)

    # --- BugSpark -------------------------------------------------------------------------------------

    def ada_comments(self) -> None:
        self.sync.add_comment(self.report(), self.next_text())

    def ada_deletes(self) -> None:
        self._on_comment(self.sync.bugspark.delete_comment)

    def ada_edits(self) -> None:
        """An original of hers, or our copy of a comment on GitHub."""
        self._on_comment(lambda comment: self.sync.bugspark.set_comment(comment, self.next_text()))

    def _on_comment(self, act: Callable[[Any], None]) -> None:
        rows = self.sync.bugspark.comments(self.report())
        if rows:
            act(self.random.choice(rows)["id"])

    def ada_clears(self) -> None:
        """Every comment of a report goes."""
        for row in self.sync.bugspark.comments(self.report()):
            self.sync.bugspark.delete_comment(row["id"])

    def ada_changes(self) -> None:
        values: dict[str, Any] = {
            "status": self.random.choice(STATUSES),
            "severity": self.random.choice(list(SEVERITIES)),
            "category": self.random.choice([*CATEGORIES, "bug", "other"]),
            "title": self.next_text(),
        }
        name = self.random.choice(list(values))
        self.sync.change(self.report(), **{name: values[name]})

    # --- GitHub ---------------------------------------------------------------------------------------

    def bob_comments(self) -> None:
        if number := self.issue():
            self.sync.github.web.comment(number, self.next_text(), by=self.random.choice(PEOPLE))

    def bob_edits(self) -> None:
        """A comment of his, or our copy of one of BugSpark's."""
        self._on_remote_comment(
            lambda row: self.sync.github.web.edit_comment(row.id, f"{row.body} {self.next_text()}", by="acme")
        )

    def bob_deletes(self) -> None:
        self._on_remote_comment(lambda row: self.sync.github.web.delete_comment(row.id, by="acme"))

    def _on_remote_comment(self, act: Callable[[Any], object]) -> None:
        number = self.issue()
        rows = self.sync.github.web.thread(number) if number else []
        if rows:
            act(self.random.choice(rows))

    def bob_clears(self) -> None:
        """Every comment of an issue goes, and the list shows that something happened."""
        web = self.sync.github.web
        if number := self.issue():
            for row in list(web.thread(number)):
                web.delete_comment(row.id, by="acme")
            web.label(number, self.next_text(), by="alice")

    def bob_toggles(self) -> None:
        web = self.sync.github.web
        if number := self.issue():
            if web.issue(number).state == "open":
                web.close(number, by="alice", reason=self.random.choice(["completed", "not_planned", None]))
            else:
                web.reopen(number, by="alice")

    def bob_relabels(self) -> None:
        web, number = self.sync.github.web, self.issue()
        if number is None:
            return
        names = self.random.choice([tuple(SEVERITIES.values()), CATEGORIES])
        for name in {*web.label_names(number)} & {*names}:
            if self.random.random() < 0.8:
                web.unlabel(number, name, by="alice")
        web.label(number, self.random.choice(names), by="alice")

    def bob_retitles(self) -> None:
        if number := self.issue():
            self.sync.github.web.retitle(number, self.next_text(), by="alice")

    def bob_hides(self) -> None:
        """A comment is hidden as spam, or shown again."""
        web = self.sync.github.web
        self._on_remote_comment(lambda row: web.minimize_comment(row.id, None if row.minimized else "spam"))

    def github_flags_bob(self) -> None:
        """His comments are shown to nobody, or again to everybody."""
        world = self.sync.github.world
        world.flag_user("bob", flagged=not world.flagged)

    # --- what came before -----------------------------------------------------------------------------

    def deliver(self) -> None:
        """Deliver webhooks that name random issues."""
        numbers = self.random.sample(range(1, 12), self.random.randrange(1, 5))
        event = self.random.choice(["issues", "issue_comment"])
        rows = [
            {
                "project_id": self.sync.project,
                "id": str(uuid4()),
                "event": event,
                "number": number,
                "at": self.sync.github.clock.now(),
            }
            for number in numbers
        ]
        with self.sync.bugspark.engine.begin() as connection:
            connection.execute(sa.insert(deliveries), rows)

    async def interrupted_pass(self) -> None:
        """A pass whose writes fail: what it recorded waits, is refused, or is of unknown outcome."""
        faults = self.sync.github.simulator.faults
        for _ in range(self.random.randrange(1, 3)):
            faults.add(self.random.choice(WRITE_FAULTS), method=WRITES, skip=self.random.randrange(2))
        await self.sync.run(seconds=self.random.choice([1, 61]))
        faults.clear()

    async def lagging_pass(self) -> None:
        """A pass that is shown comments as they were, its second readings perhaps as well."""
        faults, seconds = self.sync.github.simulator.faults, self.random.choice([30, 100])
        lag = Stale(seconds=seconds, issues=False, single=self.random.random() < 0.3)
        faults.add(lag, method="GET", path="/comments", times=None)
        self.deliver()
        await self.sync.run(seconds=self.random.choice([1, 61]))
        faults.clear()

    async def ask_for_export(self) -> None:
        """A person orders it, and GitHub may take nothing just now: the create is recorded."""
        report = self.report()
        if self.random.random() < 0.6:
            self.sync.github.simulator.faults.add(Limit(), method="POST", path="/issues$")
        await self._ordered(self.sync.app.export((str(report),), NullProgress()))
        self.sync.github.simulator.faults.clear()

    async def unlink_or_link(self) -> None:
        """By command."""
        report = self.report()
        if self.number(report) is not None:
            await self._ordered(self.sync.app.unlink(str(report)))
            return
        issue = f"acme/web#{self.open_issue()}"
        await self._ordered(self.sync.app.link(str(report), issue, backfill=self.random.random() < 0.5))

    async def _ordered(self, work: Any) -> None:
        with suppress(ReconcilerError):  # the person reads why; what is left is one more state
            await work

    # --- steps ----------------------------------------------------------------------------------------

    async def act(self) -> None:
        """Somebody does something."""
        common = [
            self.ada_comments, self.ada_comments, self.ada_deletes, self.ada_edits, self.ada_changes,
            self.ada_changes, self.bob_comments, self.bob_comments, self.bob_edits, self.bob_deletes,
            self.bob_toggles, self.bob_relabels, self.bob_relabels, self.bob_retitles, self.deliver,
            self.bob_hides,
        ]  # fmt: skip
        rare = [
            self.new_report, self.new_report, self.new_report, self.move_link, self.move_link,
            self.delete_report, self.lose_issue, self.lose_issue, self.ada_clears, self.ada_clears,
            self.bob_clears, self.bob_clears, self.github_flags_bob,
        ]  # fmt: skip
        once = [self.lose_rows, self.reconnect, self.change_repository]
        kind = self.random.random()
        self.random.choice(common if kind < 0.75 else rare if kind < 0.97 else once)()

    async def next_state(self) -> None:
        """A few acts, sometimes with a pass that was cut short or a command between them."""
        random = self.random
        for _ in range(random.randrange(7)):
            await self.act()
            if random.random() < 0.3:
                self.sync.github.clock.advance(random.choice([1, 30]))
        before = random.random()
        if before < 0.2:
            await self.interrupted_pass()
        elif before < 0.3:
            await self.ask_for_export()
        elif before < 0.4:
            await self.unlink_or_link()
        elif before < 0.5:
            await self.lagging_pass()
        for _ in range(random.randrange(3)):
            await self.act()


@asynccontextmanager
async def open_random_states(url: str, seed: int) -> AsyncIterator[RandomStates]:
    """A project with three exported reports on a migrated database; the seed says what happens."""
    random, github = Random(seed), make_github()
    other = github.world.add_repository("acme/api")
    for login in ("bugspark-bot", "alice"):
        other.allow(login, "write")
    github.simulator.views.api = f"http://{HOST}:9"
    with intercept_process(CrashPoints(), github.simulator), inline():
        async with open_sync(url, github, **random.choice(SETTINGS)) as sync:
            states = RandomStates(sync=sync, random=random, other=other)
            for _ in range(3):
                states.file_report()
            await sync.app.export(tuple(map(str, states.reports)), NullProgress())
            await sync.run()
            yield states


async def compare_random_states(url: str, seed: int, steps: int) -> None:
    """Compare plan and pass in so many states of one history; with even seeds lists are read in pieces."""
    rows = ROWS_PER_OBSERVATION if seed % 2 else 2
    with patch.object(run, "observe_lists", partial(observe_lists, rows=rows)):
        async with open_random_states(url, seed) as states:
            for _ in range(steps):
                await states.next_state()
                _, result = await compare(states.sync, states.random.choice(SECONDS))
                if result.error is not None and result.error.kind == DatabaseIdentityError.kind:
                    return  # this database may write no more
                if result.withheld and states.random.random() < 0.5:
                    await states.sync.run(accept=result.withheld)
