"""The addresses of this program, and who may use it without a sign-in. Pure.

Source: docs/reference/contract.md, Configuration, `[web]`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from reconciler.model.addresses import is_loopback
from reconciler.model.webhook import WEBHOOK_PATH

_HOST_HEADER = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The configured addresses. `listen_addresses`: those that are really listened on."""

    public_url: str = ""
    dashboard_url: str = ""
    github_url: str = "https://github.com"  # where people read issues
    host: str = ""  # web.host: a name that this machine is listened on by
    listen_addresses: tuple[str, ...] = ("127.0.0.1",)
    has_sign_in: bool = False  # some method of signing in is configured

    @property
    def prefix(self) -> str:
        """The path below which a proxy serves us: "" or "/sync"."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def dashboard_origin(self) -> str | None:
        """BugSpark's dashboard, which may read the API from its own pages."""
        return origin_of(self.dashboard_url)

    def webhook_url(self, project_id: object) -> str | None:
        """Return where GitHub delivers for a project; None without `web.public_url`."""
        return self.public_url + WEBHOOK_PATH.format(project_id=project_id) if self.public_url else None

    def is_allowed_host(self, host: str) -> bool:
        """Return whether pages are served under this Host header (a foreign name may be DNS rebinding)."""
        name = host_name(host)
        public = urlsplit(self.public_url).hostname or ""
        ours = {each.lower() for each in (public, self.host, *self.listen_addresses)}
        return name is not None and (is_loopback(name) or name in ours)

    def is_local_operator(self, headers: Mapping[str, str]) -> bool:
        """Return whether the client counts as the operator: on this machine, without any sign-in method.

        A proxy reaches loopback too: `web.public_url`, its Host header or the headers it adds show it.
        """
        return (
            not self.has_sign_in
            and not self.public_url
            and all(is_loopback(each) for each in self.listen_addresses)
            and is_loopback(host_name(headers.get("host", "")) or "")
            and not any(name in headers for name in _PROXY_HEADERS)
        )

    def own_origins(self, scheme: str, host: str) -> frozenset[str]:
        """Return the origins that a browser names for a form of ours. `host`: an allowed Host header."""
        public = origin_of(self.public_url)
        return frozenset({f"{scheme}://{host}".lower(), *([public] if public else [])})


def host_name(host: str) -> str | None:
    """`[::1]:8787` → `::1`; None for what is no Host."""
    found = _HOST_HEADER.fullmatch(host)
    return found["name"].strip("[]").lower().rstrip(".") if found else None


def origin_of(url: str) -> str | None:
    """`https://bugs.example.com:8443/x` → `https://bugs.example.com:8443`, without a scheme's own port."""
    parts: SplitResult = urlsplit(url)
    if not parts.hostname:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    return f"{parts.scheme}://{name}{port}".lower()
