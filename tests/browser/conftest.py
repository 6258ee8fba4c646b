"""One browser and one town for all tests of a module.

Playwright's synchronous side keeps a loop of its own running in this thread until it is closed, which is why
nothing here may outlive a module: tests elsewhere are asynchronous. (A scope of the whole folder would need
it to be a package; else pytest takes the session's.)
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Window, running_chromium, window
from tests.browser.town import Town, open_town
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    url = f"sqlite:///{shutil.copy(sqlite_template, home / 'bugspark.db')}"
    with open_town(url, home) as opened:
        yield opened


@pytest.fixture
def operator(chromium: Browser, town: Town) -> Iterator[Window]:
    """A window in which the operator has signed in."""
    with window(chromium, town.base) as opened:
        town.enter(opened)
        yield opened
