"""What the commands call in the rest of the program. Everything heavy is imported at the first call."""

from __future__ import annotations  # the model is not imported for words in signatures alone

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, cast

from reconciler.model.values import dataclass

if TYPE_CHECKING:
    from reconciler.config.settings import Settings
    from reconciler.model.fields import Field, Side
    from reconciler.model.passes import PassResult
    from reconciler.model.report import Project
    from reconciler.model.report_detail import ReportView
    from reconciler.model.secret import Secret
    from reconciler.model.snapshot import CredentialLimits, ProjectHealth
    from reconciler.model.views import CheckResult, DiscoveryResult, ExportResult, PlanView, Progress
    from reconciler.model.webhook import HookResult, WebhookSetup


class Backend(Protocol):
    """The program, opened on one database (`wiring.open_application`)."""

    async def list_projects(self) -> tuple[Project, ...]:
        """Every active project with a github integration, by name."""
        ...

    async def find_project(self, text: str) -> Project:
        """By id or exact name. Raises UsageError."""
        ...

    async def run_pass(
        self, project: Project, *, wait: bool, accept: str | None, progress: Progress
    ) -> PassResult:
        """One pass. A project's own trouble is in the result, never raised."""
        ...

    async def plan(self, project: Project, progress: Progress) -> PlanView:
        """The same pass without the last step."""
        ...

    async def status(
        self, project: Project | None
    ) -> tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]: ...

    async def link(self, report: str, issue: str, *, backfill: bool) -> str:
        """A sentence that says what was done. Raises UsageError, ProjectError."""
        ...

    async def unlink(self, report: str) -> str: ...

    async def explain_report(self, report: str) -> ReportView:
        """All that is known about a report, and its story. Raises UsageError."""
        ...

    async def resolve(self, report: str, field: Field, take: Side) -> str:
        """A sentence that says what was done. Raises UsageError, ProjectError."""
        ...

    async def retry(self, report: str) -> str: ...

    async def verify(self, project: Project, *, wait: bool, progress: Progress) -> PassResult:
        """A pass that compares every link whole. A project's own trouble is in the result, never raised."""
        ...

    async def delete_old_records(self) -> int:
        """Remove records older than `keep.days`, if nobody did so today; how many rows."""
        ...

    async def pause(self, project: str) -> str:
        """A sentence that says what was done. Raises UsageError."""
        ...

    async def resume(self, project: str) -> str: ...

    async def show_webhook_setup(self, project: Project) -> WebhookSetup:
        """What is needed to set the project's webhook up on GitHub. Raises ProjectError."""
        ...

    async def rotate_webhook(self, project: Project) -> WebhookSetup: ...

    async def create_webhook(self, project: Project) -> HookResult:
        """Make the hook on GitHub or set it right. Raises ConfigurationError, ProjectError, GitHubError."""
        ...

    async def estimate_discovery_requests(self, project: Project) -> int:
        """About how many requests `discover` will make."""
        ...

    async def discover(self, project: Project, *, apply: bool, progress: Progress) -> DiscoveryResult: ...

    async def export(self, reports: tuple[str, ...], progress: Progress) -> tuple[ExportResult, ...]: ...

    async def run_self_check(self) -> tuple[CheckResult, ...]: ...


RegisterSecret = Callable[["Secret"], None]
"""Told every secret that is read, so that it is masked wherever it turns up."""
ReloadSettings = Callable[[], tuple["Settings", Callable[[], None]]]
"""Reads the configuration once more; what it returns beside it makes the log follow."""


def _open_backend(settings: Settings, learn: RegisterSecret) -> AbstractAsyncContextManager[Backend]:
    from reconciler.bootstrap import open_application

    return open_application(settings, learn=learn)


def _migrate(settings: Settings) -> str:
    from reconciler.bootstrap import migrate_schema

    return migrate_schema(settings)


def _run_daemon(
    settings: Settings, again: ReloadSettings, learn: RegisterSecret, environ: Mapping[str, str]
) -> None:
    import asyncio

    from reconciler.bootstrap.daemon import DaemonStart, run_daemon

    asyncio.run(
        run_daemon(
            DaemonStart(settings=settings, read_configuration=again, register_secret=learn, environ=environ)
        )
    )


def _run_demo(keep: bool) -> int:
    return cast("int", importlib.import_module("reconciler.demo.main").run(keep=keep))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoints:
    """The ways out of the command line; tests put their own behind them."""

    open_backend: Callable[[Settings, RegisterSecret], AbstractAsyncContextManager[Backend]] = _open_backend
    migrate: Callable[[Settings], str] = _migrate
    run_daemon: Callable[[Settings, ReloadSettings, RegisterSecret, Mapping[str, str]], None] = _run_daemon
    run_demo: Callable[[bool], int] = _run_demo
