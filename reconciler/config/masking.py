"""Secrets in output: only whether they are set.

A module of its own because settings and load need it, and load imports settings.
"""

import re
from urllib.parse import unquote

from reconciler.model.secret import Secret

MASK = "***"
_PASSWORD = re.compile(r"(?P<before>^[^:/@]+://[^/@]*?:)(?P<password>.*)(?P<after>@)", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"(?<=[?&])(?P<key>password|sslpassword)=(?P<password>[^&]*)", re.IGNORECASE)


def mask(secret: Secret) -> str:
    """Return `***` for a secret that is set, else nothing."""
    return MASK if secret else ""


def mask_database_url(url: Secret) -> str:
    """Return a database address with its passwords masked."""
    text = _PASSWORD.sub(rf"\g<before>{MASK}\g<after>", url.reveal())
    return _QUERY_PASSWORD.sub(rf"\g<key>={MASK}", text)


def passwords_in_url(url: Secret) -> tuple[Secret, ...]:
    """Return the passwords inside a database address, as written and percent-decoded."""
    written = [
        match["password"]
        for pattern in (_PASSWORD, _QUERY_PASSWORD)
        for match in pattern.finditer(url.reveal())
    ]
    return tuple(Secret(text) for password in written for text in (password, unquote(password)))
