"""The last touch to an answer: ETags and 304s, and the faults that spoil a true answer."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from reconciler.demo.github.faults import Rewrite, Truncate, Unmodified
from reconciler.demo.github.messages import Answer, Request

OK, NOT_MODIFIED = 200, 304


def conditional(request: Request, answer: Answer) -> Answer:
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


def spoiled(request: Request, answer: Answer, fault: Truncate | Unmodified | Rewrite) -> Answer:
    """Return a true answer as the fault leaves it."""
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
