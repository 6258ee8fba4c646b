"""What the pages may do. Each deed is what the command of the same name does."""

from typing import Protocol

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.webhook import HookResult, WebhookSetup


class Commands(Protocol):
    """Deeds of people. Who may do them was asked before (`web.entrance`).

    Each returns at once what was done, in a sentence, and asks for a pass where one has to follow. Raises
    UsageError or ProjectError for what can't be done, BusyError when a pass is at work and does not end
    soon, CredentialError, LimitedError or GitHubError where GitHub had to be asked, IdentityError where it
    would be written to from a copy of the database, DatabaseError.
    """

    async def sync(self, project_id: ProjectId) -> str:
        """A pass, as soon as one may run."""
        ...

    async def pause(self, project: ProjectId) -> str: ...

    async def resume(self, project: ProjectId) -> str: ...

    async def verify(self, project_id: ProjectId) -> str:
        """Every link compared whole by the next passes, as fast as `limits` allow."""
        ...

    async def accept(self, project_id: ProjectId, word: str) -> str:
        """The hash of withheld deletions, or `public`. What is about databases (`moved`, `copy`, an instance)
        is the operator's to say on the command line.
        """
        ...

    async def resolve(self, report: ReportId, field: Field, take: Side) -> str: ...

    async def link(self, report: ReportId, issue: str, *, backfill: bool) -> str:
        """`issue`: `OWNER/REPO#12`, its address, or `12` alone in the project's own repository."""
        ...

    async def unlink(self, report: ReportId) -> str: ...

    async def export(self, report_id: ReportId) -> str:
        """The wish for an issue is written down; the pass that follows makes it."""
        ...

    async def retry(self, report: ReportId) -> str: ...

    async def show_webhook_setup(self, project: ProjectId) -> WebhookSetup:
        """All that is needed to set the hook up, its secret too; the first time that is made."""
        ...

    async def rotate_webhook(self, project: ProjectId) -> WebhookSetup:
        """The same with a new secret; the one before it stays valid for a day."""
        ...

    async def create_webhook(self, project: ProjectId) -> HookResult:
        """Make the hook on GitHub, or set it right. Raises ConfigurationError without `web.public_url`."""
        ...

    async def ping_webhook(self, project: ProjectId) -> str:
        """GitHub is asked to deliver a `ping`. Raises ConfigurationError without `web.public_url`."""
        ...
