"""How a pass spends its time: parts of a Context, replaced by wrappers that count seconds."""

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
    """A wrapper of a part that adds the seconds of each coroutine and each step of a stream to `spent`."""

    def __init__(self, part: Any, name: str, spent: defaultdict[str, float]) -> None:
        self._part = part
        self._name = name
        self._spent = spent

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._part, name)
        return self._timed_method(attribute, f"{self._name}.{name}") if callable(attribute) else attribute

    def _timed_method(self, method: Any, key: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if hasattr(result, "__aiter__"):
                return self._iterate_timed(result, key)
            return self._await_timed(result, key) if isawaitable(result) else result

        return call

    async def _await_timed(self, result: Awaitable[Any], key: str) -> Any:
        began = time.perf_counter()
        try:
            return await result
        finally:
            self._spent[key] += time.perf_counter() - began

    async def _iterate_timed(self, rows: AsyncIterator[Any], key: str) -> AsyncIterator[Any]:
        end = object()
        while (row := await self._await_timed(cast("Awaitable[Any]", anext(rows, end)), key)) is not end:
            yield row


def timed(context: Context, spent: defaultdict[str, float]) -> Context:
    """Return the context with timed parts; keys in `spent` are "github.issue_changes", "ledger.store" etc."""
    stores: Any = context.stores
    timed_stores = replace(stores, **{name: Timed(getattr(stores, name), name, spent) for name in STORES})
    return replace(
        context,
        github=cast("GitHub", Timed(context.github, "github", spent)),
        stores=cast("Stores", timed_stores),
    )
