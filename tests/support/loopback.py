"""HTTP clients for servers of a test on this machine.

They speak plain HTTP. A client that may speak TLS loads the machine's certificate authorities when it is
made, which costs 27 ms of processor time: as much as a pass.
"""

from typing import Any

import httpx

TIMEOUT_SECONDS = 60
"""Seconds for an answer: the first one of a process on a busy machine has taken more than ten."""


def loopback_client(base_url: str = "", **options: Any) -> httpx.AsyncClient:
    """A client; `options`: of httpx. The caller closes it."""
    return httpx.AsyncClient(base_url=base_url, verify=False, timeout=TIMEOUT_SECONDS, **options)
