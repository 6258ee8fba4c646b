"""A live BugSpark to test on: its PostgreSQL schema as installed, and actions of its users.

On SQLite `reconcile migrate` makes BugSpark's tables; on PostgreSQL this module does, exactly as
docs/reference/bugspark.md tells them, with an `alembic_version` of their own.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from reconciler.model.fields import Category, Severity, Status
from reconciler.model.ids import CommentId, ProjectId, ReportId
from reconciler.store.bugspark import bugspark_tables as tables
from reconciler.store.schema.engine import configure_sqlite
from tests.support.canary import BOT_TOKEN

LONG_AGO = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ALEMBIC = "9f3c1b7e2a55"

SCHEMA = f"""
CREATE TYPE severity_enum AS ENUM ('critical', 'high', 'medium', 'low');
CREATE TYPE category_enum AS ENUM ('bug', 'ui', 'performance', 'crash', 'other');
CREATE TYPE status_enum AS ENUM ('new', 'triaging', 'in_progress', 'resolved', 'closed');
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email varchar(255) NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    password_hash varchar(255) NOT NULL,
    role varchar(20) NOT NULL DEFAULT 'user',
    is_active boolean NOT NULL DEFAULT true,
    beta_status varchar(20) NOT NULL DEFAULT 'none',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE projects (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    domain varchar(1024) NOT NULL,
    api_key_hash varchar(128) NOT NULL,
    api_key_prefix varchar(16) NOT NULL,
    settings jsonb DEFAULT '{{}}',
    report_counter integer NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE project_members (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    email varchar(255) NOT NULL,
    role varchar(20) NOT NULL DEFAULT 'viewer',
    invite_accepted_at timestamptz
);
CREATE TABLE reports (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    tracking_id varchar(20) NOT NULL,
    title varchar(500) NOT NULL,
    description text NOT NULL,
    severity severity_enum NOT NULL,
    category category_enum NOT NULL,
    status status_enum NOT NULL DEFAULT 'new',
    assignee_id uuid REFERENCES users ON DELETE SET NULL,
    screenshot_url varchar(1000),
    annotated_screenshot_url varchar(1000),
    console_logs jsonb,
    network_logs jsonb,
    user_actions jsonb,
    metadata jsonb,
    reporter_identifier varchar(255),
    console_logs_included boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, tracking_id)
);
CREATE TABLE comments (
    id uuid PRIMARY KEY,
    report_id uuid NOT NULL REFERENCES reports ON DELETE CASCADE,
    author_id uuid REFERENCES users ON DELETE SET NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE integrations (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    provider varchar(50) NOT NULL,
    config jsonb NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    url varchar(1000) NOT NULL,
    events text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    secret varchar(255) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE background_tasks (
    id uuid PRIMARY KEY,
    task_type varchar(50) NOT NULL,
    payload jsonb NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    next_retry_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('{ALEMBIC}');
"""


@contextmanager
def connected(url: str) -> Iterator[sa.Engine]:
    """A synchronous engine of either kind, disposed afterwards."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(address.set(drivername="sqlite"), connect_args={"isolation_level": None})
        configure_sqlite(engine)
    else:
        engine = sa.create_engine(address.set(drivername="postgresql+psycopg"))
    try:
        yield engine
    finally:
        engine.dispose()


def install(url: str) -> None:
    """BugSpark's own schema in an empty PostgreSQL database."""
    with connected(url) as engine, engine.begin() as connection:
        connection.exec_driver_sql(SCHEMA)


class BugSpark:
    """People at work in BugSpark. Every method is one committed transaction, as in BugSpark's own API."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._count = 0

    def add_user(self, name: str = "Ada", **values: Any) -> UUID:
        """An active user; returns the id."""
        id_ = uuid4()
        row = {"id": id_, "email": f"{id_}@example.test", "name": name} | values
        with self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(sa.insert(tables.users).values(row))
            else:
                columns = sa.table("users", *(sa.column(each) for each in (*row, "password_hash")))
                connection.execute(sa.insert(columns).values(row | {"password_hash": "x"}))
        return id_

    def add_project(self, name: str = "Shop", *, owner: UUID | None = None, **values: Any) -> ProjectId:
        """An active project without integration."""
        id_ = uuid4()
        row = {
            "id": id_,
            "owner_id": owner or self.add_user(f"owner of {name}"),
            "name": name,
            "domain": "shop.test",
            "api_key_hash": "0" * 64,
            "api_key_prefix": "bs_test",
        }
        self._insert(tables.projects, row | values)
        return ProjectId(id_)

    def add_integration(
        self,
        project: UUID,
        *,
        owner: str = "acme",
        repo: str = "web",
        token: str = BOT_TOKEN,
        config: Any = None,
        **values: Any,
    ) -> UUID:
        """An active github row; `config` replaces all of it and may have any shape."""
        id_ = uuid4()
        written = {"owner": owner, "repo": repo, "token": token} if config is None else config
        row = {"id": id_, "project_id": project, "provider": "github", "config": written}
        self._insert(tables.integrations, row | values)
        return id_

    def add_report(
        self,
        project: UUID,
        title: str = "It breaks",
        *,
        status: Status = Status.NEW,
        severity: Severity = Severity.MEDIUM,
        category: Category = Category.BUG,
        at: datetime = LONG_AGO,
        **values: Any,
    ) -> ReportId:
        """A report; `at` is when it was filed and last updated."""
        id_ = uuid4()
        self._count += 1
        row = {
            "id": id_,
            "project_id": project,
            "tracking_id": f"BUG-{self._count:04}",
            "title": title,
            "description": "Steps to see it.",
            "severity": severity.value,
            "category": category.value,
            "status": status.value,
            "created_at": at,
            "updated_at": at,
        }
        self._insert(tables.reports, row | values)
        return ReportId(id_)

    def add_comment(
        self,
        report: UUID,
        body: str = "Same here",
        *,
        author: UUID | None = None,
        at: datetime = LONG_AGO,
        **values: Any,
    ) -> CommentId:
        """A comment as a person writes it (`source` null)."""
        id_ = uuid4()
        row = {"id": id_, "report_id": report, "author_id": author, "body": body, "created_at": at}
        self._insert(tables.comments, row | values)
        return CommentId(id_)

    def set_report(self, report: UUID, **values: Any) -> None:
        """A person edits a report."""
        self._write(sa.update(tables.reports).where(tables.reports.c.id == report).values(values))

    def delete_report(self, report: UUID) -> None:
        self._write(sa.delete(tables.reports).where(tables.reports.c.id == report))

    def delete_comment(self, comment: UUID) -> None:
        self._write(sa.delete(tables.comments).where(tables.comments.c.id == comment))

    def set_comment(self, comment: UUID, body: str) -> None:
        """BugSpark never does this; an administrator's SQL may."""
        self._write(sa.update(tables.comments).where(tables.comments.c.id == comment).values(body=body))

    def report(self, report: UUID) -> Mapping[str, Any] | None:
        """The whole row, None when it is gone."""
        return self._one(sa.select(tables.reports).where(tables.reports.c.id == report))

    def comment(self, comment: UUID) -> Mapping[str, Any] | None:
        return self._one(sa.select(tables.comments).where(tables.comments.c.id == comment))

    def comments(self, report: UUID) -> list[Mapping[str, Any]]:
        """A report's comments, oldest first."""
        found = sa.select(tables.comments).where(tables.comments.c.report_id == report)
        return self.rows(found.order_by(tables.comments.c.created_at, tables.comments.c.id))

    def rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        with self.engine.connect().execution_options(reconciler_reads=True) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def rows_of(self, table: str) -> list[Mapping[str, Any]]:
        """Every row of any table, the program's own too."""
        with self.engine.connect().execution_options(reconciler_reads=True) as connection:
            return [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()]

    def execute(self, statement: str, **values: Any) -> None:
        """Anything else, as plain SQL."""
        self._write(sa.text(statement).bindparams(**values))

    def dump(self) -> Mapping[str, list[str]]:
        """Every row of every table, for comparing before and after."""
        found = {}
        with self.engine.connect() as connection:
            for name in sorted(sa.inspect(self.engine).get_table_names()):
                rows = connection.execute(sa.text(f"SELECT * FROM {name}"))
                found[name] = sorted(repr(tuple(row)) for row in rows)
        return found

    def _one(self, query: sa.Select[Any]) -> Mapping[str, Any] | None:
        return next(iter(self.rows(query)), None)

    def _insert(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        self._write(sa.insert(table).values(row))

    def _write(self, statement: sa.Executable) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement)


def jsonable(value: Any) -> str:
    """JSON text, for configs that are not objects."""
    return json.dumps(value)
