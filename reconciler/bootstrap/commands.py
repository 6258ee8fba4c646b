"""What the pages may do, done by what the command does: `ports.Deeds`."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from reconciler.bootstrap.application import Application, NoProgress
from reconciler.bootstrap.container import Container
from reconciler.errors import BusyError, ProjectError, UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.report import Project
from reconciler.model.webhook import HookResult, WebhookSetup
from reconciler.ports import Queue
from reconciler.sync import commands
from reconciler.sync.context import Context
from reconciler.sync.preflight import is_identity_decision

T = TypeVar("T")
BUSY_TIMEOUT_SECONDS, BUSY_RETRY_SECONDS = 8.0, 0.25
"""Seconds that a deed waits for a pass at work, and between two tries."""
_ISSUE_URL = re.compile(
    r"https?://[^/]+/([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)/issues/([1-9][0-9]{0,9})/?(?:[?#].*)?"
)
_ISSUE_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")


class WebCommands:
    """Deeds on these parts; passes are asked for at this queue."""

    def __init__(self, parts: Container, queue: Queue) -> None:
        self._container = parts
        self._app = Application(parts)
        self._queue = queue

    async def sync(self, project_id: ProjectId) -> str:
        project = await self._usable_project(project_id)
        if (await self._container.stores.projects.get_state(project_id)).is_paused:
            raise ProjectError(f"{project.name} is paused: resume it first.")
        await self._queue.nudge(project_id)
        return f"{project.name} is looked at as soon as a pass may run."

    async def pause(self, project_id: ProjectId) -> str:
        return await self._app.pause(str(project_id))

    async def resume(self, project_id: ProjectId) -> str:
        return await self._nudge_after(project_id, await self._app.resume(str(project_id)))

    async def verify(self, project_id: ProjectId) -> str:
        context = await self._context(project_id)
        return await self._nudge_after(
            project_id, await self._retry_while_busy(lambda: commands.request_verification(context))
        )

    async def accept(self, project_id: ProjectId, word: str) -> str:
        context = await self._context(project_id)
        if is_identity_decision(word):
            raise UsageError("What is about databases is said with reconcile --accept, by the operator.")
        await commands.accept_waiting(context, word)
        return await self._nudge_after(project_id, "Accepted; the next pass goes on with it.")

    async def resolve(self, report_id: ReportId, field: Field, take: Side) -> str:
        done = await self._retry_while_busy(lambda: self._app.resolve(str(report_id), field, take))
        return await self._nudge_after(await self._project_of(report_id), done)

    async def link(self, report_id: ReportId, issue: str, *, backfill: bool) -> str:
        project = await self._usable_project(await self._project_of(report_id))
        wanted = _issue_reference(issue.strip(), project)
        done = await self._retry_while_busy(lambda: self._app.link(str(report_id), wanted, backfill=backfill))
        return await self._nudge_after(project.id, done)

    async def unlink(self, report_id: ReportId) -> str:
        return await self._retry_while_busy(lambda: self._app.unlink(str(report_id)))

    async def export(self, report_id: ReportId) -> str:
        project_id = await self._project_of(report_id)
        context = await self._context(project_id)
        done = await self._retry_while_busy(lambda: commands.request_export(context, report_id))
        return await self._nudge_after(project_id, done)

    async def retry(self, report_id: ReportId) -> str:
        done = await self._retry_while_busy(lambda: self._app.retry(str(report_id)))
        return await self._nudge_after(await self._project_of(report_id), done)

    async def show_webhook_setup(self, project_id: ProjectId) -> WebhookSetup:
        return await self._app.show_webhook_setup(await self._app.find_project(str(project_id)))

    async def rotate_webhook(self, project_id: ProjectId) -> WebhookSetup:
        return await self._app.rotate_webhook(await self._app.find_project(str(project_id)))

    async def create_webhook(self, project_id: ProjectId) -> HookResult:
        return await self._app.create_webhook(await self._usable_project(project_id))

    async def ping_webhook(self, project_id: ProjectId) -> str:
        await self._app.ping_webhook(await self._usable_project(project_id))
        return "GitHub was asked to deliver a ping; it usually comes within seconds."

    async def _nudge_after(self, project_id: ProjectId, done: str) -> str:
        await self._queue.nudge(project_id)
        return done

    async def _project_of(self, report_id: ReportId) -> ProjectId:
        return (await self._container.stores.reports.find(str(report_id)))[0].id

    async def _usable_project(self, project_id: ProjectId) -> Project:
        project = await self._app.find_project(str(project_id))
        if project.integration is None:
            raise ProjectError(f"{project.name}: {project.problem or 'no usable github integration'}")
        return project

    async def _context(self, project_id: ProjectId) -> Context:
        return await self._container.build_context(
            await self._usable_project(project_id), NoProgress(), by_hand=True
        )

    async def _retry_while_busy(self, deed: Callable[[], Awaitable[T]]) -> T:
        """Again while a pass is at work, until that is too long for who waits for a page."""
        clock = self._container.clock
        until = clock.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                return await deed()
            except BusyError:
                if clock.monotonic() >= until:
                    raise
            await clock.sleep(BUSY_RETRY_SECONDS)


def _issue_reference(text: str, project: Project) -> str:
    """As the command takes it; whatever is none of the three is left as it is, for its refusal."""
    if found := _ISSUE_URL.fullmatch(text):
        return f"{found[1]}#{found[2]}"
    if found := _ISSUE_NUMBER.fullmatch(text):
        return f"{project.repository}#{found[1]}"
    return text
