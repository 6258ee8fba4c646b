"""What the command offers, one method each; the work is done in `cycle`.

What only seldom asked for commands need is imported by them: an idle pass is to end within half a second.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import timedelta
from secrets import token_urlsafe

from reconciler.bootstrap.container import Container, github_web_url, open_container
from reconciler.config.settings import Settings
from reconciler.errors import ProjectError, UsageError
from reconciler.logs import bind_log_values
from reconciler.model.fields import Field, Side
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.passes import Outcome, PassResult, ScheduledProject
from reconciler.model.report import Project
from reconciler.model.report_detail import ReportView
from reconciler.model.secret import Secret
from reconciler.model.snapshot import CredentialLimits, ProjectHealth
from reconciler.model.views import CheckResult, DiscoveryResult, ExportResult, PlanView, Progress
from reconciler.model.webhook import HookResult, WebhookSetup
from reconciler.ports import Clock
from reconciler.sync import commands, linking, webhook_setup
from reconciler.sync.context import Context
from reconciler.sync.run import run_pass

_ISSUE_REFERENCE = re.compile(r"([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)#([1-9][0-9]{0,9})")


MANUAL_SWEEP_INTERVAL = timedelta(days=1)
"""Between two sweeps of old records after passes by hand; the daemon sweeps more often."""

WEBHOOK_SECRET_BYTES = 32
"""Random bytes in a webhook secret."""

MAX_HISTORY_LINES = 500
"""So many lines of a report's story are shown, the newest."""


class NoProgress:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, steps: int = 1) -> None: ...

    def finish(self) -> None: ...


class Application:
    """The program, opened on one database."""

    def __init__(self, parts: Container) -> None:
        self._container = parts
        self._stores = parts.stores

    async def list_projects(self) -> tuple[Project, ...]:
        """Every active project with a github integration, by name."""
        return await self._stores.projects.list_active()

    async def schedule(self) -> tuple[ScheduledProject, ...]:
        """Every project that may be synced, and what its next pass depends on."""
        return await self._stores.projects.pass_schedule()

    async def find_project(self, text: str) -> Project:
        """By id or exact name. Raises UsageError."""
        return await self._stores.projects.find(text)

    async def run_pass(
        self, project: Project, *, wait: bool, accept: str | None, progress: Progress
    ) -> PassResult:
        """One pass. A project's own trouble is in the result, never raised."""
        context = await self._container.build_context(project, progress, by_hand=True)
        with _log_context(context):
            return await run_pass(context, wait=wait, accept=accept)

    async def plan(self, project: Project, progress: Progress) -> PlanView:
        """The same pass without the last step."""
        from reconciler.sync.dry_run import plan_project

        return await plan_project(
            await self._container.build_context(project, progress, by_hand=True, looking=True)
        )

    async def status(
        self, project: Project | None
    ) -> tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]:
        """Health of one project or all, and every credential's limits."""
        health = await self._stores.projects.health(project.id if project else None)
        return health, await self._stores.projects.rate_limits()

    async def link(self, report: str, issue: str, *, backfill: bool) -> str:
        """A sentence that says what was done. Raises UsageError, ProjectError."""
        found = _ISSUE_REFERENCE.fullmatch(issue)
        if found is None:
            raise UsageError(f"{issue!r} names no issue: write it as OWNER/REPO#12")
        project, report_id = await self._stores.reports.find(report)
        context = await self._usable_context(project)
        if found[1].lower() != (project.repository or "").lower():
            raise UsageError(f"{project.name} is connected to {project.repository}, not to {found[1]}")
        made = await linking.link_report(context, report_id, IssueNumber(int(found[2])), backfill=backfill)
        return f"{report} is linked to {made.repository}#{made.number}; the next pass makes first contact"

    async def unlink(self, report: str) -> str:
        """A sentence that says what was done. Raises UsageError."""
        project, report_id = await self._stores.reports.find(report)
        cut = await linking.unlink_report(await self._manual_context(project), report_id)
        return f"{report} is no longer linked to {cut.repository}#{cut.number}; nothing on GitHub was changed"

    async def explain_report(self, report: str) -> ReportView:
        """All that is known about a report, and its story. Raises UsageError."""
        project, report_id = await self._stores.reports.find(report)
        dossier = await self._stores.stories.report_detail(report_id, MAX_HISTORY_LINES)
        if dossier is None:
            raise UsageError(f"There is no report {report}.")
        from reconciler.decide.report_view import report_view

        return report_view(
            project.name, dossier, self._container.settings.sync_policy(), self._container.clock.now()
        )

    async def resolve(self, report: str, field: Field, take: Side) -> str:
        """A sentence that says what was done. Raises UsageError, ProjectError."""
        project, report_id = await self._stores.reports.find(report)
        return await commands.resolve_conflict(await self._manual_context(project), report_id, field, take)

    async def retry(self, report: str) -> str:
        """A sentence that says what was done. Raises UsageError, ProjectError."""
        project, report_id = await self._stores.reports.find(report)
        return await commands.end_quarantine(await self._manual_context(project), report_id)

    async def verify(self, project: Project, *, wait: bool, progress: Progress) -> PassResult:
        """A pass that compares every link whole. A project's own trouble is in the result, never raised."""
        context = await self._container.build_context(project, progress, by_hand=True)
        with _log_context(context):
            return await run_pass(context, wait=wait, verify=True)

    async def delete_old_records(self) -> int:
        """Remove records older than `keep.days`, if nobody did so today; how many rows."""
        return await self._container.delete_old_records(MANUAL_SWEEP_INTERVAL)

    async def pause(self, project: str) -> str:
        """A sentence that says what was done. Raises UsageError."""
        return await commands.pause_project(self._stores, await self.find_project(project))

    async def resume(self, project: str) -> str:
        """A sentence that says what was done. Raises UsageError."""
        return await commands.resume_project(self._stores, await self.find_project(project))

    async def show_webhook_setup(self, project: Project) -> WebhookSetup:
        """What is needed to set the project's webhook up on GitHub. Raises ProjectError."""
        return await webhook_setup.show_webhook_setup(self._webhook_setup_context(project))

    async def rotate_webhook(self, project: Project) -> WebhookSetup:
        """The same with a new secret; the one before it stays valid for a day. Raises ProjectError."""
        return await webhook_setup.rotate_webhook_secret(self._webhook_setup_context(project))

    async def create_webhook(self, project: Project) -> HookResult:
        """Make the hook on GitHub or set it right. Raises ConfigurationError, IdentityError, ProjectError,
        GitHubError.
        """
        return await webhook_setup.create_webhook(
            await self._usable_context(project), self._webhook_setup_context(project)
        )

    async def ping_webhook(self, project: Project) -> None:
        """Have GitHub deliver a `ping`. Raises what `create_webhook` raises."""
        await webhook_setup.ping_webhook(
            await self._usable_context(project), self._webhook_setup_context(project)
        )

    async def estimate_discovery_requests(self, project: Project) -> int:
        """About how many requests `discover` will make."""
        return await linking.estimate_discovery_requests(await self._usable_context(project))

    async def discover(self, project: Project, *, apply: bool, progress: Progress) -> DiscoveryResult:
        """Find exported issues whose link was never stored; `apply` links them."""
        return await linking.discover_links(await self._usable_context(project, progress), apply=apply)

    async def export(self, reports: tuple[str, ...], progress: Progress) -> tuple[ExportResult, ...]:
        """Make issues of these reports now. Raises UsageError before anything is done."""
        wanted: defaultdict[ReportId, list[str]] = defaultdict(list)
        projects: dict[ReportId, Project] = {}
        for text in reports:
            project, report_id = await self._stores.reports.find(text)
            wanted[report_id].append(text)
            projects[report_id] = project
        results = []
        for project in {project.id: project for project in projects.values()}.values():
            ids = [key for key in wanted if projects[key].id == project.id]
            results += await self._export_project(project, {key: wanted[key][0] for key in ids}, progress)
        return tuple(results)

    async def run_self_check(self) -> tuple[CheckResult, ...]:
        """Everything a pass needs, one line each; what is wrong says how to mend it."""
        from reconciler.bootstrap.self_check import run_self_check

        return await run_self_check(self._container, NoProgress())

    async def _export_project(
        self, project: Project, wanted: dict[ReportId, str], progress: Progress
    ) -> list[ExportResult]:
        """A report that has an issue already only names it: exporting twice makes one issue."""
        unlinked = [report_id for report_id in wanted if not await self._is_linked(report_id)]
        result = None
        if unlinked:
            context = await self._usable_context(project, progress)
            new = [
                report_id
                for report_id in unlinked
                if not await linking.relink_exported_issue(context, report_id)
            ]
            with _log_context(context):
                result = await run_pass(context, exports=new)
        return [
            await self._build_export_result(report_id, text, result) for report_id, text in wanted.items()
        ]

    async def _is_linked(self, report_id: ReportId) -> bool:
        link = await self._stores.ledger.find_link_of_report(report_id)
        return link is not None and link.state in linking.LIVE_LINK_STATES

    async def _build_export_result(
        self, report_id: ReportId, text: str, result: PassResult | None
    ) -> ExportResult:
        found = (await self._stores.reports.details([report_id])).get(report_id)
        columns = found[0].columns if found else None
        if columns is not None and columns.url and await self._is_linked(report_id):
            return ExportResult(report=text, url=columns.url, error=None)
        if columns is not None and (past := await self._stores.ledger.find_link_of_report(report_id)):
            tie = f"{past.repository}#{past.number}"
            reason = (
                f"it is tied to {tie}, which is {past.state.value}: reconcile unlink {text}, then export it"
            )
            return ExportResult(report=text, url=None, error=reason)
        return ExportResult(report=text, url=None, error=_export_failure_reason(result))

    def _webhook_setup_context(self, project: Project) -> webhook_setup.WebhookSetupContext:
        settings = self._container.settings
        return webhook_setup.WebhookSetupContext(
            project=project,
            webhooks=self._stores.webhooks,
            clock=self._container.clock,
            address=webhook_setup.WebhookAddress(
                public_url=settings.web.public_url, web_url=github_web_url(settings.github.api_url)
            ),
            new_secret=lambda: Secret(token_urlsafe(WEBHOOK_SECRET_BYTES)),
        )

    async def _usable_context(self, project: Project, progress: Progress | None = None) -> Context:
        if project.integration is None:
            raise ProjectError(f"{project.name}: {project.problem or 'no usable github integration'}")
        return await self._manual_context(project, progress)

    async def _manual_context(self, project: Project, progress: Progress | None = None) -> Context:
        return await self._container.build_context(project, progress or NoProgress(), by_hand=True)


def _log_context(context: Context) -> AbstractContextManager[None]:
    """What is logged meanwhile names its pass and project, as in the daemon."""
    return bind_log_values(pass_id=str(context.new_id()), project=str(context.project.id))


def _export_failure_reason(result: PassResult | None) -> str:
    """Why a report has no issue yet, and what happens next."""
    if result is None or result.error is None:
        return "the issue is not confirmed yet; `reconcile status` shows what waits"
    reason = result.error.message.rstrip(".")
    if result.next_at is None or result.outcome is not Outcome.LIMITED:
        return reason
    return f"{reason}; it waits for a pass after {result.next_at:%Y-%m-%d %H:%M} UTC"


@asynccontextmanager
async def open_application(
    settings: Settings, clock: Clock | None = None, learn: Callable[[Secret], None] = lambda _: None
) -> AsyncIterator[Application]:
    """Open database and connections; `clock`: the machine's unless a test brings its own. `learn` is told
    every token that is read, so that logs can mask it.

    Raises SchemaError, DatabaseError, ConfigurationError.
    """
    async with open_container(settings, clock, learn) as parts:
        yield Application(parts)
