"""The program as the daemon lives in it (`daemon.house.House`), opened anew when the configuration changes.

A reload opens the new one beside the old: passes and requests under way end in the one they began in, which
is closed then.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from reconciler.bootstrap.container import Container, open_container
from reconciler.config.settings import Settings
from reconciler.daemon.runtime import PassActivity
from reconciler.errors import UsageError
from reconciler.model.ids import ProjectId
from reconciler.model.passes import PassResult, ScheduledProject
from reconciler.model.secret import Secret
from reconciler.store.sync import local_scan
from reconciler.sync.run import run_pass

SWEEP_INTERVAL = timedelta(hours=1)
"""Between two sweeps of old records, by whichever daemon."""

EXTRA_CONNECTIONS = 8
"""Database connections beside those of the passes: ticks, scans, the web."""


@dataclass(slots=True)
class _OpenContainer:
    """One configuration's parts, and who is in there."""

    container: Container
    stack: AsyncExitStack
    user_count: int = 0
    is_replaced: bool = False

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Container]:
        """Be in there; the last one to leave closes the door behind a configuration that is over."""
        self.user_count += 1
        try:
            yield self.container
        finally:
            self.user_count -= 1
            await self.close_if_unused()

    async def close_if_unused(self) -> None:
        """Close it, if it is over and nobody is in there."""
        if self.is_replaced and not self.user_count:
            await self.stack.aclose()


class ReloadableRuntime:
    """The parts in use. `learn` is told every token that is read, `answered` every status GitHub answers."""

    def __init__(
        self, learn: Callable[[Secret], None], answered: Callable[[int | None], None] = lambda _: None
    ) -> None:
        self._register_secret = learn
        self._on_github_answer = answered
        self._current: _OpenContainer | None = None

    @property
    def settings(self) -> Settings:
        """The configuration in use."""
        return self._require_open.container.settings

    @property
    def container(self) -> Container:
        """The parts in use: for who is told of a reload, and asks again then."""
        return self._require_open.container

    @property
    def lease(self) -> Callable[[], AbstractAsyncContextManager[Container]]:
        """For who keeps `parts`: they are not closed while this is entered, also after a reload."""
        return self._require_open.lease

    async def reload(self, settings: Settings, moved: Callable[[], None] = lambda: None) -> None:
        """Open the program with this configuration and use it from now on; `moved` is called before the one
        before is closed. Raises SchemaError, DatabaseError, ConfigurationError: then that one stays in use.
        """
        async with AsyncExitStack() as stack:
            connections = settings.poll.concurrency + EXTRA_CONNECTIONS
            parts = await stack.enter_async_context(
                open_container(
                    settings,
                    register_secret=self._register_secret,
                    connections=connections,
                    on_github_answer=self._on_github_answer,
                )
            )
            before, self._current = self._current, _OpenContainer(parts, stack.pop_all())
        moved()
        if before is not None:
            before.is_replaced = True
            await before.close_if_unused()

    async def aclose(self) -> None:
        """Leave for good. Passes and requests must have ended."""
        if self._current is not None:
            await self._current.stack.aclose()

    async def check_ready(self) -> None:
        async with self._lease_current() as parts:
            await parts.check_ready()

    async def pass_schedule(self) -> Sequence[ScheduledProject]:
        async with self._lease_current() as parts:
            return await parts.stores.projects.pass_schedule()

    async def scan_changes(self, *, lately: bool) -> Mapping[ProjectId, int]:
        async with self._lease_current() as parts:
            export_all = parts.settings.sync.export == "all"
            now = parts.clock.now()
            return await local_scan.find_changed_projects(
                parts.database, now, export_all=export_all, lately=lately
            )

    async def delete_old_records(self) -> None:
        async with self._lease_current() as parts:
            await parts.delete_old_records(SWEEP_INTERVAL)

    async def run_pass(self, project_id: ProjectId, life: PassActivity) -> PassResult | None:
        async with self._lease_current() as parts:
            try:
                project = await parts.stores.projects.find(str(project_id))
            except UsageError:  # deleted or switched off since it was put into the queue
                return None
            context = await parts.build_context(project, life, manual=False)
            life.watch(context.github.cost)
            return await run_pass(context)

    @property
    def _require_open(self) -> _OpenContainer:
        if self._current is None:
            raise RuntimeError("the house was not opened: `move` comes first")
        return self._current

    def _lease_current(self) -> AbstractAsyncContextManager[Container]:
        return self._require_open.lease()
