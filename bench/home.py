"""A migrated BugSpark database with one project, on either engine, and the count of writes to it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.hub import TOKEN, Repository
from bench.plot import Plot
from bench.processes import Program
from reconciler.bootstrap import migrate_schema
from reconciler.config.load import load_configuration
from reconciler.model.ids import ProjectId
from tests.support.bugspark import BugSpark, connected, install
from tests.support.postgres import Server

DIALECTS = ("sqlite", "postgresql")
COUNT_OTHER_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
COUNT_WRITES = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
NO_PACING = """
[limits]
points_per_minute = 100000000
[write]
min_interval_seconds = 0.0
per_minute = 10000000
per_hour = 10000000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One database with one project, connected to one repository."""

    url: str
    engine: sa.Engine
    bugspark: BugSpark
    project: ProjectId
    repository: Repository
    program: Program

    @property
    def plot(self) -> Plot:
        return Plot(project=self.project, repository_id=self.repository.id, repository=self.repository.name)

    def vacuum(self) -> None:
        """Do what PostgreSQL's autovacuum would normally have done by now."""
        if self._is_postgresql:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def count_writes(self) -> "WriteCount":
        """Return the writes so far; compare two results with `since`."""
        self.engine.dispose()
        with self.engine.connect().execution_options(reconciler_reads=True) as connection:
            if self._is_postgresql:
                _wait_for_statistics(connection)
                return WriteCount(count=int(connection.exec_driver_sql(COUNT_WRITES).scalar_one()))
            names = sa.inspect(connection).get_table_names()
            rows = {row for name in names for row in _rows(connection, name)}
            return WriteCount(rows=frozenset(rows))

    @property
    def _is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCount:
    """The state of the tables: PostgreSQL counts written rows; for SQLite all rows are compared."""

    count: int = 0
    rows: frozenset[int] = frozenset()

    def since(self, before: "WriteCount") -> int:
        """Return the number of rows that were written or differ since `before`."""
        return self.count - before.count + len(self.rows - before.rows)


@contextmanager
def open_home(
    dialect: str, folder: Path, server: Server | None, repository: Repository, name: str
) -> Iterator[Home]:
    """Create the database, migrate it as an operator would, and connect a project to the repository."""
    with _address(dialect, folder, server, name) as url:
        config = folder / f"{name}-{dialect}.toml"
        api = repository.hub.api
        text = f"[database]\nurl = {json.dumps(url)}\n[github]\napi_url = {json.dumps(api)}\n"
        config.write_text(text + NO_PACING)
        migrate_schema(load_configuration(config, {}).settings)
        with connected(url) as engine:
            bugspark = BugSpark(engine)
            project = bugspark.add_project()
            owner, repo = repository.name.split("/")
            bugspark.add_integration(project, owner=owner, repo=repo, token=TOKEN)
            yield Home(
                url=url,
                engine=engine,
                bugspark=bugspark,
                project=project,
                repository=repository,
                program=Program(config=config, project=str(project)),
            )


@contextmanager
def _address(dialect: str, folder: Path, server: Server | None, name: str) -> Iterator[str]:
    if server is None:
        assert dialect == "sqlite"
        yield f"sqlite:///{folder / name}.db"
        return
    with server.database() as url:
        install(url)
        yield url


def _wait_for_statistics(connection: sa.Connection) -> None:
    """Wait until all other sessions have ended: PostgreSQL adds a session's counts at its end."""
    while connection.exec_driver_sql(COUNT_OTHER_SESSIONS).scalar_one():
        connection.rollback()  # statistics do not change within a transaction
        time.sleep(0.02)
    connection.rollback()


def _rows(connection: sa.Connection, table: str) -> Iterator[int]:
    return (hash((table, tuple(row))) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'))
