"""Fixtures and options for all tests. Each folder adds its own fixtures in its conftest.py."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.setup import parts, workers
from tests.support import canary, compiled, order, postgres, scratch

RESOURCES = pytest.StashKey[ExitStack]()
HOME = pytest.StashKey[Path]()

# Deterministic unless somebody goes looking: HYPOTHESIS_PROFILE=search tries more, other examples every time.
settings.register_profile(
    "tests", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("tests"), derandomize=False, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test WITHOUT=…` passes on."""
    parser.addoption("--without", default="", help=f"parts to leave out: {', '.join(parts.PARTS)}")


def left_out(config: pytest.Config) -> tuple[str, ...]:
    """The parts that this run leaves out."""
    try:
        return parts.parse(config.getoption("without"))
    except parts.UnknownPartError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Not even import the tests of a part that is left out."""
    return parts.is_left_out(collection_path, left_out(config)) or None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`."""
    return workers.worker_count(workers.cores())


def pytest_configure(config: pytest.Config) -> None:
    """The process that runs the session owns the server's directory and passes its path to the workers."""
    compiled.share()
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[HOME] = Path(worker_input["postgres_home"])
        return
    scratch.offer_to_pytest()
    config.stash[RESOURCES] = ExitStack()
    home = postgres.owned_home(first=scratch.in_memory())
    config.stash[HOME] = config.stash[RESOURCES].enter_context(home)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: one call per worker, before it starts."""
    node.workerinput["postgres_home"] = str(node.config.stash[HOME])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: looking for garbage in it is half of what collecting costs, in
    every worker, and would go on with every test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def needs_postgresql(item: pytest.Item) -> bool:
    """Whether the test asks for a PostgreSQL server."""
    called = getattr(item, "callspec", None)
    return parts.needs_postgresql(getattr(item, "fixturenames", ()), called.params.values() if called else ())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among workers, what takes long comes first."""
    if "postgresql" in left_out(config):
        config.hook.pytest_deselected(items=[item for item in items if needs_postgresql(item)])
        items[:] = [item for item in items if not needs_postgresql(item)]
    if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
        items[:] = order.distribute(items, lambda item: item.nodeid, workers)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if any test started it. The last line names what was left out."""
    if resources := config.stash.get(RESOURCES, None):
        resources.close()
        if text := left_out(config):
            print(parts.summary(text))


@pytest.fixture(autouse=True)
def no_secret_in_errors_and_logs() -> Iterator[list[str]]:
    """Invariant 13, for errors of ours and the log, in every test."""
    with canary.watch_errors_and_logs() as found:
        yield found
    assert not found, found


@pytest.fixture
def is_token_allowed(no_secret_in_errors_and_logs: list[str]) -> Iterator[None]:
    """For a test whose subject is a token that shows: it is not searched."""
    yield
    no_secret_in_errors_and_logs.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Invariant 13, for what a test has printed and logged: in every test, passed or failed."""
    report = yield
    if "is_token_allowed" in getattr(item, "fixturenames", ()):
        return report
    for name, text in report.sections:
        if canary.CANARY in text:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: the token is in {name}"
    return report


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> postgres.Server:
    """The session's PostgreSQL, started by the first test that asks. No binaries: that test fails."""
    assert "postgresql" not in left_out(pytestconfig), "see tests/setup/parts.py: this test was not left out"
    return postgres.server_in(pytestconfig.stash[HOME], durable=False)


@pytest.fixture
def postgres_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL database, dropped afterwards."""
    with postgres_server.database() as url:
        yield url
