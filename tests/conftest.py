"""What every test may ask for. Rooms add their own fixtures in a conftest.py of their own."""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import canary, compiled, order, postgres, scratch

RESOURCES = pytest.StashKey[ExitStack]()
HOME = pytest.StashKey[Path]()

# Deterministic unless somebody goes looking: HYPOTHESIS_PROFILE=search tries more, other examples every time.
settings.register_profile(
    "house", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("house"), derandomize=False, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_configure(config: pytest.Config) -> None:
    """The process that runs the session owns the server's directory; the workers are told where it is."""
    compiled.share()
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[HOME] = Path(told["postgres_home"])
        return
    scratch.offer_to_pytest()
    config.stash[RESOURCES] = ExitStack()
    home = postgres.owned_home(first=scratch.in_memory())
    config.stash[HOME] = config.stash[RESOURCES].enter_context(home)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: one call per worker, before it starts."""
    node.workerinput["postgres_home"] = str(node.config.stash[HOME])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Among workers, what takes long comes first."""
    if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
        items[:] = order.dealt(items, lambda item: item.nodeid, workers)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if any test started it."""
    if resources := config.stash.get(RESOURCES, None):
        resources.close()


@pytest.fixture(autouse=True)
def no_secret_in_words() -> Iterator[list[str]]:
    """Invariant 13, for errors of ours and the log, in every test."""
    with canary.watched_words() as found:
        yield found
    assert not found, found


@pytest.fixture
def the_token_may_show(no_secret_in_words: list[str]) -> Iterator[None]:
    """For a test whose subject is a token that shows: it is not searched."""
    yield
    no_secret_in_words.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Invariant 13, for what a test has printed and logged: in every test, whatever came of it."""
    report = yield
    if "the_token_may_show" in getattr(item, "fixturenames", ()):
        return report
    for name, text in report.sections:
        if canary.CANARY in text:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: the token is in {name}"
    return report


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> postgres.Server:
    """The session's PostgreSQL, started by the first test that asks. No binaries: that test fails."""
    return postgres.server_in(pytestconfig.stash[HOME], durable=False)


@pytest.fixture
def postgres_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL database, dropped afterwards."""
    with postgres_server.database() as url:
        yield url
