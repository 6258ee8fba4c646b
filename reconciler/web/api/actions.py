"""Commands by the JSON API: as the pages' buttons, with the same rights (docs/reference/contract.md)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, HTTPException, Request

from reconciler.errors import DatabaseError, ReconcilerError
from reconciler.model.ids import ReportId, parse_uuid
from reconciler.ports import Commands
from reconciler.web.api import response_models
from reconciler.web.api.routes import API_ERROR_RESPONSES, NOT_FOUND_RESPONSE, SECURITY_SCHEMES
from reconciler.web.request_body import JSON_TYPE, BodyReader, content_type_of
from reconciler.web.security.cross_origin import require_allowed_origin
from reconciler.web.security.sign_in import AccessControl, raise_not_found
from reconciler.web.words import require_plain_word

MAX_COMMAND_BYTES = 16 * 1024
ACTION_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND_RESPONSE,
    HTTPStatus.BAD_REQUEST.value: {"description": "The body is not what this command takes"},
    HTTPStatus.FORBIDDEN.value: {"description": "You may look, but not change this, or not from this origin"},
    HTTPStatus.REQUEST_TIMEOUT.value: {"description": "The body did not come in time"},
    HTTPStatus.CONFLICT.value: {"description": "It can't be done now; `detail` says why"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value: {"description": "The body is too large"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE.value: {"description": "Send JSON"},
}
ISSUE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["issue"],
                    "properties": {"issue": {"type": "string", "maxLength": 300}},
                }
            }
        },
    }
}


class IssueCommand(msgspec.Struct, frozen=True):
    """The body of a command about an issue: its number, its address, or `OWNER/REPO#12`."""

    issue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiActions:
    """The commands and who may run them."""

    access_control: AccessControl
    commands: Commands
    body_reader: BodyReader

    async def close_duplicate(self, request: Request, uuid: UUID | None) -> response_models.CommandResponse:
        """Close a second issue. Raises HTTPException as the responses above say, DatabaseError."""
        visitor = await self.access_control.require_visitor(request)
        if uuid is None:
            raise_not_found()
        report_id = ReportId(uuid)
        project_id = await self.access_control.require_report_project(visitor.viewer, report_id)
        await self.access_control.require_change_access(visitor.viewer, project_id)
        require_allowed_origin(request, self.access_control.site, visitor)
        body = await self._read_issue_command(request)
        try:
            message = await self.commands.close_duplicate(report_id, body.issue)
        except DatabaseError:
            raise
        except ReconcilerError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from None
        return response_models.CommandResponse(message=message)

    async def _read_issue_command(self, request: Request) -> IssueCommand:
        if content_type_of(request) != JSON_TYPE:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        async with self.body_reader.read_body(request) as body:
            try:
                command = msgspec.json.decode(body, type=IssueCommand)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                reason = 'Send {"issue": "OWNER/REPO#12"}.'
                raise HTTPException(HTTPStatus.BAD_REQUEST, reason) from None
        require_plain_word(command.issue)
        return command


def router(actions: ApiActions) -> APIRouter:
    """Build the routes. An id that can't be parsed is answered like an unknown one (404)."""
    api_router = APIRouter(
        prefix="/api/v1",
        tags=["commands"],
        responses=API_ERROR_RESPONSES,
        dependencies=list(SECURITY_SCHEMES),
    )

    @api_router.post("/reports/{report_id}/duplicate", responses=ACTION_RESPONSES, openapi_extra=ISSUE_BODY)
    async def close_duplicate(request: Request, report_id: str) -> response_models.CommandResponse:
        """Close a second issue that was exported for the report, as a duplicate of the linked one."""
        return await actions.close_duplicate(request, parse_uuid(report_id))

    return api_router
