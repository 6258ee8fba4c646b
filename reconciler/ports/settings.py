"""Projects' own settings: how they are stored, and what pages and API do with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.alerts import MailState
from reconciler.model.ids import ProjectId, RepositoryId
from reconciler.model.policy import ExportFilter, SettingsView
from reconciler.model.snapshot import StoredSettings
from reconciler.model.viewer import Actor, Viewer
from reconciler.model.views import PlanView


class SettingsVersions(Protocol):
    """The stored versions of projects' own settings."""

    async def read(self, project_id: ProjectId) -> StoredSettings | None:
        """Read the version in force; None: the project has no settings of its own."""
        ...

    async def history(self, project_id: ProjectId, limit: int) -> Sequence[StoredSettings]:
        """Read the newest versions, the one in force first."""
        ...

    async def save(
        self,
        project_id: ProjectId,
        new: StoredSettings,
        *,
        export: str | None,
        admitted: ExportFilter | None = None,
    ) -> bool:
        """Store a version, the first one as 1. False if another one has its number by now.

        `export`: that of the content; `admitted`: which reports the settings before it export by themselves:
        those that wait outside of it are recorded as passed over.
        """
        ...

    async def record_operator_history(self, text: str, *, before: str | None) -> None:
        """Store the operator's rules about comments (`DatabaseInstance.comment_rules`).

        `before`: what was stored; nothing is stored where another process has changed that.
        """
        ...

    async def adopt_mapping(self, project_id: ProjectId, repository_id: RepositoryId) -> int:
        """Let the bases of the ACTIVE links of this repository adopt the mapping in force (`Base`).

        Not of those in quarantine. The caller holds the project's lock. Returns how many links they are.
        """
        ...


class OwnerMails(Protocol):
    """Mails to owners, by BugSpark's own queue."""

    async def save(self, project_id: ProjectId, state: MailState, mail: str | None, at: datetime) -> bool:
        """Store the state, and with it the mail of this word (`alerts.next_mail`), if any.

        False, and nothing is stored, where a mail can't be enqueued.
        """
        ...

    async def find_problem(self) -> str | None:
        """Return why no mail can be enqueued, in words; None: it can."""
        ...


class SettingsCommands(Protocol):
    """What people do with a project's own settings. The caller has checked the user's permission.

    Raises UsageError for an unknown project, DatabaseError.
    """

    async def show_settings(self, project: ProjectId) -> SettingsView:
        """Return the settings, those in force, and the history."""
        ...

    async def save_settings(
        self, project: ProjectId, text: bytes, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        """Store settings in place of version `expected`, and request a pass.

        Raises WrongSettingError, OperatorOnlySettingError, SettingsChangedError.
        """
        ...

    async def restore_settings(
        self, project: ProjectId, version: int, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        """Store an earlier version's settings again (0: none). Raises what `save_settings` raises."""
        ...

    async def preview_settings(self, project: ProjectId, text: bytes, viewer: Viewer) -> PlanView:
        """Return what applying these settings to existing links would do. Nothing is stored.

        Raises WrongSettingError, OperatorOnlySettingError, ProjectError where there is no plan.
        """
        ...

    async def require_previewed(self, project: ProjectId, text: bytes, digest: str, viewer: Viewer) -> None:
        """Raise PlanChangedError unless applying these settings has this plan, and what a preview raises."""
        ...

    async def apply_settings(self, project: ProjectId, digest: str, viewer: Viewer, actor: Actor) -> PlanView:
        """Apply the settings in force to existing links, if the plan still has this hash; request a pass.

        Raises PlanChangedError, OperatorOnlySettingError, BusyError, ProjectError where there is no plan.
        """
        ...
