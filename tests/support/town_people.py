"""The people of a town: what they do on either side, each deed written into the book."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from reconciler.model.ids import ReportId
from reconciler.store.schema.tables import deliveries
from tests.support.town_book import HERE, THERE, Note, Wish
from tests.support.town_sight import Sight

SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
CATEGORIES = {"crash": "crash", "performance": "performance", "ui": "ui"}
"""Label by value, the one that counts first (docs/design.md, Deciding)."""
ELSEWHERE = 2
"""So many issues there are that no report was made for, once reports are moved about."""


@dataclass(slots=True, kw_only=True)
class People(Sight):
    """Ada in BugSpark, alice on GitHub, and an administrator of BugSpark's database."""

    ada: UUID
    project: Any
    wishes: dict[tuple[ReportId, str], list[Wish]] = field(default_factory=dict)
    stickers: set[int] = field(default_factory=set)
    _count: int = 0

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
            for row in self.copies_there(note):
                self.github.web.delete_comment(row.id, by="alice")
                note.copies_gone.add(row.issue)
        else:
            for id_ in self.copies_here(note):
                self.bugspark.delete_comment(id_)
                note.copies_gone.add(note.report)

    def edit_copy(self, note: Note) -> None:
        """Somebody rewrites our copy on GitHub."""
        for row in self.copies_there(note) if note.side == HERE else ():
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

    def erase(self, report: ReportId) -> None:
        """A report is deleted in BugSpark, with its comments; nothing on GitHub may go because of it."""
        self.linked_numbers()
        self.bugspark.delete_report(report)
        self.notes = [note for note in self.notes if (note.report, note.side) != (report, HERE)]

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
                "at": self.github.clock.now(),
            }
            for number in numbers
        ]
        if rows:
            with self.bugspark.engine.reset() as connection:
                connection.execute(sa.insert(deliveries), rows)

    def _wished(self, report: ReportId, item: str, side: str, value: str) -> None:
        link = self.link_row(report)
        base = link[f"base_{item}"] if link and link["state"] == "active" else None
        self.wishes.setdefault((report, item), []).append(Wish(side=side, value=value, base=base))
