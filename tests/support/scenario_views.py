"""What a scenario shows from outside: BugSpark's rows, our rows, the issues on GitHub."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from reconciler.demo.github.world import Repository
from reconciler.model.ids import ReportId
from reconciler.store.bugspark import bugspark_tables as tables
from tests.support.bugspark import BugSpark
from tests.support.github import GitHub
from tests.support.scenario_records import Note

TOKEN = re.compile(r"token\d+x")
FIRST_OTHER_NUMBER = 1001
"""Issues of the other repository have numbers from here on, so that the number identifies the repository."""


@dataclass(slots=True, kw_only=True)
class ScenarioView:
    """Reads of both sides, and the records of what was written on them."""

    github: GitHub
    bugspark: BugSpark
    notes: list[Note] = field(default_factory=list)
    reports: dict[ReportId, int | None] = field(default_factory=dict)
    pressed: dict[ReportId, set[int]] = field(default_factory=dict)
    """The issues that BugSpark's own export button made."""
    other: Repository | None = None
    """The repository that the project is connected to for a while."""
    is_moved: bool = False
    _cache: dict[str, Any] | None = None

    @property
    def repository(self) -> Repository:
        """The repository that the project is connected to now."""
        return self.github.web if self.other is None or not self.is_moved else self.other

    def repository_of(self, number: int) -> Repository:
        """Return the repository that has the issue with this number."""
        return self.github.web if self.other is None or number < FIRST_OTHER_NUMBER else self.other

    def is_here(self, number: int) -> bool:
        """Return whether the issue is in the repository that the project is connected to now."""
        return self.repository_of(number) is self.repository

    def numbers(self) -> list[int]:
        """Return the numbers of all issues, in both repositories."""
        others = self.other.picture() if self.other is not None else {}
        return [*self.github.web.picture(), *others]

    @contextmanager
    def cached_reads(self) -> Iterator[None]:
        """Cache reads within the block; nothing may change there."""
        self._cache = {}
        try:
            yield
        finally:
            self._cache = None

    def _read_once(self, what: str, read: Callable[[], Any]) -> Any:
        if self._cache is None:
            return read()
        if what not in self._cache:
            self._cache[what] = read()
        return self._cache[what]

    def all_reports(self) -> dict[ReportId, Mapping[str, Any]]:
        """Return every report by id."""
        query = sa.select(tables.reports)
        rows = self._read_once("reports", lambda: self.bugspark.rows(query))
        return {row["id"]: row for row in rows}

    def issue_numbers(self) -> dict[ReportId, int | None]:
        """Return the issue of each report, also after an unlink."""
        for report, row in self.all_reports().items():
            if report in self.reports and row["github_issue_number"] is not None:
                self.reports[report] = int(row["github_issue_number"])
        return self.reports

    def _read_comments(self) -> dict[ReportId, list[str]]:
        texts: dict[ReportId, list[str]] = {}
        for row in self.bugspark.rows(sa.select(tables.comments.c.report_id, tables.comments.c.body)):
            texts.setdefault(row["report_id"], []).append(str(row["body"]))
        return texts

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Return rows of one of our tables."""
        found = self._read_once(table, lambda: self.bugspark.rows_of(table))
        return [dict(row) for row in found if all(_same(row[key], value) for key, value in where.items())]

    def link_row(self, report: ReportId) -> dict[str, Any] | None:
        rows = self.rows("sync_links", report_id=report)
        return next((row for row in rows if row["state"] == "active"), rows[0] if rows else None)

    def is_linked(self, report: ReportId) -> bool:
        row = self.all_reports().get(report)
        link = self.link_row(report)
        if row is None or link is None or link["state"] != "active":
            return False
        return bool(row["github_issue_number"] == link["number"])

    def report_of_issue(self, number: int | None) -> ReportId | None:
        """Return the report that is linked to this issue."""
        rows = [] if number is None else self.rows("sync_links", number=number, state="active")
        reports = {UUID(str(row["report_id"])) for row in rows}
        return next((report for report in self.reports if report in reports and self.is_linked(report)), None)

    def comments_of_report(self, report: ReportId) -> list[str]:
        texts: dict[ReportId, list[str]] = self._read_once("comments", self._read_comments)
        return texts.get(report, [])

    def comments_of_its_issue(self, report: ReportId) -> list[str]:
        return self.comments_of_issue(self._read_once("numbers", self.issue_numbers)[report])

    def comments_of_issue(self, number: int | None) -> list[str]:
        """Return the comment bodies of an issue."""
        return [] if number is None else [row.body for row in self.repository_of(number).thread(number)]

    def titles(self) -> list[str]:
        """Return the titles of issues that were not closed as duplicates; without those of the button."""
        ours = set(self.numbers()).difference(*self.pressed.values())
        issues = [self.repository_of(number).issue(number) for number in ours]
        return [issue.title for issue in issues if issue.reason != "duplicate"]

    def count_most_copies(self) -> int:
        """Return the highest number of copies on GitHub of one comment (on one issue) or of one report."""
        most = max(Counter(self.titles()).values(), default=0)
        for number in self.numbers():
            copies = Counter(
                word for body in self.comments_of_issue(number) for word in set(TOKEN.findall(body))
            )
            most = max([most, *(copies[note.token_on(number)] for note in self.notes)])
        return most

    def copies_on_github(self, note: Note) -> list[Any]:
        number = self.issue_numbers()[note.report]
        thread = [] if number is None else self.repository_of(number).thread(number)
        return [row for row in thread if note.token in row.body]

    def is_shown(self, note: Note) -> bool:
        """Return whether GitHub shows this comment of alice's."""
        return not (note.hidden or self.github.world.flagged)

    def copies_in_bugspark(self, note: Note) -> list[Any]:
        return [row["id"] for row in self.bugspark.comments(note.report) if note.token in row["body"]]


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, UUID):
        return str(value).replace("-", "") == wanted.hex
    return bool(value == wanted)
