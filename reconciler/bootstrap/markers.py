"""Marker keys: the key that signs, the keys that are accepted, and the instances whose markers count."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.github.marker import MarkerKeys, key_id
from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.ids import RepositoryId
from reconciler.model.secret import Secret
from reconciler.store.schema.database_identity import MarkerKeyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMarkers:
    """`ports.Markers` of one database: markers with its instance, or a past one, count as its own."""

    marker_keys: MarkerKeys
    ring: MarkerKeyStore
    unstored_keys: Mapping[str, Secret]  # keys not yet stored with the newest ENCRYPTION_KEY
    unreadable_key_names: tuple[str, ...] = ()  # stored keys that can't be decrypted
    instance: str = ""
    past_instances: frozenset[str] = field(default_factory=frozenset)

    def for_identity(self, identity: DatabaseInstance) -> "InstanceMarkers":
        return replace(self, instance=identity.instance, past_instances=identity.past_instances)

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return self.marker_keys.sign(_marker_kind(kind), self.instance, repository_id, number, local_id)

    def local_id_of_marker(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> UUID | None:
        marker = self.marker_keys.verify(body, _marker_kind(kind), repository_id, number)
        return marker.local_id if marker and self._is_ours(marker.instance) else None

    def find_local_id(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        found = self.marker_keys.find(body, _marker_kind(kind), repository_id, number)
        return found.local_id if found and self._is_ours(found.instance) else None

    def read_other_instance(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> str | None:
        marker = self.marker_keys.verify(
            body, _marker_kind(kind), repository_id, number
        ) or self.marker_keys.read_if_key_unknown(body)
        return None if marker is None or self._is_ours(marker.instance) else marker.instance

    async def store_keys(self) -> None:
        if self.unstored_keys:
            await self.ring.save_keys(self.unstored_keys)

    def _is_ours(self, instance: str) -> bool:
        return instance == self.instance or instance in self.past_instances


async def load_instance_markers(settings: Settings, ring: MarkerKeyStore) -> InstanceMarkers:
    """Read the marker keys of a database.

    The configured key signs; without one, a key derived from BugSpark's newest encryption key; without that,
    the key that `migrate` created. Accepted are keys derived from any encryption key, and all past keys.
    """
    kept = await ring.read_keys()
    own_keys = _configured_marker_keys(settings)
    made = [_key_from_text(kept.migrated_key)] if kept.migrated_key else []
    try:
        named = {key_id(key): key for key in (*own_keys, *made)}
        accepted = MarkerKeys([*named.values(), *map(_key_from_hex, kept.keys.values())])
    except ValueError as error:
        raise ConfigurationError(f"sync.marker_key can't be used: {error}") from error
    fresh = {key_id(key): Secret(key.hex()) for key in own_keys if key_id(key) not in kept.keys}
    reencrypted = {name: kept.keys[name] for name in kept.outdated_names}
    storable = bool(settings.bugspark.encryption_keys)
    return InstanceMarkers(
        marker_keys=accepted,
        ring=ring,
        unstored_keys={**fresh, **reencrypted} if storable else {},
        unreadable_key_names=tuple(name for name in kept.unreadable_names if name not in named),
    )


def _configured_marker_keys(settings: Settings) -> list[bytes]:
    """Return the keys from the configuration; the first one signs."""
    configured = [_key_from_text(settings.sync.marker_key)] if settings.sync.marker_key else []
    return configured + [_derive_key(key) for key in settings.bugspark.encryption_keys]


def _derive_key(key: Secret) -> bytes:
    return hmac.new(key.reveal().encode(), b"bugspark-reconciler marker key v1", hashlib.sha256).digest()


def _key_from_text(key: Secret) -> bytes:
    return key.reveal().encode()


def _key_from_hex(key: Secret) -> bytes:
    return bytes.fromhex(key.reveal())


def _marker_kind(kind: str) -> Literal["issue", "comment"]:
    return "issue" if kind == "issue" else "comment"
