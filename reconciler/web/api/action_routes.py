"""The routes of the API's commands, each with an example of its body and its answer."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.web.api import response_models
from reconciler.web.api.actions import (
    AcceptBody,
    ApiActions,
    ApiCommand,
    DismissBody,
    EmptyBody,
    IssueBody,
    LinkBody,
    ResolveBody,
)
from reconciler.web.api.routes import API_ERROR_RESPONSES, NOT_FOUND_RESPONSE, SECURITY_SCHEMES
from reconciler.web.request_body import JSON_TYPE

Endpoint = Callable[[Request, str, ApiCommand], Awaitable[Response]]
ACCEPTED = HTTPStatus.ACCEPTED
ACTION_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND_RESPONSE,
    HTTPStatus.BAD_REQUEST.value: {"description": "The body is not what this command takes"},
    HTTPStatus.FORBIDDEN.value: {"description": "You may look, but not change this, or not from this origin"},
    HTTPStatus.REQUEST_TIMEOUT.value: {"description": "The body did not come in time"},
    HTTPStatus.CONFLICT.value: {"description": "It can't be done now; `detail` says why"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value: {"description": "The body is too large"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE.value: {"description": "Send JSON"},
}
ISSUE = "acme/web#12"
REPORT_COMMANDS = (
    ApiCommand(
        name="export",
        body=EmptyBody,
        example={},
        status=ACCEPTED,
        summary="Make an issue of the report.",
        says="Its issue is created in acme/web by the next pass.",
    ),
    ApiCommand(
        name="link",
        body=LinkBody,
        example={"issue": ISSUE, "backfill": False},
        status=ACCEPTED,
        summary=(
            "Link the report to an issue; with `instead` to a second one that was exported for it, with "
            "`follow` to the report that is linked to it."
        ),
        says=f"BUG-0007 is linked to {ISSUE}",
    ),
    ApiCommand(
        name="unlink",
        body=EmptyBody,
        example={},
        summary="Cut the link. Nothing on GitHub is changed.",
        says=f"BUG-0007 is unlinked from {ISSUE}",
    ),
    ApiCommand(
        name="retry",
        body=EmptyBody,
        example={},
        status=ACCEPTED,
        summary="End the quarantine of the report's link and writes.",
        says="BUG-0007: its link released; the next pass tries",
    ),
    ApiCommand(
        name="resolve",
        body=ResolveBody,
        example={"field": "severity", "take": "github"},
        status=ACCEPTED,
        summary="Settle a conflict with the value of one side.",
        says="BUG-0007: severity is 'high' again, as GitHub had it",
    ),
    ApiCommand(
        name="dismiss",
        body=DismissBody,
        example={"field": "severity"},
        summary="Put away a decided conflict, of one field or all, a gone link, or second issues.",
        says="BUG-0007: the conflict about severity is dismissed; the present value stays",
    ),
    ApiCommand(
        name="duplicate",
        body=IssueBody,
        example={"issue": ISSUE},
        summary="Close a second issue that was exported for the report, as a duplicate of the linked one.",
        says=f"{ISSUE} is closed as a duplicate of acme/web#7",
    ),
)
PROJECT_COMMANDS = (
    ApiCommand(
        name="sync",
        body=EmptyBody,
        example={},
        status=ACCEPTED,
        summary="Ask for a pass, as soon as one may run.",
        says="Web shop is synced as soon as a pass may run.",
    ),
    ApiCommand(
        name="verify",
        body=EmptyBody,
        example={},
        status=ACCEPTED,
        summary="Compare every link in full in the next passes.",
        says="Every link is compared in full by the next passes.",
    ),
    ApiCommand(
        name="pause",
        body=EmptyBody,
        example={},
        summary="Stop syncing the project until it is resumed.",
        says="Web shop is paused",
    ),
    ApiCommand(
        name="resume",
        body=EmptyBody,
        example={},
        status=ACCEPTED,
        summary="End a pause.",
        says="Web shop goes on; the next pass brings over what changed in between",
    ),
    ApiCommand(
        name="accept",
        body=AcceptBody,
        example={"hash": "3f0a9c1e"},
        status=ACCEPTED,
        is_sensitive=True,
        summary="Accept withheld deletions by their hash, or by `public` a repository that became public.",
        says="Accepted; the next pass carries it out.",
    ),
)
WEBHOOK_COMMANDS = (
    ApiCommand(
        name="rotate",
        body=EmptyBody,
        example={},
        is_sensitive=True,
        summary="Generate a new secret. The previous one stays valid for a day.",
        says="There is a new secret. The previous one stays valid for a day.",
    ),
    ApiCommand(
        name="create",
        body=EmptyBody,
        example={},
        summary="Create the webhook on GitHub, or correct it.",
        says="The webhook of acme/web was created (id 5); GitHub sends a ping at once.",
    ),
    ApiCommand(
        name="test",
        body=EmptyBody,
        example={},
        summary="Ask GitHub to deliver a ping.",
        says="GitHub was asked to deliver a ping; it usually comes within seconds.",
    ),
)
REVEAL = ApiCommand(
    name="reveal",
    body=EmptyBody,
    example={},
    is_sensitive=True,
    summary="The webhook's secret. A missing one is made.",
    says="The secret of the webhook: enter it on GitHub, and nowhere else.",
)


def router(actions: ApiActions) -> APIRouter:
    """Build the routes. An id that can't be parsed is answered like an unknown one (404)."""
    api_router = APIRouter(
        prefix="/api/v1",
        tags=["commands"],
        responses={**API_ERROR_RESPONSES, **ACTION_RESPONSES},
        dependencies=list(SECURITY_SCHEMES),
    )
    for command in REPORT_COMMANDS:
        _add_route(api_router, f"/reports/{{report_id}}/{command.name}", command, actions.run_report_action)
    for command in PROJECT_COMMANDS:
        _add_route(
            api_router, f"/projects/{{project_id}}/{command.name}", command, actions.run_project_action
        )
    webhook = "/projects/{project_id}/webhook"
    for command in WEBHOOK_COMMANDS:
        _add_route(api_router, f"{webhook}/{command.name}", command, actions.run_webhook_action)
    _add_route(
        api_router,
        f"{webhook}/{REVEAL.name}",
        REVEAL,
        actions.reveal_secret,
        response_models.WebhookSecretResponse,
    )
    return api_router


def _add_route(
    api_router: APIRouter,
    path: str,
    command: ApiCommand,
    endpoint: Endpoint,
    response_model: type = response_models.CommandResponse,
) -> None:
    async def run_report_action(request: Request, report_id: str) -> Response:
        return await endpoint(request, report_id, command)

    async def run_project_action(request: Request, project_id: str) -> Response:
        return await endpoint(request, project_id, command)

    api_router.add_api_route(
        path,
        run_report_action if "{report_id}" in path else run_project_action,
        methods=["POST"],
        summary=command.summary,
        status_code=command.status.value,
        response_model=response_model,
        responses={command.status.value: {"content": {JSON_TYPE: {"example": {"message": command.says}}}}}
        if response_model is response_models.CommandResponse
        else None,
        openapi_extra=_body_description(command),
    )


def _body_description(command: ApiCommand) -> dict[str, Any]:
    """Describe the body, which is read by `ApiActions`, for `/openapi.json`."""
    _, components = msgspec.json.schema_components([command.body])
    described = components[command.body.__name__]
    described["properties"] = {
        name: _without_reference(value, components) for name, value in described["properties"].items()
    }
    content = {JSON_TYPE: {"schema": described, "example": dict(command.example)}}
    return {"requestBody": {"required": bool(described["required"]), "content": content}}


def _without_reference(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    reference: str | None = schema.get("$ref")
    return schema if reference is None else components[reference.rpartition("/")[2]]
