"""Everything there is on the simulated GitHub: accounts, tokens, apps, repositories."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Literal

from reconciler.demo.github.clock import Clock, ManualClock
from reconciler.demo.github.facts import Facts
from reconciler.demo.github.rows import Hook, Level, User
from reconciler.demo.github.world.repository import Repository

Notice = Callable[[int, str, Mapping[str, Any], int], None]
_LONG = 480
"""Installation tokens are long since 2026 (docs/reference/github.md, Credentials and versions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A credential of an account; its value never shows in a repr."""

    value: str = field(repr=False)
    name: str
    user: int
    kind: Literal["classic", "fine", "installation"] = "classic"
    repositories: frozenset[int] | None = None
    """Repositories a fine-grained or installation token is for; None: all of the account's."""
    cap: Level = Level.ADMIN
    """The most it may do, whatever its account may."""
    scopes: tuple[str, ...] = ("repo",)
    """What a classic token is for; the others' answers tell nothing."""
    expires: datetime | None = None
    installation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A GitHub App, its account `slug[bot]`, and where it is installed: installation id → repository ids."""

    id: int
    slug: str
    bot: int
    owner: int
    public_key: str = field(repr=False)
    installations: dict[int, frozenset[int]]


class World:
    """The state of the whole simulated GitHub."""

    def __init__(self, clock: Clock | None = None, facts: Facts | None = None) -> None:
        self.clock = clock or ManualClock()
        self.facts = facts or Facts()
        self.lock = threading.RLock()
        self.users: dict[int, User] = {}
        self.deleted: set[int] = set()
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}
        self.repositories: dict[int, Repository] = {}
        self.names: dict[str, int] = {}
        self.former_names: dict[str, int] = {}
        self.renderings = 0
        self.on_notice: Notice | None = None
        self.on_ping: Callable[[int, Hook], None] | None = None
        self._ids = count(3_000_000_001)  # beyond 32 bits, as GitHub's are
        self._accounts = count(1_001)
        self._repository_ids = count(700_000_001)

    def assume(self, **readings: Any) -> None:
        """Switch readings of unsettled facts (fields of Facts)."""
        self.facts = replace(self.facts, **readings)

    def moment(self) -> float:
        """Return the present moment in seconds since the epoch."""
        return self.clock.now().timestamp()

    def second(self) -> int:
        """Return the present second: GitHub's times are no finer."""
        return int(self.moment())

    def next_id(self) -> int:
        """Return an id nothing else has."""
        return next(self._ids)

    def add_user(self, login: str, kind: Literal["User", "Bot", "Organization"] = "User") -> User:
        """Add an account."""
        user = User(id=next(self._accounts), login=login, kind=kind, created=self.second())
        self.users[user.id] = user
        return user

    def user(self, login: str) -> User:
        """Return the account of this login; raises KeyError when there is none."""
        folded = login.lower()
        for user in self.users.values():
            if user.login.lower() == folded:
                return user
        raise KeyError(login)

    def rename_user(self, login: str, to: str) -> User:
        """Give an account another login; its numeric id stays."""
        with self.lock:
            user = self.users[self.user(login).id] = replace(self.user(login), login=to)
            for repository in self.repositories.values():
                if repository.owner == user.id:
                    self.former_names[f"{login}/{repository.name}".lower()] = repository.id
                    self.names.pop(f"{login}/{repository.name}".lower(), None)
                    self.names[repository.full_name.lower()] = repository.id
            self.forget_rendered()
            return user

    def delete_user(self, login: str) -> None:
        """Delete an account: its tokens are unknown, what it wrote stays, by a ghost or by nobody."""
        with self.lock:
            user = self.user(login)
            self.deleted.add(user.id)
            self.tokens = {value: token for value, token in self.tokens.items() if token.user != user.id}
            self.forget_rendered()

    def add_token(self, login: str, value: str, *, name: str | None = None, **limits: Any) -> Token:
        """Give an account a token; `limits` are Token's other fields."""
        token = Token(value=value, name=name or login, user=self.user(login).id, **limits)
        self.tokens[value] = token
        return token

    def revoke(self, value: str) -> None:
        """Make a token unknown."""
        self.tokens.pop(value, None)

    def add_repository(self, full_name: str, *, private: bool = False) -> Repository:
        """Make a repository; its owner is made too when missing. A name used before no longer redirects."""
        with self.lock:
            login, name = full_name.split("/")
            owner = next((user for user in self.users.values() if user.login == login), None)
            owner = owner or self.add_user(login, "Organization")
            repository = Repository(self, next(self._repository_ids), owner.id, name, private=private)
            self.repositories[repository.id] = repository
            self.names[full_name.lower()] = repository.id
            self.former_names.pop(full_name.lower(), None)
            return repository

    def repository(self, full_name: str) -> Repository:
        """Return the repository that has this name now; raises KeyError when there is none."""
        return self.repositories[self.names[full_name.lower()]]

    def delete_repository(self, full_name: str) -> None:
        """Delete a repository with everything in it."""
        with self.lock:
            repository_id = self.names.pop(full_name.lower())
            del self.repositories[repository_id]
            self.former_names = {k: v for k, v in self.former_names.items() if v != repository_id}

    def recreate(self, full_name: str) -> Repository:
        """Delete a repository and make an empty one of the same name, with another id."""
        with self.lock:
            self.delete_repository(full_name)
            return self.add_repository(full_name)

    def move_name(self, repository: Repository, name: str) -> None:
        """Give the repository a new name and keep the old one as a redirect."""
        old = repository.full_name.lower()
        self.former_names[old] = repository.id
        self.names.pop(old, None)
        repository.name = name
        self.names[repository.full_name.lower()] = repository.id
        self.former_names.pop(repository.full_name.lower(), None)
        self.forget_rendered()

    def add_app(self, slug: str, owner: str, public_key: str, repositories: list[Repository]) -> App:
        """Register an app with its public key (PEM), installed on these repositories with write access."""
        bot = self.add_user(f"{slug}[bot]", "Bot")
        app = App(
            id=next(self._accounts),
            slug=slug,
            bot=bot.id,
            owner=self.user(owner).id,
            public_key=public_key,
            installations={next(self._accounts): frozenset(repository.id for repository in repositories)},
        )
        self.apps[app.id] = app
        for repository in repositories:
            repository.levels[bot.id] = Level.WRITE
        return app

    def install_token(self, app: App, installation: int, expires: datetime) -> Token:
        """Make an installation token: long, opaque, of this installation's repositories only."""
        serial = self.next_id()
        value = f"ghs_sim_{serial}_" + "0123456789abcdef" * (_LONG // 16)
        token = Token(
            value=value,
            name=f"{app.slug}#{serial}",
            user=app.bot,
            kind="installation",
            repositories=app.installations[installation],
            cap=Level.ADMIN,
            expires=expires,
            installation=installation,
        )
        self.tokens[value] = token
        return token

    def forget_rendered(self) -> None:
        """Say that something shown inside many rows changed (a name, a label): renderings are stale."""
        self.renderings += 1

    def notify(self, repository: int, event: str, notice: Mapping[str, Any], by: int) -> None:
        """Tell the webhooks of a repository, when a server is there to deliver."""
        if self.on_notice is not None:
            self.on_notice(repository, event, notice, by)

    def ping(self, repository: int, hook: Hook) -> None:
        """Ping a webhook, when a server is there to deliver."""
        if self.on_ping is not None:
            self.on_ping(repository, hook)
