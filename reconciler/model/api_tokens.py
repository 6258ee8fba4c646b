"""The operator's API tokens, for scripts: `name.<256 random bits>`. Only their SHA-256 is configured.

A plain hash is enough: 256 random bits cannot be guessed.
Source: docs/reference/contract.md, Configuration, `[web]`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.secret import Secret

RANDOM_BYTES = 32
MAX_TOKEN_LENGTH = 256
ACT, READ = "act", "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token that was recognised. `may_change`: false for one that only reads."""

    name: str
    may_change: bool


def find_api_token(token: str, configured: Mapping[str, str]) -> ApiToken | None:
    """Return whose token this is; None if it is no token of `configured` (`web.api_tokens`)."""
    name, separator, _ = token.partition(".")
    if not separator or len(token) > MAX_TOKEN_LENGTH or name not in configured:
        return None
    right, _, wanted = configured[name].partition(":")
    if not hmac.compare_digest(hash_api_token(Secret(token)), wanted):
        return None
    return ApiToken(name=name, may_change=right == ACT)


def build_api_token(name: str, random: str) -> Secret:
    """Return a token. `random`: RANDOM_BYTES random bytes as text."""
    return Secret(f"{name}.{random}")


def hash_api_token(token: Secret) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return hashlib.sha256(token.reveal().encode("utf-8", "replace")).hexdigest()


def configuration_line(name: str, token: Secret, *, may_change: bool) -> str:
    """Return the line for `[web.api_tokens]`."""
    return f'{name} = "{ACT if may_change else READ}:{hash_api_token(token)}"'
