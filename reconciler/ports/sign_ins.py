"""The operator's sign-ins as far as they are stored: the key of sessions, offered tokens, ended sessions."""

from datetime import datetime
from typing import Protocol

from reconciler.model.secret import Secret


class SignIns(Protocol):
    """What outlives a process and is shared by all of them. Of a token only the hash is stored."""

    async def read_session_key(self) -> Secret:
        """Read the random key that this database's sessions are signed with; the first call makes it."""
        ...

    async def offer(self, token_hash: str, now: datetime, expires_at: datetime) -> None:
        """Store that the token with this hash is valid once, until `expires_at`."""
        ...

    async def use_offer(self, token_hash: str, now: datetime) -> bool:
        """Return whether this token is valid now, and forget it: it is true once."""
        ...

    async def end_session(self, nonce: str, now: datetime, expires_at: datetime) -> None:
        """Store that this session has ended, for as long as its cookie would be valid."""
        ...

    async def is_session_ended(self, nonce: str) -> bool:
        """Return whether the session was ended before its time."""
        ...
