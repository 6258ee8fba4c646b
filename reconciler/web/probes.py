"""For machines that watch this one: alive, ready, and in numbers (docs/reference/contract.md, HTTP)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from reconciler.errors import ReconcilerError
from reconciler.metrics import CONTENT_TYPE, Metrics
from reconciler.model.health import Gauges
from reconciler.ports import Clock

T = TypeVar("T")
READY_CACHE_SECONDS, GAUGES_CACHE_SECONDS = 1.0, 10.0
DATABASE_TIMEOUT_SECONDS = 5.0
"""Seconds for the database; who asks has a limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What is asked of the daemon and the database."""

    is_alive: Callable[[], bool]
    """Whether the process makes progress."""
    check_ready: Callable[[], Awaitable[None]]
    """Looks at database and schema; raises SchemaError or DatabaseError."""
    read_gauges: Callable[[], Awaitable[Gauges]]
    metrics: Metrics
    clock: Clock


class CachedValue(Generic[T]):
    """A value that is asked for at most every `fresh` seconds, by one at a time, however many want it."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock, fresh: float) -> None:
        self._ask = ask
        self._clock = clock
        self._fresh = fresh
        self._lock = asyncio.Lock()
        self._held: tuple[float, T] | None = None

    async def get(self) -> T:
        """The value; raises what asking raises, which is not kept."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._held is None or now - self._held[0] >= self._fresh:
                self._held = (now, await self._ask())
            return self._held[1]


def router(probes: Probes) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics`: for whoever reaches the port, so nobody's names are in them."""
    made = APIRouter(include_in_schema=False)
    trouble = CachedValue(lambda: _database_problem(probes.check_ready), probes.clock, READY_CACHE_SECONDS)
    gauges = CachedValue(lambda: _read_gauges(probes.read_gauges), probes.clock, GAUGES_CACHE_SECONDS)

    @made.get("/healthz")
    async def healthz() -> JSONResponse:
        if probes.is_alive():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "stuck"}, HTTPStatus.SERVICE_UNAVAILABLE)

    @made.get("/readyz")
    async def readyz() -> JSONResponse:
        why = await trouble.get()
        if why is None:
            return JSONResponse({"status": "ok"})
        kind, reason = why
        answer = {"status": "unavailable", "kind": kind, "reason": reason}
        return JSONResponse(answer, HTTPStatus.SERVICE_UNAVAILABLE)

    @made.get("/metrics")
    async def metrics() -> Response:
        return Response(probes.metrics.render(await gauges.get()), media_type=CONTENT_TYPE)

    return made


async def _database_problem(look: Callable[[], Awaitable[None]]) -> tuple[str, str] | None:
    """Why the database can't be used; None when it can."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_SECONDS):
            await look()
    except ReconcilerError as error:
        return error.kind, str(error)
    except TimeoutError:
        return "database", f"The database has not answered within {DATABASE_TIMEOUT_SECONDS:g} s."
    return None


async def _read_gauges(ask: Callable[[], Awaitable[Gauges]]) -> Gauges | None:
    """Without a database the process's own numbers are still worth reading."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_SECONDS):
            return await ask()
    except (ReconcilerError, TimeoutError):
        return None
