"""What can be seen of a town from outside: BugSpark's rows, our rows, the issues on GitHub."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from reconciler.model.ids import ReportId
from reconciler.store.bugspark import bugspark_tables as tables
from tests.support.bugspark import BugSpark
from tests.support.github import GitHub
from tests.support.town_book import Note

TOKEN = re.compile(r"token\d+x")


@dataclass(slots=True, kw_only=True)
class Sight:
    """Both sides, and the book of what was written on them."""

    github: GitHub
    bugspark: BugSpark
    notes: list[Note] = field(default_factory=list)
    reports: dict[ReportId, int | None] = field(default_factory=dict)
    _memory: dict[str, Any] | None = None

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

    def linked_numbers(self) -> dict[ReportId, int | None]:
        """The issue of each report, remembered when it is cut."""
        for report, row in self.filed().items():
            if report in self.reports and row["github_issue_number"] is not None:
                self.reports[report] = int(row["github_issue_number"])
        return self.reports

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

    def copies_there(self, note: Note) -> list[Any]:
        number = self.linked_numbers()[note.report]
        thread = [] if number is None else self.github.web.thread(number)
        return [row for row in thread if note.token in row.body]

    def copies_here(self, note: Note) -> list[Any]:
        return [row["id"] for row in self.bugspark.comments(note.report) if note.token in row["body"]]


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, UUID):
        return str(value).replace("-", "") == wanted.hex
    return bool(value == wanted)
