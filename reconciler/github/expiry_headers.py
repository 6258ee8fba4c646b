"""Headers that announce the end of a token or of a version of the API; pure.

Source: docs/reference/github.md, Credentials and versions.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.github.limits import parse_http_date
from reconciler.model.passes import AnnouncedExpiries

_EXPIRY_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S")
"""With an offset from UTC; with the word UTC, which is taken off first."""


def read_expiry_headers(headers: Mapping[str, str], known: AnnouncedExpiries) -> AnnouncedExpiries:
    """Return what is known after an answer. A header that can't be read tells nothing."""
    expires_at = parse_token_expiry(headers.get("github-authentication-token-expiration", ""))
    sunset_at = parse_http_date(headers.get("sunset"))
    deprecation = headers.get("deprecation", "").strip().lower()
    if expires_at is None and sunset_at is None and deprecation in ("", "false"):
        return known
    return replace(
        known,
        token_expires_at=expires_at or known.token_expires_at,
        is_deprecated=known.is_deprecated or deprecation not in ("", "false"),
        sunset_at=sunset_at or known.sunset_at,
    )


def parse_token_expiry(text: str) -> datetime | None:
    """Return when a token expires, as GitHub writes it: `2026-12-10 09:00:00 UTC` or with `+0200`."""
    plain = text.strip().removesuffix("UTC").strip()[:40]
    for each in _EXPIRY_FORMATS:
        try:
            moment = datetime.strptime(plain, each)  # noqa: DTZ007  # the zone is added below
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None
