"""The key of the operator's sessions, and the addresses that sign in (`reconcile open`)."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from reconciler.bootstrap.container import Container
from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.model.addresses import is_loopback
from reconciler.model.secret import Secret
from reconciler.web.security.sessions import OFFER_LIFETIME, OperatorSessions

ANY_ADDRESS_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared, not listened on
"""Addresses to listen on that can't be opened, with one of the same machine that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInOffer:
    """An address that signs the operator in once."""

    address: Secret
    valid_for: timedelta


async def build_operator_sessions(container: Container) -> OperatorSessions:
    """Return the operator's sessions of this database and configuration. Raises DatabaseError."""
    stored = await container.stores.sign_ins.read_session_key()
    key = derive_session_key(container.settings, stored)
    return OperatorSessions(key, container.stores.sign_ins, container.clock)


def derive_session_key(settings: Settings, stored: Secret) -> Secret:
    """Derive the key that signs sessions and forms from the database's own key and the sign-in methods.

    A new password ends all sessions, and all machines with the same database and the same methods have the
    same key. Other secrets do not count: `reconcile open` may run without the daemon's systemd credentials.
    """
    text = "\0".join(
        secret.reveal() for secret in (stored, settings.web.password_hash, settings.bugspark.jwt_secret)
    )
    return Secret(hmac.new(text.encode(), b"bugspark-reconciler sessions v2", hashlib.sha256).hexdigest())


async def offer_sign_in(container: Container) -> SignInOffer:
    """Make a token for one sign-in, and return the dashboard's address with it in the fragment.

    A browser sends no fragment to any server, so it is in no log of a proxy. Raises ConfigurationError if
    the configuration serves no pages, DatabaseError.
    """
    address = dashboard_address(container.settings)
    token = await (await build_operator_sessions(container)).offer_sign_in()
    return SignInOffer(address=Secret(f"{address}/sign-in#{token.reveal()}"), valid_for=OFFER_LIFETIME)


def dashboard_address(settings: Settings) -> str:
    """Return where people open the dashboard, without a slash at the end. Raises ConfigurationError."""
    web = settings.web
    if not web.enabled:
        raise ConfigurationError("web.enabled is false: there is no dashboard to open; set it to true")
    has_sign_in = bool(web.password_hash or settings.bugspark.jwt_secret)
    if not has_sign_in and (web.public_url or not is_loopback(web.host)):
        raise ConfigurationError(
            "no sign-in method is set, and web.public_url or web.host lets others reach the daemon, so it "
            "serves no pages: set web.password_hash or bugspark.jwt_secret"
        )
    if web.public_url:
        return web.public_url
    if web.port == 0:
        raise ConfigurationError("web.port is 0, so only the daemon's log knows its port: set web.port")
    host = ANY_ADDRESS_HOSTS.get(web.host, web.host)
    return f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"
