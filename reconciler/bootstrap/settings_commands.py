"""What people do with a project's own settings, for the terminal and for pages and API."""

from reconciler.bootstrap.container import Container
from reconciler.model.ids import ProjectId
from reconciler.model.policy import SettingsView
from reconciler.model.viewer import Viewer
from reconciler.ports import Queue
from reconciler.sync.settings import change


class ProjectSettingsCommands:
    """`ports.SettingsCommands`. `queue`: receives a request for a pass after a change; None: no request."""

    def __init__(self, container: Container, *, queue: Queue | None = None) -> None:
        self._container = container
        self._stores = container.stores
        self._queue = queue

    async def show_settings(self, project: ProjectId) -> SettingsView:
        """Return the settings, those in force, and the history."""
        return await change.show_settings(self._stores, self._container.operator_settings(), project)

    async def save_settings(
        self, project: ProjectId, text: bytes, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        """Store settings in place of version `expected`, and request a pass."""
        await change.save_settings(
            self._stores,
            self._container.operator_settings(),
            project,
            text,
            viewer,
            expected=expected,
            at=self._container.clock.now(),
        )
        if self._queue is not None:
            await self._queue.nudge(project)
        return await self.show_settings(project)

    async def restore_settings(
        self, project: ProjectId, version: int, viewer: Viewer, *, expected: int
    ) -> SettingsView:
        """Store an earlier version's settings again, as a new version."""
        text = await change.settings_of_version(self._stores, project, version)
        return await self.save_settings(project, text, viewer, expected=expected)

    async def check_settings(self, project: ProjectId, text: bytes, viewer: Viewer) -> None:
        """Check settings without storing them. Raises WrongSettingError, KeptSettingError."""
        stored = await self._stores.settings.read(project)
        change.check_settings(self._container.operator_settings(), stored, text, viewer)
