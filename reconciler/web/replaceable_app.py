"""An ASGI application that is replaced at a reload without dropping a connection.

A module of its own so that it can be used without fastapi and uvicorn.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

WebApplication = ASGIApp
"""The name for `bootstrap`, which imports no web library (docs/design.md, Packages)."""
RequestLease = Callable[[], AbstractAsyncContextManager[object]]
"""Entered for the duration of a request, so that nothing the application uses is closed before its end."""


class ReplaceableApp:
    """Passes each request to the current application."""

    def __init__(self) -> None:
        self._current: tuple[ASGIApp, RequestLease] | None = None

    def replace_app(self, app: ASGIApp, lease: RequestLease) -> None:
        """Make `app` the current application; running requests keep the application and lease they have."""
        self._current = (app, lease)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._current is None:
            raise RuntimeError("no application has been set")
        app, lease = self._current
        async with lease():
            await app(scope, receive, send)
