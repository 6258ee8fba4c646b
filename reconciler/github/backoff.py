"""What GitHub's limits have said lately, per credential, for everything in this process.

The governor tells other processes. This is for the requests whose points were reserved before: going on after
a limit's answer can get an integration banned (docs/reference/github.md, Limits).
"""

from datetime import datetime

from reconciler.errors import LimitedError
from reconciler.github.limits import LimitWait
from reconciler.model.ids import Fingerprint
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRefusal:
    """The last refusal of a credential. `strikes`: how many in a row did not say how long to wait."""

    strikes: int
    waits_until: float  # by the monotonic clock
    until: datetime
    reason: str


class LimitBackoff:
    """Remembers refusals; one for all repositories."""

    def __init__(self) -> None:
        self._last: dict[Fingerprint, LimitRefusal] = {}

    def strikes(self, credential: Fingerprint) -> int:
        """How often in a row GitHub refused without saying for how long."""
        last = self._last.get(credential)
        return last.strikes if last else 0

    def require_no_wait(self, credential: Fingerprint, now: float) -> None:
        """Raises LimitedError while a wait lasts."""
        last = self._last.get(credential)
        if last and now < last.waits_until:
            raise limited_error(last.reason, last.until)

    def record_refusal(
        self, credential: Fingerprint, wait: LimitWait, *, now: float, until: datetime
    ) -> None:
        """GitHub said wait. Refusals that come while a wait lasts, of requests sent before, count as one."""
        last = self._last.get(credential)
        fresh = last is None or now >= last.waits_until
        strikes = self.strikes(credential) + (wait.guessed and fresh)
        over = now + wait.seconds
        if last is None or over >= last.waits_until:
            self._last[credential] = LimitRefusal(
                strikes=strikes, waits_until=over, until=until, reason=wait.reason
            )

    def record_success(self, credential: Fingerprint, now: float) -> None:
        """GitHub answered; a wait that still lasts is not shortened by it."""
        last = self._last.get(credential)
        if last and now >= last.waits_until:
            del self._last[credential]


def limited_error(reason: str, until: datetime) -> LimitedError:
    """The error that ends a pass."""
    return LimitedError(f"{reason}: nothing is asked before {until:%Y-%m-%d %H:%M:%S} UTC.", until)
