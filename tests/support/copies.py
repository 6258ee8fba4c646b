"""Copies of a whole database, and the program opened on them."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import sqlalchemy as sa

from reconciler.bootstrap.application import open_application
from reconciler.model.health import ProjectHealth
from tests.support.bugspark import BugSpark, connected
from tests.support.github import GitHub
from tests.support.postgres import Server
from tests.support.sync import FollowingClock, Sync, settings_for


def copy_of(sync: Sync, url: str, server: Server | None, home: Path) -> str:
    """A logical copy of the database that the program is at work in."""
    sync.bugspark.engine.dispose()
    return copied(url, server, home)


def copied(url: str, server: Server | None, home: Path) -> str:
    """A logical copy of a database, as a backup or a template makes it."""
    if server is None:
        other = home / f"{uuid4().hex}.db"
        with closing(sqlite3.connect(str(sa.make_url(url).database))) as connection:
            connection.execute("VACUUM INTO ?", (str(other),))
        return f"sqlite:///{other}"
    name = str(sa.make_url(url).database)
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
    return server.url(server.create(template=name))


@asynccontextmanager
async def opened(url: str, github: GitHub, like: Sync, **sections: Mapping[str, Any]) -> AsyncIterator[Sync]:
    """Open the program on a copy, with the users of the original."""
    clock = FollowingClock(github.clock)
    with connected(url) as engine:
        async with open_application(settings_for(url, github.api, **sections), clock) as app:
            yield Sync(
                github=github,
                bugspark=BugSpark(engine),
                app=app,
                clock=clock,
                project=like.project,
                ada=like.ada,
            )


async def health(sync: Sync) -> ProjectHealth:
    """The project as `reconcile status` has it."""
    (found,), _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    return found
