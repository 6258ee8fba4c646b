"""The caller of a request and its permissions (docs/reference/github.md, Credentials and versions)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from reconciler.demo.github.messages import Problem
from reconciler.demo.github.rows import Level, User
from reconciler.demo.github.world import App, Repository, Token, World

_LONGEST_JWT = 600
"""Seconds a JWT may last from now (docs/reference/github.md, Credentials and versions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The account of a request; all None for an anonymous one."""

    user: User | None = None
    token: Token | None = None
    app: App | None = None

    @property
    def account(self) -> int:
        """The account whose limits count: one per user over all tokens, one per installation."""
        if self.token is not None and self.token.installation is not None:
            return self.token.installation
        if self.app is not None:
            return self.app.id
        return 0 if self.user is None else self.user.id

    @property
    def scopes(self) -> dict[str, str]:
        """The scope header of an answer to a classic token; empty for others."""
        if self.token is None or self.token.kind != "classic":
            return {}
        return {"X-OAuth-Scopes": ", ".join(self.token.scopes)}

    @property
    def expiry(self) -> dict[str, str]:
        """The expiry header of an answer to a user's token that expires; empty for others."""
        if self.token is None or self.token.kind == "installation" or self.token.expires is None:
            return {}
        expires = self.token.expires.astimezone(UTC)
        return {"GitHub-Authentication-Token-Expiration": f"{expires:%Y-%m-%d %H:%M:%S} UTC"}

    @property
    def label(self) -> str | None:
        """The name of the credential in the journal."""
        if self.app is not None:
            return f"{self.app.slug} (jwt)"
        return None if self.token is None else self.token.name

    def level(self, repository: Repository) -> Level:
        """Return the caller's permission level in a repository."""
        floor = Level.NONE if repository.private else Level.READ
        if self.user is None or self.token is None:
            return floor
        only = self.token.repositories
        if only is not None and repository.id not in only:
            return floor
        return max(floor, min(repository.level(self.user.id), self.token.cap))

    def refusal(self, needed: str = "issues=write") -> Problem:
        """Return the 403 for an action without permission, with the permission that it needs."""
        kind = None if self.token is None else self.token.kind
        messages = {
            "fine": "Resource not accessible by personal access token",
            "installation": "Resource not accessible by integration",
        }
        headers = {"X-Accepted-GitHub-Permissions": needed} if kind in messages else {}
        words = messages.get(kind or "", "Must have admin rights to Repository.")
        return Problem(403, words, headers=headers)


def identify(world: World, headers: Mapping[str, str]) -> Caller:
    """Return who sent these headers; raises Problem 401 for a credential that is not (or no longer) known."""
    text = headers.get("authorization")
    if text is None:
        return Caller()
    scheme, _, value = text.partition(" ")
    if scheme.lower() not in ("bearer", "token") or not value:
        raise _bad_credentials()
    if value.startswith("eyJ"):
        return Caller(app=_app(world, value))
    token = world.tokens.get(value)
    if token is None or (token.expires is not None and token.expires <= world.clock.now()):
        raise _bad_credentials()
    return Caller(user=world.users[token.user], token=token)


def _app(world: World, value: str) -> App:
    """Return the app that signed this JWT (RS256, at most ten minutes long); raises Problem 401."""
    for app in world.apps.values():
        try:
            claims = jwt.decode(
                value,
                app.public_key,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            continue
        if str(claims.get("iss")) == str(app.id) and _in_time(claims, world.clock.now()):
            return app
    raise Problem(401, "A JSON web token could not be decoded")


def _in_time(claims: Mapping[str, object], now: datetime) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        return False
    moment = now.timestamp()
    return issued <= moment < expires <= moment + _LONGEST_JWT


def _bad_credentials() -> Problem:
    return Problem(401, "Bad credentials")
