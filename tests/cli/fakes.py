"""An application that a test scripts, and a terminal that keeps its output."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from reconciler.bootstrap.application import Application
from reconciler.bootstrap.sign_in import SignInOffer
from reconciler.cli.console import Console
from reconciler.cli.main import run_command
from reconciler.cli.session import Entrypoints
from reconciler.config.settings import Settings
from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.health import CredentialLimits, ProjectHealth
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, Cost, Failure, Outcome, PassResult, Progress
from reconciler.model.report import Integration, Project
from reconciler.model.report_detail import ReportView
from reconciler.model.secret import LearntSecrets, Secret
from reconciler.model.views import CheckResult, DiscoveryResult, ExportResult, PlanView
from reconciler.model.webhook import HookResult, WebhookSetup
from reconciler.web.security.sessions import OFFER_LIFETIME


def project_id(number: int) -> ProjectId:
    return ProjectId(UUID(int=number))


def project(number: int = 1, name: str = "Acme Web", repository: str | None = "acme/web") -> Project:
    owner, _, repo = (repository or "").partition("/")
    integration = Integration(owner=owner, repo=repo, token=None) if repository else None
    return Project(id=project_id(number), name=name, integration=integration)


def result(of: Project, outcome: Outcome = Outcome.OK, **changes: Any) -> PassResult:
    given: dict[str, Any] = {
        "project_id": of.id,
        "project_name": of.name,
        "repository": of.repository,
        "outcome": outcome,
        "error": None,
        "duration_ms": 1234,
        "github": Cost(requests=2, not_modified=2),
        "applied": AppliedCounts(),
        "conflicts": 0,
        "quarantined": 0,
        "pending": 0,
    }
    return PassResult(**{**given, **changes})


def failed(of: Project, message: str = "the token was refused; renew it") -> PassResult:
    return result(of, Outcome.FAILED, error=Failure(kind="credential", message=message))


NOTHING_FOUND = DiscoveryResult(candidates=(), linked=0, requests=0)


@dataclass
class FakeApplication(Application):
    """Returns values from its fields. `calls`: the recorded calls; `open`: whether it is open now."""

    async def prove_locks(self) -> None:
        """There is no database."""

    known: tuple[Project, ...] = (project(),)
    passes: Mapping[str, PassResult] = field(default_factory=dict)
    plans: Mapping[str, PlanView] = field(default_factory=dict)
    healths: tuple[ProjectHealth, ...] = ()
    limits: tuple[CredentialLimits, ...] = ()
    discovery: DiscoveryResult = NOTHING_FOUND
    exports: tuple[ExportResult, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    shown: ReportView | None = None
    public_url: str = "https://sync.example.com"
    trouble: BaseException | None = None
    delays: Mapping[str, float] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    closed: bool = False

    async def list_projects(self) -> tuple[Project, ...]:
        return self.known

    async def find_project(self, text: str) -> Project:
        for known in self.known:
            if text in (known.name, str(known.id)):
                return known
        raise UsageError(f"no project {text!r}, in BugSpark; see reconcile status")

    async def run_pass(
        self, project: Project, *, wait: bool, accept: str | None, progress: Progress
    ) -> PassResult:
        self.calls.append(("run", project.name, wait, accept))
        if self.trouble:
            raise self.trouble
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        progress.start(f"reading {project.name}", 10)
        await asyncio.sleep(self.delays.get(project.name, 0))
        progress.advance(10)
        progress.finish()
        self.at_once -= 1
        return self.passes.get(project.name) or result(project)

    async def plan(self, project: Project, progress: Progress) -> PlanView:
        self.calls.append(("plan", project.name))
        empty = PlanView(
            project_id=project.id, project_name=project.name, repository=project.repository, hash="0" * 16
        )
        return self.plans.get(project.name, empty)

    async def status(
        self, project: Project | None
    ) -> tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]:
        self.calls.append(("status", project.name if project else None))
        return self.healths, self.limits

    async def link(self, report: str | UUID, issue: str, *, backfill: bool, instead: bool = False) -> str:
        self.calls.append(("link", report, issue, backfill, *(("instead",) if instead else ())))
        return f"{report} is linked to {issue}"

    async def follow(self, report: str | UUID, issue: str) -> str:
        self.calls.append(("follow", report, issue))
        return f"{report} follows another report"

    async def close_duplicate_issue(self, report: str | UUID, issue: str) -> str:
        self.calls.append(("duplicate", report, issue))
        return f"{issue} is closed as a duplicate"

    async def describe_pending_writes(self) -> str:
        return "still queued: 3 writes of Acme Web; the next pass sends what is queued"

    async def dismiss(self, report: str | UUID, field: Field | None = None) -> str:
        self.calls.append(("dismiss", report, field))
        return f"{report}: dismissed"

    async def unlink(self, report: str | UUID, *, wait: bool = False) -> str:
        self.calls.append(("unlink", report, *(("wait",) if wait else ())))
        return f"{report} is not linked any more"

    async def explain_report(self, report: str) -> ReportView:
        self.calls.append(("why", report))
        assert self.shown is not None
        return self.shown

    async def resolve(self, report: str | UUID, field: Field, take: Side) -> str:
        self.calls.append(("resolve", report, field, take))
        return f"{report}: {field} is as {take} had it"

    async def retry(self, report: str | UUID) -> str:
        self.calls.append(("retry", report))
        return f"{report}: released"

    async def show_webhook_setup(self, project: Project | UUID) -> WebhookSetup:
        assert isinstance(project, Project)
        self.calls.append(("webhook", project.name))
        return self._setup(project)

    async def rotate_webhook(self, project: Project | UUID) -> WebhookSetup:
        assert isinstance(project, Project)
        self.calls.append(("rotate_webhook", project.name))
        return replace(self._setup(project), previous_until=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))

    async def create_webhook(self, project: Project | UUID) -> HookResult:
        assert isinstance(project, Project)
        self.calls.append(("create_webhook", project.name))
        url = f"{self.public_url}/hook"
        return HookResult(id=4711, is_new=True, url=url, repository=project.repository or "", others=1)

    def _setup(self, project: Project) -> WebhookSetup:
        url = f"{self.public_url}/hook" if self.public_url else None
        page = f"https://github.com/{project.repository}/settings/hooks/new"
        return WebhookSetup(project=project, secret=Secret("s3cr3t"), url=url, settings_url=page)

    async def delete_old_records(self) -> int:
        return 0

    async def pause(self, project: str | UUID) -> str:
        self.calls.append(("pause", project))
        return f"{project} is paused"

    async def resume(self, project: str | UUID) -> str:
        self.calls.append(("resume", project))
        return f"{project} goes on"

    async def verify(self, project: Project, *, wait: bool, progress: Progress) -> PassResult:
        self.calls.append(("verify", project.name, wait))
        return self.passes.get(project.name) or result(project)

    async def estimate_discovery_requests(self, project: Project) -> int:
        self.calls.append(("cost", project.name))
        return 1200

    async def discover(self, project: Project, *, apply: bool, progress: Progress) -> DiscoveryResult:
        self.calls.append(("discover", project.name, apply))
        return self.discovery

    async def export(
        self, reports: tuple[str, ...], progress: Progress, *, wait: bool = False
    ) -> tuple[ExportResult, ...]:
        self.calls.append(("export", reports, *(("wait",) if wait else ())))
        return self.exports

    async def offer_sign_in(self) -> SignInOffer:
        self.calls.append(("open",))
        return SignInOffer(address=Secret("http://127.0.0.1:8787/sign-in#t0ken"), valid_for=OFFER_LIFETIME)

    async def run_self_check(self, secrets_file: Path | None = None) -> tuple[CheckResult, ...]:
        return self.checks


@dataclass(frozen=True)
class CommandOutput:
    """The exit status and output of a command."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Terminal(io.TextIOWrapper):
    """A stream that can pose as a terminal."""

    def __init__(self, *, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)


def entrypoints_to(application: FakeApplication, **others: Callable[..., Any]) -> Entrypoints:
    @asynccontextmanager
    async def open_application(settings: Settings, learnt: LearntSecrets) -> AsyncIterator[Application]:
        try:
            yield application
        finally:
            application.closed = True

    return Entrypoints(open_backend=open_application, **others)


def command(
    *arguments: str,
    application: FakeApplication | None = None,
    entrypoints: Entrypoints | None = None,
    environ: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    terminal: bool = False,
) -> CommandOutput:
    """Run `reconcile WORDS` against the fake and return its output."""
    out, err = Terminal(encoding=encoding, terminal=terminal), Terminal(terminal=terminal)
    status = run_command(
        arguments,
        entrypoints=entrypoints or entrypoints_to(application or FakeApplication()),
        console=Console(out=out, err=err),
        environ=environ or {},
    )
    return CommandOutput(status=status, out=out.text(), err=err.text())
