"""Fixtures for the served web: a real port on loopback and a real database."""

import os
import shutil
import zlib
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from reconciler.store.schema.migrate import migrate
from reconciler.web.pages import templating
from tests.support.postgres import Server
from tests.support.stores import fill_postgres
from tests.web.harness import WebHarness, open_web, sign_in_operator

DATABASES = ("sqlite", "postgresql")
ON_BOTH = ("test_unknown_values.py",)
"""About the types of columns, which differ."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Most of the web is independent of the store: a test runs on one database chosen by its name, always the
    same, as in tests/sync. EVERYWHERE=1 runs all of them on both.
    """
    if "migrated" not in metafunc.fixturenames:
        return
    name = metafunc.function.__name__
    everywhere = os.environ.get("EVERYWHERE") or metafunc.definition.path.name in ON_BOTH
    chosen = (DATABASES[zlib.crc32(name.encode()) % 3 == 0],)
    metafunc.parametrize("migrated", DATABASES if everywhere else chosen, indirect=True)


class CompiledTemplates(BytecodeCache):
    """In memory; jinja2 looks at each source again, and compiles it only where it has changed."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """Every test serves a site of its own. Its templates are compiled once in a process, as in a daemon."""
    environment = partial(Environment, bytecode_cache=CompiledTemplates())
    with patch.object(templating, "Environment", environment):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, made once."""
    path = tmp_path_factory.mktemp("template") / "bugspark.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with all tables."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'bugspark.db')}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(template=server.template("bugspark, migrated", fill_postgres)) as url:
        yield url


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    """The web with one project `Shop`, which has a webhook secret; the operator has signed in."""
    async with open_web(migrated) as opened:
        sign_in_operator(opened.client, opened.app)
        yield opened
