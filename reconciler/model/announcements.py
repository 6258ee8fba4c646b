"""What GitHub announces in the headers of its answers: when the token expires, when the API version ends.

Source: docs/reference/github.md, Credentials and versions.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.model.formatting import format_count

TOKEN_WARNING_PERIOD = timedelta(days=14)
"""So long before a token expires people are told."""
VERSION_WARNING_PERIOD = timedelta(days=90)
"""So long before a version of the API ends its project needs a person; until then it is only mentioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """What the answers of one pass announced."""

    token_expires_at: datetime | None = None  # None: never, or an App's, which renews its tokens itself
    api_version: str = ""
    is_deprecated: bool = False  # this version of the API
    sunset_at: datetime | None = None  # when it ends, as far as GitHub says

    def token_warning(self, now: datetime) -> str | None:
        """Return a sentence from `TOKEN_WARNING_PERIOD` before the token expires on."""
        expires_at = self.token_expires_at
        if expires_at is None or expires_at - now > TOKEN_WARNING_PERIOD:
            return None
        if expires_at <= now:
            return f"the token expired on {expires_at:%Y-%m-%d}: enter a new one in the GitHub integration"
        left = expires_at - now
        when = f"in {format_count(left.days, 'day')}" if left.days else "within a day"
        return (
            f"the token expires on {expires_at:%Y-%m-%d} ({when}): enter a new one in the GitHub integration"
        )

    def version_warning(self) -> str | None:
        """Return a sentence if GitHub announced the end of the version."""
        if not self.is_deprecated and self.sunset_at is None:
            return None
        when = f" on {self.sunset_at:%Y-%m-%d}" if self.sunset_at is not None else ""
        return (
            f"GitHub ends version {self.api_version} of its API{when}: set github.api_version to a newer one"
        )

    def version_ends_soon(self, now: datetime) -> bool:
        """Whether the version ends within `VERSION_WARNING_PERIOD`."""
        return self.sunset_at is not None and self.sunset_at - now <= VERSION_WARNING_PERIOD
