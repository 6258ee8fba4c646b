"""The scenario of the browser tests: BugSpark, a simulated GitHub and the real daemon between them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from cryptography.fernet import Fernet

from reconciler.demo.github.world import Repository
from reconciler.model.ids import CommentId, ProjectId, ReportId
from reconciler.store.bugspark import bugspark_tables as tables
from tests.browser.chromium import Window
from tests.support.command import Installation, open_installation
from tests.support.daemon import Daemon, advancing_clock, eventually, free_port, running
from tests.web.users import JWT_SECRET, PASSWORD, by_password, token


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPair:
    """A report and its issue, linked and settled."""

    report: ReportId
    number: int
    repository: Repository

    @property
    def path(self) -> str:
        return f"/reports/{self.report}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserScenario:
    """Project `Shop`, connected to `acme/web`; a test adds what else it needs."""

    installation: Installation
    daemon: Daemon
    base: str

    @property
    def project_path(self) -> str:
        return f"/projects/{self.installation.project}"

    def owner(self) -> UUID:
        """The user of BugSpark who owns the project."""
        query = sa.select(tables.projects.c.owner_id).where(tables.projects.c.id == self.installation.project)
        return UUID(str(self.installation.bugspark.rows(query)[0]["owner_id"]))

    def add_member(self, name: str) -> UUID:
        """Add a user of BugSpark who is a member of the project."""
        user = self.installation.bugspark.add_user(name)
        row: dict[str, Any] = {"id": uuid4(), "project_id": self.installation.project, "user_id": user}
        row |= {"email": "member@example.test", "invite_accepted_at": datetime.now(UTC)}
        with self.installation.bugspark.engine.begin() as connection:
            connection.execute(sa.insert(tables.project_members).values(row))
        return user

    def add_project(self, name: str) -> tuple[ProjectId, Repository]:
        """Add a project that is not connected yet, and a repository of the same name."""
        repository = self.installation.github.world.add_repository(f"acme/{name.lower()}")
        repository.allow("alice", "write")
        repository.allow("bugspark-bot", "admin")
        return self.installation.bugspark.add_project(name), repository

    def connect(self, project: ProjectId, repository: Repository) -> None:
        """What BugSpark's own integration page writes."""
        self.installation.bugspark.add_integration(
            project, repo=repository.full_name.partition("/")[2], token=self.installation.github.token
        )

    def pair(
        self, title: str = "It breaks", *, project: ProjectId | None = None, **report: Any
    ) -> LinkedPair:
        """Add a report and an issue linked by BugSpark's columns; wait until a pass has taken up the link."""
        here = self.installation.github.web
        issue = here.open_issue(title, by="alice", labels=["bug", "medium-priority"])
        made = self.installation.bugspark.add_report(
            project or self.installation.project,
            title,
            github_repo=here.full_name,
            github_issue_number=issue.number,
            github_issue_url=f"https://github.com/{here.full_name}/issues/{issue.number}",
            **report,
        )
        eventually(lambda: self._linked(made))
        return LinkedPair(report=made, number=issue.number, repository=here)

    def add_comment(self, report: ReportId, body: str) -> CommentId:
        """Ada comments in BugSpark."""
        return self.installation.bugspark.add_comment(
            report, body, author=self.installation.ada, at=datetime.now(UTC)
        )

    def delete(self, *comments: CommentId) -> None:
        """All at once."""
        with self.installation.bugspark.engine.begin() as connection:
            connection.execute(sa.delete(tables.comments).where(tables.comments.c.id.in_(comments)))

    def report(self, report: ReportId) -> dict[str, Any]:
        row = self.installation.bugspark.report(report)
        assert row is not None
        return dict(row)

    def github_comments(self, pair: LinkedPair) -> list[str]:
        """The thread on GitHub."""
        return [each.body for each in pair.repository.thread(pair.number)]

    def sign_in(self, window: Window) -> None:
        """Sign in as the operator."""
        page = window.go("/sign-in")
        page.get_by_label("Operator’s password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.base}/")

    def sign_in_as(self, window: Window, user: UUID) -> None:
        """Sign in as a user of BugSpark."""
        value = token(user, datetime.now(UTC))
        window.context.add_cookies([{"name": "bugspark_access_token", "value": value, "url": self.base}])

    def _linked(self, report: ReportId) -> bool:
        found = sa.text("SELECT count(*) FROM sync_links WHERE report_id = :id AND base_status IS NOT NULL")
        with self.installation.bugspark.engine.connect() as connection:
            bound = found.bindparams(sa.bindparam("id", report, sa.Uuid))
            return bool(connection.execute(bound).scalar_one())


@contextmanager
def open_browser_scenario(
    url: str, home: Path, *, host: str = "127.0.0.1", dashboard_url: str = ""
) -> Iterator[BrowserScenario]:
    """Open it on a migrated database; the daemon runs every second and withholds more than one deletion.

    `host`: the public name of the daemon, which listens on loopback; `dashboard_url`: BugSpark's.
    """
    taken, port = free_port()
    taken.close()
    base = f"http://{host}:{port}"
    key = Fernet.generate_key().decode()
    with open_installation(url, home) as installation:
        installation.github.web.allow("bugspark-bot", "admin")
        installation.configure(
            web={"port": port, "public_url": base, **by_password()["web"]},
            bugspark={"jwt_secret": JWT_SECRET, "encryption_key": key, "dashboard_url": dashboard_url},
            sync={"marker_key": secrets.token_urlsafe(32)},
            guard={"max_deletions": 1},
            poll={"interval_seconds": 1.0},
            log={"format": "json"},
        )
        with advancing_clock(installation), running(installation) as daemon:
            yield BrowserScenario(installation=installation, daemon=daemon, base=base)
