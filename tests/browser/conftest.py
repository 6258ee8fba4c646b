"""One browser and one scenario for all tests of a module.

Playwright's synchronous side keeps a loop of its own running in this thread until it is closed, which is why
nothing here may outlive a module: tests elsewhere are asynchronous. (A scope of the whole folder would need
it to be a package; else pytest takes the session's.)
"""

import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState

from tests.browser.browser_scenario import BrowserScenario, open_browser_scenario
from tests.browser.chromium import Window, running_chromium, window
from tests.support.postgres import Server
from tests.support.stores import fill_postgres, sqlite_template

__all__ = ["sqlite_template"]


DATABASES = ("sqlite", "postgresql")
JOURNEYS = "test_journeys"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A journey runs on one database, chosen by its name, always the same; the look of pages does not
    depend on that. EVERYWHERE=1 makes every journey on both (on PostgreSQL passes are jobs of a queue).
    """
    if "scenario" not in metafunc.fixturenames:
        return
    name, room = metafunc.function.__name__, metafunc.module.__name__.rpartition(".")[2]
    one = DATABASES[zlib.crc32(name.encode()) >> 3 & 1] if room == JOURNEYS else DATABASES[0]
    everywhere = os.environ.get("EVERYWHERE") and room == JOURNEYS
    metafunc.parametrize("scenario", DATABASES if everywhere else (one,), indirect=True, scope="module")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def scenario(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserScenario]:
    home = tmp_path_factory.mktemp("scenario")
    with database(request, home) as url, open_browser_scenario(url, home) as opened:
        yield opened


@contextmanager
def database(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, home / 'bugspark.db')}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(template=server.template("bugspark, migrated", fill_postgres)) as url:
        yield url


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, scenario: BrowserScenario) -> StorageState:
    """The cookies of the operator, who has signed in once for all tests of the module."""
    with window(chromium, scenario.base) as opened:
        scenario.sign_in(opened)
        return opened.context.storage_state()


@pytest.fixture
def operator(chromium: Browser, scenario: BrowserScenario, signed_in: StorageState) -> Iterator[Window]:
    """A window in which the operator has signed in."""
    with window(chromium, scenario.base, storage_state=signed_in) as opened:
        yield opened
