"""Whoever the operator wants told of what needs a person."""

from typing import Protocol

from reconciler.model.attention import Alert


class AlertChannel(Protocol):
    """One address that takes alerts."""

    async def post(self, alert: Alert) -> str | None:
        """Tell it, within seconds. None: it was taken; else why not, in words. Raises nothing."""
        ...
