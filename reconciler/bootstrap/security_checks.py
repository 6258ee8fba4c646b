"""Checks of `reconcile check`: who can read secrets, whether they are strong, whether sign-in can work."""

import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.config.settings import Settings
from reconciler.model.views import CheckLevel, CheckResult
from reconciler.store.schema.engine import parse_url
from reconciler.store.schema.sqlite_file import sqlite_path
from reconciler.web.security.passwords import is_weak_password_hash

MIN_JWT_SECRET_BYTES = 32
"""HS256 needs a key as long as its hash (RFC 7518, 3.2)."""
READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def security_checks(settings: Settings, secrets_file: Path | None) -> Iterator[CheckResult]:
    """Yield a warning for each weakness. `secrets_file`: a configuration file that has secrets in it."""
    places = {
        "configuration file": secrets_file,
        "private key": Path(settings.github.app.private_key_file)
        if settings.github.app.private_key_file
        else None,
        "database file": sqlite_path(parse_url(settings.database.url.reveal())),
    }
    for name, path in places.items():
        if path is not None and is_readable_by_others(path):
            yield _warning(name, f"other users of this machine may read {path}", f"chmod 600 {path}")
    jwt_secret = settings.bugspark.jwt_secret.reveal()
    if jwt_secret and len(jwt_secret.encode()) < MIN_JWT_SECRET_BYTES:
        remedy = "give BugSpark a longer JWT_SECRET, and the same one to bugspark.jwt_secret"
        message = f"bugspark.jwt_secret has fewer than {MIN_JWT_SECRET_BYTES} bytes, so it can be guessed"
        yield _warning("JWT secret", message, remedy)
    if settings.web.password_hash and is_weak_password_hash(settings.web.password_hash):
        message = "web.password_hash was made with parameters that make guessing cheap, or can't be read"
        yield _warning("password hash", message, "make it again as docs/operating.md says (Who gets in)")


def cookie_checks(settings: Settings) -> Iterator[CheckResult]:
    """Yield whether BugSpark's cookie can reach this program, and the COOKIE_DOMAIN that BugSpark needs.

    Nothing where BugSpark's users don't sign in, or no address is set.
    Source: docs/reference/bugspark.md, Dashboard sign-in.
    """
    public = urlsplit(settings.web.public_url).hostname
    if not settings.bugspark.jwt_secret or public is None:
        return
    for origin in (settings.bugspark.dashboard_url, *settings.bugspark.dashboard_origins):
        host = urlsplit(origin).hostname
        if host is None or host == public:
            continue
        parent = shared_parent_domain(host, public)
        if parent is None:
            message = (
                f"{host} and web.public_url ({public}) share no parent domain: BugSpark's cookie can't arrive"
            )
            remedy = "publish this program under a name beside the dashboard's, or below a path of its host"
            yield _warning("sign-in cookie", message, remedy)
        else:
            message = (
                f"BugSpark needs COOKIE_DOMAIN=.{parent}, so that its cookie is sent from {host} to {public}"
            )
            yield CheckResult(name="sign-in cookie", level=CheckLevel.OK, message=message)


def shared_parent_domain(first: str, second: str) -> str | None:
    """Return the longest domain that both host names are in; None without one, and for addresses.

    A single label, such as `com`, is none. Browsers know more domains that take no cookies, such as `co.uk`.
    """
    if is_ip_address(first) or is_ip_address(second):
        return None
    shared: list[str] = []
    for one, other in zip(reversed(first.split(".")), reversed(second.split(".")), strict=False):
        if one != other:
            break
        shared.insert(0, one)
    return ".".join(shared) if len(shared) > 1 else None


def is_ip_address(host: str) -> bool:
    """Return whether this is an address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_readable_by_others(path: Path) -> bool:
    """Return whether group or others have any right on a file; False where it can't be looked at."""
    try:
        return bool(path.stat().st_mode & READABLE_BY_OTHERS)
    except OSError:  # it is not there, or this user may not see it: other checks say so
        return False


def _warning(name: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(name=name, level=CheckLevel.WARN, message=message, remedy=remedy)
