"""The addresses that requests may go to: the configured API and nothing else (docs/design.md, Security)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit

from reconciler.errors import ConfigurationError, UntrustedUrlError
from reconciler.model.formatting import single_printable_line

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME_PATTERN = re.compile(r"[A-Za-z0-9._-]+")
_UNSAFE_CHARACTERS = re.compile(r"[^!-\[\]-~]")  # all but visible ASCII, and the backslash
_REPOSITORY_ID_PATH = re.compile(r"/repositories/([0-9]{1,19})(?:/|$)")
_ISSUE_NUMBER_PATH = re.compile(r"/issues/([0-9]{1,10})$")


MAX_SHOWN_HOST_CHARS = 100
FOREIGN_HOST_ADVICE = (
    "set github.api_url to the address of the API in the server's own links, or correct that address on the "
    "server"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host, port and base path of the API. Every address sent to is rebuilt from these four.

    An address is rebuilt rather than passed through, so that two parsers can't disagree about its host.
    """

    scheme: str
    host: str
    port: int
    base: str

    @classmethod
    def parse(cls, api_url: str) -> "Origin":
        """Read the operator's `github.api_url`. Raises ConfigurationError."""
        try:
            parts = urlsplit(api_url)
            port = parts.port or _DEFAULT_PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise ConfigurationError("github.api_url is not an http(s) address.") from None
        if (
            _UNSAFE_CHARACTERS.search(api_url)
            or not parts.hostname
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ConfigurationError("github.api_url must be a plain address: scheme, host, port, path.")
        return cls(scheme=parts.scheme, host=parts.hostname, port=port, base=parts.path.rstrip("/"))

    @property
    def base_url(self) -> str:
        """`https://host[:port]/base`, the beginning of every address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if _DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.base}"

    @property
    def wrong_api_url_advice(self) -> str | None:
        """What to say where this address answers as no API does; None for GitHub's, or one with a path."""
        site = self.host.removeprefix("www.")
        is_cloud = site in ("github.com", "api.github.com") or site.endswith(".ghe.com")
        if self.base or (is_cloud and site.startswith("api.")):
            return None
        right = f"it is https://api.{site}" if is_cloud else "that of an Enterprise Server ends in /api/v3"
        return f"github.api_url is not the address of an API: {right}"

    def url(self, *parts: str | int, query: Mapping[str, str | int] | None = None) -> str:
        """Build an address below the base path; every part is percent-encoded.

        Raises ValueError for a part that can't be one step of a path ("", ".", "..").
        """
        steps = [str(part) for part in parts]
        if any(step in ("", ".", "..") for step in steps):
            raise ValueError("not one step of a path")
        path = "".join("/" + quote(step, safe="") for step in steps)
        return f"{self.base_url}{path}" + (f"?{urlencode(query)}" if query else "")

    def admit(self, url: str, *, relative_to: str | None = None) -> str:
        """Return an address that GitHub sent (page, redirect, body), rebuilt.

        Raises UntrustedUrlError for one that is not below this API's base path.
        """
        try:
            parts = urlsplit(urljoin(relative_to, url) if relative_to else url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            raise UntrustedUrlError("GitHub's answer points to an address that can't be read.") from None
        if (parts.scheme, parts.hostname, port) != (self.scheme, self.host, self.port) or "@" in parts.netloc:
            raise UntrustedUrlError(
                f"GitHub's answer points away from {self.base_url}: not followed.",
                remedy=f"{FOREIGN_HOST_ADVICE} (it points to {_server_of(parts, port)})",
            )
        if _UNSAFE_CHARACTERS.search(url) or not self._is_below_base(parts.path):
            raise UntrustedUrlError(
                f"GitHub's answer points to a place outside the API at {self.base_url}: not followed.",
                remedy=FOREIGN_HOST_ADVICE,
            )
        path = parts.path.removeprefix(self.base)
        return f"{self.base_url}{path}" + (f"?{parts.query}" if parts.query else "")

    def repository_id(self, url: str) -> int | None:
        """Return the numeric id in `/repositories/{id}/…`, the form in which GitHub redirects; else None."""
        match = _REPOSITORY_ID_PATH.match(urlsplit(url).path.removeprefix(self.base))
        return int(match[1]) if match else None

    def _is_below_base(self, path: str) -> bool:
        steps = re.split(r"[/\\]", unquote(path))
        return path.startswith(f"{self.base}/") and not any(step in (".", "..") for step in steps)


def split_repository_name(name: str) -> tuple[str, str]:
    """Split "owner/repo". Raises ConfigurationError when either is not `[A-Za-z0-9._-]+`, or `.` or `..`."""
    owner, slash, repository = name.partition("/")
    for part in (owner, repository):
        if not slash or not _NAME_PATTERN.fullmatch(part) or part in (".", ".."):
            raise ConfigurationError(f"{name[:100]!r} is not the name of a repository (owner/repo).")
    return owner, repository


def issue_number_in_url(address: str) -> int | None:
    """Return the number at the end of an issue's address, before its query if there is one; else None."""
    match = _ISSUE_NUMBER_PATH.search(address.partition("?")[0])
    return int(match[1]) if match else None


def _server_of(parts: SplitResult, port: int | None) -> str:
    """Return scheme, host and port of an address: one of them may be all that differs."""
    shown = "" if port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    host = (parts.hostname or "no host")[:MAX_SHOWN_HOST_CHARS]
    return single_printable_line(f"{parts.scheme or 'no scheme'}://{host}{shown}")


def parse_next_link(header: str | None) -> str | None:
    """Return the address of `rel="next"` in a Link header, verbatim, or None.

    Source: docs/reference/github.md, Lists: Paging.
    """
    for address, parameters in re.findall(r"<([^<>]*)>([^<]*)", header or ""):
        for relations in re.findall(r'(?i)\brel\s*=\s*"?([^";,]*)', parameters):
            if "next" in relations.lower().split():
                return str(address)
    return None
