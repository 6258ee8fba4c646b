"""GitHub's webhook deliveries: verified, recorded, and answered; no request to GitHub is made.

A delivery is only a hint which issue to read; its data is never used (docs/reference/github.md, Webhooks). A
body that can't be parsed (cut, not UTF-8, not of GitHub's shape) names no issue. Its signature proves that
GitHub sent it, so it is accepted and a pass is requested anyway.

Source: docs/reference/contract.md, HTTP.
"""

import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from reconciler.metrics import Metrics
from reconciler.model.ids import IssueNumber, ProjectId, parse_uuid
from reconciler.model.webhook import WEBHOOK_PATH
from reconciler.ports import Clock, Queue, WebhookDelivery, Webhooks
from reconciler.web.request_body import FORM_TYPE, JSON_TYPE, BodyReader, content_type_of
from reconciler.web.webhooks.rejected import RejectedDeliveries, describe_rejection
from reconciler.web.webhooks.signatures import SignatureChecker

_DELIVERY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
Payload = TypeVar("Payload", bound=msgspec.Struct)
_EVENT_NAME = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHint:
    """The parts of a delivery that are recorded."""

    id: str
    event: str
    action: str | None
    number: IssueNumber | None


class _IssuePayload(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    pull_request: msgspec.Raw = msgspec.Raw()


class _DeliveryPayload(msgspec.Struct):
    action: Any = None
    issue: _IssuePayload | None = None


def read_hint(headers: Mapping[str, str], content_type: str, body: bytes | bytearray) -> DeliveryHint:
    """Read the hint of a delivery whose signature is valid. Raises nothing.

    `headers`: a mapping that ignores case; `body`: the raw bytes.
    """
    payload = decode_payload(content_type, body, _DeliveryPayload)
    given, event = headers.get("x-github-delivery", ""), headers.get("x-github-event", "")
    issue = payload.issue
    return DeliveryHint(
        # Without GitHub's id, a hash of the content replaces it: the same body again is a replay.
        id=given if _DELIVERY_ID.fullmatch(given) else f"body-{sha256(body).hexdigest()[:32]}",
        event=event if _EVENT_NAME.fullmatch(event) else "unknown",
        action=payload.action if _is_event_name(payload.action) else None,
        number=IssueNumber(issue.number) if issue is not None and not _is_pull_request(issue) else None,
    )


def decode_payload(content_type: str, body: bytes | bytearray, kind: type[Payload]) -> Payload:
    """Return the members of a delivery that `kind` names; what can't be read is `kind()`. Raises nothing."""
    try:
        text = _form_payload(body) if content_type == FORM_TYPE else body
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return kind()


def _form_payload(body: bytes | bytearray) -> str:
    """Return the JSON of a form-encoded delivery: its only field, `payload`. Raises ValueError."""
    fields = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=8, errors="strict")
    return dict(fields).get("payload", "")


def _is_pull_request(issue: _IssuePayload) -> bool:
    """Return whether the issue is a pull request: these have issue events too, and are not synced."""
    return bytes(issue.pull_request) not in (b"", b"null")


def _is_event_name(value: object) -> bool:
    return isinstance(value, str) and _EVENT_NAME.fullmatch(value) is not None


WEBHOOK_ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.BAD_REQUEST.value: {"description": "It is no HTTP, or its sender left"},
    HTTPStatus.UNAUTHORIZED.value: {"description": "The signature does not fit, whatever the reason"},
    HTTPStatus.REQUEST_TIMEOUT.value: {"description": "The body came too slowly"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value: {"description": "The body is larger than 1 MiB"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE.value: {"description": "It is neither JSON nor a form"},
    HTTPStatus.SERVICE_UNAVAILABLE.value: {"description": "Too busy, or the database can't be used now"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHandler:
    """Records verified deliveries, and requests passes."""

    webhooks: Webhooks
    queue: Queue
    clock: Clock
    metrics: Metrics

    async def record_delivery(self, project_id: ProjectId, hint: DeliveryHint) -> None:
        """Record the hint and request a pass.

        A replay, recognised by its id, requests one only if no pass has acted on the first delivery: that is
        what a person who has GitHub deliver again after a failure wants.
        """
        delivery = WebhookDelivery(
            project_id=project_id,
            id=hint.id,
            event=hint.event,
            action=hint.action,
            number=hint.number,
            at=self.clock.now(),
        )
        new = await self.webhooks.record_delivery(delivery)
        self.metrics.count_delivery(project_id, replayed=not new)
        if new or await self.webhooks.is_delivery_unhandled(project_id, hint.id):
            await self.queue.nudge(project_id)

    async def answer_delivery(self, receive: Awaitable[None]) -> JSONResponse:
        """Receive a delivery and answer it. Raises what `receive` raises; refusals are counted."""
        try:
            await receive
        except HTTPException as refused:
            self.metrics.count_rejected_delivery(refused.status_code)
            raise
        return JSONResponse({"status": "accepted"}, HTTPStatus.ACCEPTED)


def require_delivery_type(request: Request) -> str:
    """Return the media type of a delivery. Raises HTTPException 415 unless it is JSON or a form."""
    content_type = content_type_of(request)
    if content_type not in (JSON_TYPE, FORM_TYPE):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON or a form.")
    return content_type


def raise_unsigned() -> NoReturn:
    """Raise HTTPException 401, the same whatever is wrong."""
    raise HTTPException(HTTPStatus.UNAUTHORIZED, "The signature does not fit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """Receives, verifies and records deliveries of projects' webhooks."""

    recorder: DeliveryHandler
    signature_checker: SignatureChecker
    body_reader: BodyReader
    rejected: RejectedDeliveries

    def remember_rejection(self, project: str, request: Request, status: int) -> None:
        """Remember that a delivery was refused, for the set-up page. `project`: as in `receive`."""
        uuid = parse_uuid(project)
        if uuid is not None:
            at = self.recorder.clock.now()
            self.rejected.add(ProjectId(uuid), describe_rejection(request.headers, status, at))

    async def receive(self, project: str, request: Request) -> None:
        """Record one delivery and request a pass. `project`: the id in the path, untrusted.

        Raises HTTPException (400, 401, 408, 413, 415, 503) or DatabaseError: nothing was recorded or no pass
        was requested, and GitHub shows a failed delivery.
        """
        content_type = require_delivery_type(request)
        uuid = parse_uuid(project)
        project_id = None if uuid is None else ProjectId(uuid)
        signature = request.headers.get("x-hub-signature-256", "")
        async with self.body_reader.read_body(request) as body:
            if not await self.signature_checker.is_signed(project_id, body, signature) or project_id is None:
                raise_unsigned()
            hint = read_hint(request.headers, content_type, body)
        await self.recorder.record_delivery(project_id, hint)


def router(receiver: WebhookReceiver) -> APIRouter:
    """Build the route for deliveries (docs/reference/contract.md, HTTP)."""
    api_router = APIRouter(tags=["webhooks"])

    @api_router.post(WEBHOOK_PATH, status_code=HTTPStatus.ACCEPTED, responses=WEBHOOK_ERROR_RESPONSES)
    async def receive_github_delivery(project_id: str, request: Request) -> JSONResponse:
        """Receive a GitHub delivery, JSON or form encoded, signed with the project's secret."""
        try:
            return await receiver.recorder.answer_delivery(receiver.receive(project_id, request))
        except HTTPException as refused:
            receiver.remember_rejection(project_id, request, refused.status_code)
            raise

    return api_router
