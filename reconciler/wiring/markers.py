"""Which key signs our markers, which are believed, and whose markers count as ours."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal
from uuid import UUID

from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.github.marker import MarkerKeys, name_of
from reconciler.model.identity import Identity
from reconciler.model.ids import RepositoryId
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.store.keyring import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMarkers:
    """`ports.Markers` of one database: only markers that name its own instance count as ours, or one that is
    no more."""

    keys: MarkerKeys
    ring: KeyRing
    fresh: Mapping[str, Secret]  # keys the ring does not hold under the newest ENCRYPTION_KEY yet
    lost: tuple[str, ...] = ()  # keys in the ring that can't be opened
    instance: str = ""
    past: frozenset[str] = field(default_factory=frozenset)

    def of(self, identity: Identity) -> "InstanceMarkers":
        return replace(self, instance=identity.instance, past=identity.past)

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return self.keys.sign(_kind(kind), self.instance, repository_id, number, local_id)

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        found = self.keys.valid(body, _kind(kind), repository_id, number)
        return found.local_id if found and self._is_ours(found.instance) else None

    def foreign(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> str | None:
        found = self.keys.valid(body, _kind(kind), repository_id, number) or self.keys.unknown(body)
        return None if found is None or self._is_ours(found.instance) else found.instance

    async def keep(self) -> None:
        if self.fresh:
            await self.ring.keep(self.fresh)

    def _is_ours(self, instance: str) -> bool:
        return instance == self.instance or instance in self.past


async def open_markers(settings: Settings, ring: KeyRing) -> InstanceMarkers:
    """Signed with the configured key; else with one derived from BugSpark's newest encryption key; else with
    the one `migrate` made. Believed are also those of all encryption keys, and all that ever signed.
    """
    kept = await ring.read()
    ours = _keys(settings)
    made = [_text(kept.made)] if kept.made else []
    try:
        named = {name_of(key): key for key in (*ours, *made)}
        believed = MarkerKeys([*named.values(), *map(_bytes, kept.keys.values())])
    except ValueError as error:
        raise ConfigurationError(f"sync.marker_key can't be used: {error}") from error
    fresh = {name_of(key): Secret(key.hex()) for key in ours if name_of(key) not in kept.keys}
    again = {name: kept.keys[name] for name in kept.stale}
    storable = bool(settings.bugspark.encryption_keys)
    return InstanceMarkers(
        keys=believed,
        ring=ring,
        fresh={**fresh, **again} if storable else {},
        lost=tuple(name for name in kept.closed if name not in named),
    )


def _keys(settings: Settings) -> list[bytes]:
    """What the configuration holds; the first one signs."""
    configured = [_text(settings.sync.marker_key)] if settings.sync.marker_key else []
    return configured + [_derived(key) for key in settings.bugspark.encryption_keys]


def _derived(key: Secret) -> bytes:
    return hmac.new(key.reveal().encode(), b"bugspark-reconciler marker key v1", hashlib.sha256).digest()


def _text(key: Secret) -> bytes:
    return key.reveal().encode()


def _bytes(key: Secret) -> bytes:
    return bytes.fromhex(key.reveal())


def _kind(kind: str) -> Literal["issue", "comment"]:
    return "issue" if kind == "issue" else "comment"
