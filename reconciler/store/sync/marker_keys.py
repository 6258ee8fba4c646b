"""The keys our markers were ever signed with, so that markers stay valid when the key changes.

They are in `sync_meta`, one row per key, encrypted with BugSpark's ENCRYPTION_KEY
(docs/decisions/0031-marker-keys.md). Without an ENCRYPTION_KEY there is only the key that `migrate` made,
which is stored unencrypted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from reconciler.model.secret import Secret
from reconciler.store.schema.database_identity import MARKER_KEY, save_meta_value
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import meta

MARKER_META_KEY_PREFIX = "marker_key:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMarkerKeys:
    """The marker keys at rest, by name."""

    migrated_key: Secret | None = None  # made by `migrate`
    keys: Mapping[str, Secret] = field(default_factory=dict)  # as hexadecimal digits
    outdated_names: frozenset[str] = frozenset()  # encrypted with an older ENCRYPTION_KEY: to be saved again
    unreadable_names: tuple[str, ...] = ()  # no ENCRYPTION_KEY that is configured decrypts them


class MarkerKeyStore:
    """Reads and writes marker keys. `keys`: BugSpark's ENCRYPTION_KEYs, newest first."""

    def __init__(self, database: Database, keys: tuple[Secret, ...]) -> None:
        self._database = database
        self._keys = tuple(key.reveal().encode() for key in keys)

    async def read_keys(self) -> StoredMarkerKeys:
        query = select(meta).where(
            or_(meta.c.key == MARKER_KEY, meta.c.key.startswith(MARKER_META_KEY_PREFIX))
        )
        async with self._database.read() as connection:
            rows = {row.key: row.value for row in await connection.execute(query)}
        made = rows.pop(MARKER_KEY, None)
        names = {key.removeprefix(MARKER_META_KEY_PREFIX): value for key, value in rows.items()}
        decrypted = {name: self._decrypt(value) for name, value in names.items()}
        return StoredMarkerKeys(
            migrated_key=Secret(made) if made else None,
            keys={name: found[0] for name, found in decrypted.items() if found},
            outdated_names=frozenset(name for name, found in decrypted.items() if found and found[1]),
            unreadable_names=tuple(sorted(name for name, found in decrypted.items() if not found)),
        )

    async def save_keys(self, keys: Mapping[str, Secret]) -> None:
        """Store these, encrypted with the newest key. Without any key nothing is stored."""
        if not self._keys:
            return
        from cryptography.fernet import Fernet  # late: not needed without keys

        newest = Fernet(self._keys[0])
        async with self._database.write() as connection:
            # One order for all sessions: they wait for each other, but never in a circle.
            for name, key in sorted(keys.items()):
                await save_meta_value(
                    connection, MARKER_META_KEY_PREFIX + name, newest.encrypt(key.reveal().encode()).decode()
                )

    def _decrypt(self, stored: str) -> tuple[Secret, bool] | None:
        """The key, and whether an older ENCRYPTION_KEY decrypted it; None if none does."""
        from cryptography.fernet import Fernet, InvalidToken

        for index, key in enumerate(self._keys):
            try:
                return Secret(Fernet(key).decrypt(stored.encode()).decode()), index > 0
            except InvalidToken:
                continue
        return None
