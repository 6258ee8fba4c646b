"""GitHub's deliveries: verified, noted, and answered before anybody looks at GitHub.

Source: docs/reference/contract.md, HTTP.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from reconciler.metrics import Metrics
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, Queue, WebhookDelivery, Webhooks
from reconciler.web.request_body import BodyReader
from reconciler.web.webhooks import payload
from reconciler.web.webhooks.payload import FORM_TYPE, JSON_TYPE, DeliveryHint
from reconciler.web.webhooks.signatures import SignatureChecker

WEBHOOK_ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.BAD_REQUEST.value: {"description": "It is no HTTP, or its sender left"},
    HTTPStatus.UNAUTHORIZED.value: {"description": "The signature does not fit, whatever the reason"},
    HTTPStatus.REQUEST_TIMEOUT.value: {"description": "The body came too slowly"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value: {"description": "The body is larger than 1 MiB"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE.value: {"description": "It is neither JSON nor a form"},
    HTTPStatus.SERVICE_UNAVAILABLE.value: {"description": "Too busy, or the database can't be used now"},
}
WEBHOOK_PATH = "/api/v1/webhooks/github/{project_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """What takes a delivery in."""

    webhooks: Webhooks
    queue: Queue
    clock: Clock
    metrics: Metrics
    signature_checker: SignatureChecker
    body_reader: BodyReader

    async def receive(self, project: str, request: Request) -> None:
        """Note one delivery and nudge its project. Raises HTTPException (401, 408, 413, 415, 503) or
        DatabaseError: nothing was noted, or nobody nudged, so GitHub shows a failed delivery.
        """
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in (JSON_TYPE, FORM_TYPE):
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON or a form.")
        project_id = _parse_project_id(project)
        signature = request.headers.get("x-hub-signature-256", "")
        async with self.body_reader.read(request) as body:
            if not await self.signature_checker.is_signed(project_id, body, signature) or project_id is None:
                raise HTTPException(HTTPStatus.UNAUTHORIZED, "The signature does not fit.")
            hint = payload.read_hint(request.headers, content_type, body)
        await self._record_delivery(project_id, hint)

    async def _record_delivery(self, project_id: ProjectId, hint: DeliveryHint) -> None:
        """A replay is known by its id: whoever sent it the first time was listened to, it nudges nobody."""
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
        if new:
            await self.queue.nudge(project_id)


def router(receiver: WebhookReceiver) -> APIRouter:
    """The route of docs/reference/contract.md."""
    made = APIRouter(tags=["webhooks"])

    @made.post(WEBHOOK_PATH, status_code=HTTPStatus.ACCEPTED, responses=WEBHOOK_ERROR_RESPONSES)
    async def receive_github_delivery(project_id: str, request: Request) -> JSONResponse:
        """Take in a GitHub delivery, JSON or form encoded, signed with the project's secret."""
        try:
            await receiver.receive(project_id, request)
        except HTTPException as refused:
            receiver.metrics.count_rejected_delivery(refused.status_code)
            raise
        return JSONResponse({"status": "accepted"}, HTTPStatus.ACCEPTED)

    return made


def _parse_project_id(text: str) -> ProjectId | None:
    try:
        return ProjectId(UUID(text))
    except ValueError:
        return None
