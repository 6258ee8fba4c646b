"""Checks of `reconcile check` about secrets: who can read them, and whether they are strong enough."""

import stat
from collections.abc import Iterator
from pathlib import Path

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


def is_readable_by_others(path: Path) -> bool:
    """Return whether group or others have any right on a file; False where it can't be looked at."""
    try:
        return bool(path.stat().st_mode & READABLE_BY_OTHERS)
    except OSError:  # it is not there, or this user may not see it: other checks say so
        return False


def _warning(name: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(name=name, level=CheckLevel.WARN, message=message, remedy=remedy)
