"""The page: the form, what it does, the plan of *Apply to existing links*, and the versions.

Everyone who may see the project sees the page; the form is for its owner, superadmins and the operator.
Nothing that was typed is lost: every answer but a success shows it again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import (
    DatabaseError,
    OperatorOnlySettingError,
    ReconcilerError,
    SettingsChangedError,
    WrongSettingError,
)
from reconciler.model.formatting import format_count
from reconciler.model.ids import ProjectId
from reconciler.model.policy import JsonObject, SettingsVersion, SettingsView
from reconciler.model.viewer import Access
from reconciler.model.views import PlanView
from reconciler.ports import Queries, SettingsCommands
from reconciler.web.pages.page import FlashMessage, PageResponder
from reconciler.web.pages.project_settings.controls import (
    PEOPLE,
    Control,
    ControlGroup,
    build_controls,
    value_as_text,
    value_at,
)
from reconciler.web.pages.project_settings.form_values import (
    SettingChange,
    changes_between,
    content_as_settings,
    fields_of_settings,
    merge_fields,
    settings_of_fields,
)
from reconciler.web.security.access_control import Visitor, raise_not_found

MAX_VERSION_DIGITS = 9
MAX_SHOWN_ACTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FormProblem:
    """Why a form was not carried out. `control`: the one that it is about, if it is about one."""

    text: str
    status: HTTPStatus
    control: Control | None = None
    others: tuple[SettingChange, ...] = ()  # what somebody else has changed in between


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version with what it changed; None: the version before it is not kept."""

    version: SettingsVersion
    changes: tuple[SettingChange, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A form as it was sent."""

    visitor: Visitor
    project_id: ProjectId
    fields: Mapping[str, str]
    view: SettingsView  # the settings now
    groups: tuple[ControlGroup, ...]

    @property
    def version(self) -> int:
        """The version that the form was made from."""
        return _parse_version(self.fields.get("version", ""))

    @property
    def loaded(self) -> JsonObject:
        """The settings that the form was made from."""
        return _settings_of_version(self.view, self.version)

    @property
    def settings(self) -> JsonObject:
        """The settings that it asks for."""
        return settings_of_fields(self.groups, self.fields, self.view.settings)

    @property
    def text(self) -> bytes:
        """The same as JSON."""
        return json.dumps(self.settings, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """The settings of one project."""

    frame: PageResponder
    queries: Queries
    commands: SettingsCommands

    async def render(self, request: Request, project_id: ProjectId) -> Response:
        """Render the stored settings. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        view = await self.commands.show_settings(project_id)
        groups = await self._build_controls(visitor, project_id, view)
        sent = SentForm(
            visitor=visitor,
            project_id=project_id,
            fields=fields_of_settings(groups, view.settings),
            view=view,
            groups=groups,
        )
        return await self._render(request, sent, may_change=access is Access.CHANGE)

    async def answer_form(self, request: Request, project_id: ProjectId) -> Response:
        """Do what the pressed button says. Raises HTTPException 401, 403, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        await self.frame.access_control.require_change_access(visitor.viewer, project_id)
        fields = await self.frame.form_reader.read_form(request, visitor.subject, has_lines=True)
        view = await self.commands.show_settings(project_id)
        groups = await self._build_controls(visitor, project_id, view)
        sent = SentForm(visitor=visitor, project_id=project_id, fields=fields, view=view, groups=groups)
        try:
            if fields.get("what") == "preview":
                plan = await self.commands.preview_settings(project_id, sent.text, visitor.viewer)
                return await self._render(request, sent, plan=plan)
            done = await self._carry_out(sent)
        except DatabaseError:
            raise
        except ReconcilerError as error:
            return await self._render_problem(request, sent, error)
        return self.frame.redirect(visitor, _path_of(project_id), FlashMessage(text=done))

    async def _build_controls(
        self, visitor: Visitor, project_id: ProjectId, view: SettingsView
    ) -> tuple[ControlGroup, ...]:
        names_people = any(key.name == PEOPLE for key in view.keys)
        members = await self.queries.members(project_id) if names_people else ()
        return build_controls(view, members, by_operator=visitor.viewer.user_id is None)

    async def _carry_out(self, sent: SentForm) -> str:
        """Store, apply or bring back. Returns what was done, in a sentence."""
        viewer, project_id = sent.visitor.viewer, sent.project_id
        match sent.fields.get("what"):
            case "restore":
                wanted = _parse_version(sent.fields.get("restored", ""))
                now = await self.commands.restore_settings(project_id, wanted, viewer, expected=sent.version)
                return f"The settings are those of version {wanted} again, as version {now.version}."
            case "apply":
                digest = sent.fields.get("hash", "")
                await self.commands.require_previewed(project_id, sent.text, digest, viewer)
                if sent.settings != sent.view.settings:
                    await self.commands.save_settings(project_id, sent.text, viewer, expected=sent.version)
                plan = await self.commands.apply_settings(project_id, digest, viewer, sent.visitor.actor)
                counted = format_count(len(plan.actions), "action")
                return f"The settings are saved, and applied to existing links: {counted} by the next pass."
            case _:
                now = await self.commands.save_settings(project_id, sent.text, viewer, expected=sent.version)
                return f"The settings are saved as version {now.version}; the next pass uses them."

    async def _render_problem(self, request: Request, sent: SentForm, error: ReconcilerError) -> Response:
        view = await self.commands.show_settings(sent.project_id)
        match error:
            case WrongSettingError():
                is_kept = isinstance(error, OperatorOnlySettingError)
                status = HTTPStatus.FORBIDDEN if is_kept else HTTPStatus.UNPROCESSABLE_ENTITY
                problem = FormProblem(
                    text=str(error), status=status, control=_find_control(sent.groups, error.key)
                )
            case SettingsChangedError():
                problem = FormProblem(
                    text="Somebody else has saved these settings in between. What they changed is listed, "
                    "what you changed is still in the form: save it again to have both.",
                    status=HTTPStatus.PRECONDITION_FAILED,
                    others=changes_between(sent.loaded, view.settings),
                )
                fields = merge_fields(sent.groups, sent.fields, sent.loaded, view.settings)
                what = sent.fields.get("what", "")
                sent = replace(sent, view=view, fields={**fields, "version": str(view.version), "what": what})
            case _:
                problem = FormProblem(text=str(error), status=HTTPStatus.CONFLICT)
        if sent.fields.get("what") == "restore":  # its form has none of the values
            sent = replace(sent, view=view, fields=fields_of_settings(sent.groups, view.settings))
        return await self._render(request, sent, problem=problem)

    async def _render(
        self,
        request: Request,
        sent: SentForm,
        *,
        may_change: bool = True,
        plan: PlanView | None = None,
        problem: FormProblem | None = None,
    ) -> Response:
        healths = await self.queries.health(sent.project_id)
        if not healths:
            raise_not_found()
        return self.frame.render(
            request,
            sent.visitor,
            "settings.html",
            problem.status if problem else HTTPStatus.OK,
            id=sent.project_id,
            health=healths[0],
            view=sent.view,
            version=sent.fields.get("version", sent.view.version),
            groups=sent.groups,
            fields=sent.fields,
            may_change=may_change,
            plan=plan,
            shown_actions=plan.actions[:MAX_SHOWN_ACTIONS] if plan else (),
            problem=problem,
            history=_history_lines(sent.view),
            value_at=value_at,
            in_words=value_as_text,
        )


def _path_of(project_id: ProjectId) -> str:
    return f"/projects/{project_id}/settings"


def _parse_version(text: str) -> int:
    """Return the number of a version; -1, which no version has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_VERSION_DIGITS else -1


def _settings_of_version(view: SettingsView, version: int) -> JsonObject:
    """Return the settings of a version, as far as it is kept."""
    found = (each for each in view.history if each.version == version)
    kept = next(found, None)
    return content_as_settings(kept.content) if kept is not None else {}


def _history_lines(view: SettingsView) -> tuple[VersionLine, ...]:
    lines = []
    for place, version in enumerate(view.history):
        older = view.history[place + 1] if place + 1 < len(view.history) else None
        changes = None
        if older is not None or version.version == 1:
            before = content_as_settings(older.content) if older is not None else {}
            changes = changes_between(before, content_as_settings(version.content))
        lines.append(VersionLine(version=version, changes=changes))
    return tuple(lines)


def _find_control(groups: tuple[ControlGroup, ...], key: str) -> Control | None:
    """Return the control that an error's key is about: its own, or that of the object it is a member of."""
    controls = [control for group in groups for control in group.controls]
    of_key = (each for each in controls if key == each.key or key.startswith(f"{each.key}."))
    inside = (each for each in controls if each.key.startswith(f"{key}."))
    return next(of_key, None) or next(inside, None)


def router(page: SettingsPage) -> APIRouter:
    """Build the routes. Include them before those of the project page, which match any last path segment."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}/settings")
    async def show(request: Request, project_id: str) -> Response:
        return await page.render(request, await page.frame.authenticated_project_id(request, project_id))

    @api_router.post("/projects/{project_id}/settings")
    async def answer_form(request: Request, project_id: str) -> Response:
        return await page.answer_form(request, await page.frame.authenticated_project_id(request, project_id))

    return api_router
