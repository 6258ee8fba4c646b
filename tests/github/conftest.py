"""Fixtures: the client is tested against the simulator; rules of the protocol alone against respx."""

from collections.abc import AsyncIterator

import pytest

from tests.github.client_harness import ClientHarness, FixedClock, open_client
from tests.support.github import GitHub, github
from tests.support.memory_rate_limiter import MemoryRateLimiter

__all__ = ["github"]


@pytest.fixture
def rate_limiter() -> MemoryRateLimiter:
    return MemoryRateLimiter()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def harness(
    github: GitHub, rate_limiter: MemoryRateLimiter, clock: FixedClock
) -> AsyncIterator[ClientHarness]:
    """Open the simulator's `acme/web`."""
    opened = open_client(github.api, github.token, rate_limiter=rate_limiter, clock=clock)
    yield opened
    await opened.aclose()
