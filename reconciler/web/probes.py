"""Probes for monitoring: liveness, readiness, metrics (docs/reference/contract.md, HTTP)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, Literal, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from reconciler.errors import DatabaseError, ReconcilerError
from reconciler.metrics import CONTENT_TYPE, Metrics
from reconciler.model.health import Gauges, WorkGauges
from reconciler.ports import Clock

T = TypeVar("T")
ReadinessProblem = Literal["database", "schema", "work"]
"""Source: docs/reference/contract.md, HTTP, `/readyz`."""
READY_CACHE_SECONDS, GAUGES_CACHE_SECONDS = 1.0, 10.0
DATABASE_TIMEOUT_SECONDS = 5.0
"""Time limit for the database; monitoring systems have time limits of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The checks of daemon and database that the probes use."""

    is_alive: Callable[[], bool]
    """Whether the process makes progress."""
    is_working: Callable[[], bool]
    """Whether passes run."""
    check_ready: Callable[[], Awaitable[None]]
    """Checks database and schema; raises SchemaError or DatabaseError."""
    measure_work: Callable[[], WorkGauges]
    """Returns what the daemon knows of its work, without the database."""
    read_gauges: Callable[[], Awaitable[Gauges]]
    metrics: Metrics
    clock: Clock


class CachedValue(Generic[T]):
    """A value that is read at most once every `max_age_seconds`, by one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Clock, max_age_seconds: float) -> None:
        self._read = read
        self._clock = clock
        self._max_age_seconds = max_age_seconds
        self._lock = asyncio.Lock()
        self._cached: tuple[float, T] | None = None

    async def get(self) -> T:
        """Return the value; raises what reading raises, which is not cached."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._cached is None or now - self._cached[0] >= self._max_age_seconds:
                self._cached = (now, await self._read())
            return self._cached[1]


def router(probes: Probes) -> APIRouter:
    """Build `/healthz`, `/readyz` and `/metrics`: readable without a sign-in, so without names of users."""
    api_router = APIRouter(include_in_schema=False)
    problem = CachedValue(lambda: _find_problem(probes), probes.clock, READY_CACHE_SECONDS)
    gauges = CachedValue(lambda: _read_gauges(probes.read_gauges), probes.clock, GAUGES_CACHE_SECONDS)

    @api_router.get("/healthz")
    async def healthz() -> JSONResponse:
        if probes.is_alive():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "stuck"}, HTTPStatus.SERVICE_UNAVAILABLE)

    @api_router.get("/readyz")
    async def readyz() -> JSONResponse:
        word = await problem.get()
        if word is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "kind": word}, HTTPStatus.SERVICE_UNAVAILABLE)

    @api_router.get("/metrics")
    async def metrics() -> Response:
        read = await gauges.get()
        return Response(probes.metrics.render(probes.measure_work(), read), media_type=CONTENT_TYPE)

    return api_router


async def _find_problem(probes: Probes) -> ReadinessProblem | None:
    """Return in one word why the work is not done; None if it is.

    Anybody may ask, so the answer has no host, port or role: those are in the log and in `reconcile status`.
    """
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_SECONDS):
            await probes.check_ready()
    except (DatabaseError, TimeoutError):
        return "database"
    except ReconcilerError:  # SchemaError, or no instance id: `reconcile migrate` makes both
        return "schema"
    return None if probes.is_working() else "work"


async def _read_gauges(read: Callable[[], Awaitable[Gauges]]) -> Gauges | None:
    """Read the database's gauges. None if it can't be used: all others are served anyway."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_SECONDS):
            return await read()
    except (ReconcilerError, TimeoutError):
        return None
