"""Deliveries of the one webhook of the operator's GitHub App.

They are verified with the App's own secret, and request passes of the operator's pairs that match both
numbers of a delivery, installation and repository. Any other event is accepted, and nothing follows from it:
GitHub delivers for every repository that the App is installed on.

Source: docs/reference/contract.md, HTTP; docs/reference/github.md, Credentials and versions.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from secrets import token_bytes
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reconciler.model.secret import Secret
from reconciler.model.webhook import APP_WEBHOOK_PATH
from reconciler.ports import Webhooks
from reconciler.web.request_body import BodyReader
from reconciler.web.webhooks.receiver import (
    WEBHOOK_ERROR_RESPONSES,
    DeliveryHandler,
    decode_payload,
    raise_unsigned,
    read_hint,
    require_delivery_type,
)
from reconciler.web.webhooks.signatures import is_valid_signature


class _NumberedObject(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class _AppPayload(msgspec.Struct):
    installation: _NumberedObject | None = None
    repository: _NumberedObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWebhookReceiver:
    """Receives, verifies and records deliveries of the App's webhook."""

    recorder: DeliveryHandler
    webhooks: Webhooks
    body_reader: BodyReader
    secret: Secret  # empty: every delivery is refused
    decoy: bytes = field(default_factory=lambda: token_bytes(32), repr=False)

    async def receive(self, request: Request) -> None:
        """Record one delivery for each project it is about, and request their passes.

        Raises HTTPException (400, 401, 408, 413, 415, 503) or DatabaseError, as the projects' receiver.
        """
        content_type = require_delivery_type(request)
        signature = request.headers.get("x-hub-signature-256", "")
        async with self.body_reader.read_body(request) as body:
            secrets = (self.secret,) if self.secret else ()
            if not is_valid_signature(secrets, body, signature, self.decoy):
                raise_unsigned()
            hint = read_hint(request.headers, content_type, body)
            payload = decode_payload(content_type, body, _AppPayload)
        if payload.installation is None or payload.repository is None:
            return  # `ping`, and events about the App itself
        for project_id in await self.webhooks.projects_of_app(payload.installation.id, payload.repository.id):
            await self.recorder.record_delivery(project_id, hint)


def router(receiver: AppWebhookReceiver) -> APIRouter:
    """Build the route for the App's deliveries (docs/reference/contract.md, HTTP)."""
    api_router = APIRouter(tags=["webhooks"])

    @api_router.post(APP_WEBHOOK_PATH, status_code=HTTPStatus.ACCEPTED, responses=WEBHOOK_ERROR_RESPONSES)
    async def receive_github_app_delivery(request: Request) -> JSONResponse:
        """Take in a delivery of the operator's GitHub App, JSON or form encoded, signed with its secret."""
        return await receiver.recorder.answer_delivery(receiver.receive(request))

    return api_router
