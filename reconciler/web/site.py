"""The addresses of this server, and which requests it answers while no sign-in method is set. Pure.

Source: docs/reference/contract.md, Configuration, `[web]`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import SplitResult, urlsplit

from reconciler.model.addresses import is_loopback
from reconciler.model.webhook import WEBHOOK_PATH

_HOST_HEADER = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class OriginKind(Enum):
    """What the origin of a request is to this server."""

    NONE = auto()  # the request names none: a program, or a page's own GET request
    OWN = auto()  # this server's pages
    DASHBOARD = auto()  # `bugspark.dashboard_url`
    PREVIEW = auto()  # one of `bugspark.dashboard_origins`
    FOREIGN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The configured addresses. `listen_addresses`: those of the listening sockets."""

    public_url: str = ""
    dashboard_url: str = ""
    preview_origins: frozenset[str] = frozenset()  # bugspark.dashboard_origins
    proxy_hosts: frozenset[str] = frozenset()  # web.hosts: what proxies put into Host
    github_url: str = "https://github.com"  # where people read issues
    host: str = ""  # web.host: a host name or address to listen on
    listen_addresses: tuple[str, ...] = ("127.0.0.1",)
    has_sign_in: bool = False  # at least one sign-in method is configured
    has_api_tokens: bool = False  # web.api_tokens: they open the API, and no page

    @property
    def path_prefix(self) -> str:
        """The path below which a proxy publishes this server, such as "/sync"; else ""."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def is_https(self) -> bool:
        """Whether browsers use https."""
        return self.public_url.startswith("https:")

    @property
    def dashboard_origin(self) -> str | None:
        """The origin of BugSpark's dashboard, whose pages may read the API."""
        return parse_origin(self.dashboard_url)

    def origin_kind(self, origin: str | None, scheme: str, host: str) -> OriginKind:
        """Tell what an `Origin` header is. `scheme`, `host`: of the request, as for `own_origins`."""
        if origin is None:
            return OriginKind.NONE
        name = origin.lower()
        if name in self.own_origins(scheme, host):
            return OriginKind.OWN
        if name == self.dashboard_origin:
            return OriginKind.DASHBOARD
        return OriginKind.PREVIEW if name in self.preview_origins else OriginKind.FOREIGN

    def address_of(self, path: str) -> str:
        """Return the address of one of our pages, `/…`: its path while `web.public_url` is not set."""
        return f"{self.public_url}{path}"

    def webhook_url(self, project_id: object) -> str | None:
        """Return the address for GitHub's deliveries of a project; None without `web.public_url`."""
        return self.public_url + WEBHOOK_PATH.format(project_id=project_id) if self.public_url else None

    def is_allowed_host(self, host: str) -> bool:
        """Return whether pages are served under this Host header; others may be DNS rebinding."""
        name = parse_host_name(host)
        public = urlsplit(self.public_url).hostname or ""
        own_hosts = {each.lower() for each in (public, self.host, *self.listen_addresses, *self.proxy_hosts)}
        return name is not None and (is_loopback(name) or name in own_hosts)

    def is_local_request(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request was probably made on this machine, while no sign-in method is set.

        It only decides whether pages are served at all. It proves nothing about the client, so it signs
        nobody in: a proxy on this machine may hide every trace of itself.
        """
        return (
            not self.has_sign_in
            and not self.public_url
            and all(is_loopback(each) for each in self.listen_addresses)
            and is_loopback(parse_host_name(headers.get("host", "")) or "")
            and not any(name in headers for name in _PROXY_HEADERS)
        )

    def own_origins(self, scheme: str, host: str) -> frozenset[str]:
        """Return the origins that browsers may send with this server's own forms.

        `scheme`: http or https, `host`: an allowed Host header.
        """
        public = parse_origin(self.public_url)
        return frozenset({f"{scheme}://{host}".lower(), *([public] if public else [])})


def parse_host_name(host: str) -> str | None:
    """Return the name in a Host header, `[::1]:8787` → `::1`; None if it can't be parsed."""
    match = _HOST_HEADER.fullmatch(host)
    return match["name"].strip("[]").lower().rstrip(".") if match else None


def parse_origin(url: str) -> str | None:
    """Return an address's origin, without a default port: `https://a.example:8443/x` → `https://a.example:8443`.

    None for what is no address. `url`: untrusted.
    """
    try:
        split_url: SplitResult = urlsplit(url)
        given_port = split_url.port
    except ValueError:
        return None
    if not split_url.hostname:
        return None
    usual = {"http": 80, "https": 443}.get(split_url.scheme)
    name = f"[{split_url.hostname}]" if ":" in split_url.hostname else split_url.hostname
    port = f":{given_port}" if given_port not in (None, usual) else ""
    return f"{split_url.scheme}://{name}{port}".lower()
