"""How secrets are shown: not at all, but whether they are set."""

import re
from urllib.parse import unquote

from reconciler.model.secret import Secret

MASK = "***"
_PASSWORD = re.compile(r"(?P<before>^[^:/@]+://[^/@]*?:)(?P<password>.*)(?P<after>@)", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"(?<=[?&])(?P<key>password|sslpassword)=(?P<password>[^&]*)", re.IGNORECASE)


def mask(secret: Secret) -> str:
    """`***` when set, else nothing."""
    return MASK if secret else ""


def mask_database_url(url: Secret) -> str:
    """A database address with its password masked, wherever it is written."""
    text = _PASSWORD.sub(rf"\g<before>{MASK}\g<after>", url.reveal())
    return _QUERY_PASSWORD.sub(rf"\g<key>={MASK}", text)


def passwords_in_url(url: Secret) -> tuple[Secret, ...]:
    """The passwords inside a database address, as they are written and as the database is told them."""
    written = [
        match["password"]
        for pattern in (_PASSWORD, _QUERY_PASSWORD)
        for match in pattern.finditer(url.reveal())
    ]
    return tuple(Secret(text) for password in written for text in (password, unquote(password)))
