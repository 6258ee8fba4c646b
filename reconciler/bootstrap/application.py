"""The commands of the terminal, one method each; `sync` does the work.

Modules that only rare commands need are imported inside their methods, so that an idle pass starts fast.
"""

import os
import pwd
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.bootstrap.commands import SharedCommands
from reconciler.bootstrap.container import open_container
from reconciler.bootstrap.settings_commands import ProjectSettingsCommands
from reconciler.config.settings import Settings
from reconciler.errors import UsageError
from reconciler.logs import bind_log_values
from reconciler.model.formatting import format_count
from reconciler.model.health import CredentialLimits, ProjectHealth
from reconciler.model.ids import ReportId
from reconciler.model.kinds import Kind
from reconciler.model.link import LIVE_STATES, Link, LinkState
from reconciler.model.passes import NullProgress, Outcome, PassResult, Progress
from reconciler.model.report import Project, Report, unknown_values_reason
from reconciler.model.report_detail import ConnectedRepository, ReportSummary, ReportView
from reconciler.model.secret import LearntSecrets
from reconciler.model.snapshot import UNKNOWN_REPOSITORY
from reconciler.model.viewer import OPERATOR, Actor, ActorKind
from reconciler.model.views import CheckResult, DiscoveryResult, ExportResult, PlanView
from reconciler.ports import Clock
from reconciler.store.schema.lock_proof import prove_session_locks
from reconciler.sync import linking
from reconciler.sync.context import Context
from reconciler.sync.passes.run_pass import run_pass

if TYPE_CHECKING:
    from reconciler.bootstrap.sign_in import SignInOffer

MANUAL_CLEANUP_INTERVAL = timedelta(days=1)
"""Old records are deleted at most this often after manual passes; the daemon deletes them more often."""

MAX_HISTORY_LINES = 500
"""Number of the newest history lines that are shown for a report."""

MAX_EXPORT_LINES = 50
"""Number of the newest history lines of a new issue that are searched for what GitHub did not take of it."""


class Application(SharedCommands):
    """The program, opened with one database."""

    async def list_projects(self) -> tuple[Project, ...]:
        """Return every active project with a github integration, by name."""
        return await self._stores.projects.list_active()

    async def run_pass(
        self, project: Project, *, wait: bool, accept: str | None, progress: Progress
    ) -> PassResult:
        """Run one pass. A problem of the project is returned in the result, never raised."""
        context = await self._container.build_context(project, progress, manual=True)
        with _bind_pass_log_values(context):
            result = await run_pass(context, wait=wait, accept=accept)
        if accept is not None and result.outcome not in (Outcome.REFUSED, Outcome.FAILED):
            await self._record(project, "accept", f"Accepted what waits under {accept}.")
        return result

    async def plan(self, project: Project, progress: Progress) -> PlanView:
        """Return the actions that a pass would take."""
        from reconciler.sync.dry_run.plan_project import plan_project

        return await plan_project(
            await self._container.build_context(project, progress, manual=True, dry_run=True)
        )

    async def status(
        self, project: Project | None
    ) -> tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]:
        """Return the health of one project or all, and every credential's limits."""
        health = await self._stores.queries.health(project.id if project else None)
        return health, await self._stores.queries.rate_limits()

    async def describe_pending_writes(self) -> str:
        """Return which recorded writes wait for the next pass, in half a sentence. Raises DatabaseError."""
        waiting = [health for health in await self._stores.queries.health() if health.pending]
        if not waiting:
            return "no write is queued, and what was done is kept"
        counted = ", ".join(f"{format_count(health.pending, 'write')} of {health.name}" for health in waiting)
        return f"still queued: {counted}; the next pass sends what is queued"

    async def explain_report(self, report: str) -> ReportView:
        """Return everything that is known about a report, and its history.

        Raises UsageError if it is unknown.
        """
        project, report_id = await self._stores.reports.find_report(report)
        detail = await self._stores.queries.report_detail(report_id, MAX_HISTORY_LINES)
        if detail is None:
            raise UsageError(f"There is no report {report}.")
        state = await self._stores.projects.get_state(project.id)
        known = state.repository_id != UNKNOWN_REPOSITORY
        connected = ConnectedRepository(id=state.repository_id, name=state.repository) if known else None
        return self._build_report_view(
            ReportSummary(
                detail=detail, project_name=project.name, connected=connected, settings=state.settings
            )
        )

    async def read_report_states(self, report_ids: Sequence[ReportId]) -> tuple[ReportView, ...]:
        """Return the state of each of these reports that exists, as `explain_report` tells it."""
        return tuple(map(self._build_report_view, await self._stores.queries.report_summaries(report_ids)))

    def _build_report_view(self, found: ReportSummary) -> ReportView:
        from reconciler.decide.report_view import build_report_view

        policy, now = self._container.policy_of_project(found.settings), self._container.clock.now()
        return build_report_view(found.project_name, found.detail, policy, now, found.connected)

    @property
    def settings(self) -> ProjectSettingsCommands:
        """What the operator does with projects' own settings."""
        return ProjectSettingsCommands(self._container)

    async def apply_settings(self, project: Project, digest: str) -> PlanView:
        """Apply the settings in force to existing links, if the plan of that has this hash.

        The next pass carries it out. Raises PlanChangedError, BusyError, ProjectError.
        """
        return await self.settings.apply_settings(project.id, digest, OPERATOR, self._actor)

    async def verify(self, project: Project, *, wait: bool, progress: Progress) -> PassResult:
        """Run a pass that verifies every link.

        A problem of the project is returned in the result, never raised.
        """
        context = await self._container.build_context(project, progress, manual=True)
        await self._record(project, "verify", "Every link is compared in full.")
        with _bind_pass_log_values(context):
            return await run_pass(context, wait=wait, verify=True)

    async def delete_old_records(self) -> int:
        """Delete records older than `keep.days`, unless a process did so today.

        Returns the number of rows.
        """
        return await self._container.delete_old_records(MANUAL_CLEANUP_INTERVAL)

    async def estimate_discovery_requests(self, project: Project) -> int:
        """Return an estimate of the number of requests that `discover` will make."""
        return await linking.estimate_discovery_requests(await self._require_command_context(project))

    async def discover(self, project: Project, *, apply: bool, progress: Progress) -> DiscoveryResult:
        """Find exported issues whose link was never stored; with `apply`, link them."""
        found = await linking.discover_links(
            await self._require_command_context(project, progress), apply=apply
        )
        if found.linked:
            await self._record(project, "discover", f"Linked {format_count(found.linked, 'found issue')}.")
        return found

    async def export(
        self, reports: tuple[str, ...], progress: Progress, *, wait: bool = False
    ) -> tuple[ExportResult, ...]:
        """Create issues for these reports now. Raises UsageError before any is created.

        `wait`: until a project is free.
        """
        wanted: defaultdict[ReportId, list[str]] = defaultdict(list)
        projects: dict[ReportId, Project] = {}
        for text in reports:
            project, report_id = await self._stores.reports.find_report(text)
            wanted[report_id].append(text)
            projects[report_id] = project
        results = []
        for project in {project.id: project for project in projects.values()}.values():
            ids = [key for key in wanted if projects[key].id == project.id]
            texts = {key: wanted[key][0] for key in ids}
            results += await self._export_project(project, texts, progress, wait=wait)
        return tuple(results)

    async def offer_sign_in(self) -> "SignInOffer":
        """Return an address that signs the operator in to the dashboard once. Raises ConfigurationError."""
        from reconciler.bootstrap.sign_in import offer_sign_in

        return await offer_sign_in(self._container)

    async def prove_locks(self) -> None:
        """Prove that the database keeps project locks. Raises ConfigurationError, DatabaseError."""
        await prove_session_locks(self._container.database)

    async def run_self_check(self, secrets_file: Path | None = None) -> tuple[CheckResult, ...]:
        """Check everything that a pass needs. Each result of a failed check has a remedy.

        `secrets_file`: a configuration file that has secrets in it.
        """
        from reconciler.bootstrap.self_check import run_self_check

        return await run_self_check(self._container, NullProgress(), secrets_file)

    async def _export_project(
        self, project: Project, wanted: dict[ReportId, str], progress: Progress, *, wait: bool
    ) -> list[ExportResult]:
        """Export reports of one project. For a report that already has an issue, return that issue."""
        new: list[ReportId] = []
        unlinked = [
            report_id
            for report_id in wanted
            if not await self._is_report_linked(report_id)
            and await self._stores.followers.find(report_id) is None
        ]
        result = None
        if unlinked:
            context = await self._require_command_context(project, progress)
            new = [
                report_id
                for report_id in unlinked
                if not await linking.relink_exported_issue(context, report_id)
            ]
            with _bind_pass_log_values(context):
                result = await run_pass(context, wait=wait, exports=new)
            for report_id in unlinked:
                done = f"{wanted[report_id]} was to become an issue in {project.repository}."
                await self._record(project, "export", done, report_id)
        results = {key: await self._build_export_result(key, text, result) for key, text in wanted.items()}
        return [
            replace(found, notes=await self._export_notes(key)) if key in new and found.url else found
            for key, found in results.items()
        ]

    async def _export_notes(self, report_id: ReportId) -> tuple[str, ...]:
        """Return what GitHub did not take of an issue that was just created, as the report's history says."""
        detail = await self._stores.queries.report_detail(report_id, MAX_EXPORT_LINES)
        lines = [dated.change for dated in detail.history] if detail is not None else []
        since = takewhile(lambda change: change.kind is not Kind.CREATE_ISSUE, lines)
        return tuple(change.rule for change in since if change.kind is Kind.NOTE)[::-1]

    async def _is_report_linked(self, report_id: ReportId) -> bool:
        link = await self._stores.ledger.find_link_of_report(report_id)
        return link is not None and link.state in LIVE_STATES

    async def _unknown_values_reason(self, report_id: ReportId) -> str | None:
        detail = await self._stores.queries.report_detail(report_id, 0)
        return unknown_values_reason(detail.unknown) if detail and detail.unknown else None

    async def _build_export_result(
        self, report_id: ReportId, text: str, result: PassResult | None
    ) -> ExportResult:
        report_with_details = (await self._stores.reports.details([report_id])).get(report_id)
        if report_with_details is None and (unknown := await self._unknown_values_reason(report_id)):
            return ExportResult(report=text, url=None, error=unknown)
        report = report_with_details[0] if report_with_details else None
        columns = report.columns if report else None
        if columns is not None and columns.url and await self._is_report_linked(report_id):
            left = await self._link_repository_mismatch(report, text) if report else None
            return ExportResult(report=text, url=None if left else columns.url, error=left)
        if columns is not None and (past := await self._stores.ledger.find_link_of_report(report_id)):
            return ExportResult(report=text, url=None, error=await self._ended_link_reason(past, text))
        if await self._stores.followers.find(report_id) is not None:
            reason = f"it follows another report's issue: reconcile unlink {text}, then export it"
            return ExportResult(report=text, url=None, error=reason)
        return ExportResult(report=text, url=None, error=_export_failure_reason(result))

    async def _ended_link_reason(self, past: Link, text: str) -> str:
        """Return why a report that names an issue, but is not linked to it, gets no other one."""
        name = await self._stores.reports.name_of_report(past.report_id)
        holder = ""
        if past.state is LinkState.CONTESTED:
            holder = f" ({(await self.explain_report(text)).reason_in_full})"
        return (
            f"{name} is tied to {past.repository}#{past.number}, which is {past.state.value}{holder}: "
            f"reconcile unlink {text}, then export it"
        )

    async def _link_repository_mismatch(self, report: Report, text: str) -> str | None:
        """Return why the issue of a linked report is not the one asked for; None if it is."""
        link = await self._stores.ledger.find_link_of_report(report.id)
        state = await self._stores.projects.get_state(report.project_id)
        connected = (await self.find_project(str(report.project_id))).repository
        is_known = connected == state.repository  # else the integration was moved since the last pass
        if link is None or (link.repository_id == state.repository_id and is_known):
            return None
        if link.repository == connected:
            return None
        return (
            f"its issue is {link.repository}#{link.number}, and the project is connected to "
            f"{connected} now: reconcile unlink {text}, then export it"
        )


def _bind_pass_log_values(context: Context) -> AbstractContextManager[None]:
    """Add pass and project to log lines within the block, as the daemon does."""
    return bind_log_values(pass_id=str(context.new_id()), project=str(context.project.id))


def _export_failure_reason(result: PassResult | None) -> str:
    """Return why a report has no issue yet, and what happens next."""
    if result is None or result.error is None:
        return "the issue is not confirmed yet; `reconcile status` shows what waits"
    reason = result.error.message.rstrip(".")
    if result.next_at is None or result.outcome is not Outcome.LIMITED:
        return reason
    return f"{reason}; it waits for a pass after {result.next_at:%Y-%m-%d %H:%M} UTC"


def terminal_actor() -> Actor:
    """Return the user of the machine whose command this is, by name if the machine knows it."""
    user_id = os.getuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:
        name = f"user {user_id}"
    return Actor(kind=ActorKind.TERMINAL, name=name)


@asynccontextmanager
async def open_application(
    settings: Settings,
    clock: Clock | None = None,
    learnt: LearntSecrets | None = None,
) -> AsyncIterator[Application]:
    """Open database and connections.

    `clock`: replaced in tests; `learnt`: learns every secret that is read, so that logs mask it.

    Raises SchemaError, DatabaseError, ConfigurationError.
    """
    async with open_container(settings, clock, learnt) as container:
        yield Application(container, terminal_actor())
