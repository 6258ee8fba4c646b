"""The service: due projects into the queue, changed ones ahead of them, workers that run their passes.

tick    database ready? → who is due → into the queue, as many as the workers will soon get to
scan    what changed in BugSpark → nudged
keep    old records → removed
rescue  what a dead worker was running → back into the queue
work    passes, until stopped; a database that goes away ends a stint, and the next one begins
beat    clocks that drift apart, the watchdog, the status line
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from reconciler.daemon.house import House
from reconciler.daemon.pace import Pacer
from reconciler.daemon.passes import Passes, Stint
from reconciler.daemon.pulse import Pulse
from reconciler.daemon.scan import Scans
from reconciler.daemon.sd_notify import Notifier
from reconciler.daemon.ticks import Ticks
from reconciler.daemon.work import Told, Worker
from reconciler.errors import ReconcilerError
from reconciler.logs import Log
from reconciler.ports import Clock

GRACE_SECONDS = 4.0
"""What a pass under way has to end by itself when the service stops; then it is cut off."""
STUCK_TICK = 180.0
"""A tick that takes longer hangs: each of its questions to the database has a limit far below."""
ENOUGH = 2
"""So many times `poll.concurrency` due projects wait at most: a nudge must not stand behind them all."""

log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often things are done, in seconds."""

    interval: float = 60.0  # poll.interval_seconds
    concurrency: int = 8  # poll.concurrency
    tick: float = 1.0
    ready: float = 10.0  # between two looks at the schema
    scan: float = 5.0  # at most so often
    rescue: float = 5.0
    retry: float = 2.0  # after the database went away under a worker
    beat: float = 1.0
    keep: float = 600.0  # between two offers to sweep; of all daemons one does, once an hour


class Service:
    """One daemon's work, from `run` to its end."""

    def __init__(
        self,
        house: House,
        passes: Passes,
        clock: Clock,
        notify: Notifier,
        rhythm: Rhythm,
        *,
        new_id: Callable[[], UUID],
        told: Told = lambda _: None,
    ) -> None:
        self._house = house
        self._passes = passes
        self._clock = clock
        self._notify = notify
        self._rhythm = rhythm
        self._worker = Worker(house, clock, new_id, told)
        self._pacer = Pacer(rhythm.interval)
        self._scans = Scans(rhythm.scan)
        self._ticks = Ticks()
        self._pulse = Pulse(clock)
        self._stints: dict[asyncio.Task[None], Stint | None] = {}
        self._stopping = asyncio.Event()
        self._ticked = clock.monotonic()
        self._looked: float | None = None
        self._trouble: str | None = None

    @property
    def alive(self) -> bool:
        """It makes progress: it ticks, and no pass hangs. A database that is away is no standstill."""
        return self._clock.monotonic() - self._ticked <= STUCK_TICK and not self._worker.stuck()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end or cut what is under way. Raises what nobody foresaw."""
        rhythm = self._rhythm
        self._ticks.every(rhythm.tick, self._tick)
        self._ticks.every(rhythm.tick, self._look_around)
        self._ticks.every(rhythm.rescue, self._rescue)
        self._ticks.every(rhythm.keep, self._keep)
        beat = asyncio.create_task(self._beat())
        stopped = asyncio.create_task(stop.wait())
        self._begin(rhythm.concurrency)
        self._ticks.start()
        try:
            await self._until(stopped, beat)
        finally:
            self._notify.stopping()
            self._stopping.set()
            self._ticks.stop()
            for task in (beat, stopped):
                task.cancel()
            await self._finish()
            await asyncio.gather(beat, stopped, return_exceptions=True)

    def retune(self, rhythm: Rhythm) -> None:
        """The configuration was read again: from now on at this pace."""
        if rhythm.concurrency != self._rhythm.concurrency:
            for stint in self._stints.values():
                if stint is not None:
                    stint.stop(None)
            self._begin(rhythm.concurrency)
        self._pacer.interval = rhythm.interval
        self._pacer.forget()
        self._rhythm = rhythm

    async def _until(self, stopped: asyncio.Task[bool], beat: asyncio.Task[None]) -> None:
        """Wait for the end. A part that ends before its time takes the service along: it is restarted."""
        while not stopped.done():
            await asyncio.wait({stopped, beat, *self._stints}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._stints if task.done()]:
                del self._stints[task]
                task.result()
            if beat.done():
                beat.result()

    def _begin(self, concurrency: int) -> None:
        task = asyncio.create_task(self._work(concurrency))
        self._stints[task] = None

    async def _work(self, concurrency: int) -> None:
        """Stints, one after another, until one was stopped on purpose."""
        while not self._stopping.is_set():
            stint = self._passes.stint(self._worker.run, concurrency)
            task = asyncio.current_task()
            assert task is not None  # this runs in one
            self._stints[task] = stint
            try:
                await stint.serve()
            except ReconcilerError as error:
                self._troubled(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._rhythm.retry)
            else:
                return

    async def _finish(self) -> None:
        """Every pass may end by itself for a while; those that do not are cut off."""
        for stint in self._stints.values():
            if stint is not None:
                stint.stop(None)
        if self._stints:
            await asyncio.wait(self._stints, timeout=GRACE_SECONDS)
        self._worker.cut()
        await asyncio.gather(*self._stints, return_exceptions=True)

    async def _tick(self) -> None:
        try:
            await self._check()
            await self._put()
        except ReconcilerError as error:
            self._troubled(error)
        else:
            self._untroubled()
        self._ticked = self._clock.monotonic()

    async def _check(self) -> None:
        now = self._clock.monotonic()
        if self._trouble is None and self._looked is not None and now - self._looked < self._rhythm.ready:
            return
        await self._house.ready()
        self._looked = now

    async def _put(self) -> None:
        projects = await self._house.schedule()
        backlog = await self._passes.backlog()
        monotonic = self._clock.monotonic()
        busy = backlog.waiting | backlog.running
        due = [each for each in self._pacer.due(projects, self._clock.now(), monotonic) if each not in busy]
        chosen = due[: max(0, ENOUGH * self._rhythm.concurrency - len(backlog.waiting))]
        if chosen:
            await self._passes.put(chosen)
            self._pacer.tried(chosen, monotonic)

    async def _look_around(self) -> None:
        began = self._clock.monotonic()
        if self._trouble is not None or (scan := self._scans.due(began)) is None:
            return
        try:
            found = await self._house.changed(lately=scan.lately)
            ended = self._clock.monotonic()
            for each in scan.nudges(found, lambda each: self._pacer.may(each, ended), ended):
                await self._passes.nudge(each)
        except ReconcilerError as error:
            self._troubled(error)
        self._scans.took(scan, began, self._clock.monotonic())

    async def _rescue(self) -> None:
        try:
            if (found := await self._passes.rescue()) > 0:
                log.warning("passes of a dead worker put back", count=found)
        except ReconcilerError as error:
            self._troubled(error)

    async def _keep(self) -> None:
        try:
            await self._house.keep()
        except ReconcilerError as error:
            self._troubled(error)

    async def _beat(self) -> None:
        """On the event loop's own time: a loop that hangs does not get here, and systemd hears nothing."""
        told = ""
        while True:
            if self._pulse.jumped():
                log.warning("the wall clock was set", by_seconds=round(self._pulse.by, 1))
                self._ticks.catch_up()
            if self.alive:
                self._notify.alive()
            if (status := self._status()) != told:
                self._notify.status(status)
                told = status
            await asyncio.sleep(min(self._rhythm.beat, (self._notify.watchdog_seconds or math.inf) / 3))

    def _status(self) -> str:
        if self._trouble is not None:
            return self._trouble
        worker = self._worker
        return f"{len(self._pacer)} projects, {worker.running} passes running, {worker.done} done"

    def _troubled(self, error: ReconcilerError) -> None:
        """Said once, however often it comes up."""
        if self._trouble is None:
            log.error("the database can't be used", kind=error.kind, reason=str(error))
        self._trouble = str(error)

    def _untroubled(self) -> None:
        if self._trouble is not None:
            log.info("the database can be used again")
        self._trouble = None
