"""Faults: rules that select requests, and what happens to these."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from reconciler.demo.github.limits import Form, refusal
from reconciler.demo.github.messages import NOT_MODIFIED, OK, Answer, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Send this answer instead; if `applied`, after the effect of the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Refuse as a rate limit does, in one of its forms, without the effect."""

    form: Form = "retry-after"
    status: int = 403
    wait: int = 60

    def reply(self, now: float) -> Answer:
        """Return the refusal as it looks at `now` (seconds since the epoch)."""
        return refusal(self.form, self.status, self.wait, now).answer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Close the connection without an answer, before or after the effect; `reset` sends RST instead of FIN.

    With `seconds` it stays open, silent, for so long: a client's time runs out.
    """

    applied: bool = False
    reset: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Send only part of the body of the normal answer: as valid HTTP, or (`closing`) broken off."""

    share: float = 0.5
    closing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Delay the normal answer, before or after the effect."""

    seconds: float
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Answer lists as they were this many seconds ago; with `single`, single issues and comments as well."""

    seconds: float
    issues: bool = True
    comments: bool = True
    single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodified:
    """Answer a conditional GET with 304 and the old ETag although things changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Send the normal answer with other headers; None removes one."""

    headers: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuringRequest:
    """Call a function just before or after the effect of the request, then answer normally."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None


Fault = Reply | Limit | Drop | Truncate | Delay | Stale | Unmodified | Rewrite | DuringRequest


@dataclass(slots=True, kw_only=True)
class Rule:
    """The requests that a fault applies to."""

    fault: Fault
    method: re.Pattern[str]
    path: re.Pattern[str]
    times: int | None
    """How often; None: always."""
    skip: int
    """How many matching requests pass first."""
    hits: int = 0

    def meets(self, request: Request) -> bool:
        """Return whether the fault applies to this request, and count it."""
        if not (self.method.fullmatch(request.method) and self.path.search(request.target)):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True


class Faults:
    """The active rules; of several that match, the first one applies."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(
        self, fault: Fault, *, method: str = ".*", path: str = "", times: int | None = 1, skip: int = 0
    ) -> Rule:
        """Add a rule; `method` must match whole, `path` is searched for in path and query (regexes)."""
        rule = Rule(fault=fault, method=re.compile(method), path=re.compile(path), times=times, skip=skip)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self.rules.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault for this request, or None."""
        with self._lock:
            return next((rule.fault for rule in self.rules if rule.meets(request)), None)


def error(status: int, message: str = "Server Error", *, applied: bool = False) -> Reply:
    """Return an error answer in GitHub's shape."""
    return Reply(
        status=status, body=msgspec.json.encode({"message": message}), headers=_JSON, applied=applied
    )


def html(status: int = 502, *, applied: bool = False) -> Reply:
    """Return the page a proxy answers with."""
    body = b"<html><head><title>Unicorn!</title></head><body>Something went wrong</body></html>"
    return Reply(
        status=status, body=body, headers={"Content-Type": "text/html; charset=utf-8"}, applied=applied
    )


def unauthorized() -> Reply:
    """Return the 401 of an unknown token."""
    return error(401, "Bad credentials")


def saml_required(url: str) -> Reply:
    """Return the 403 to a token that is not authorised for an organisation's SAML single sign-on."""
    refused = error(
        403,
        "Resource protected by organization SAML enforcement. You must grant your Personal Access token "
        "access to this organization.",
    )
    return replace(refused, headers={**refused.headers, "X-GitHub-SSO": f"required; url={url}"})


def ip_not_allowed(organisation: str) -> Reply:
    """Return the 403 to a machine that is not in an organisation's IP allow list."""
    return error(
        403,
        "Although you appear to have the correct authorization credentials, "
        f"the `{organisation}` organization has an IP allow list enabled, "
        "and your IP address is not permitted to access this resource.",
    )


def missing() -> Reply:
    """Return a 404."""
    return error(404, "Not Found")


def redirect(location: str, status: int = 301) -> Reply:
    """Return a redirect, to a foreign host for instance."""
    body = msgspec.json.encode({"message": "Moved Permanently", "url": location})
    return Reply(status=status, body=body, headers={**_JSON, "Location": location})


def link_to(address: str) -> Rewrite:
    """Return a fault that puts this address as next page into the `Link` header."""
    return Rewrite(headers={"Link": f'<{address}>; rel="next"'})


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def spoil(request: Request, answer: Answer, fault: Truncate | Unmodified | Rewrite) -> Answer:
    """Return the normal answer as changed by the fault."""
    match fault:
        case Truncate():
            part = answer.body[: int(len(answer.body) * fault.share)]
            return replace(answer, body=part, declared=len(answer.body) if fault.closing else None)
        case Unmodified():
            return _unmodified(request, answer)
        case Rewrite():
            changed = {name.lower() for name in fault.headers}
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in changed}
            added = {name: value for name, value in fault.headers.items() if value is not None}
            return replace(answer, headers={**kept, **added})


def _unmodified(request: Request, answer: Answer) -> Answer:
    etag = request.headers.get("if-none-match")
    if etag is None or answer.status != OK:
        return answer
    kept = {name: value for name, value in answer.headers.items() if name not in ("Content-Type", "Link")}
    return replace(answer, status=NOT_MODIFIED, headers={**kept, "ETag": etag}, body=b"")
