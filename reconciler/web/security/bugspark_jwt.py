"""BugSpark's access tokens: the user that a JWT was issued for.

Source: docs/reference/bugspark.md, Dashboard sign-in.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from datetime import datetime
from uuid import UUID

import msgspec

from reconciler.model.secret import Secret

MAX_TOKEN_LENGTH = 4096
LEEWAY_SECONDS = 30.0
"""Seconds by which BugSpark's clock may differ from ours."""


class _TokenHeader(msgspec.Struct):
    alg: str
    crit: msgspec.Raw = msgspec.Raw()


class _TokenClaims(msgspec.Struct):
    sub: str
    type: str
    exp: float  # a token without an end would be a password that nobody can change
    nbf: float | None = None


def user_id_from_token(token: str, secret: Secret, now: datetime) -> UUID | None:
    """Return the user of an access token; None unless it is a valid token of BugSpark.

    Only HS256 is accepted, whatever algorithm the token names. PyJWT is not used: it warns about a short
    secret at every request, and takes no clock.
    """
    parts = token.split(".")
    if not secret or len(token) > MAX_TOKEN_LENGTH or len(parts) != 3:
        return None
    signed = f"{parts[0]}.{parts[1]}".encode("utf-8", "replace")
    mac = hmac.new(secret.reveal().encode(), signed, hashlib.sha256).digest()
    try:
        if not hmac.compare_digest(mac, _decode_base64url(parts[2])):
            return None
        header = msgspec.json.decode(_decode_base64url(parts[0]), type=_TokenHeader)
        claims = msgspec.json.decode(_decode_base64url(parts[1]), type=_TokenClaims)
        return UUID(claims.sub) if _has_valid_header_and_claims(header, claims, now.timestamp()) else None
    except (ValueError, NoBase64, RecursionError):
        return None


def _has_valid_header_and_claims(header: _TokenHeader, claims: _TokenClaims, now: float) -> bool:
    expired = claims.exp <= now - LEEWAY_SECONDS
    early = claims.nbf is not None and claims.nbf > now + LEEWAY_SECONDS
    plain = header.alg == "HS256" and not bytes(header.crit)
    return plain and claims.type == "access" and not expired and not early


def _decode_base64url(part: str) -> bytes:
    """Decode base64url without padding (RFC 7515). Raises ValueError."""
    return urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
