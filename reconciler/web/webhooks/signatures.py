"""Signatures of deliveries: HMAC-SHA256 over the raw body, with the current or the previous secret.

All refusals take the same work. A delivery whose signature does not fit has the secrets read again: another
process may have replaced them. A flood of bad requests reads them at most once a second for each project,
after a few reads at once, and with few concurrent reads for unknown ones; memory use is bounded.
"""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes

from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret
from reconciler.ports import Clock, Webhooks

SECRETS_CACHE_SECONDS = 5.0
"""How long secrets are cached; an expired secret is accepted for this time."""
MAX_SPARE_READS, SECONDS_PER_SPARE_READ = 5.0, 1.0
"""So often wrong signatures may have a project's secrets read again at once; later once in such a time."""
MAX_KNOWN_PROJECTS, MAX_UNKNOWN_PROJECTS = 4096, 1024
MAX_CONCURRENT_READS_OF_UNKNOWN_PROJECTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSecrets:
    """A project's secrets, as read number `number` of this process found them at `read_at` (monotonic)."""

    secrets: tuple[Secret, ...]
    read_at: float
    number: int = 0
    version: int = 0  # `Webhooks.secrets_version` before the read: with another one it counts no more
    spare_reads: float = 0.0  # how often wrong signatures may have them read again at once


class SignatureChecker:
    """Checks signatures with the cached secrets of the projects that received deliveries lately."""

    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock
        self._known: OrderedDict[ProjectId, CachedSecrets] = OrderedDict()
        self._unknown: OrderedDict[ProjectId, CachedSecrets] = OrderedDict()
        self._asking: dict[ProjectId, asyncio.Task[CachedSecrets]] = {}
        self._reads_begun = 0
        self._reads_of_unknown_projects = asyncio.Semaphore(MAX_CONCURRENT_READS_OF_UNKNOWN_PROJECTS)
        self._decoy = token_bytes(32)

    async def is_signed(self, project_id: ProjectId | None, body: bytes | bytearray, signature: str) -> bool:
        """Return whether a body is signed with a secret of this project.

        `project_id`: None for an id that can't be parsed; `signature`: the complete header, "" if there is
        none. Raises DatabaseError when the secrets can't be read.
        """
        begun_before = self._reads_begun
        cached = await self._cached_secrets(project_id)
        while not is_valid_signature(cached.secrets, body, signature, self._decoy):
            is_fresh = cached.number > begun_before
            if project_id is None or is_fresh or self._spare_read_count(cached) < 1:
                return False
            cached = await self._read_secrets_single_flight(project_id)
        return True

    def _spare_read_count(self, cached: CachedSecrets) -> float:
        """Return how often the secrets may be read again at once."""
        elapsed = self._clock.monotonic() - cached.read_at
        return min(MAX_SPARE_READS, cached.spare_reads + elapsed / SECONDS_PER_SPARE_READ)

    async def _cached_secrets(self, project_id: ProjectId | None) -> CachedSecrets:
        now = self._clock.monotonic()
        if project_id is None:
            return CachedSecrets(secrets=(), read_at=now)
        cached = self._known.get(project_id) or self._unknown.get(project_id)
        return (
            cached
            if cached is not None
            and now - cached.read_at < SECRETS_CACHE_SECONDS
            and cached.version == self._webhooks.secrets_version
            else await self._read_secrets_single_flight(project_id)
        )

    async def _read_secrets_single_flight(self, project_id: ProjectId) -> CachedSecrets:
        """Read the secrets once for all concurrent callers. A cancelled caller does not cancel the read."""
        task = self._asking.get(project_id)
        if task is None or task.done():  # of one that is done, the callbacks have not run yet
            task = self._asking[project_id] = asyncio.create_task(self._read_secrets(project_id))
            task.add_done_callback(lambda done: self._forget_finished_read(project_id, done))
        return await asyncio.shield(task)

    def _forget_finished_read(self, project_id: ProjectId, task: asyncio.Task[CachedSecrets]) -> None:
        if self._asking.get(project_id) is task:
            del self._asking[project_id]
        if not task.cancelled():
            task.exception()  # waiting callers get the exception; without one, asyncio would log it

    async def _read_secrets(self, project_id: ProjectId) -> CachedSecrets:
        before = self._known.get(project_id) or self._unknown.get(project_id)
        self._reads_begun += 1
        number, version, began_at = (
            self._reads_begun,
            self._webhooks.secrets_version,
            self._clock.monotonic(),
        )
        spare_reads = MAX_SPARE_READS if before is None else max(0.0, self._spare_read_count(before) - 1)
        if project_id in self._known:
            secrets = await self._webhooks.valid_secrets(project_id)
        else:
            async with self._reads_of_unknown_projects:
                secrets = await self._webhooks.valid_secrets(project_id)
        cached = CachedSecrets(
            secrets=secrets, read_at=began_at, number=number, version=version, spare_reads=spare_reads
        )
        self._known.pop(project_id, None)
        self._unknown.pop(project_id, None)
        _store_bounded(self._known, MAX_KNOWN_PROJECTS, project_id, cached) if secrets else _store_bounded(
            self._unknown, MAX_UNKNOWN_PROJECTS, project_id, cached
        )
        return cached


def is_valid_signature(
    secrets: Sequence[Secret], body: bytes | bytearray, signature: str, decoy: bytes
) -> bool:
    """Return whether a body is signed with one of these secrets.

    `signature`: the complete header; `decoy`: a random key. The work is the same for none, one or two
    secrets, so that the time reveals nothing.
    """
    keys = [secret.reveal().encode() for secret in secrets]
    received = signature.encode("utf-8", "replace")
    fits = False
    for number in range(max(2, len(keys))):
        key = keys[number] if number < len(keys) else decoy
        expected = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}".encode()
        fits |= hmac.compare_digest(expected, received) and number < len(keys)
    return fits


def _store_bounded(
    cache: OrderedDict[ProjectId, CachedSecrets],
    max_entries: int,
    project_id: ProjectId,
    cached: CachedSecrets,
) -> None:
    cache[project_id] = cached
    if len(cache) > max_entries:
        cache.popitem(last=False)
