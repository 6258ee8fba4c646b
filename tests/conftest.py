"""What every test may ask for. Rooms add their own fixtures in a conftest.py of their own."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import postgres

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
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[HOME] = Path(told["postgres_home"])
        return
    config.stash[RESOURCES] = ExitStack()
    config.stash[HOME] = config.stash[RESOURCES].enter_context(postgres.owned_home())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: one call per worker, before it starts."""
    node.workerinput["postgres_home"] = str(node.config.stash[HOME])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if any test started it."""
    if resources := config.stash.get(RESOURCES, None):
        resources.close()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> postgres.Server:
    """The session's PostgreSQL, started by the first test that asks. No binaries: that test fails."""
    return postgres.server_in(pytestconfig.stash[HOME], durable=False)


@pytest.fixture
def postgres_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL database, dropped afterwards."""
    with postgres_server.database() as url:
        yield url
