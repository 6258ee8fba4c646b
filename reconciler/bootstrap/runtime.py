"""`daemon.runtime.DaemonBackend`, implemented with a container that a reload replaces.

A reload opens the new container while the old one is still open. Running passes and requests end in the
container they began with; it is closed after the last of them.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.bootstrap.container import Container, open_container
from reconciler.bootstrap.sign_in import build_operator_sessions
from reconciler.config.settings import Settings
from reconciler.daemon.runtime import PassProgressCounter
from reconciler.errors import UsageError
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.passes import DuePass, NullProgress, PassResult, ScheduledProject
from reconciler.model.secret import LearntSecrets
from reconciler.model.snapshot import PassStart
from reconciler.store.sync import local_scan
from reconciler.sync.context import Context
from reconciler.sync.passes.run_pass import run_due_pass
from reconciler.sync.result import record_hung_pass
from reconciler.web.security.sessions import OperatorSessions

CLEANUP_INTERVAL = timedelta(hours=1)
"""Old records are deleted at most this often, by all daemons together."""

EXTRA_DATABASE_CONNECTIONS = 8
"""Database connections in addition to those of passes: for ticks, scans and the web."""


@dataclass(slots=True)
class _OpenContainer:
    """The container of one configuration, with the number of its users."""

    container: Container
    sessions: OperatorSessions
    stack: AsyncExitStack
    user_count: int = 0
    is_replaced: bool = False

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Container]:
        """Use the container within the block. The last user of a replaced container closes it."""
        self.user_count += 1
        try:
            yield self.container
        finally:
            self.user_count -= 1
            await self.close_if_unused()

    async def close_if_unused(self) -> None:
        """Close the container if it was replaced and has no user."""
        if self.is_replaced and not self.user_count:
            await self.stack.aclose()


class ReloadableRuntime:
    """The current container.

    `learnt`: learns every secret that is read; `on_github_answer`: called with every response's status.
    """

    def __init__(
        self,
        learnt: LearntSecrets,
        on_github_answer: Callable[[int | None], None] = lambda _: None,
    ) -> None:
        self._learnt = learnt
        self._on_github_answer = on_github_answer
        self._current: _OpenContainer | None = None
        self._compared_at: datetime | None = None

    @property
    def settings(self) -> Settings:
        """Return the current configuration."""
        return self._require_open.container.settings

    @property
    def container(self) -> Container:
        """Return the current container, for callers that `reload` notifies of the next one."""
        return self._require_open.container

    @property
    def sessions(self) -> OperatorSessions:
        """Return the operator's sessions of the current configuration."""
        return self._require_open.sessions

    @property
    def lease(self) -> Callable[[], AbstractAsyncContextManager[Container]]:
        """Return the lease of the current container. Within it, a reload does not close that container."""
        return self._require_open.lease

    async def reload(self, settings: Settings, on_replaced: Callable[[], None] = lambda: None) -> None:
        """Open a container with this configuration and make it the current one.

        `on_replaced`: called before the old container is closed. Raises SchemaError, DatabaseError,
        ConfigurationError; then the old container stays in use.
        """
        async with AsyncExitStack() as stack:
            connections = settings.poll.concurrency + EXTRA_DATABASE_CONNECTIONS
            container = await stack.enter_async_context(
                open_container(
                    settings,
                    learnt=self._learnt,
                    connections=connections,
                    runs_many_passes=True,
                    on_github_answer=self._on_github_answer,
                )
            )
            sessions = await build_operator_sessions(container)
            before, self._current = self._current, _OpenContainer(container, sessions, stack.pop_all())
        on_replaced()
        if before is not None:
            before.is_replaced = True
            await before.close_if_unused()

    async def aclose(self) -> None:
        """Close the container. Passes and requests must have ended."""
        if self._current is not None:
            await self._current.stack.aclose()

    async def check_ready(self) -> None:
        async with self._lease_current() as container:
            await container.check_ready()

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> Sequence[ScheduledProject]:
        async with self._lease_current() as container:
            return await container.stores.projects.pass_schedule(project_ids)

    async def scan_changes(self, *, incremental: bool) -> Mapping[ProjectId, int]:
        async with self._lease_current() as container:
            export_all = container.settings.sync.export == "all"
            now = container.clock.now()
            found = await local_scan.find_changed_projects(
                container.database,
                now,
                export_all=export_all,
                incremental=incremental,
                compared_at=self._compared_at,
            )
            if not incremental:
                self._compared_at = now
            return found

    def passes_waiting_to_write(self) -> Mapping[Fingerprint, int]:
        return self._require_open.container.credential_locks.waiting_counts

    async def delete_old_records(self) -> None:
        async with self._lease_current() as container:
            await container.delete_old_records(CLEANUP_INTERVAL)

    async def run_pass(
        self, project_id: ProjectId, activity: PassProgressCounter, *, compares: bool, due: DuePass | None
    ) -> PassResult | None:
        async with self._lease_current() as container:

            def build_context(start: PassStart) -> Context:
                context = container.build_context_of_start(start, activity, manual=False)
                activity.add_progress_value(context.github.cost)
                return context

            return await run_due_pass(
                container.stores, container.clock, project_id, build_context, compares=compares, due=due
            )

    async def record_hung_pass(self, project_id: ProjectId, silent_seconds: float) -> PassResult | None:
        async with self._lease_current() as container:
            try:
                project = await container.stores.projects.find_project(str(project_id))
            except UsageError:
                return None
            context = await container.build_context(project, NullProgress(), manual=False)
            return await record_hung_pass(context, silent_seconds)

    @property
    def _require_open(self) -> _OpenContainer:
        if self._current is None:
            raise RuntimeError("the runtime is not open: call `reload` first")
        return self._current

    def _lease_current(self) -> AbstractAsyncContextManager[Container]:
        return self._require_open.lease()
