"""Commands given by a person: those that terminal and pages share, and those of the pages only.

`SharedCommands` has each shared command once; `Application` (the terminal) and `WebCommands` (the pages)
inherit it. Two constructor arguments differ: pages request a pass after a change, and wait for a running pass
up to a timeout; terminal commands do neither.
"""

import re
from collections.abc import Awaitable, Callable
from secrets import token_urlsafe
from typing import Protocol, TypeVar

from reconciler.bootstrap import webhook_setup
from reconciler.bootstrap.container import Container, integration_problem
from reconciler.errors import BusyError, ProjectError, RefusedError, UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.ids import IssueNumber, ProjectId, ReportId
from reconciler.model.link import Link
from reconciler.model.passes import NullProgress, Progress
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.viewer import Actor
from reconciler.model.views import CheckResult, IssuePreview
from reconciler.model.webhook import HookResult, WebhookSetup
from reconciler.ports import Clock, Queue
from reconciler.sync import commands, linking
from reconciler.sync.context import Context
from reconciler.sync.exports import second_issues
from reconciler.sync.followers.follow import follow_report
from reconciler.sync.intents import preview_new_issue
from reconciler.sync.preflight import is_identity_decision

T = TypeVar("T")


class LinkCommand(Protocol):
    """Makes a link to an issue."""

    async def __call__(
        self, context: Context, report: ReportId, number: IssueNumber, *, backfill: bool
    ) -> Link: ...


BUSY_TIMEOUT_SECONDS, BUSY_RETRY_SECONDS = 8.0, 0.25
"""How long a page's command waits for a running pass, and the pause between two attempts."""
WEBHOOK_SECRET_BYTES = 32
"""Random bytes in a webhook secret."""

_ISSUE_REFERENCE_PATTERN = re.compile(r"([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)#([1-9][0-9]{0,9})")
_ISSUE_URL_PATTERN = re.compile(
    r"https?://[^/]+/([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)/issues/([1-9][0-9]{0,9})/?(?:[?#].*)?"
)
_ISSUE_NUMBER_PATTERN = re.compile(r"#?([1-9][0-9]{0,9})")


class SharedCommands:
    """The commands that terminal and pages share. Most return a sentence about what was done.

    A report is given by id or tracking id, a project by id, name or `Project`. All raise UsageError for an
    unknown one, RefusedError or ProjectError for a command that is not possible, BusyError during a pass,
    DatabaseError.
    """

    def __init__(
        self,
        container: Container,
        actor: Actor,
        *,
        queue: Queue | None = None,
        busy_timeout_seconds: float = 0.0,
    ) -> None:
        """Use an open container. `actor`: whose commands these are, for the history; `queue`: receives a
        request for a pass after a change; None: no request.
        """
        self._container = container
        self._actor = actor
        self._stores = container.stores
        self._queue = queue
        self._busy_timeout_seconds = busy_timeout_seconds

    async def find_project(self, text: str) -> Project:
        """Return the project with this id or exact name. Raises UsageError."""
        return await self._stores.projects.find_project(text)

    async def preview_export(self, report: str | ReportId) -> IssuePreview:
        """Return the issue that an export would create now. Nothing is stored, and GitHub is not asked."""
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._require_command_context(project)
        found = (await self._stores.reports.details([report_id])).get(report_id)
        if found is None:
            raise ProjectError(
                f"Report {report} has values that this program does not know: it is not exported."
            )
        state = await self._stores.projects.get_state(project.id)
        return preview_new_issue(context, state, *found)

    async def pause(self, project: str | ProjectId) -> str:
        """Stop passes of a project until it is resumed."""
        found = await self.find_project(str(project))
        return await self._record(found, "pause", await commands.pause_project(self._stores, found))

    async def resume(self, project: str | ProjectId) -> str:
        """End a pause."""
        found = await self.find_project(str(project))
        done = await self._record(found, "resume", await commands.resume_project(self._stores, found))
        return await self._request_pass(found, done)

    async def follow(self, report: str | ReportId, issue: str) -> str:
        """Let a report follow the one that is linked to the issue `OWNER/REPO#12`."""
        context, report_id, number = await self._resolve_report_and_issue(report, issue)
        done = await self._retry_while_busy(lambda: follow_report(context, report_id, number))
        await self._record(context.project, "follow", done, report_id)
        return await self._request_pass(context.project, done)

    async def link(self, report: str | ReportId, issue: str, *, backfill: bool, instead: bool = False) -> str:
        """Link a report to the issue `OWNER/REPO#12`. `backfill`: send the report's older comments too.

        `instead`: of the issue it is linked to, for a second issue that was exported for it.
        """
        context, report_id, number = await self._resolve_report_and_issue(report, issue)
        command: LinkCommand = second_issues.move_link_to_second_issue if instead else linking.link_report
        made = await self._retry_while_busy(lambda: command(context, report_id, number, backfill=backfill))
        name = await self._stores.reports.tracking_id_of_report(report_id)
        done = f"{name} is linked to {made.repository}#{made.number}; the next pass does the initial sync"
        await self._record(context.project, "link", done, report_id)
        return await self._request_pass(context.project, done)

    async def close_duplicate_issue(self, report: str | ReportId, issue: str) -> str:
        """Close a second issue of a report, `OWNER/REPO#12`, as a duplicate of the linked one."""
        context, report_id, number = await self._resolve_report_and_issue(report, issue)
        done = await self._retry_while_busy(
            lambda: second_issues.close_as_duplicate(context, report_id, number)
        )
        await self._record(context.project, "duplicate", done, report_id)
        return await self._request_pass(context.project, done)

    async def _resolve_report_and_issue(
        self, report: str | ReportId, issue: str
    ) -> tuple[Context, ReportId, IssueNumber]:
        """Return a report's project, the report, and the number of an issue in the project's repository."""
        match = _ISSUE_REFERENCE_PATTERN.fullmatch(issue)
        if match is None:
            raise UsageError(f"{issue!r} names no issue: write it as OWNER/REPO#12")
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._require_command_context(project)
        if match[1].lower() != (project.repository or "").lower():
            raise RefusedError(f"{project.name} is connected to {project.repository}, not to {match[1]}")
        return context, report_id, IssueNumber(int(match[2]))

    async def unlink(self, report: str | ReportId, *, wait: bool = False) -> str:
        """Cut a report's link, or cancel its export that waits. Nothing on GitHub is changed.

        `wait`: until the project is free.
        """
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._build_command_context(project)
        done = await self._retry_while_busy(lambda: linking.unlink_report(context, report_id), wait=wait)
        name = await self._stores.reports.tracking_id_of_report(report_id)
        return await self._record(project, "unlink", f"{name} {done}", report_id)

    async def resolve(self, report: str | ReportId, field: Field, take: Side) -> str:
        """Settle a conflict with the value of one side."""
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._build_command_context(project)
        done = await self._retry_while_busy(
            lambda: commands.resolve_conflict(context, report_id, field, take)
        )
        await self._record(project, "resolve", done, report_id)
        return await self._request_pass(project, done)

    async def dismiss(self, report: str | ReportId, field: Field | None = None) -> str:
        """Put away a decided conflict, or the link to an issue that is gone."""
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._build_command_context(project)
        done = await self._retry_while_busy(lambda: commands.dismiss(context, report_id, field))
        return await self._record(project, "dismiss", done, report_id)

    async def retry(self, report: str | ReportId) -> str:
        """End the quarantine of a report's link and writes."""
        project, report_id = await self._stores.reports.find_report(str(report))
        context = await self._build_command_context(project)
        done = await self._retry_while_busy(lambda: commands.end_quarantine(context, report_id))
        await self._record(project, "retry", done, report_id)
        return await self._request_pass(project, done)

    async def show_webhook_setup(self, project: Project | ProjectId) -> WebhookSetup:
        """Return the values for setting up the webhook on GitHub. The first call creates the secret."""
        setup = await webhook_setup.show_webhook_setup(await self._webhook_setup_context(project))
        await self._record(setup.project, "reveal", "The webhook's secret was shown.")
        return setup

    async def rotate_webhook(self, project: Project | ProjectId) -> WebhookSetup:
        """Create a new webhook secret and return the setup. The previous secret stays valid for a day."""
        setup = await webhook_setup.rotate_webhook_secret(await self._webhook_setup_context(project))
        await self._record(setup.project, "rotate", "The webhook got a new secret.")
        return setup

    async def create_webhook(self, project: Project | ProjectId) -> HookResult:
        """Create or correct the webhook on GitHub.

        Raises ConfigurationError, DatabaseIdentityError, GitHubError.
        """
        setup = await self._webhook_setup_context(project)
        made = await webhook_setup.create_webhook(await self._require_command_context(setup.project), setup)
        what = "was made" if made.is_new else "was corrected"
        done = f"The webhook of {made.repository} {what} (id {made.id})."
        await self._record(setup.project, "create webhook", done)
        return made

    async def ping_webhook(self, project: Project | ProjectId) -> str:
        """Ask GitHub to deliver a `ping`. Raises what `create_webhook` raises."""
        setup = await self._webhook_setup_context(project)
        context = await self._require_command_context(setup.project)
        before = await webhook_setup.ping_webhook(context, setup)
        text = "GitHub was asked to deliver a ping; it usually comes within seconds."
        await self._record(setup.project, "test webhook", text)
        return text if before is None or before.is_ok else f"{text} Before that, {before.text}."

    async def _webhook_setup_context(self, project: Project | ProjectId) -> webhook_setup.WebhookSetupContext:
        return webhook_setup.WebhookSetupContext(
            project=project if isinstance(project, Project) else await self.find_project(str(project)),
            webhooks=self._stores.webhooks,
            clock=self._container.clock,
            address=self._container.public_addresses(),
            new_secret=lambda: Secret(token_urlsafe(WEBHOOK_SECRET_BYTES)),
        )

    async def _require_command_context(self, project: Project, progress: Progress | None = None) -> Context:
        """Build the context of a project that has an integration. Raises ProjectError for one without."""
        require_integration(project)
        return await self._build_command_context(project, progress)

    async def _build_command_context(self, project: Project, progress: Progress | None = None) -> Context:
        return await self._container.build_context(project, progress or NullProgress(), manual=True)

    async def _record(self, project: Project, what: str, done: str, report_id: ReportId | None = None) -> str:
        """Add a command that was carried out to the history, and return `done`."""
        at = self._container.clock.now()
        await self._stores.projects.record_command(self._actor, at, project.id, report_id, what, done)
        return done

    async def _request_pass(self, project: Project, done: str) -> str:
        """Request a pass, and return `done`, the sentence about what was done."""
        if self._queue is not None:
            await self._queue.nudge(project.id)
        return done

    async def _retry_while_busy(self, command: Callable[[], Awaitable[T]], *, wait: bool = False) -> T:
        """Run the command, and repeat it while a pass is running. Raises BusyError after the timeout.

        `wait`: without a timeout.
        """
        timeout = float("inf") if wait else self._busy_timeout_seconds
        return await retry_while_busy(self._container.clock, command, timeout)


async def retry_while_busy(clock: Clock, command: Callable[[], Awaitable[T]], timeout_seconds: float) -> T:
    """Run the command, and repeat it while a pass is running. Raises BusyError after the timeout."""
    until = clock.monotonic() + timeout_seconds
    while True:
        try:
            return await command()
        except BusyError:
            if clock.monotonic() >= until:
                raise
        await clock.sleep(BUSY_RETRY_SECONDS)


class WebCommands(SharedCommands):
    """`ports.Commands`: the shared commands, and those that the next pass carries out."""

    def __init__(self, container: Container, queue: Queue, actor: Actor) -> None:
        super().__init__(container, actor, queue=queue, busy_timeout_seconds=BUSY_TIMEOUT_SECONDS)

    async def sync(self, project_id: ProjectId) -> str:
        project = await self.find_project(str(project_id))
        require_integration(project)
        if (await self._stores.projects.get_state(project_id)).is_paused:
            raise ProjectError(f"{project.name} is paused: resume it first.")
        done = f"{project.name} is synced as soon as a pass may run."
        return await self._request_pass(project, await self._record(project, "sync", done))

    async def verify(self, project_id: ProjectId) -> str:
        context = await self._require_command_context_by_project_id(project_id)
        done = await self._retry_while_busy(lambda: commands.request_verification(context))
        await self._record(context.project, "verify", done)
        return await self._request_pass(context.project, done)

    async def accept_waiting_changes(self, project_id: ProjectId, word: str) -> str:
        context = await self._require_command_context_by_project_id(project_id)
        if is_identity_decision(word):
            raise UsageError("Decisions about databases are made by the operator, with reconcile --accept.")
        await commands.accept_waiting_changes(context, word)
        done = "Accepted; the next pass carries it out."
        await self._record(context.project, "accept", f"Accepted what waits under {word}.")
        return await self._request_pass(context.project, done)

    async def link(self, report: str | ReportId, issue: str, *, backfill: bool, instead: bool = False) -> str:
        """Link a report to an issue, given by its number, its address or `OWNER/REPO#12`."""
        wanted = await self._full_issue_reference(report, issue)
        return await super().link(report, wanted, backfill=backfill, instead=instead)

    async def follow(self, report: str | ReportId, issue: str) -> str:
        """Let a report follow the one of an issue, given as `link` takes it."""
        return await super().follow(report, await self._full_issue_reference(report, issue))

    async def close_duplicate_issue(self, report: str | ReportId, issue: str) -> str:
        """Close a second issue, given as `link` takes it."""
        return await super().close_duplicate_issue(report, await self._full_issue_reference(report, issue))

    async def _full_issue_reference(self, report: str | ReportId, issue: str) -> str:
        project, _ = await self._stores.reports.find_report(str(report))
        require_integration(project)
        return _to_issue_reference(issue.strip(), project)

    async def export(self, report_id: ReportId) -> str:
        project, _ = await self._stores.reports.find_report(str(report_id))
        context = await self._require_command_context(project)
        done = await self._retry_while_busy(lambda: commands.request_export(context, report_id))
        await self._record(project, "export", done, report_id)
        return await self._request_pass(project, done)

    async def check_project(self, project_id: ProjectId) -> tuple[CheckResult, ...]:
        """Run the checks of one project."""
        from reconciler.bootstrap.self_check import check_one_project

        return await check_one_project(self._container, await self.find_project(str(project_id)))

    async def _require_command_context_by_project_id(self, project_id: ProjectId) -> Context:
        return await self._require_command_context(await self.find_project(str(project_id)))


def require_integration(project: Project) -> None:
    """Raise ProjectError for a project without an integration that can be used."""
    if project.integration is None:
        raise ProjectError(f"{project.name}: {integration_problem(project)}")


def _to_issue_reference(text: str, project: Project) -> str:
    """Return `OWNER/REPO#12` for a number or an address.

    Other text is returned as it is: `link` refuses it.
    """
    if match := _ISSUE_URL_PATTERN.fullmatch(text):
        return f"{match[1]}#{match[2]}"
    if match := _ISSUE_NUMBER_PATTERN.fullmatch(text):
        return f"{project.repository}#{match[1]}"
    return text
