"""People do anything, GitHub fails anyhow, passes run: both sides end equal, nothing lost or doubled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import (
    Delay,
    Drop,
    DuringRequest,
    Fault,
    Limit,
    Stale,
    Truncate,
    error,
    html,
)
from reconciler.model.ids import CommentId, ReportId
from reconciler.model.passes import NullProgress
from reconciler.store.schema.tables import comment_pairs
from reconciler.text import comment_to_bugspark
from tests.support.sync import Sync

BOT = "bugspark-bot"
SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
PEOPLE = ("alice", "bob")
STATUSES = ("new", "triaging", "in_progress", "resolved", "closed")


@dataclass(slots=True, kw_only=True)
class History:
    """One random history, and what must be left of it."""

    sync: Sync
    random: Random
    reports: list[ReportId] = field(default_factory=list)
    ours: dict[CommentId, tuple[ReportId, str]] = field(default_factory=dict)  # Ada's comments: report, text
    theirs: dict[int, tuple[int, str, str]] = field(default_factory=dict)  # people's: issue, login, text
    uncopied: set[object] = field(default_factory=set)  # originals whose copy a person deleted
    text_count: int = 0

    def report(self) -> ReportId:
        return self.random.choice(self.reports)

    def issue(self) -> int | None:
        row = self.sync.bugspark.report(self.report())
        return row["github_issue_number"] if row else None

    def next_text(self) -> str:
        self.text_count += 1
        return f"word {self.text_count}"

    def known(self) -> set[int]:
        """Copies the program has seen. One whose answer was lost and that is deleted before it is looked for
        leaves no trace at all: it is made again, and rightly so."""
        live = sa.select(comment_pairs.c.remote_id).where(comment_pairs.c.origin == "bugspark")
        return {row["remote_id"] for row in self.sync.bugspark.rows(live)}

    # --- people ---------------------------------------------------------------------------------------

    def ada_comments(self) -> None:
        report, text = self.report(), self.next_text()
        self.ours[
            self.sync.bugspark.add_comment(
                report, text, author=self.sync.ada, at=self.sync.github.clock.now()
            )
        ] = (report, text)

    def ada_deletes(self) -> None:
        if self.ours:
            comment = self.random.choice(list(self.ours))
            self.sync.bugspark.delete_comment(comment)
            del self.ours[comment]

    def ada_deletes_a_copy(self) -> None:
        report = self.report()
        copies = [row for row in self.sync.bugspark.comments(report) if row["source"] == "github"]
        if copies:
            row = self.random.choice(copies)
            self.sync.bugspark.delete_comment(row["id"])
            self.uncopied.add(str(row["body"]).split("\n\n")[1].split(",")[0])

    def ada_changes(self) -> None:
        self.sync.change(self.report(), status=self.random.choice(STATUSES))

    def ada_changes_severity(self) -> None:
        self.sync.change(self.report(), severity=self.random.choice(list(SEVERITIES)))

    def bob_comments(self) -> None:
        number = self.issue()
        if number:
            login, text = self.random.choice((*PEOPLE, BOT)), self.next_text()
            row = self.sync.github.web.comment(number, text, by=login)
            self.theirs[row.id] = (number, login, text)

    def bob_edits(self) -> None:
        if self.theirs:
            key = self.random.choice(list(self.theirs))
            number, login, text = self.theirs[key]
            text = f"{text.split(',')[0]}, {self.next_text()}"
            self.sync.github.web.edit_comment(key, text, by=login)
            self.theirs[key] = (number, login, text)

    def bob_deletes(self) -> None:
        if self.theirs:
            key = self.random.choice(list(self.theirs))
            self.sync.github.web.delete_comment(key, by="acme")
            del self.theirs[key]

    def bob_deletes_a_copy(self) -> None:
        number = self.issue()
        if number:
            copies = [row for row in self.sync.github.web.thread(number) if row.id in self.known()]
            if copies:
                row = self.random.choice(copies)
                self.sync.github.web.delete_comment(row.id, by="alice")
                self.uncopied.add(row.body.split("\n")[2])

    def bob_toggles(self) -> None:
        number = self.issue()
        if number:
            web = self.sync.github.web
            if web.issue(number).state == "open":
                web.close(number, by="alice", reason=self.random.choice(["completed", "not_planned", None]))
            else:
                web.reopen(number, by="alice")

    def bob_relabels(self) -> None:
        number = self.issue()
        if number:
            web = self.sync.github.web
            for name in set(web.label_names(number)) & set(SEVERITIES.values()):
                web.unlabel(number, name, by="alice")
            web.label(number, self.random.choice(list(SEVERITIES.values())), by="alice")

    def act(self) -> None:
        """Anyone does something."""
        acts: list[Callable[[], None]] = [
            self.ada_comments, self.ada_comments, self.ada_deletes, self.ada_deletes_a_copy, self.ada_changes,
            self.ada_changes_severity, self.bob_comments, self.bob_comments, self.bob_edits, self.bob_deletes,
            self.bob_deletes_a_copy, self.bob_toggles, self.bob_relabels,
        ]  # fmt: skip
        self.random.choice(acts)()

    def fault(self) -> Fault:
        faults: list[Fault] = [
            Drop(), Drop(applied=True), error(500), error(502, applied=True), html(502, applied=True),
            Truncate(), Limit(), Stale(seconds=20), Delay(seconds=0), error(404, "Not Found"),
            DuringRequest(before=self.act), DuringRequest(after=self.act),
        ]  # fmt: skip
        return self.random.choice(faults)

    # --- what must be true ----------------------------------------------------------------------------

    def check(self) -> None:
        web = self.sync.github.web
        assert len(web.picture()) == len(self.reports)
        for report in self.reports:
            number = self.sync.number(report)
            closed = self.sync.status(report) in ("resolved", "closed")
            assert (web.issue(number).state == "closed") == closed
            values = [value for value, label in SEVERITIES.items() if label in self.sync.labels(number)]
            assert values[:1] == [self.sync.severity(report)], "the most severe label counts"
            ours = {text for owner, text in self.ours.values() if owner == report}
            theirs = {(login, text) for issue, login, text in self.theirs.values() if issue == number}
            here = sorted(self.sync.texts_in_bugspark(report))
            there = sorted(row.body.split("\n")[2] for row in web.thread(number) if row.id not in self.theirs)
            copies = [(x, t) for x, t in theirs if t.split(",")[0] not in self.uncopied]
            assert here == sorted([*ours, *(comment_to_bugspark(login, text) for login, text in copies)])
            assert there == sorted(ours - self.uncopied)


@pytest.mark.parametrize("seed", range(3))
async def test_any_history_ends_with_both_sides_equal(sync: Sync, seed: int) -> None:
    history = History(sync=sync, random=Random(seed))
    random, faults = history.random, sync.github.simulator.faults
    history.reports = [sync.bugspark.add_report(sync.project, f"Report {n}") for n in range(3)]
    await sync.app.export(tuple(str(report) for report in history.reports), NullProgress())
    for _ in range(40):
        for _ in range(random.randrange(4)):
            history.act()
        if random.random() < 0.5:
            method = random.choice(["GET", "POST", "PATCH", "DELETE", ".*"])
            faults.add(history.fault(), method=method, path="/issues", skip=random.randrange(3))
        await sync.run(seconds=random.choice([0, 1, 5, 30, 70]))
    faults.clear()
    web = sync.github.web
    for report in history.reports:
        web.label(
            sync.number(report), "last look", by="alice"
        )  # deleted comments move no issue by themselves
    for _ in range(8):
        result = await sync.run(seconds=3_700)
        if result.withheld:
            await sync.run(accept=result.withheld)
    history.check()
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes
