"""Credentials: a token, or a GitHub App's installation tokens.

Source: docs/reference/github.md, Credentials and versions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from reconciler.errors import CredentialError
from reconciler.github.http import Reply
from reconciler.github.wire import AccessTokenRow, AppRow, InstallationRow, decode, error_reason
from reconciler.model.ids import Fingerprint
from reconciler.model.secret import Secret
from reconciler.ports import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

AppRequest = Callable[[str, tuple[str | int, ...], Secret], Awaitable[Reply]]
"""Method, path parts, bearer → the answer. It retries by itself and costs the installation no points."""

RecordInstallation = Callable[[Fingerprint, int], Awaitable[None]]
"""Stores which installation the tokens with this `limits_key` belong to."""

PUBLIC_KEY_WORDS = "PUBLIC KEY-----"
SSH_PUBLIC_KEY_START = ("ssh-", "ecdsa-")
PUBLIC_KEY_ADVICE = (
    "github.app.private_key_file holds a public key; the private one is the .pem file that GitHub gives when "
    "a key is generated in the App's settings"
)
INVALID_KEY_ADVICE = (
    "github.app.private_key_file must hold an RSA key in PEM without a passphrase, as in the .pem file that "
    "GitHub gives when a key is generated in the App's settings"
)
REFUSED_APP_ADVICE = "check its id, its private key and that it is installed there"
REENTER_ADVICE = "enter it again"
JWT_BACKDATING = timedelta(seconds=60)
JWT_LIFETIME = timedelta(minutes=9)
RENEW_BEFORE_EXPIRY = timedelta(minutes=5)


def fingerprint(text: str) -> Fingerprint:
    """Return a one-way name for a secret: the key of its ETags and limits."""
    return Fingerprint(sha256(f"bugspark-reconciler credential\0{text}".encode()).hexdigest()[:16])


class Credential(Protocol):
    """The source of the bearer token of requests."""

    @property
    def limits_key(self) -> Fingerprint:
        """The key of GitHub's limits; it stays the same when an App's token is renewed."""
        ...

    async def token(self, ask: AppRequest, now: Callable[[], datetime]) -> Secret:
        """Return the token to use now. Raises CredentialError, GitHubError, LimitedError."""
        ...

    def discard_token(self, token: Secret) -> bool:
        """Forget a token that GitHub answered 401 to; whether another one may be had."""
        ...

    async def app_bot_login(self, ask: AppRequest, now: Callable[[], datetime]) -> str | None:
        """Return the login an App writes as; None for a token, which may ask `GET /user`."""
        ...


class TokenCredential:
    """A personal access token, classic or fine-grained."""

    def __init__(self, token: Secret) -> None:
        """Take the token. Raises CredentialError for text that no header can carry."""
        text = token.reveal()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise CredentialError(
                f"The token is empty or has characters that no token has: {REENTER_ADVICE}.",
                remedy=REENTER_ADVICE,
            )
        self._token = token
        self.limits_key = fingerprint(text)

    async def token(self, ask: AppRequest, now: Callable[[], datetime]) -> Secret:
        """Return the token."""
        return self._token

    def discard_token(self, token: Secret) -> bool:
        """Return False: there is no other token."""
        return False

    async def app_bot_login(self, ask: AppRequest, now: Callable[[], datetime]) -> str | None:
        """Return None: a token belongs to a user."""
        return None


class UnusableCredential:
    """The credential of a project without a usable token: every request fails before it is sent."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        self._reason = reason
        self._remedy = remedy
        self.limits_key = fingerprint("")

    async def token(self, ask: AppRequest, now: Callable[[], datetime]) -> Secret:
        """Raise CredentialError."""
        raise CredentialError(self._reason, remedy=self._remedy)

    def discard_token(self, token: Secret) -> bool:
        """Return False: there is no other token."""
        return False

    async def app_bot_login(self, ask: AppRequest, now: Callable[[], datetime]) -> str | None:
        """Raise CredentialError."""
        raise CredentialError(self._reason, remedy=self._remedy)


class AppCredential:
    """A GitHub App, installed at the owner of one repository.

    One object serves all passes: it keeps the installation token until five minutes before it expires.
    """

    def __init__(
        self,
        *,
        app_id: str,
        private_key: Secret,
        owner: str,
        repository: str,
        clock: Clock,
        record_installation: RecordInstallation | None = None,
    ) -> None:
        """`record_installation`: called with each new token's installation, before the token is used."""
        self._app_id = app_id
        self._private_key = private_key
        self._owner_and_repository = (owner, repository)
        self._clock = clock
        self._record_installation = record_installation
        self._lock = asyncio.Lock()
        self._token: Secret | None = None
        self._renew_at = 0.0
        self.permissions: Mapping[str, str] | None = None  # known once there is a token
        # Limits belong to the installation, and an App is installed once per owner.
        self.limits_key = fingerprint(f"app\0{app_id}\0{owner.lower()}")

    async def token(self, ask: AppRequest, now: Callable[[], datetime]) -> Secret:
        """Return the installation token, a new one when it expires in less than five minutes."""
        async with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                row = await self._new_token(ask, now)
                remaining = row.expires_at - now() - RENEW_BEFORE_EXPIRY
                self._token = Secret(row.token)
                self.permissions = row.permissions
                self._renew_at = self._clock.monotonic() + remaining.total_seconds()
            return self._token

    def discard_token(self, token: Secret) -> bool:
        """Forget the token, unless it has been replaced already; True: a new one can be made."""
        if self._token == token:
            self._token = None
        return True

    async def app_bot_login(self, ask: AppRequest, now: Callable[[], datetime]) -> str | None:
        """Return `{slug}[bot]`."""
        reply = await self._request_as_app(ask, now, "GET", ("app",))
        return f"{decode(reply.body, AppRow, 'the GitHub App').slug}[bot]"

    async def _new_token(self, ask: AppRequest, now: Callable[[], datetime]) -> AccessTokenRow:
        installation_reply = await self._request_as_app(
            ask, now, "GET", ("repos", *self._owner_and_repository, "installation")
        )
        installation = decode(installation_reply.body, InstallationRow, "the App's installation").id
        parts = ("app", "installations", installation, "access_tokens")
        token_reply = await self._request_as_app(ask, now, "POST", parts)
        if self._record_installation is not None:
            await self._record_installation(self.limits_key, installation)
        return decode(token_reply.body, AccessTokenRow, "the installation token")

    async def _request_as_app(
        self, ask: AppRequest, now: Callable[[], datetime], method: str, parts: tuple[str | int, ...]
    ) -> Reply:
        reply = await ask(method, parts, self._jwt(now()))
        if reply.status == 401:
            # Before GitHub's first `Date` our clock may be wrong; this answer has brought one.
            reply = await ask(method, parts, self._jwt(now()))
        if reply.status in (200, 201):
            return reply
        where, reason = "/".join(self._owner_and_repository), error_reason(reply.body)
        raise CredentialError(
            f"GitHub refuses the App {self._app_id} for {where} ({reply.status}: {reason}):"
            f" {REFUSED_APP_ADVICE}.",
            remedy=REFUSED_APP_ADVICE,
        )

    def _jwt(self, now: datetime) -> Secret:
        import jwt  # late: its cryptography is loaded only for an App

        claims = {"iat": now - JWT_BACKDATING, "exp": now + JWT_LIFETIME, "iss": self._app_id}
        return Secret(jwt.encode(claims, self._load_private_key(), algorithm="RS256"))

    def _load_private_key(self) -> "RSAPrivateKey":
        """Return the App's key. Raises CredentialError for anything but an RSA key in PEM, not encrypted."""
        text = self._private_key.reveal()
        if PUBLIC_KEY_WORDS in text or text.lstrip().startswith(SSH_PUBLIC_KEY_START):
            raise CredentialError(
                f"The GitHub App's private key can't be used: {PUBLIC_KEY_ADVICE}.", remedy=PUBLIC_KEY_ADVICE
            )
        # Late, as `jwt` is.
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(text.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise CredentialError(
                f"The GitHub App's private key can't be used: {INVALID_KEY_ADVICE}.",
                remedy=INVALID_KEY_ADVICE,
            )
        return key
