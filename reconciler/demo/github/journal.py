"""The journal of requests, for tests and reports; tokens appear by name only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One request and its outcome."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str] = field(repr=False)
    """As they came, `authorization` reduced to its scheme."""
    body: bytes = field(repr=False)
    token: str | None
    """Name of the token, `?` for an unknown one, None when there was none."""
    time: float
    """Seconds since the epoch, by the simulator's clock."""
    status: int = 0
    """What was answered; 0 when the connection was dropped."""
    cost: int = 0
    applied: bool = False
    """Whether the request's own code ran to a success, whatever the client got to see."""
    fault: str | None = None
    request_id: str = ""

    @property
    def write(self) -> bool:
        """Whether the method is one that changes something."""
        return self.method not in ("GET", "HEAD")

    def json(self) -> Any:
        """Return the request's body decoded; raises msgspec.DecodeError when it is not JSON."""
        return msgspec.json.decode(self.body)
