"""What is shared by all repositories of the simulated GitHub: time, ids, accounts, tokens, names, notices."""

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

Notice = Callable[[int, str, Mapping[str, Any], int], None]


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
    """The scopes of a classic token; answers to other tokens have none."""
    sees_fields: bool = True
    """Whether it may list the issue fields of an organisation."""
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
    hook: Hook | None = None
    """Its one webhook, for all repositories that it is installed on."""


class Accounts:
    """The state that repositories refer to; `World` adds the repositories themselves."""

    def __init__(self, clock: Clock | None = None, facts: Facts | None = None) -> None:
        self.clock = clock or ManualClock()
        self.facts = facts or Facts()
        self.lock = threading.RLock()
        self.users: dict[int, User] = {}
        self.deleted: set[int] = set()
        self.flagged: set[int] = set()
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}
        self.names: dict[str, int] = {}
        self.former_names: dict[str, int] = {}
        self.renderings = 0
        self.hook_answers: dict[int, int] = {}
        """Webhook → the status that its last message was answered with; 0: it did not arrive."""
        self.on_notice: Notice | None = None
        self.on_ping: Callable[[int, Hook], None] | None = None
        self._ids = count(3_000_000_001)  # beyond 32 bits, as GitHub's are
        self._accounts = count(1_001)

    def moment(self) -> float:
        """Return the present moment in seconds since the epoch."""
        return self.clock.now().timestamp()

    def second(self) -> int:
        """Return the present second as rows show it: GitHub's times are no finer, and may be wrong."""
        return int(self.moment()) + self.facts.row_times_ahead_seconds + self.facts.clock_ahead_seconds

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

    def id_of_login(self, login: str) -> int | None:
        """Return the id of the account of this login; None when there is none."""
        folded = login.lower()
        return next((user.id for user in self.users.values() if user.login.lower() == folded), None)

    def first_account(self) -> User:
        """Return the account that was added first."""
        return next(iter(self.users.values()))

    def add_token(self, login: str, value: str, *, name: str | None = None, **limits: Any) -> Token:
        """Give an account a token; `limits` are Token's other fields."""
        token = Token(value=value, name=name or login, user=self.user(login).id, **limits)
        self.tokens[value] = token
        return token

    def revoke(self, value: str) -> None:
        """Make a token unknown."""
        self.tokens.pop(value, None)

    def delete_user(self, login: str) -> None:
        """Delete an account: its tokens become unknown, its texts stay, with a ghost or no author."""
        with self.lock:
            user = self.user(login)
            self.deleted.add(user.id)
            self.tokens = {value: token for value, token in self.tokens.items() if token.user != user.id}
            self.forget_rendered()

    def flag_user(self, login: str, *, flagged: bool = True) -> None:
        """Hide the comments of an account from everybody, or show them again."""
        with self.lock:
            (self.flagged.add if flagged else self.flagged.discard)(self.user(login).id)
            self.forget_rendered()

    def shows_comments_of(self, user_id: int) -> bool:
        """Return whether the comments of an account are shown."""
        return user_id not in self.flagged

    def move_name(self, repository: int, old: str, new: str) -> None:
        """Give a repository a new full name and keep the old one as a redirect."""
        self.former_names[old.lower()] = repository
        self.names.pop(old.lower(), None)
        self.names[new.lower()] = repository
        self.former_names.pop(new.lower(), None)
        self.forget_rendered()

    def forget_rendered(self) -> None:
        """Invalidate rendered rows after a change that many of them show (a name, a label)."""
        self.renderings += 1

    def notify(self, repository: int, event: str, notice: Mapping[str, Any], by: int) -> None:
        """Notify the webhooks of a repository, if deliveries are connected."""
        if self.on_notice is not None:
            self.on_notice(repository, event, notice, by)

    def ping(self, repository: int, hook: Hook) -> None:
        """Ping a webhook, if deliveries are connected."""
        if self.on_ping is not None:
            self.on_ping(repository, hook)

    def assume(self, **readings: Any) -> None:
        """Switch readings of unsettled facts (fields of Facts)."""
        self.facts = replace(self.facts, **readings)
