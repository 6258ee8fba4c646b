"""The doorway's tests ask the simulator; rules of the wire alone are tested against respx."""

from collections.abc import AsyncIterator

import pytest

from tests.github.doors import Door, StillClock, open_door
from tests.support.github import GitHub, github
from tests.support.governor import MemoryGovernor

__all__ = ["github"]


@pytest.fixture
def governor() -> MemoryGovernor:
    return MemoryGovernor()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def door(github: GitHub, governor: MemoryGovernor, clock: StillClock) -> AsyncIterator[Door]:
    """The doorway to the simulator's `acme/web`."""
    opened = open_door(github.api, github.token, governor=governor, clock=clock)
    yield opened
    await opened.aclose()
