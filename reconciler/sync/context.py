"""What a pass is given: ports, policies, time and randomness; and its turn at writing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from reconciler.fields import field_of_label
from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.fields import PRIORITY_NAME, Field
from reconciler.model.ids import Fingerprint, IssueNumber
from reconciler.model.issue import FieldEvent
from reconciler.model.passes import Progress
from reconciler.model.policy import GuardPolicy, PassTiming, SyncPolicy, label_key
from reconciler.model.report import Project
from reconciler.owner_settings.effective import OperatorSettings
from reconciler.ports import AlertChannel, Clock, GitHub, Markers, Stores

WRITE_POINTS = 5
"""What one write costs of a credential's points per minute."""
DATE_RESOLUTION = timedelta(seconds=2)
"""How far an exact clock may seem behind: a `Date` has whole seconds, and its answer takes a while."""


class CredentialLocks:
    """One lock for each credential: its writes go one after another, also those of several passes at once.

    GitHub asks for serial requests per token (docs/reference/github.md, Limits). And the rate limiter grants
    a slot only a few `min_interval`s ahead: eight passes that ask at once would be refused, and end as
    limited. Here they queue, in the order in which they came. Other processes are the rate limiter's matter.
    A lock is not re-entrant.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Fingerprint, asyncio.Lock] = WeakValueDictionary()
        self._waiting_counts: Counter[Fingerprint] = Counter()

    @property
    def waiting_counts(self) -> Mapping[Fingerprint, int]:
        """Return how many passes wait until those before them have written, by credential."""
        return +self._waiting_counts

    def is_waited_for(self, credential: Fingerprint) -> bool:
        """Return whether another pass waits until this one has written."""
        return self._waiting_counts[credential] > 0

    @asynccontextmanager
    async def hold(self, credential: Fingerprint) -> AsyncIterator[None]:
        """Hold the lock: from before the slot is asked for until the write's outcome is stored."""
        lock = self._locks.get(credential)
        if lock is None:
            lock = self._locks[credential] = asyncio.Lock()
        self._waiting_counts[credential] += 1
        try:
            await lock.acquire()
        finally:
            self._waiting_counts[credential] -= 1
        try:
            yield
        finally:
            lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one project's pass is given."""

    project: Project
    github: GitHub
    stores: Stores
    markers: Markers
    identity: DatabaseInstance
    clock: Clock
    policy: SyncPolicy  # the operator's, with the project's own settings (`settings.in_force`)
    operator: OperatorSettings
    guard: GuardPolicy
    timing: PassTiming
    new_id: Callable[[], UUID]
    random_fraction: Callable[[], float]  # numbers in [0, 1)
    progress: Progress
    dashboard_url: str  # "" : no report links in exported issues
    credential_locks: CredentialLocks  # one for each credential
    alert_channel: AlertChannel | None  # takes alerts about what needs a person
    manual: bool  # ignores our own back-off and quarantine, never GitHub's limits

    def github_clock_difference(self) -> timedelta:
        """Return how far GitHub's clock is ahead of this machine's; zero where `Date` is too coarse to tell.

        What a `Date` lacks of its second is different in each pass: taken for a difference of the clocks, it
        would let a pass decide two changes of one second apart in another way than the plan before it.
        """
        ahead = self.github.now() - self.clock.now()
        return ahead if abs(ahead) > DATE_RESOLUTION else timedelta(0)

    def field_of_label(self, label: str) -> Field | None:
        """Return the field that has this label as a value, or had it by an old mapping; None: no field."""
        retired = self.policy.label_history.retired
        return field_of_label(label, self.policy.labels) or retired.get(label_key(label))

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        """Read the changes of an issue's fields; of the severity those of where it is by the settings.

        GitHub may not say which of the organisation's fields a change is of, nor what was chosen (?): every
        one that may be of Priority counts, without a value (docs/reference/github.md, Events).
        """
        events = await self.github.field_events(number, self.field_of_label)
        counted = (event for event in events if self._is_relevant_event(event))
        return tuple(replace(event, value="") if event.is_choice else event for event in counted)

    def _is_relevant_event(self, event: FieldEvent) -> bool:
        priority = self.policy.priority
        if event.field is not Field.SEVERITY or priority is None:
            return not event.is_choice
        named = {"", str(priority.id), PRIORITY_NAME.casefold()}
        return event.is_choice and event.value.casefold() in named


async def wait_for_write_slot(context: Context) -> None:
    """Reserve one write and wait for its time. Raises LimitedError when that is too far away."""
    slot = await context.stores.rate_limiter.reserve_write(context.github.credential, WRITE_POINTS)
    await context.clock.sleep((slot - context.clock.now()).total_seconds())
