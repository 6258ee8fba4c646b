"""A project's own settings by the JSON API (docs/reference/contract.md, Owners' settings)."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, Response

from reconciler.errors import (
    DatabaseError,
    OperatorOnlySettingError,
    ReconcilerError,
    SettingsChangedError,
    WrongSettingError,
)
from reconciler.model.ids import ProjectId, parse_uuid
from reconciler.model.policy import SettingsView
from reconciler.model.views import PlanView, action_as_json
from reconciler.ports import SettingsCommands
from reconciler.web.api.action_routes import ACTION_RESPONSES
from reconciler.web.api.response_models import SettingsPlanResponse, SettingsResponse
from reconciler.web.api.routes import API_ERROR_RESPONSES, NOT_FOUND_RESPONSE, SECURITY_SCHEMES
from reconciler.web.request_body import JSON_TYPE, BodyReader, content_type_of
from reconciler.web.security.access_control import AccessControl, Visitor, raise_not_found
from reconciler.web.security.cross_origin import require_allowed_origin

MAX_SETTINGS_BYTES = 64 * 1024
"""Of a request. The settings themselves are shorter; a longer text gets that as its error."""

_ETAG_PATTERN = re.compile(r'(?:W/)?"v([0-9]{1,9})"')
SETTINGS_RESPONSES: dict[int | str, dict[str, Any]] = {
    **ACTION_RESPONSES,
    HTTPStatus.FORBIDDEN.value: {"description": "You may look, or the operator keeps the `key`"},
    HTTPStatus.PRECONDITION_FAILED.value: {"description": "Somebody else has changed them in between"},
    HTTPStatus.UNPROCESSABLE_ENTITY.value: {"description": "`key` is unknown or wrong"},
    HTTPStatus.PRECONDITION_REQUIRED.value: {"description": "Send `If-Match` with the ETag of your last GET"},
}
SETTINGS_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": {"type": "object"}}}},
    "parameters": [
        {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}},
    ],
}
PLAN_RESPONSES = {
    status: response
    for status, response in SETTINGS_RESPONSES.items()
    if status not in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED)
}
HASH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"hash": {"type": "string"}},
    "required": ["hash"],
    "example": {"hash": "0123456789abcdef"},
}


def openapi_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body for OpenAPI."""
    return {"requestBody": {"required": True, "content": {JSON_TYPE: {"schema": schema}}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsApi:
    """Reading, storing and applying a project's own settings."""

    access_control: AccessControl
    commands: SettingsCommands
    body_reader: BodyReader

    async def read(self, request: Request, uuid: UUID | None) -> Response:
        """Answer the settings. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.access_control.require_api_visitor(request)
        project_id = ProjectId(uuid) if uuid is not None else raise_not_found()
        await self.access_control.require_access(visitor.viewer, project_id)
        view = await self.commands.show_settings(project_id)
        if request.headers.get("if-none-match") == etag_of(view.version) and view.problem is None:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag_of(view.version)})
        return settings_answer(view)

    async def store(self, request: Request, uuid: UUID | None) -> Response:
        """Store settings. Raises HTTPException, DatabaseError."""
        visitor, project_id = await self._require_owner(request, uuid)
        expected = _expected_version(request)
        async with self.body_reader.read_body(request) as body:
            text = bytes(body)
        try:
            view = await self.commands.save_settings(project_id, text, visitor.viewer, expected=expected)
        except DatabaseError:
            raise
        except ReconcilerError as error:
            return settings_refusal(error)
        return settings_answer(view)

    async def preview(self, request: Request, uuid: UUID | None) -> Response:
        """Answer what applying settings to existing links would do. Raises HTTPException, DatabaseError."""
        visitor, project_id = await self._require_owner(request, uuid)
        async with self.body_reader.read_body(request) as body:
            text = bytes(body)
        return await _answer_plan(self.commands.preview_settings(project_id, text, visitor.viewer))

    async def apply(self, request: Request, uuid: UUID | None) -> Response:
        """Apply the settings in force to existing links. Raises HTTPException, DatabaseError."""
        visitor, project_id = await self._require_owner(request, uuid)
        async with self.body_reader.read_body(request) as body:
            words = _decode_plan_hash(bytes(body))
        applied = self.commands.apply_settings(project_id, words.hash, visitor.viewer, visitor.actor)
        return await _answer_plan(applied)

    async def _require_owner(self, request: Request, uuid: UUID | None) -> tuple[Visitor, ProjectId]:
        visitor = await self.access_control.require_api_visitor(request)
        project_id = ProjectId(uuid) if uuid is not None else raise_not_found()
        await self.access_control.require_change_access(visitor.viewer, project_id)
        require_allowed_origin(request, self.access_control.site, visitor, is_sensitive=True)
        if content_type_of(request) != JSON_TYPE:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        return visitor, project_id


def etag_of(version: int) -> str:
    """Return the ETag of a version of the settings."""
    return f'"v{version}"'


def settings_answer(view: SettingsView) -> Response:
    """Answer settings with their ETag."""
    content = {"settings": view.settings, "effective": view.effective, "version": view.version}
    return JSONResponse(content, headers={"ETag": etag_of(view.version)})


def settings_refusal(error: ReconcilerError) -> Response:
    """Answer why settings were not stored, with the key that is wrong or kept."""
    match error:
        case OperatorOnlySettingError():
            return JSONResponse({"detail": str(error), "key": error.key}, HTTPStatus.FORBIDDEN)
        case WrongSettingError():
            return JSONResponse({"detail": str(error), "key": error.key}, HTTPStatus.UNPROCESSABLE_ENTITY)
        case SettingsChangedError():
            return JSONResponse({"detail": str(error)}, HTTPStatus.PRECONDITION_FAILED)
        case _:
            return JSONResponse({"detail": str(error)}, HTTPStatus.CONFLICT)


class PlanHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which plan is to be carried out."""

    hash: str


def _decode_plan_hash(body: bytes) -> PlanHash:
    try:
        return msgspec.json.decode(body, type=PlanHash)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, 'Send JSON such as {"hash": "0123456789abcdef"}.'
        ) from None


async def _answer_plan(planned: Awaitable[PlanView]) -> Response:
    try:
        plan = await planned
    except DatabaseError:
        raise
    except ReconcilerError as error:
        return settings_refusal(error)
    return JSONResponse({"hash": plan.hash, "actions": [action_as_json(each) for each in plan.actions]})


def _expected_version(request: Request) -> int:
    sent = request.headers.get("if-match")
    if sent is None:
        raise HTTPException(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Send If-Match with the ETag of the settings that you have read.",
        )
    match = _ETAG_PATTERN.fullmatch(sent.strip())
    return int(match[1]) if match else _raise_unknown_etag()


def _raise_unknown_etag() -> NoReturn:
    raise HTTPException(HTTPStatus.PRECONDITION_FAILED, "If-Match names no version of these settings.")


def router(api: SettingsApi) -> APIRouter:
    """Build the routes. An id that can't be parsed is answered like an unknown one (404)."""
    api_router = APIRouter(
        prefix="/api/v1",
        tags=["settings"],
        responses=API_ERROR_RESPONSES,
        dependencies=list(SECURITY_SCHEMES),
    )
    path = "/projects/{project_id}/settings"

    @api_router.get(path, responses=NOT_FOUND_RESPONSE, response_model=SettingsResponse)
    async def read_settings(request: Request, project_id: str) -> Response:
        """The project's own settings, and those in force."""
        return await api.read(request, parse_uuid(project_id))

    @api_router.put(
        path, responses=SETTINGS_RESPONSES, response_model=SettingsResponse, openapi_extra=SETTINGS_BODY
    )
    async def store_settings(request: Request, project_id: str) -> Response:
        """Store the project's own settings in place of those that were read."""
        return await api.store(request, parse_uuid(project_id))

    @api_router.post(
        f"{path}/preview",
        responses=PLAN_RESPONSES,
        response_model=SettingsPlanResponse,
        openapi_extra=openapi_body({"type": "object"}),
    )
    async def preview_settings(request: Request, project_id: str) -> Response:
        """What applying these settings to existing links would do. Nothing is stored."""
        return await api.preview(request, parse_uuid(project_id))

    @api_router.post(
        f"{path}/apply",
        responses=PLAN_RESPONSES,
        response_model=SettingsPlanResponse,
        openapi_extra=openapi_body(HASH_SCHEMA),
    )
    async def apply_settings(request: Request, project_id: str) -> Response:
        """Apply the settings in force to existing links, if the plan is still the one with this hash."""
        return await api.apply(request, parse_uuid(project_id))

    return api_router
