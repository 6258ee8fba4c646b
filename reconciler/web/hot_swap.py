"""A door that stays open while what is behind it is exchanged: a reload drops no connection."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

WebApplication = ASGIApp
Lease = Callable[[], AbstractAsyncContextManager[object]]
"""Entered for the time of a request: what the application stands on is not closed meanwhile."""


class HotSwapApp:
    """An ASGI application that hands each request to the one that is in place now."""

    def __init__(self) -> None:
        self._behind: tuple[ASGIApp, Lease] | None = None

    def swap(self, app: ASGIApp, stay: Lease) -> None:
        """From now on this one answers; requests under way stay where they are."""
        self._behind = (app, stay)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._behind is None:
            raise RuntimeError("nothing is behind the door yet")
        app, stay = self._behind
        async with stay():
            await app(scope, receive, send)
