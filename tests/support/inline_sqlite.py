"""SQLite in the test's own thread: for tests that only need it to store rows.

aiosqlite hands every step of a statement to a thread of the connection and waits for it: four times per
statement, a fourth of the processor time of a pass. Within `inline()` the steps are done where they are
asked for, so a transaction on SQLite is never interrupted by another task. Tests about locks, about several
programs at one time or about the store itself do without.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest.mock import patch

import aiosqlite

T = TypeVar("T")


async def _execute_inline(
    self: aiosqlite.Connection, step: Callable[..., T], *arguments: Any, **more: Any
) -> T:
    if not self._running or not self._connection:
        raise ValueError("Connection closed")  # as the original says it
    return step(*arguments, **more)


@contextmanager
def inline() -> Iterator[None]:
    """Within the block, no step of a statement is done by another thread."""
    with patch.object(aiosqlite.Connection, "_execute", _execute_inline):
        yield
