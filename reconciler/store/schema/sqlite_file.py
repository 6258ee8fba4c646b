"""The file of an SQLite database: where it is, and who may read it."""

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import URL

from reconciler.errors import ConfigurationError

PRIVATE_MODE = 0o600


def sqlite_path(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for PostgreSQL, and for an address of SQLite's own form."""
    name = url.database or ""
    return Path(name) if url.get_backend_name() == "sqlite" and not name.startswith("file:") else None


def require_file(url: URL) -> None:
    """Check that the file of an SQLite database is there. Raises ConfigurationError with its full path."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise ConfigurationError(
            f"there is no database: database.url names the file {path.absolute()}, which does not exist;"
            " set database.url to BugSpark's database (in a configuration file or RECONCILER_DATABASE__URL),"
            " or run `reconcile migrate` to make that file"
        )


def create_private_file(url: URL) -> None:
    """Create the file of an SQLite database, if there is none, readable and writable by its owner only.

    SQLite gives its journals the mode of the file. An existing file keeps its mode: it may be BugSpark's.
    """
    path = sqlite_path(url)
    if path is not None:
        with suppress(OSError):  # it is there already, or SQLite will say why it can't be made
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_MODE))
