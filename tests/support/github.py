"""A running GitHub for tests: `pytest_plugins = ["tests.support.github"]`, or import the fixtures.

`github` serves in the test's own event loop; `github_process` serves from a thread, for tests of the command.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.rows import Hook
from reconciler.demo.github.server import running_in_thread, serve
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.world import App, Repository, World
from tests.support.canary import BOT_TOKEN
from tests.support.loopback import loopback_client

ALICE_TOKEN = "ghp_sim_alice_0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """A simulator with one repository `acme/web`, an account of ours, and two users."""

    simulator: Simulator
    world: World
    clock: ManualClock
    web: Repository
    """The repository `acme/web`: public; `bugspark-bot` and alice may write, bob only reads."""
    token: str = field(default=BOT_TOKEN, repr=False)
    """The token of `bugspark-bot`."""

    @property
    def api(self) -> str:
        """The address an API client is pointed at."""
        return self.simulator.views.api

    def hide_fields(self, *, hidden: bool = True) -> None:
        """Take the permission to list issue fields from every token, or give it back."""
        tokens = self.world.tokens.items()
        self.world.tokens = {value: replace(token, sees_fields=not hidden) for value, token in tokens}

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """Return a plain client as the bot, or with another token ("" for none); the caller closes it."""
        value = self.token if token is None else token
        credential = {"Authorization": f"Bearer {value}"} if value else {}
        return loopback_client(self.api, headers={**credential, **headers})


def make_github(*, base_path: str = "", clock: ManualClock | None = None) -> GitHub:
    """Return the usual simulator with a manual clock, not yet served."""
    clock = clock or ManualClock()
    world = World(clock)
    world.add_user("acme", "Organization")
    for login in ("alice", "bob", "bugspark-bot"):
        world.add_user(login)
    web = world.add_repository("acme/web")
    web.allow("alice", "write")
    web.allow("bugspark-bot", "write")
    world.add_token("bugspark-bot", BOT_TOKEN)
    world.add_token("alice", ALICE_TOKEN)
    return GitHub(simulator=Simulator(world, base_path=base_path), world=world, clock=clock, web=web)


def copied(github: GitHub) -> GitHub:
    """An equal GitHub, of which nothing has been asked yet."""
    world = github.world
    replaced: dict[int, Any] = {
        id(world.lock): threading.RLock(),
        id(world.facts): world.facts,  # frozen
        id(world.on_notice): None,  # the new simulator's own
        id(world.on_ping): None,
    }
    made, clock = deepcopy((world, github.clock), replaced)
    return GitHub(simulator=Simulator(made), world=made, clock=clock, web=made.repositories[github.web.id])


@pytest.fixture
async def github() -> AsyncIterator[GitHub]:
    """A GitHub served in the test's event loop."""
    made = make_github()
    async with serve(made.simulator):
        yield made


@pytest.fixture
def github_process() -> Iterator[GitHub]:
    """A GitHub served from a thread of its own, for tests that start the command."""
    made = make_github()
    with running_in_thread(made.simulator):
        yield made


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledApp:
    """A GitHub App installed on `acme/web`, with the private key it signs in with."""

    app: App
    key: RSAPrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The private key as the file GitHub hands out."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def headers(self, clock: ManualClock, **claims: int | str) -> dict[str, str]:
        """Return the `Authorization` of the app itself, for nine minutes; `claims` replace the JWT's."""
        now = int(clock.now().timestamp())
        usual = {"iat": now - 60, "exp": now + 540, "iss": str(self.app.id)}
        return {"Authorization": f"Bearer {jwt.encode({**usual, **claims}, self.key, 'RS256')}"}


def install_app(
    github: GitHub, key: RSAPrivateKey | None = None, *, hook: Hook | None = None
) -> InstalledApp:
    """Register an app and install it on `acme/web`; making a key takes a tenth of a second."""
    key = key or generate_private_key(public_exponent=65_537, key_size=2_048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = github.world.add_app("bugspark-sync", "acme", public.decode(), [github.web], hook=hook)
    return InstalledApp(app=app, key=key)
