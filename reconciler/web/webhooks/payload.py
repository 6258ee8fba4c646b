"""Which issue a delivery is about. A hint where to look, never data (docs/reference/github.md, Webhooks).

What can't be read, because it is cut, garbled, not UTF-8 or not of GitHub's shape, names no issue: the
signature says that GitHub sent it, so it is accepted and the project is looked at all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from reconciler.model.ids import IssueNumber

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
_DELIVERY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVENT_NAME = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHint:
    """What is kept of a delivery."""

    id: str
    event: str
    action: str | None
    number: IssueNumber | None


class _Issue(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    pull_request: msgspec.Raw = msgspec.Raw()


class _Payload(msgspec.Struct):
    action: Any = None
    issue: _Issue | None = None


def read_hint(headers: Mapping[str, str], content_type: str, body: bytes | bytearray) -> DeliveryHint:
    """The hint in a request whose signature is valid; raises nothing. `headers` ignore case."""
    payload = _decode_payload(content_type, body)
    given, event = headers.get("x-github-delivery", ""), headers.get("x-github-event", "")
    issue = payload.issue
    return DeliveryHint(
        # Without GitHub's id the content stands for it: the same body again is a replay.
        id=given if _DELIVERY_ID.fullmatch(given) else f"body-{sha256(body).hexdigest()[:32]}",
        event=event if _EVENT_NAME.fullmatch(event) else "unknown",
        action=payload.action if _is_word(payload.action) else None,
        number=IssueNumber(issue.number) if issue is not None and not _is_pull_request(issue) else None,
    )


def _decode_payload(content_type: str, body: bytes | bytearray) -> _Payload:
    try:
        text = _form_payload(body) if content_type == FORM_TYPE else body
        return msgspec.json.decode(text, type=_Payload)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _Payload()


def _form_payload(body: bytes | bytearray) -> str:
    """GitHub's form has one field, `payload`. Raises ValueError."""
    fields = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=8, errors="strict")
    return dict(fields).get("payload", "")


def _is_pull_request(issue: _Issue) -> bool:
    """They have issue events too, and are not synced."""
    return bytes(issue.pull_request) not in (b"", b"null")


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _EVENT_NAME.fullmatch(value) is not None
