"""Requests and answers as plain data, and the error a route raises for every answer that is not a success."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import msgspec

DOCUMENTATION = "https://docs.github.com/rest"
OK, NO_CONTENT, NOT_MODIFIED = 200, 204, 304
FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came in; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, still percent-encoded, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; the last of several of one name."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def json(self) -> Any:
        """Return the body decoded; an empty one is {}. Raises Problem 400 when it is not JSON."""
        try:
            return msgspec.json.decode(self.body) if self.body else {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(400, "Problems parsing JSON") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer before it is written to the connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    declared: int | None = None
    """The `Content-Length` to claim when it is not the body's."""


class Problem(Exception):
    """An answer other than a success, raised from wherever it is noticed."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, str]] | str = (),
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors if isinstance(errors, str) else list(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def answer(self) -> Answer:
        """Return it in GitHub's shape (docs/reference/github.md, Writes)."""
        body: dict[str, object] = {"message": self.message, **self.extra}
        if self.errors:
            body["errors"] = self.errors
        body.setdefault("documentation_url", DOCUMENTATION)
        body["status"] = str(self.status)
        return Answer(status=self.status, headers=self.headers, body=msgspec.json.encode(body))


def not_found() -> Problem:
    """Return the 404 that also means "no access"."""
    return Problem(404, "Not Found")


def invalid(resource: str, field_name: str, message: str, code: str = "custom") -> Problem:
    """Return the 422 of a value that does not pass."""
    error = {"resource": resource, "field": field_name, "code": code, "message": message}
    return Problem(422, "Validation Failed", errors=[error])


def answered(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a success with this value as JSON."""
    return Answer(status=status, headers=headers or {}, body=msgspec.json.encode(value))


def with_etag(request: Request, answer: Answer) -> Answer:
    """Give the answer its ETag, of this body and this token, or make it a 304.

    Source: docs/reference/github.md, Conditional requests.
    """
    credential = request.headers.get("authorization", "").encode("latin-1", "replace")
    digest = hashlib.blake2b(answer.body, digest_size=24, key=hashlib.sha256(credential).digest())
    etag = f'W/"{digest.hexdigest()}"'
    asked = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    if etag in asked:
        return replace(answer, status=NOT_MODIFIED, headers={"ETag": etag}, body=b"")
    return replace(answer, headers={**answer.headers, "ETag": etag})
