"""A door that stays open while what is behind it is exchanged: a reload drops no connection."""

from starlette.types import ASGIApp, Receive, Scope, Send

Application = ASGIApp


class Door:
    """An ASGI application that hands each request to the one that is in place now."""

    def __init__(self) -> None:
        self._behind: ASGIApp | None = None

    def put(self, app: ASGIApp) -> None:
        """From now on this one answers; requests under way stay where they are."""
        self._behind = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._behind is None:
            raise RuntimeError("nothing is behind the door yet")
        await self._behind(scope, receive, send)
