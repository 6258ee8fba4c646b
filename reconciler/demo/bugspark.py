"""BugSpark for the demo: its rows, written and read by plain SQL, as its API does.

BugSpark is another program. This file therefore uses sqlite3 instead of our store: what the demo
files, and what it compares in the end, has not passed through the code that it is meant to show.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

BUSY_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportComment:
    """A comment as BugSpark stores it."""

    id: str
    author: str | None
    body: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledReport:
    """A report as BugSpark stores it, with its comments, oldest first."""

    id: str
    tracking_id: str
    title: str
    status: str
    severity: str
    category: str
    repository: str | None
    number: int | None
    comments: tuple[ReportComment, ...]


class BugSpark:
    """Actions of users in BugSpark, each in its own transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add_user(self, name: str) -> str:
        """Add an active user and return the id."""
        email = f"{name.split(maxsplit=1)[0].lower()}@acme.example"
        return self._insert("users", {"email": email, "name": name})

    def add_project(self, name: str, *, owner: str, repository: str, token: str) -> str:
        """Add a project connected to a repository and return the id."""
        secrets = {"api_key_hash": "0" * 64, "api_key_prefix": "bs_demo"}
        row = {"owner_id": owner, "name": name, "domain": f"{name.lower()}.acme.example", **secrets}
        project = self._insert("projects", {**row, "created_at": _stamp(days=30)})
        reporter, _, repo = repository.partition("/")
        config = json.dumps({"owner": reporter, "repo": repo, "token": token})
        self._insert(
            "integrations",
            {"project_id": project, "provider": "github", "config": config, "created_at": _stamp(days=30)},
        )
        return project

    def file(self, project: str, tracking_id: str, *, age_days: float, **values: Any) -> str:
        """File a report `age_days` ago and return the id."""
        at = _stamp(days=age_days)
        row = {"project_id": project, "tracking_id": tracking_id, "created_at": at, "updated_at": at}
        return self._insert("reports", {"status": "new", **row, **values})

    def comment(self, report: str, body: str, *, author: str, age_days: float = 0) -> str:
        """Add a comment of a user and return the id."""
        row = {"report_id": report, "author_id": author, "body": body}
        return self._insert("comments", {**row, "created_at": _stamp(days=age_days)})

    def edit(self, report: str, field: str, to: str, *, seconds_ago: float = 0) -> None:
        """Change a field of a report, now or `seconds_ago`."""
        at = _stamp(seconds=seconds_ago)
        self._run(f"UPDATE reports SET {field} = ?, updated_at = ? WHERE id = ?", to, at, report)  # noqa: S608 - names are ours

    def delete_comment(self, comment: str) -> None:
        """Delete a comment."""
        self._run("DELETE FROM comments WHERE id = ?", comment)

    def report(self, report: str) -> FiledReport:
        """Return a report as it is now."""
        return next(self._filed("r.id = ?", report))

    def reports(self, project: str) -> tuple[FiledReport, ...]:
        """Return all reports of a project, ordered by tracking id."""
        return tuple(self._filed("r.project_id = ?", project))

    def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        """Return the rows of a query."""
        with self._open() as connection:
            return [dict(row) for row in connection.execute(query, values)]

    def _filed(self, where: str, value: str) -> Iterator[FiledReport]:
        reports = self.rows(f"SELECT r.* FROM reports r WHERE {where} ORDER BY r.tracking_id", value)  # noqa: S608 - ours
        notes = self.rows(
            "SELECT c.id, c.report_id, u.name, c.body, c.source FROM comments c"  # noqa: S608 - ours
            " JOIN reports r ON r.id = c.report_id LEFT JOIN users u ON u.id = c.author_id"
            f" WHERE {where} ORDER BY c.created_at, c.id",
            value,
        )
        for row in reports:
            mine = tuple(
                ReportComment(id=each["id"], author=each["name"], body=each["body"], source=each["source"])
                for each in notes
                if each["report_id"] == row["id"]
            )
            names = ("id", "tracking_id", "title", "status", "severity", "category")
            yield FiledReport(
                **{name: row[name] for name in names},
                repository=row["github_repo"],
                number=row["github_issue_number"],
                comments=mine,
            )

    def _insert(self, table: str, values: Mapping[str, Any]) -> str:
        row = {"id": uuid4().hex, **values}
        marks = ", ".join("?" * len(row))
        self._run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608 - names are ours
        return str(row["id"])

    def _run(self, statement: str, *values: Any) -> None:
        with self._open() as connection, connection:
            connection.execute(statement, values)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        try:
            yield connection
        finally:
            connection.close()


def _stamp(*, days: float = 0, seconds: float = 0) -> str:
    """Return a past time as BugSpark's ORM writes it to SQLite: UTC, without a zone."""
    at = datetime.now(UTC) - timedelta(days=days, seconds=seconds)
    return f"{at:%Y-%m-%d %H:%M:%S.%f}"
