"""The keys our markers were ever signed with, so that a marker outlives the key it was derived from.

In `sync_meta`, one row per key, under BugSpark's ENCRYPTION_KEY (docs/decisions/0031-marker-keys.md). Without
one there is only the key that `migrate` made, which is there unencrypted already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from reconciler.model.secret import Secret
from reconciler.store.schema.database_identity import MARKER_KEY, save_value
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import meta

META_KEY_PREFIX = "marker_key:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMarkerKeys:
    """What the ring holds. `keys` by their names; `closed`: names of those that no present key opens."""

    migrated_key: Secret | None = None  # by `migrate`
    keys: Mapping[str, Secret] = field(default_factory=dict)  # as hexadecimal digits
    outdated_names: frozenset[str] = frozenset()  # opened by an older key: to be kept again
    unreadable_names: tuple[str, ...] = ()


class MarkerKeyStore:
    """Marker keys at rest. `keys`: BugSpark's ENCRYPTION_KEYs, newest first."""

    def __init__(self, database: Database, keys: tuple[Secret, ...]) -> None:
        self._database = database
        self._keys = tuple(key.reveal().encode() for key in keys)

    async def read(self) -> StoredMarkerKeys:
        query = select(meta).where(or_(meta.c.key == MARKER_KEY, meta.c.key.startswith(META_KEY_PREFIX)))
        async with self._database.read() as connection:
            rows = {row.key: row.value for row in await connection.execute(query)}
        made = rows.pop(MARKER_KEY, None)
        names = {key.removeprefix(META_KEY_PREFIX): value for key, value in rows.items()}
        opened = {name: self._decrypt(value) for name, value in names.items()}
        return StoredMarkerKeys(
            migrated_key=Secret(made) if made else None,
            keys={name: found[0] for name, found in opened.items() if found},
            outdated_names=frozenset(name for name, found in opened.items() if found and found[1]),
            unreadable_names=tuple(sorted(name for name, found in opened.items() if not found)),
        )

    async def save(self, keys: Mapping[str, Secret]) -> None:
        """Store these under the newest key. Without any key nothing is stored: never unencrypted."""
        if not self._keys:
            return
        from cryptography.fernet import Fernet  # late: without keys nobody waits for it

        newest = Fernet(self._keys[0])
        async with self._database.write() as connection:
            for name, key in keys.items():
                await save_value(
                    connection, META_KEY_PREFIX + name, newest.encrypt(key.reveal().encode()).decode()
                )

    def _decrypt(self, stored: str) -> tuple[Secret, bool] | None:
        """The key, and whether it was an older one that opened it."""
        from cryptography.fernet import Fernet, InvalidToken

        for index, key in enumerate(self._keys):
            try:
                return Secret(Fernet(key).decrypt(stored.encode()).decode()), index > 0
            except InvalidToken:
                continue
        return None
