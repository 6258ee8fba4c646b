"""Commands by the JSON API: as the pages' buttons, with the same rights.

Source: docs/reference/contract.md, HTTP.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

import msgspec
from fastapi import HTTPException, Request
from starlette.responses import JSONResponse, Response

from reconciler.errors import DatabaseError, LimitedError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.webhook import WEBHOOK_EVENTS
from reconciler.ports import Clock
from reconciler.web.actions import ActionRunner
from reconciler.web.api import response_models
from reconciler.web.middleware import route_pattern
from reconciler.web.plain_input import require_plain_word
from reconciler.web.request_body import JSON_TYPE, BodyReader, content_type_of
from reconciler.web.security.access_control import AccessControl, Visitor, raise_not_found
from reconciler.web.security.cross_origin import require_allowed_origin

log = EventLogger(__name__)
MAX_COMMAND_BYTES = 16 * 1024
Words = Mapping[str, str]
"""What `ActionRunner` takes."""


class EmptyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a command that takes nothing."""

    def action_arguments(self) -> Words:
        return {}


class IssueBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a command about an issue: its number, its address, or `OWNER/REPO#12`."""

    issue: str

    def action_arguments(self) -> Words:
        return {"issue": self.issue}


class LinkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `link`."""

    issue: str
    backfill: bool = False  # older comments are sent too
    instead: bool = False  # of the issue it is linked to, for a second issue that was exported for it
    follow: bool = False  # the report that is linked to the issue, which stays linked to it

    def action_arguments(self) -> Words:
        return {"issue": self.issue, "backfill": "1" if self.backfill else ""}

    def __post_init__(self) -> None:
        """Refuse two wishes at once, as a body of another shape is refused."""
        if self.follow and (self.instead or self.backfill):
            raise ValueError("`follow` goes with neither `instead` nor `backfill`")

    @property
    def action(self) -> str:
        """The page's action that does it."""
        return "instead" if self.instead else "follow" if self.follow else "link"


class ResolveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `resolve`."""

    field: Field
    take: Side

    def action_arguments(self) -> Words:
        return {"field": self.field.value, "take": self.take.value}


class DismissBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `dismiss`: one field, or without it everything of the report that is settled."""

    field: Field | None = None

    def action_arguments(self) -> Words:
        return {} if self.field is None else {"field": self.field.value}


class AcceptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `accept`: a hash of withheld deletions, or `public`."""

    hash: str

    def action_arguments(self) -> Words:
        return {"word": self.hash}


Body = EmptyBody | IssueBody | LinkBody | ResolveBody | DismissBody | AcceptBody


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCommand:
    """One command's route. `is_sensitive`: not from a preview of BugSpark's dashboard."""

    name: str
    body: type[Body]
    example: Mapping[str, str | bool]
    summary: str
    says: str  # an example of its answer
    status: HTTPStatus = HTTPStatus.OK  # ACCEPTED where the next pass does the work
    is_sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiActions:
    """Runs the commands for those who may. Every method raises HTTPException as the routes describe."""

    access_control: AccessControl
    runner: ActionRunner
    body_reader: BodyReader
    clock: Clock

    async def run_report_action(self, request: Request, text: str, command: ApiCommand) -> Response:
        """Run a command on the report with this id."""
        visitor = await self.access_control.require_api_visitor(request)
        uuid = parse_uuid(text)
        if uuid is None:
            raise_not_found()
        report_id = ReportId(uuid)
        project_id = await self.access_control.require_report_project(visitor.viewer, report_id)
        body = await self._read_allowed_body(request, visitor, project_id, command)
        what = body.action if isinstance(body, LinkBody) else command.name
        return await self._run_command(
            request,
            visitor,
            command,
            lambda: self.runner.run_report_action(visitor.actor, report_id, what, body.action_arguments()),
        )

    async def run_project_action(self, request: Request, text: str, command: ApiCommand) -> Response:
        """Run a command on the project with this id."""
        visitor, project_id = await self._find_project(request, text)
        body = await self._read_allowed_body(request, visitor, project_id, command)
        return await self._run_command(
            request,
            visitor,
            command,
            lambda: self.runner.run_project_action(
                visitor.actor, project_id, command.name, body.action_arguments()
            ),
        )

    async def run_webhook_action(self, request: Request, text: str, command: ApiCommand) -> Response:
        """Run a command on the webhook of the project with this id."""
        visitor, project_id = await self._find_project(request, text)
        await self._read_allowed_body(request, visitor, project_id, command)
        return await self._run_command(
            request,
            visitor,
            command,
            lambda: self.runner.run_webhook_action(visitor.actor, project_id, command.name),
        )

    async def reveal_secret(self, request: Request, text: str, command: ApiCommand) -> Response:
        """Answer with the webhook's secret. It is not compressed, and kept by no cache."""
        visitor, project_id = await self._find_project(request, text)
        await self._read_allowed_body(request, visitor, project_id, command)
        try:
            setup = await self.runner.reveal_webhook(visitor.actor, project_id)
        except DatabaseError:
            raise
        except ReconcilerError as error:
            raise await self._refusal(visitor, error) from None
        _log_command(request, visitor, "secret revealed")
        revealed = response_models.WebhookSecretResponse(
            message="The secret of the webhook: enter it on GitHub, and nowhere else.",
            url=setup.url,
            secret=setup.secret.reveal(),
            content_type=JSON_TYPE,
            events=list(WEBHOOK_EVENTS),
            settings_url=setup.settings_url,
        )
        return Response(msgspec.json.encode(revealed), media_type=JSON_TYPE)

    async def _find_project(self, request: Request, text: str) -> tuple[Visitor, ProjectId]:
        visitor = await self.access_control.require_api_visitor(request)
        uuid = parse_uuid(text)
        return visitor, ProjectId(uuid) if uuid is not None else raise_not_found()

    async def _read_allowed_body(
        self, request: Request, visitor: Visitor, project_id: ProjectId, command: ApiCommand
    ) -> Body:
        """Check the rights and where the request comes from, then read the body."""
        await self.access_control.require_change_access(visitor.viewer, project_id)
        site = self.access_control.site
        require_allowed_origin(request, site, visitor, is_sensitive=command.is_sensitive)
        if content_type_of(request) != JSON_TYPE:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        async with self.body_reader.read_body(request) as raw:
            try:
                body = msgspec.json.decode(raw or b"{}", type=command.body)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                usage = msgspec.json.encode(command.example).decode()
                raise HTTPException(HTTPStatus.BAD_REQUEST, f"Send JSON such as {usage}.") from None
        for word in body.action_arguments().values():
            require_plain_word(word)
        return body

    async def _run_command(
        self, request: Request, visitor: Visitor, command: ApiCommand, act: Callable[[], Awaitable[str]]
    ) -> Response:
        try:
            message = await act()
        except DatabaseError:
            raise
        except ReconcilerError as error:
            _log_command(request, visitor, "refused")
            raise await self._refusal(visitor, error) from None
        _log_command(request, visitor, "done")
        return JSONResponse({"message": message}, command.status)

    async def _refusal(self, visitor: Visitor, error: ReconcilerError) -> HTTPException:
        """Say why a command was refused, and after a limit when it may be sent again."""
        headers = None
        if isinstance(error, LimitedError):
            seconds = ceil((error.until - self.clock.now()).total_seconds())
            headers = {"Retry-After": str(max(1, seconds))}
        text = await self.access_control.error_text(visitor.viewer, error)
        return HTTPException(HTTPStatus.CONFLICT, text, headers)


def _log_command(request: Request, visitor: Visitor, what: str) -> None:
    user = visitor.viewer.user_id
    log.info(
        "api",
        what=what,
        by=visitor.subject.partition(" ")[0],
        user=None if user is None else str(user),
        route=route_pattern(request.scope),
    )
