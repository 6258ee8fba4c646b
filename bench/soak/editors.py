"""Simulated people who edit both sides, and the list of their edits.

A field is not changed again before its change has arrived, and this program's writes are not undone
repeatedly: conflicts and the flap breaker have their own tests, and here every edit must arrive.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

import psycopg

from bench.soak.environment import PERSON, SEVERITIES, LinkedReport, SoakEnvironment

Side = Literal["BugSpark", "GitHub"]
MAX_GITHUB_CHANGES = 2
"""Field changes per report on GitHub; a third one that undoes this program's write would freeze the field."""
SQL_TIMEOUT_SECONDS = 60.0
INSERT_COMMENT = """
    INSERT INTO comments (id, report_id, author_id, body, created_at)
    SELECT %(id)s, r.id, p.owner_id, %(body)s, now()
    FROM reports r JOIN projects p ON p.id = r.project_id WHERE r.id = %(report)s
    ON CONFLICT DO NOTHING
"""
UPDATE_STATUS = "UPDATE reports SET status = %(value)s, updated_at = now() WHERE id = %(report)s"
UPDATE_SEVERITY = "UPDATE reports SET severity = %(value)s, updated_at = now() WHERE id = %(report)s"


@dataclass(slots=True, kw_only=True)
class Edit:
    """An edit on one side that must arrive on the other. Times are monotonic seconds."""

    linked_report: LinkedReport
    side: Side  # the side of the edit
    kind: Literal["comment", "state", "severity"]
    value: str  # the comment's token, the state, the severity
    at: float = 0.0  # time of the edit
    seen: float | None = None


@dataclass(slots=True, kw_only=True)
class Editors:
    """Makes random edits on both sides."""

    environment: SoakEnvironment
    rng: random.Random
    edits: list[Edit] = field(default_factory=list)
    waiting: list[Edit] = field(default_factory=list)
    _bugspark: "psycopg.Connection[tuple[object, ...]] | None" = None

    def make_edit(self) -> None:
        """Make one random edit."""
        linked_report = self.rng.choice(self.environment.linked_reports)
        side: Side = self.rng.choice(("BugSpark", "GitHub"))
        may_change = not linked_report.busy and (
            side == "BugSpark" or linked_report.turns < MAX_GITHUB_CHANGES
        )
        if self.rng.random() < 0.5 or not may_change:
            self.comment(linked_report, side)
        elif self.rng.random() < 0.6:
            new_value = "closed" if linked_report.state == "open" else "open"
            self._apply(Edit(linked_report=linked_report, side=side, kind="state", value=new_value))
            linked_report.state = new_value
        else:
            new_value = self.rng.choice(
                [severity for severity in SEVERITIES if severity != linked_report.severity]
            )
            self._apply(Edit(linked_report=linked_report, side=side, kind="severity", value=new_value))
            linked_report.severity = new_value

    def comment(self, linked_report: LinkedReport, side: Side) -> None:
        """Write a comment that contains a unique word."""
        self._apply(Edit(linked_report=linked_report, side=side, kind="comment", value=f"w{uuid4().hex}"))

    def mark_arrived(self, edit: Edit, at: float) -> None:
        """Record that an edit is visible on the other side since `at`."""
        edit.seen = at
        self.waiting.remove(edit)
        if edit.kind != "comment":
            edit.linked_report.busy = False

    def sql(self, statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
        """Run a statement and return its rows.

        Retry while the database fails. The statement must be repeatable.
        """
        deadline = time.monotonic() + SQL_TIMEOUT_SECONDS
        while True:
            try:
                if self._bugspark is None or self._bugspark.closed:
                    self._bugspark = psycopg.connect(
                        self.environment.conninfo, autocommit=True, connect_timeout=5
                    )
                cursor = self._bugspark.execute(statement.encode(), values)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                self.close()
                time.sleep(0.1)

    def close(self) -> None:
        """Close the connection to BugSpark's database."""
        if self._bugspark is not None:
            self._bugspark.close()
        self._bugspark = None

    def _apply(self, edit: Edit) -> None:
        if edit.kind != "comment":
            edit.linked_report.busy = True
            edit.linked_report.turns += edit.side == "GitHub"
        if edit.side == "GitHub":
            with self.environment.simulator.world.lock:
                self._apply_on_github(edit)
        else:
            self._apply_in_bugspark(edit)
        edit.at = time.monotonic()
        self.edits.append(edit)
        self.waiting.append(edit)

    def _apply_on_github(self, edit: Edit) -> None:
        repository, number = edit.linked_report.repository, edit.linked_report.number
        match edit.kind:
            case "comment":
                repository.comment(number, f"I see it too: {edit.value}", by=PERSON)
            case "state":
                set_state: Callable[..., object] = (
                    repository.close if edit.value == "closed" else repository.reopen
                )
                set_state(number, by=PERSON)
            case "severity":
                repository.unlabel(number, SEVERITIES[edit.linked_report.severity], by=PERSON)
                repository.label(number, SEVERITIES[edit.value], by=PERSON)

    def _apply_in_bugspark(self, edit: Edit) -> None:
        report = edit.linked_report.report
        match edit.kind:
            case "comment":
                self.sql(
                    INSERT_COMMENT, {"id": uuid4(), "report": report, "body": f"Seen here: {edit.value}"}
                )
            case "state":
                status = "resolved" if edit.value == "closed" else "new"
                self.sql(UPDATE_STATUS, {"value": status, "report": report})
            case "severity":
                self.sql(UPDATE_SEVERITY, {"value": edit.value, "report": report})
