"""Users of a scenario: what they do on either side, each action recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from reconciler.demo.github.rows import Reason
from reconciler.model.ids import ReportId
from reconciler.store.schema.tables import deliveries
from tests.support.scenario_records import BUGSPARK, GITHUB, FieldEdit, Note
from tests.support.scenario_views import ScenarioView

SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
CATEGORIES = {"crash": "crash", "performance": "performance", "ui": "ui"}
"""Label by value, the one that counts first (docs/design.md, Deciding)."""
ELSEWHERE = 2
"""The number of issues without a report that `move_link` creates."""


@dataclass(slots=True, kw_only=True)
class Actors(ScenarioView):
    """Actions of Ada in BugSpark, alice on GitHub, and an administrator of BugSpark's database."""

    ada: UUID
    project: Any
    field_edits: dict[tuple[ReportId, str], list[FieldEdit]] = field(default_factory=dict)
    unrelated_labels: set[int] = field(default_factory=set)
    exported: set[ReportId] = field(default_factory=set)
    """Reports whose export was asked for, and whose link nobody cut or moved since."""
    cut: set[ReportId] = field(default_factory=set)
    """Reports whose link somebody cut or moved at some time."""
    bugspark_ahead: timedelta = timedelta()
    """How far BugSpark's clock is ahead of the real time."""
    _count: int = 0

    def bugspark_now(self) -> datetime:
        """Return the time by BugSpark's clock."""
        return self.github.clock.now() + self.bugspark_ahead

    def token(self) -> str:
        self._count += 1
        return f"token{self._count:04}x"

    def comment_in_bugspark(self, report: ReportId) -> None:
        if report not in self.all_reports():
            return
        token = self.token()
        id_ = self.bugspark.add_comment(report, token, author=self.ada, at=self.bugspark_now())
        number = self.issue_numbers()[report]
        self.notes.append(Note(side=BUGSPARK, report=report, number=number, id=id_, token=token))

    def comment_on_github(self, report: ReportId) -> None:
        number = self.issue_numbers()[report]
        if number is not None:
            token = self.token()
            row = self.repository_of(number).comment(number, token, by="alice")
            self.notes.append(Note(side=GITHUB, report=report, number=number, id=row.id, token=token))

    def edit(self, note: Note) -> None:
        """Edit it as its author (in BugSpark: an administrator's SQL)."""
        if note.gone:
            return
        note.token = self.token()
        if note.side == BUGSPARK:
            self.bugspark.set_comment(note.id, note.token)
        else:
            self.repository_of(note.number or 0).edit_comment(note.id, note.token, by="alice")

    def delete_comment_of(self, note: Note) -> None:
        """Delete it as its author."""
        if note.gone:
            return
        note.gone = True
        if note.side == BUGSPARK:
            self.bugspark.delete_comment(note.id)
        else:
            self.repository_of(note.number or 0).delete_comment(note.id, by="alice")

    def delete_copy(self, note: Note) -> None:
        """Delete the program's copy, if it exists."""
        if note.side == BUGSPARK:
            for row in self.copies_on_github(note):
                self.repository_of(row.issue).delete_comment(row.id, by="alice")
                note.copies_gone.add(row.issue)
        else:
            for id_ in self.copies_in_bugspark(note):
                self.bugspark.delete_comment(id_)
                note.copies_gone.add(note.report)

    def hide(self, note: Note) -> None:
        """Hide it as spam on GitHub, or our copy of it."""
        for row in self.rows_on_github(note):
            self.repository_of(row.issue).minimize_comment(row.id, "spam")
            note.hidden, note.copies_hidden = True, note.copies_hidden | {row.issue}

    def show(self, note: Note) -> None:
        """Show it on GitHub again, or our copy of it."""
        for row in self.rows_on_github(note):
            self.repository_of(row.issue).minimize_comment(row.id, None)
            note.hidden, note.copies_hidden = False, note.copies_hidden - {row.issue}

    def rows_on_github(self, note: Note) -> list[Any]:
        if note.side == BUGSPARK:
            return self.copies_on_github(note)
        thread = self.repository_of(note.number or 0).thread(note.number or 0)
        return [row for row in thread if row.id == note.id]

    def flag(self) -> None:
        """GitHub takes alice for a spammer: nobody is shown her comments."""
        self.github.world.flag_user("alice")

    def unflag(self) -> None:
        """GitHub shows alice's comments again."""
        self.github.world.flag_user("alice", flagged=False)

    def edit_copy(self, note: Note) -> None:
        """Edit our copy on GitHub."""
        for row in self.copies_on_github(note) if note.side == BUGSPARK else ():
            token = note.copies_edited[row.issue] = self.token()
            self.repository_of(row.issue).edit_comment(
                row.id, row.body.replace(note.token, token), by="alice"
            )

    def set_in_bugspark(self, report: ReportId, item: str, value: str) -> None:
        self._record_edit(report, item, BUGSPARK, value)
        self.bugspark.set_report(report, **{item: value}, updated_at=self.bugspark_now())

    def set_on_github(
        self, report: ReportId, item: str, value: str, *, by: str = "alice", commit: str | None = None
    ) -> None:
        number = self.issue_numbers()[report]
        if number is None:
            return
        self._record_edit(report, item, GITHUB, value)
        web = self.repository_of(number)
        if item == "status":
            if value == "new":
                web.reopen(number, by=by)
            else:
                reason: Reason = "completed" if value == "resolved" else "not_planned"
                web.close(number, by=by, reason=reason, commit=commit)
            return
        names = SEVERITIES if item == "severity" else CATEGORIES
        present = [name for name in web.label_names(number) if name in names.values()]
        web.unlabel(number, *present, by="alice")
        web.label(number, names[value], by="alice")

    def add_unrelated_label(self, report: ReportId) -> None:
        """Add a label to the issue that no rule maps."""
        number = self.issue_numbers()[report]
        if number is not None:
            self.repository_of(number).label(number, "good first issue", by="alice")
            self.unrelated_labels.add(number)

    def erase_report(self, report: ReportId) -> None:
        """Delete a report in BugSpark with its comments; nothing on GitHub may be deleted because of it."""
        self.issue_numbers()
        self.bugspark.delete_report(report)
        self.notes = [note for note in self.notes if (note.report, note.side) != (report, BUGSPARK)]

    def move_link(self, report: ReportId, which: int) -> None:
        """Write another issue into a report's columns: an unlinked one, its own former one, or another
        report's.
        """
        if self.is_moved:
            return
        numbers = sorted(self.github.web.picture())
        if len(numbers) < len(self.reports) + ELSEWHERE:
            numbers.append(self.github.web.open_issue(f"elsewhere {len(numbers)}", by="alice").number)
        number = numbers[-1 - which % len(numbers)]
        if report in self.all_reports() and number != self.issue_numbers()[report]:
            self.bugspark.set_report(
                report,
                github_issue_number=number,
                github_repo="acme/web",
                github_issue_url=f"https://github.com/acme/web/issues/{number}",
            )
            self.issue_numbers()
            self.cut.add(report)
            self.exported.discard(report)
            for key in [key for key in self.field_edits if key[0] == report]:
                del self.field_edits[key]  # they belong to the previous link

    def deliver(self, numbers: Sequence[int], event: str = "issues") -> None:
        """Receive webhook deliveries for these issues, linked or not, changed or not."""
        rows = [
            {
                "project_id": self.project,
                "id": str(uuid4()),
                "event": event,
                "number": number,
                "at": self.github.clock.now(),
            }
            for number in numbers
        ]
        if rows:
            with self.bugspark.engine.begin() as connection:
                connection.execute(sa.insert(deliveries), rows)

    def _record_edit(self, report: ReportId, item: str, side: str, value: str) -> None:
        link = self.link_row(report)
        base = link[f"base_{item}"] if link and link["state"] == "active" else None
        self.field_edits.setdefault((report, item), []).append(FieldEdit(side=side, value=value, base=base))
