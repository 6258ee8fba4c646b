"""Secrets, and the mask shown in their place."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

MASK = "***"
_URL_PASSWORD = re.compile(r"(?P<before>^[^:/@]+://[^/@]*?:)(?P<password>.*)(?P<after>@)", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"(?<=[?&])(?P<key>password|sslpassword)=(?P<password>[^&]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that no repr, format or log line shows; only `reveal()` returns its text."""

    _text: str

    def reveal(self) -> str:
        """Return the secret itself, for the code that sends or verifies it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)


class LearntSecrets(Protocol):
    """The secrets of integrations that logs mask, by project id: owners wrote them."""

    def learn(self, project: str, secret: Secret) -> None:
        """Mask this text from now on, if it is fit for that."""
        ...

    def keep_only(self, projects: Collection[str]) -> None:
        """Forget the secrets of all other projects: their integrations are gone."""
        ...


class NoLearntSecrets:
    """`LearntSecrets` where nothing is logged."""

    def learn(self, project: str, secret: Secret) -> None:
        """Do nothing."""

    def keep_only(self, projects: Collection[str]) -> None:
        """Do nothing."""


def mask_secret(secret: Secret) -> str:
    """Return `***` for a secret that is set, else an empty string."""
    return MASK if secret else ""


def mask_url(url: Secret) -> str:
    """Return an address, of a database or proxy, with its passwords masked."""
    text = _URL_PASSWORD.sub(rf"\g<before>{MASK}\g<after>", url.reveal())
    return _QUERY_PASSWORD.sub(rf"\g<key>={MASK}", text)


def passwords_in_url(url: Secret) -> tuple[Secret, ...]:
    """Return the passwords inside an address, as written and percent-decoded."""
    written = [
        match["password"]
        for pattern in (_URL_PASSWORD, _QUERY_PASSWORD)
        for match in pattern.finditer(url.reveal())
    ]
    return tuple(Secret(text) for password in written for text in (password, unquote(password)))
