"""The simulator's tests ask the simulator itself."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.github import ALICE_TOKEN, GitHub, github, github_process, make_github

__all__ = ["github", "github_process"]


@pytest.fixture
async def bot(github: GitHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token of `bugspark-bot`, which may write."""
    async with github.client() as client:
        yield client


@pytest.fixture
async def alice(github: GitHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client with alice's token, who may write."""
    async with github.client(ALICE_TOKEN) as client:
        yield client


@pytest.fixture
async def bob(github: GitHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token of bob, who only reads."""
    github.world.add_token("bob", "ghp_sim_bob")
    async with github.client("ghp_sim_bob") as client:
        yield client


@pytest.fixture
async def anyone(github: GitHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with github.client("") as client:
        yield client


@pytest.fixture
def github_unserved() -> GitHub:
    """The usual simulator, without a server."""
    return make_github()
