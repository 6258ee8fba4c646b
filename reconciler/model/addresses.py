"""Network addresses: whether they are this machine's, and how the way to a database is protected. Pure.

Source: docs/reference/contract.md, Configuration, [database].
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

DEFAULT_SSLMODE = "require"
STRICT_SSLMODE = "verify-full"
WEAK_SSLMODES = frozenset({"disable", "allow", "prefer"})
"""With these, anybody on the way can read and change everything."""
_ADDRESS = re.compile(
    r"postgresql(?:\+\w+)?://(?:[^:/]*(?::[^@]*)?@)?(?:\[(?P<ipv6>[^/?]+)\]|(?P<host>[^/:?]*))(?::[^/?]*)?"
    r"(?:/[^?]*)?(?:\?(?P<query>.*))?",
    re.DOTALL,
)


def is_loopback(host: str | None) -> bool:
    """Return whether this is localhost, an address of 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTls:
    """The hosts of a server on another machine, and its sslmode; None where the address names none."""

    hosts: tuple[str, ...]
    sslmode: str | None


def read_database_tls(url: str, libpq_hosts: str = "") -> DatabaseTls | None:
    """Return how an address of another machine is protected; None for a socket, loopback or SQLite.

    `libpq_hosts`: what libpq takes for an address without a host: the variables PGHOST and PGHOSTADDR.
    """
    match = _ADDRESS.fullmatch(url)
    if match is None:
        return None
    query = parse_qs(match["query"] or "", keep_blank_values=True)
    named = [
        unquote(match["ipv6"] or match["host"] or ""),
        *query.get("host", []),
        *query.get("hostaddr", []),
    ]
    given = [host for each in named for host in each.split(",") if host]
    # What a service file names is not known here: it counts as another machine.
    given += [f"the service {name}" for name in query.get("service", [])]
    hosts = given or [host for host in libpq_hosts.split(",") if host]
    remote = tuple(host for host in hosts if not (host.startswith(("/", "@")) or _is_on_this_machine(host)))
    if not remote:
        return None
    return DatabaseTls(hosts=remote, sslmode=query.get("sslmode", [None])[-1])


def _is_on_this_machine(host: str) -> bool:
    return is_loopback(host) or is_loopback(host.rpartition(":")[0])


def with_sslmode(url: str, sslmode: str) -> str:
    """Return an address that names no sslmode with this one."""
    match = _ADDRESS.fullmatch(url)
    has_query = match is not None and match["query"] is not None
    return f"{url}{'&' if has_query else '?'}sslmode={sslmode}"
