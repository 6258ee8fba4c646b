"""The commands that pages may run. Each does the same as the command of its name."""

from collections.abc import Callable
from typing import Protocol

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Actor
from reconciler.model.views import CheckResult
from reconciler.model.webhook import HookResult, WebhookSetup


class Commands(Protocol):
    """Commands of people. The caller has checked the user's permission (`web.security`).

    Each returns a sentence that says what was done, and requests a pass if one has to follow. Raises
    UsageError, RefusedError or ProjectError if it can't be done, BusyError when a pass is running and does
    not end soon, CredentialError, LimitedError or GitHubError where GitHub is asked, DatabaseIdentityError if
    this may be a copy of the database and GitHub would be written to, DatabaseError.
    """

    async def sync(self, project_id: ProjectId) -> str:
        """Request a pass, as soon as one may run."""
        ...

    async def pause(self, project: ProjectId) -> str: ...

    async def resume(self, project: ProjectId) -> str: ...

    async def verify(self, project_id: ProjectId) -> str:
        """Have the next passes compare every link in full, as fast as the limits allow."""
        ...

    async def accept_waiting_changes(self, project_id: ProjectId, word: str) -> str:
        """Accept withheld deletions by their hash, or a repository's visibility by `public`.

        The words about databases (`moved`, `copy`, an instance) can only be given on the command line.
        """
        ...

    async def resolve(self, report: ReportId, field: Field, take: Side) -> str: ...

    async def link(self, report: ReportId, issue: str, *, backfill: bool, instead: bool = False) -> str:
        """Link a report to an issue.

        `issue`: `OWNER/REPO#12`, the issue's address, or `12` in the project's own repository. `backfill`:
        send older comments too. `instead`: of the linked one, for a second issue exported for the report.
        """
        ...

    async def follow(self, report: ReportId, issue: str) -> str:
        """Let a report follow the one that is linked to an issue, given as `link` takes it."""
        ...

    async def close_duplicate_issue(self, report: ReportId, issue: str) -> str:
        """Close a second issue that was exported for the report, as a duplicate of the linked one."""
        ...

    async def unlink(self, report: ReportId) -> str: ...

    async def export(self, report_id: ReportId) -> str:
        """Record an intent to create the report's issue; the pass that follows creates it."""
        ...

    async def retry(self, report: ReportId) -> str: ...

    async def dismiss(self, report: ReportId, field: Field | None = None) -> str:
        """Put away decided conflicts, all of a report or those of one field, or the link to a gone issue."""
        ...

    async def check_project(self, project: ProjectId) -> tuple[CheckResult, ...]:
        """Test integration, token, repository, permissions and webhook, as `reconcile check` does.

        GitHub is asked; nothing is written. What fails is in the results.
        """
        ...

    async def show_webhook_setup(self, project: ProjectId) -> WebhookSetup:
        """Return what is needed to set up the webhook, its secret included. A missing secret is made."""
        ...

    async def rotate_webhook(self, project: ProjectId) -> WebhookSetup:
        """Make a new secret; return as `show_webhook_setup` does. The old one stays valid for a day."""
        ...

    async def create_webhook(self, project: ProjectId) -> HookResult:
        """Create the webhook on GitHub, or correct it. Raises ConfigurationError without `web.public_url`."""
        ...

    async def ping_webhook(self, project: ProjectId) -> str:
        """Ask GitHub to deliver a `ping`. Raises ConfigurationError without `web.public_url`."""
        ...


CommandsOf = Callable[[Actor], Commands]
"""Returns the commands of somebody, under whose name they stand in the history."""
