"""What is known of a project's webhook on GitHub."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookHealth:
    """Whether the hook announces what happens. Without `known_at` nothing is expected of it."""

    known_at: datetime | None = None  # since when it is known to exist, or to have delivered
    last_at: datetime | None = None  # the last delivery with a valid signature
    last_event: str | None = None
    received: int = 0
    missed: int = 0  # changes by others that a pass found and no delivery announced, ever
    silent: int = 0  # of them, since the last delivery
    silent_since: datetime | None = None  # the first of those
