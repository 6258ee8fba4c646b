"""Writes of one credential go one after another, however many passes of one process want to write with it.

GitHub asks for serial requests per token (docs/reference/github.md, Limits). And the governor promises a slot
only a few `min_interval`s ahead: eight passes that ask at once would be refused, and end as limited. Here
they queue, in the order in which they came; other processes are the governor's matter.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from reconciler.model.ids import Fingerprint


class CredentialLocks:
    """Whose turn it is, per credential. Who has it must not ask for it again. One that nobody waits for is
    forgotten.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Fingerprint, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, credential: Fingerprint) -> AsyncIterator[None]:
        """From before the slot is asked for until the write's outcome is stored."""
        lock = self._locks.get(credential)
        if lock is None:
            lock = self._locks[credential] = asyncio.Lock()
        async with lock:
            yield
