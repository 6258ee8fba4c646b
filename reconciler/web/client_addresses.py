"""Whose an address is, where requests, connections and bodies are limited for each address.

Source: docs/security.md, Limits.
"""

import ipaddress

MAX_NAME_LENGTH = 64
"""What is no address is cut to this length; the longest IPv6 address is shorter."""
IPV6_PREFIX_LENGTH = 64


def client_network(address: str) -> str:
    """Return under which name an address is counted: IPv4 as it is, IPv6 by its /64 network.

    A customer of a provider usually has a whole IPv6 network. What is no address is its own name.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:MAX_NAME_LENGTH]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, IPV6_PREFIX_LENGTH), strict=False))
        found = found.ipv4_mapped
    return str(found)
