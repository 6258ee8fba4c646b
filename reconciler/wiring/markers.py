"""Which key signs our markers, and whose markers count as ours."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.github.marker import MarkerKeys
from reconciler.model.ids import RepositoryId
from reconciler.model.secret import Secret
from reconciler.store.meta import INSTANCE, MARKER_KEY, Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMarkers:
    """`ports.Markers` of this database: only markers that name its own instance count as ours."""

    keys: MarkerKeys
    instance: str

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        return self.keys.sign(_kind(kind), self.instance, repository_id, number, local_id)

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        found = self.keys.valid(body, _kind(kind), repository_id, number)
        return found.local_id if found and found.instance == self.instance else None


async def open_markers(settings: Settings, meta: Meta) -> InstanceMarkers:
    """The configured key; else one derived from BugSpark's encryption keys; else the one `migrate` made."""
    instance = await meta.get(INSTANCE)
    if instance is None:
        raise ConfigurationError("this database has no instance id; run `reconcile migrate`")
    keys: Sequence[str | bytes]
    if settings.sync.marker_key:
        keys = [settings.sync.marker_key.reveal()]
    elif settings.bugspark.encryption_keys:
        keys = [_derived(key) for key in settings.bugspark.encryption_keys]
    else:
        keys = [await meta.get(MARKER_KEY) or ""]
    try:
        return InstanceMarkers(keys=MarkerKeys(keys), instance=instance)
    except ValueError as error:
        raise ConfigurationError(f"sync.marker_key can't be used: {error}") from error


def _derived(key: Secret) -> bytes:
    return hmac.new(key.reveal().encode(), b"bugspark-reconciler marker key v1", hashlib.sha256).digest()


def _kind(kind: str) -> Literal["issue", "comment"]:
    return "issue" if kind == "issue" else "comment"
