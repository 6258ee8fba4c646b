"""The operator's sessions and the tokens of forms, both signed.

A session is a signed text in a cookie. Nothing is stored, so it survives a restart and is valid on every
machine with the same configuration. The key is derived from the password's hash: a new password ends all
sessions.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from reconciler.model.secret import Secret
from reconciler.ports import Clock

SESSION_LIFETIME = timedelta(hours=12)
MAX_ENDED_SESSIONS = 4096
_SESSION_TOKEN = re.compile(r"v1\.(?P<until>[0-9]{1,12})\.(?P<nonce>[0-9a-f]{32})\.(?P<mac>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSession:
    """One sign-in of the operator."""

    nonce: str
    expires_at: datetime


class SessionCookies:
    """Creates and reads session cookies. `key` must be the same on all machines that accept the sessions."""

    def __init__(self, key: Secret, clock: Clock) -> None:
        self._key = key.reveal().encode()
        self._clock = clock
        self._ended: OrderedDict[str, None] = (
            OrderedDict()
        )  # revoked in this process; other processes rely on the removed cookie

    def create_token(self) -> str:
        """Create a session and return its cookie's value."""
        until = int((self._clock.now() + SESSION_LIFETIME).timestamp())
        signed_text = f"v1.{until}.{token_hex(16)}"
        return f"{signed_text}.{self._compute_mac('session', signed_text)}"

    def read_token(self, token: str) -> OperatorSession | None:
        """Return the session of a cookie; None if it is forged, expired or revoked."""
        match = _SESSION_TOKEN.fullmatch(token)
        if match is None:
            return None
        signed_text, _, mac = token.rpartition(".")
        good = hmac.compare_digest(mac, self._compute_mac("session", signed_text))
        over = int(match["until"]) <= self._clock.now().timestamp()
        if not good or over or match["nonce"] in self._ended:
            return None
        until = datetime.fromtimestamp(int(match["until"]), self._clock.now().tzinfo)
        return OperatorSession(nonce=match["nonce"], expires_at=until)

    def revoke(self, session: OperatorSession) -> None:
        """End a session: this process no longer accepts it."""
        self._ended[session.nonce] = None
        if len(self._ended) > MAX_ENDED_SESSIONS:
            self._ended.popitem(last=False)

    def form_token(self, subject: str) -> str:
        """Return the token for forms of this subject (a session or user). Other sites can't know it."""
        return self._compute_mac("form", subject)

    def is_form_token(self, subject: str, token: str) -> bool:
        """Return whether the token of a form was made for this subject."""
        return hmac.compare_digest(self.form_token(subject).encode(), token.encode("utf-8", "replace"))

    def _compute_mac(self, kind: str, text: str) -> str:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()
