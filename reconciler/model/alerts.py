"""What of a project needs a person, what of that is news, and which news are still to be sent. Pure.

What comes and goes is found by comparing two sets: the one that was known last, which is remembered, and the
present one. So a restart repeats nothing and misses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.health import AttentionItem
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome, PassResult

FAILURES_BEFORE_ALERT = 3
"""A failure that may pass by itself (GitHub not answering) needs a person after so many in a row."""
TRANSIENT_ERROR_KINDS = frozenset({"github", "fence"})
IGNORED_ERROR_KINDS = frozenset({"busy", "paused"})
MAX_REASON_CHARS = 300
"""Characters of a reason that are remembered and sent."""
MAX_PENDING_NOTICES = 200
MAX_SEND_ATTEMPTS = 10
"""Alerts that were not taken are offered again with the next passes; after so many tries they are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that needs a person."""

    what: str  # failing, withheld, public; of a link or write: AttentionItem.what
    reason: str
    mark: str = ""  # tells one from the next of its kind: the hash of withheld deletions
    report_id: str | None = None
    report: str | None = None  # BUG-0001
    issue: str | None = None
    field: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """The same thing, whatever its reason says by now."""
        return (self.what, self.mark, self.report_id, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A problem began, or ended."""

    entered: bool
    about: Problem
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What is remembered of a project's problems (`sync_projects.told`)."""

    known: tuple[Problem, ...] = ()
    owed: tuple[Notice, ...] = ()  # not taken yet by `[alerts] url`
    tries: int = 0  # at handing them over, all failed


NO_ALERT_STATE = AlertState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The news of one project, sent at once."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentProblems:
    """A project's attention as the database knows it."""

    withheld: str | None  # the hash
    exposed: bool
    items: tuple[AttentionItem, ...]
    is_complete: bool  # `items` is all there are: what is missing in it has left


def current_problems(result: PassResult, now: CurrentProblems) -> tuple[Problem, ...]:
    """Everything that needs a person after a pass."""
    return (*_failure_problems(result), *_brake_problems(now), *map(_item_problem, now.items))


def _failure_problems(result: PassResult) -> Iterable[Problem]:
    if result.outcome not in (Outcome.FAILED, Outcome.REFUSED) or result.error is None:
        return
    kind = result.error.kind
    if kind not in IGNORED_ERROR_KINDS and (
        kind not in TRANSIENT_ERROR_KINDS or result.failures >= FAILURES_BEFORE_ALERT
    ):
        yield Problem(what="failing", reason=result.error.message[:MAX_REASON_CHARS])


def _brake_problems(now: CurrentProblems) -> Iterable[Problem]:
    if now.withheld:
        yield Problem(what="withheld", mark=now.withheld, reason="deletions wait to be accepted")
    if now.exposed:
        yield Problem(what="public", reason="the repository has become public; text is held back")


def _item_problem(item: AttentionItem) -> Problem:
    return Problem(
        what=item.what,
        reason=item.reason[:MAX_REASON_CHARS],
        report_id=str(item.report_id),
        report=item.report,
        issue=item.issue,
        field=item.field,
    )


def new_notices(
    alert_state: AlertState, now: Sequence[Problem], at: datetime, *, whole: bool = True
) -> tuple[Notice, ...]:
    """What has entered since, then what has left; `whole`: False where `now` may lack some."""
    before, present = {each.key for each in alert_state.known}, {each.key: each for each in now}
    entered = (each for key, each in present.items() if key not in before)
    left = (each for each in alert_state.known if whole and each.key not in present)
    return (
        *(Notice(entered=True, about=each, at=at) for each in entered),
        *(Notice(entered=False, about=each, at=at) for each in left),
    )


def next_alert_state(
    alert_state: AlertState, now: Sequence[Problem], fresh: Sequence[Notice], *, whole: bool = True
) -> AlertState:
    """What is known from now on, and owed to anyone who wants to be told."""
    present = {each.key for each in now}
    kept = () if whole else tuple(each for each in alert_state.known if each.key not in present)
    return AlertState(
        known=(*now, *kept), owed=(*alert_state.owed, *fresh)[-MAX_PENDING_NOTICES:], tries=alert_state.tries
    )
