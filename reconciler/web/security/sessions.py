"""The operator's sessions, the tokens that `reconcile open` makes, and the tokens of forms.

A session is a signed text in a cookie: nothing is stored of it, so it survives a restart and is valid on
every machine with the same database and configuration. Its end is stored, when the operator signs out.

Source: docs/reference/contract.md, The command, `open`.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex, token_urlsafe

from reconciler.model.secret import Secret
from reconciler.ports import Clock, SignIns

SESSION_LIFETIME = timedelta(hours=12)
OFFER_LIFETIME = timedelta(minutes=5)
APP_STATE_LIFETIME = timedelta(hours=1)
"""GitHub's manifest flow ends after an hour (docs/reference/github.md, Credentials and versions)."""
OFFER_TOKEN_BYTES = 24
MAX_OFFER_TOKEN_LENGTH = 64
_SESSION_TOKEN = re.compile(r"v1\.(?P<until>[0-9]{1,12})\.(?P<nonce>[0-9a-f]{32})\.(?P<mac>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSession:
    """One sign-in of the operator."""

    nonce: str
    expires_at: datetime


class OperatorSessions:
    """Creates, reads and ends sessions. `key`: must be the same in all processes that accept them."""

    def __init__(self, key: Secret, sign_ins: SignIns, clock: Clock) -> None:
        self._key = key.reveal().encode()
        self._sign_ins = sign_ins
        self._clock = clock

    def create_token(self) -> str:
        """Create a session and return its cookie's value."""
        until = int((self._clock.now() + SESSION_LIFETIME).timestamp())
        signed_text = f"v1.{until}.{token_hex(16)}"
        return f"{signed_text}.{self._compute_mac('session', signed_text)}"

    async def session_from_token(self, token: str) -> OperatorSession | None:
        """Return the session of a cookie; None if it is forged, expired or ended. Raises DatabaseError."""
        match = _SESSION_TOKEN.fullmatch(token)
        if match is None:
            return None
        signed_text, _, mac = token.rpartition(".")
        good = hmac.compare_digest(mac, self._compute_mac("session", signed_text))
        over = int(match["until"]) <= self._clock.now().timestamp()
        if not good or over or await self._sign_ins.is_session_ended(match["nonce"]):
            return None
        until = datetime.fromtimestamp(int(match["until"]), self._clock.now().tzinfo)
        return OperatorSession(nonce=match["nonce"], expires_at=until)

    async def end(self, session: OperatorSession) -> None:
        """End a session on all daemons, for everybody who kept its cookie. Raises DatabaseError."""
        await self._sign_ins.end_session(session.nonce, self._clock.now(), session.expires_at)

    async def offer_sign_in(self) -> Secret:
        """Return a new token that signs in once, within OFFER_LIFETIME. Raises DatabaseError."""
        token, now = token_urlsafe(OFFER_TOKEN_BYTES), self._clock.now()
        await self._sign_ins.offer(self._hash_offer(token), now, now + OFFER_LIFETIME)
        return Secret(token)

    async def use_offer(self, token: str) -> bool:
        """Return whether the token signs in now; it does so once. Raises DatabaseError."""
        if len(token) > MAX_OFFER_TOKEN_LENGTH:
            return False
        return await self._sign_ins.use_offer(self._hash_offer(token), self._clock.now())

    async def offer_app_state(self, session: OperatorSession) -> str:
        """Return a new state for GitHub's manifest flow: valid once, in this session, for an hour.

        Raises DatabaseError.
        """
        state, now = token_urlsafe(OFFER_TOKEN_BYTES), self._clock.now()
        await self._sign_ins.offer(self._hash_app_state(session, state), now, now + APP_STATE_LIFETIME)
        return state

    async def use_app_state(self, session: OperatorSession, state: str) -> bool:
        """Return whether this state was made in this session and is used for the first time, in time.

        Raises DatabaseError.
        """
        if len(state) > MAX_OFFER_TOKEN_LENGTH:
            return False
        return await self._sign_ins.use_offer(self._hash_app_state(session, state), self._clock.now())

    def form_token(self, subject: str) -> str:
        """Return the token for forms of this subject (a session or user). Other sites can't know it."""
        return self._compute_mac("form", subject)

    def is_form_token(self, subject: str, token: str) -> bool:
        """Return whether the token of a form was made for this subject."""
        return hmac.compare_digest(self.form_token(subject).encode(), token.encode("utf-8", "replace"))

    def _hash_offer(self, token: str) -> str:
        """Return the hash under which a token is stored: keyed, so that the right to write to the
        database is not enough to make an offer where a password is configured. Cut to 192 bits, which fit
        the key of a row.
        """
        return self._compute_mac("sign-in", token)[:48]

    def _hash_app_state(self, session: OperatorSession, state: str) -> str:
        """Return the hash under which a state is stored: of another kind, so that it signs nobody in."""
        return self._compute_mac("app state", f"{session.nonce} {state}")[:48]

    def _compute_mac(self, kind: str, text: str) -> str:
        signed = f"{kind}\0{text}".encode("utf-8", "replace")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()
