"""Programs that the tests start: whether they are installed, and which command installs them.

Nothing is changed here; tests/setup/prepare.py installs.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.setup import chromium, node_packages, parts
from tests.support import pg_binaries, pgbouncer

SYSTEMD = Path("/lib/systemd/systemd")
OLDEST_SYSTEMD = 252
INSTALLERS = {
    "Debian": "sudo apt-get install --no-install-recommends",
    "Fedora": "sudo dnf install",
    "macOS": "brew install",
}
"""For each family of systems, the command that takes names of packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that tests of `part` start.

    `packages`: who brings it, per family. `problem()`: why it is not usable here, "" when it is.
    """

    name: str
    part: str
    packages: Mapping[str, str]
    problem: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A need that is not usable here, and why."""

    need: Need
    why: str


def find_missing(needs: Iterable[Need]) -> list[Missing]:
    """Those of `needs` that are not usable now."""
    found = ((need, need.problem()) for need in needs)
    return [Missing(need=need, why=why) for need, why in found if why]


def report(lost: Sequence[Missing]) -> list[str]:
    """The lines to show about needs that cannot be had, with what helps."""
    lines = ["these tests start what is missing here:"]
    lines += [f"  {each.need.name} ({each.need.part}): {each.why}" for each in lost]
    if helpful := commands(lost, families()):
        lines += ["what helps:", *(f"  {command}" for command in helpful)]
    if part_names := [part for part in parts.PARTS if part in {each.need.part for each in lost}]:
        lines += ["or, without those tests:", f"  make test WITHOUT={','.join(part_names)}"]
    return lines


def commands(missing: Iterable[Missing], families: Iterable[str]) -> list[str]:
    """One command per family that would install what is missing; none where no package does."""
    found = []
    for family in families:
        names = [each.need.packages[family] for each in missing if family in each.need.packages]
        if names:
            found.append(f"{INSTALLERS[family]} {' '.join(names)}")
    return found


def families() -> list[str]:
    """The family of this system; all of them where it is none that is known."""
    if sys.platform == "darwin":
        return ["macOS"]
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    identifiers = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split()
    return [family for family in INSTALLERS if family.lower() in identifiers] or list(INSTALLERS)


def no_chromium() -> str:
    try:
        chromium.find()
    except chromium.NoChromiumError as error:
        return str(error)
    return ""


def no_postgresql() -> str:
    try:
        pg_binaries.find()
    except pg_binaries.NoServerError as error:
        return str(error)
    return ""


def no_pgbouncer() -> str:
    return "" if pgbouncer.find() else f"{' or '.join(pgbouncer.PROGRAMS)} not found"


def no_program(*names: str) -> str:
    absent = [name for name in names if shutil.which(name) is None]
    return f"{', '.join(absent)} not found" if absent else ""


def no_systemd(systemd: Path = SYSTEMD) -> str:
    if absent := no_program(str(systemd), "systemctl", "systemd-analyze"):
        return absent
    output = subprocess.run([systemd, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"systemd (\d+)", output)
    if version is None or int(version[1]) < OLDEST_SYSTEMD:
        return (
            f"{systemd} is {version[0] if version else 'of no known version'}, not {OLDEST_SYSTEMD} or newer"
        )
    return ""


def no_namespaces() -> str:
    """The unit is tested under a systemd in namespaces with a cgroup of its own: try to make both."""
    if sys.platform != "linux":
        return f"the systemd unit can be tested on Linux only, and this is {sys.platform}"
    if os.geteuid() != 0:
        return f"testing the systemd unit takes root, and this is user {os.geteuid()}: sudo make test"
    if no_program("unshare", "mount"):
        return (
            ""  # util-linux is missing, which is reported by its own need; tried again once it is installed
        )
    with tempfile.TemporaryDirectory() as folder:
        command = ["unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork", "--uts", "--ipc"]
        command += ["sh", "-ec", 'mount -t cgroup2 none "$0"; umount "$0"', folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    message = done.stderr.strip()
    return f"testing the systemd unit takes namespaces and cgroup v2 (a container: --privileged): {message}"


def _everywhere(name: str, **others: str) -> dict[str, str]:
    return {family: others.get(family.lower(), name) for family in INSTALLERS}


def _on_linux(name: str) -> dict[str, str]:
    return {"Debian": name, "Fedora": name}


NEEDS = (
    Need(name="Chromium", part="browser", packages=_everywhere("chromium"), problem=no_chromium),
    Need(
        name="Playwright",
        part="browser",
        packages={"Debian": "libatomic1", "Fedora": "libatomic"},
        problem=chromium.driver_problem,
    ),
    Need(name="npm packages", part="browser", packages={}, problem=node_packages.problem),
    Need(name="namespaces", part="systemd", packages={}, problem=no_namespaces),
    Need(name="systemd", part="systemd", packages=_on_linux("systemd"), problem=no_systemd),
    Need(
        name="util-linux",
        part="systemd",
        packages=_on_linux("util-linux"),
        problem=partial(no_program, "unshare", "nsenter", "mount"),
    ),
    Need(name="pgbouncer", part="pooler", packages=_everywhere("pgbouncer"), problem=no_pgbouncer),
    Need(
        name="PostgreSQL",
        part="postgresql",
        packages=_everywhere("postgresql", fedora="postgresql-server"),
        problem=no_postgresql,
    ),
)
