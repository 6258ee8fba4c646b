"""What people do with a project's own settings, for the terminal and for pages and API.

The dry run is imported only where it is needed, so that other commands start fast.
"""

from reconciler.bootstrap.commands import BUSY_TIMEOUT_SECONDS, require_integration, retry_while_busy
from reconciler.bootstrap.container import Container
from reconciler.model.formatting import format_count
from reconciler.model.ids import ProjectId
from reconciler.model.passes import NullProgress
from reconciler.model.policy import SettingsView
from reconciler.model.viewer import Actor, Viewer
from reconciler.model.views import PlanView
from reconciler.ports import Queue
from reconciler.sync.context import Context
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
        """Check settings without storing them. Raises WrongSettingError, OperatorOnlySettingError."""
        stored = await self._stores.settings.read(project)
        change.check_settings(self._container.operator_settings(), stored, text, viewer)

    async def preview_settings(self, project: ProjectId, text: bytes, viewer: Viewer) -> PlanView:
        """Return what applying these settings to existing links would do. Nothing is stored."""
        from reconciler.sync.settings import existing_links

        container = self._container
        operator, now = container.operator_settings(), container.clock.now()
        proposed = await change.propose_settings(self._stores, operator, project, text, viewer, now)
        return await existing_links.preview_on_existing_links(await self._build_context(project), proposed)

    async def require_previewed(self, project: ProjectId, text: bytes, digest: str, viewer: Viewer) -> None:
        """Raise PlanChangedError unless applying these settings to existing links has this plan."""
        from reconciler.sync.settings import existing_links

        existing_links.require_plan_hash(await self.preview_settings(project, text, viewer), digest)

    async def apply_settings(self, project: ProjectId, digest: str, viewer: Viewer, actor: Actor) -> PlanView:
        """Apply the settings in force to existing links, if the plan still has this hash."""
        from reconciler.sync.settings import existing_links

        context = await self._build_context(project)
        existing_links.require_may_apply(context, viewer)
        plan = await retry_while_busy(
            self._container.clock,
            lambda: existing_links.apply_to_existing_links(context, digest),
            BUSY_TIMEOUT_SECONDS,
        )
        done = f"The settings are applied to existing links: {format_count(len(plan.actions), 'action')}."
        at = self._container.clock.now()
        await self._stores.projects.record_command(actor, at, project, None, "apply settings", done)
        if self._queue is not None:
            await self._queue.nudge(project)
        return plan

    async def _build_context(self, project: ProjectId) -> Context:
        found = await self._stores.projects.find_project(str(project))
        require_integration(found)
        return await self._container.build_context(found, NullProgress(), manual=True, dry_run=True)
