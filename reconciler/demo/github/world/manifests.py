"""Apps that a person agreed to, and that wait for the exchange of their code; and the key of a new App."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_CODE_SECONDS = 3_600
_KEY_BITS = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApp:
    """A manifest that a person agreed to."""

    owner: str
    manifest: Mapping[str, Any]
    at: float


class Manifests:
    """The codes that were given out. A code is taken once, within an hour."""

    def __init__(self) -> None:
        self._pending: dict[str, PendingApp] = {}
        self._given = 0

    def add(self, pending: PendingApp) -> str:
        """Keep a manifest; return its code."""
        self._given += 1
        code = f"{self._given:040x}"
        self._pending[code] = pending
        return code

    def take(self, code: str, now: float) -> PendingApp | None:
        """Return the manifest of a code and forget it; None for an unknown or an old one."""
        pending = self._pending.pop(code, None)
        return pending if pending is not None and now - pending.at < _CODE_SECONDS else None


def make_key_pair() -> tuple[str, str]:
    """Return a private key and its public key, PEM. It takes a tenth of a second."""
    key = generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
