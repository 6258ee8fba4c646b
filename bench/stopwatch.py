"""Where the time of a pass goes: parts of a Context, replaced by ones that count their seconds."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from inspect import isawaitable
from typing import Any, cast

from reconciler.ports import GitHub, Stores
from reconciler.sync.context import Context

STORES = ("projects", "ledger", "intents", "rate_limiter")


class Timed:
    """Stands in for a part; `spent` grows by the seconds of every coroutine and of every step of a stream."""

    def __init__(self, part: Any, name: str, spent: defaultdict[str, float]) -> None:
        self._part = part
        self._name = name
        self._spent = spent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return self._counted(found, f"{self._name}.{name}") if callable(found) else found

    def _counted(self, method: Any, key: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            result = method(*args, **named)
            if hasattr(result, "__aiter__"):
                return self._stream(result, key)
            return self._once(result, key) if isawaitable(result) else result

        return call

    async def _once(self, result: Awaitable[Any], key: str) -> Any:
        began = time.perf_counter()
        try:
            return await result
        finally:
            self._spent[key] += time.perf_counter() - began

    async def _stream(self, rows: AsyncIterator[Any], key: str) -> AsyncIterator[Any]:
        end = object()
        while (row := await self._once(cast("Awaitable[Any]", anext(rows, end)), key)) is not end:
            yield row


def timed(context: Context, spent: defaultdict[str, float]) -> Context:
    """The same pass, its doorways counted: "github.issue_changes", "ledger.store" and so on."""
    stores: Any = context.stores
    counted = replace(stores, **{name: Timed(getattr(stores, name), name, spent) for name in STORES})
    return replace(
        context,
        github=cast("GitHub", Timed(context.github, "github", spent)),
        stores=cast("Stores", counted),
    )
