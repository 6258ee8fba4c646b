"""Network addresses. A separate module, because configuration and web share nothing else."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Return whether this is localhost, an address of 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
