"""The time on the demo's GitHub: it stands still while passes run, and people make it go on.

So the account is the same at every run, and the story's minutes take none of the reader's.
"""

from datetime import UTC, datetime, timedelta

LENGTH = timedelta(minutes=75)
"""How long ago the story begins: a little longer than all of it, so that it ends just before now."""


class StoryClock:
    """The simulator's clock; `set_free` makes it the machine's."""

    def __init__(self) -> None:
        self._now: datetime | None = datetime.now(UTC).replace(microsecond=0) - LENGTH

    def now(self) -> datetime:
        """The moment of the story, aware, in UTC."""
        return self._now or datetime.now(UTC)

    def advance(self, *, minutes: float) -> None:
        """Time goes by; nothing while the clock is free."""
        if self._now is not None:
            self._now += timedelta(minutes=minutes)

    def set_free(self) -> None:
        """From now on it is the machine's clock."""
        self._now = None
