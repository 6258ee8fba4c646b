"""The program as the daemon lives in it (`daemon.house.House`), opened anew when the configuration changes.

A reload opens the new one beside the old: passes and requests under way end in the one they began in, which
is closed then.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from reconciler.config.settings import Settings
from reconciler.cycle.run import run_pass
from reconciler.daemon.house import Life
from reconciler.errors import UsageError
from reconciler.model.ids import ProjectId
from reconciler.model.passes import PassResult
from reconciler.model.schedule import Scheduled
from reconciler.model.secret import Secret
from reconciler.store import scan
from reconciler.wiring.parts import Parts, open_parts

SWEEP_EVERY = timedelta(hours=1)
"""Between two sweeps of old records, by whichever daemon."""

SPARE = 8
"""Database connections beside those of the passes: ticks, scans, the web."""


@dataclass(slots=True)
class _Opened:
    """One configuration's parts, and who is in there."""

    parts: Parts
    stack: AsyncExitStack
    users: int = 0
    over: bool = False

    @asynccontextmanager
    async def using(self) -> AsyncIterator[Parts]:
        """Be in there; the last one to leave closes the door behind a configuration that is over."""
        self.users += 1
        try:
            yield self.parts
        finally:
            self.users -= 1
            await self.close_if_empty()

    async def close_if_empty(self) -> None:
        """Close it, if it is over and nobody is in there."""
        if self.over and not self.users:
            await self.stack.aclose()


class Residence:
    """The parts in use. `learn` is told every token that is read, `answered` every status GitHub answers."""

    def __init__(
        self, learn: Callable[[Secret], None], answered: Callable[[int | None], None] = lambda _: None
    ) -> None:
        self._learn = learn
        self._answered = answered
        self._now: _Opened | None = None

    @property
    def settings(self) -> Settings:
        """The configuration in use."""
        return self._opened.parts.settings

    @property
    def parts(self) -> Parts:
        """The parts in use: for who is told of a reload, and asks again then."""
        return self._opened.parts

    @property
    def stay(self) -> Callable[[], AbstractAsyncContextManager[Parts]]:
        """For who keeps `parts`: they are not closed while this is entered, also after a reload."""
        return self._opened.using

    async def move(self, settings: Settings, moved: Callable[[], None] = lambda: None) -> None:
        """Open the program with this configuration and use it from now on; `moved` is called before the one
        before is closed. Raises SchemaError, DatabaseError, ConfigurationError: then that one stays in use.
        """
        async with AsyncExitStack() as stack:
            connections = settings.poll.concurrency + SPARE
            parts = await stack.enter_async_context(
                open_parts(settings, learn=self._learn, connections=connections, answered=self._answered)
            )
            before, self._now = self._now, _Opened(parts, stack.pop_all())
        moved()
        if before is not None:
            before.over = True
            await before.close_if_empty()

    async def aclose(self) -> None:
        """Leave for good. Passes and requests must have ended."""
        if self._now is not None:
            await self._now.stack.aclose()

    async def ready(self) -> None:
        async with self._using() as parts:
            await parts.ready()

    async def schedule(self) -> Sequence[Scheduled]:
        async with self._using() as parts:
            return await parts.stores.projects.schedule()

    async def changed(self, *, lately: bool) -> Mapping[ProjectId, int]:
        async with self._using() as parts:
            export_all = parts.settings.sync.export == "all"
            now = parts.clock.now()
            return await scan.changed(parts.database, now, export_all=export_all, lately=lately)

    async def keep(self) -> None:
        async with self._using() as parts:
            await parts.keep(SWEEP_EVERY)

    async def look(self, project_id: ProjectId, life: Life) -> PassResult | None:
        async with self._using() as parts:
            try:
                project = await parts.stores.projects.find(str(project_id))
            except UsageError:  # deleted or switched off since it was put into the queue
                return None
            context = await parts.context(project, life, by_hand=False)
            life.count(context.github.cost)
            return await run_pass(context)

    @property
    def _opened(self) -> _Opened:
        if self._now is None:
            raise RuntimeError("the house was not opened: `move` comes first")
        return self._now

    def _using(self) -> AbstractAsyncContextManager[Parts]:
        return self._opened.using()
