"""Projects' own settings: how they are stored, and what pages and API do with them."""

from collections.abc import Sequence
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.policy import SettingsView
from reconciler.model.snapshot import StoredSettings
from reconciler.model.viewer import Viewer


class SettingsVersions(Protocol):
    """The stored versions of projects' own settings."""

    async def read(self, project_id: ProjectId) -> StoredSettings | None:
        """Read the version in force; None: the project has no settings of its own."""
        ...

    async def history(self, project_id: ProjectId, limit: int) -> Sequence[StoredSettings]:
        """Read the newest versions, the one in force first."""
        ...

    async def save(self, project_id: ProjectId, new: StoredSettings, *, export: str | None) -> bool:
        """Store a version, the first one as 1. False if another one has its number by now.

        `export`: that of the content.
        """
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

        Raises WrongSettingError, KeptSettingError, SettingsChangedError.
        """
        ...

    async def restore_settings(
        self, project: ProjectId, version: int, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        """Store an earlier version's settings again (0: none). Raises what `save_settings` raises."""
        ...
