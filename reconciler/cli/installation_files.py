"""What an operator installs: example configuration, rights of the daily role, unit and drop-in for systemd.

They travel inside the package, so that a machine without a checkout has them too; in a checkout they are
read where they are edited.
"""

import re
from pathlib import Path

from reconciler.errors import UsageError

EXAMPLE_CONFIGURATION = "config.example.toml"
ROLE_RIGHTS = "docs/least-privilege-role.sql"
UNIT = "systemd/bugspark-reconciler.service"
DROP_IN = "systemd/drop-in.conf.example"

DEFAULT_ROLE = "reconciler"
"""The role that ROLE_RIGHTS names."""
UNIT_COMMAND = "/opt/reconciler/bin/reconcile"
"""The command that UNIT and DROP_IN name."""
HIDDEN_FOLDERS = ("home", "root", "run/user")
"""What the unit's ProtectHome=yes hides from the service (systemd.exec(5)), below /."""
ROLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}")
"""Names that need no escaping inside quotes; PostgreSQL cuts a name after 63 bytes."""


def read_installation_file(name: str) -> str:
    """Read one of the files above, named by its path in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_installation" / Path(name).name
    return (installed if installed.is_file() else package.parent / name).read_text(encoding="utf-8")


def role_rights_for(role: str) -> str:
    """Return the statements that give this role its rights. Raises UsageError for a name that is none."""
    if ROLE_NAME.fullmatch(role) is None:
        raise UsageError(
            f"{role!r} is no name for a role: use letters, digits, _, $ and -, at most 63 of them"
        )
    statements = read_installation_file(ROLE_RIGHTS)
    if role == DEFAULT_ROLE:
        return statements
    named = re.sub(rf"\b(TO|ROLE|role) {DEFAULT_ROLE}\b", rf'\1 "{role}"', statements)
    return named.replace(f"'{DEFAULT_ROLE}'", f"'{role}'")


def unit_for(command: Path) -> str:
    """Return the unit that starts this command."""
    return read_installation_file(UNIT).replace(UNIT_COMMAND, str(command))


def drop_in_for(command: Path) -> str:
    """Return the example of a drop-in whose commands are this one."""
    return read_installation_file(DROP_IN).replace(UNIT_COMMAND, str(command))


def is_hidden_by_sandbox(command: Path) -> bool:
    """Whether the unit's sandbox hides this path from the service."""
    return any(command.is_relative_to(Path("/", folder)) for folder in HIDDEN_FOLDERS)
