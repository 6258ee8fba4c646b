"""An ASGI application whose target is replaced at a reload without dropping a connection.

A module of its own so that it can be used without fastapi and uvicorn.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

WebApplication = ASGIApp
"""The name for `bootstrap`, which imports no web library (docs/design.md, Packages)."""
Lease = Callable[[], AbstractAsyncContextManager[object]]
"""Entered for the time of a request, so that what the application uses is not closed before."""


class HotSwapApp:
    """Hands each request to the current application."""

    def __init__(self) -> None:
        self._current: tuple[ASGIApp, Lease] | None = None

    def swap(self, app: ASGIApp, lease: Lease) -> None:
        """Make this the current application; requests under way lease with theirs."""
        self._current = (app, lease)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._current is None:
            raise RuntimeError("no application has been set")
        app, lease = self._current
        async with lease():
            await app(scope, receive, send)
