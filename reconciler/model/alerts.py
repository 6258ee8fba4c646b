"""A project's problems, which of them are new or over, and the notices still to be sent. Pure.

At the end: when an owner gets a mail about them (docs/reference/contract.md, Configuration, [owners]).

What is new is found by comparing the stored set of problems with the present one. So a restart repeats
nothing and misses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.fields import RenamedLabel
from reconciler.model.health import MISNAMED, AttentionItem, misnamed_items
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome, PassResult

FAILURES_BEFORE_ALERT = 3
"""A failure that may pass by itself (GitHub does not answer) becomes a problem after so many in a row."""
TRANSIENT_ERROR_KINDS = frozenset({"github", "fence"})
IGNORED_ERROR_KINDS = frozenset({"busy", "paused"})
ANNOUNCED_KINDS = frozenset({"token_expiry", "api_version"})
"""Problems that GitHub announces in the headers of its answers."""
MAX_REASON_CHARS = 300
"""Characters of a reason that are stored and sent."""
MAX_PENDING_NOTICES = 200
MAX_SEND_ATTEMPTS = 10
"""Alerts that were not accepted are sent again after the next passes, and dropped after so many attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem that needs a person."""

    what: str  # a word of `failing`, `withheld`, … (docs/operating.md, Alerts); or AttentionItem.what
    reason: str
    mark: str = ""  # distinguishes problems of one kind: the hash of the withheld deletions
    report_id: str | None = None
    report: str | None = None  # BUG-0001
    issue: str | None = None
    field: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """The problem's identity, without its reason, which may change."""
        return (self.what, self.mark, self.report_id, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notice that a problem began or ended."""

    entered: bool
    about: Problem
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What a project stores about its problems (`sync_projects.told`)."""

    known: tuple[Problem, ...] = ()
    owed: tuple[Notice, ...] = ()  # notices that `[alerts] url` has not accepted yet
    tries: int = 0  # failed attempts to send them, in a row


NO_ALERT_STATE = AlertState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The notices of one project that are sent together."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentProblems:
    """A project's problems as the database has them."""

    withheld: str | None  # the hash of the withheld deletions
    exposed: bool
    items: tuple[AttentionItem, ...]
    renamed_labels: tuple[RenamedLabel, ...] = ()
    webhook_silence: str | None = None  # since when the webhook is silent, in a sentence
    is_complete: bool  # `items` are all there are: a known problem that is not among them is over


def current_problems(
    result: PassResult, found: CurrentProblems, at: datetime, known: Sequence[Problem] = ()
) -> tuple[Problem, ...]:
    """Return everything that needs a person after a pass that ended at `at`. `known`: before the pass."""
    return (
        *_failure_problems(result),
        *_problems_awaiting_consent(found),
        *expiry_problems(result, at, known),
        *_webhook_problems(found),
        *map(_item_problem, found.items),
        *_misnamed_problems(result, known),
    )


def _misnamed_problems(result: PassResult, known: Sequence[Problem]) -> Iterable[Problem]:
    if result.misnamed is None:
        yield from (problem for problem in known if problem.what == MISNAMED)
    yield from map(_item_problem, misnamed_items(result))


def expiry_problems(result: PassResult, at: datetime, known: Sequence[Problem] = ()) -> Iterable[Problem]:
    """Yield what GitHub announced to a pass; one that GitHub did not answer leaves what is known."""
    if result.announced is None:
        yield from (problem for problem in known if problem.what in ANNOUNCED_KINDS)
        return
    if token := result.announced.token_warning(at):
        yield Problem(what="token_expiry", reason=token)
    if version := result.announced.version_warning():
        yield Problem(what="api_version", reason=version)


def _failure_problems(result: PassResult) -> Iterable[Problem]:
    if result.outcome not in (Outcome.FAILED, Outcome.REFUSED) or result.error is None:
        return
    kind = result.error.kind
    if kind not in IGNORED_ERROR_KINDS and (
        kind not in TRANSIENT_ERROR_KINDS or result.failures >= FAILURES_BEFORE_ALERT
    ):
        yield Problem(what="failing", reason=result.error.message[:MAX_REASON_CHARS])


def _problems_awaiting_consent(now: CurrentProblems) -> Iterable[Problem]:
    if now.withheld:
        yield Problem(what="withheld", mark=now.withheld, reason="deletions wait to be accepted")
    if now.exposed:
        yield Problem(what="public", reason="the repository has become public; text is held back")
    for label in now.renamed_labels:
        yield Problem(what="renamed_label", mark=label.now, reason=label.text[:MAX_REASON_CHARS])


def _webhook_problems(found: CurrentProblems) -> Iterable[Problem]:
    if found.webhook_silence is not None:
        yield Problem(what="webhook_silent", reason=found.webhook_silence)


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
    alert_state: AlertState, now: Sequence[Problem], at: datetime, *, is_complete: bool = True
) -> tuple[Notice, ...]:
    """Return a notice for each problem that is new, then for each that is over.

    `is_complete`: False where `now` may be incomplete; then no problem counts as over.
    """
    before, present = (
        {problem.key for problem in alert_state.known},
        {problem.key: problem for problem in now},
    )
    entered = (problem for key, problem in present.items() if key not in before)
    ended = (problem for problem in alert_state.known if is_complete and problem.key not in present)
    return (
        *(Notice(entered=True, about=problem, at=at) for problem in entered),
        *(Notice(entered=False, about=problem, at=at) for problem in ended),
    )


def next_alert_state(
    alert_state: AlertState, now: Sequence[Problem], notices: Sequence[Notice], *, is_complete: bool = True
) -> AlertState:
    """Return the state to store: the problems known now, and the notices still to be sent."""
    present = {problem.key for problem in now}
    kept = (
        () if is_complete else tuple(problem for problem in alert_state.known if problem.key not in present)
    )
    return AlertState(
        known=(*now, *kept),
        owed=(*alert_state.owed, *notices)[-MAX_PENDING_NOTICES:],
        tries=alert_state.tries,
    )


# --- mails to the owner -------------------------------------------------------------------------------------

LASTS = timedelta(hours=1)
"""A problem that is over sooner is not worth a mail."""
DAY = timedelta(days=1)
OVER = "over"
"""In place of a problem's word: what lasted is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingProblem:
    """A problem, and since when a pass has found it."""

    what: str
    mark: str
    report_id: str | None
    field: str | None
    since: datetime

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """The problem's identity."""
        return (self.what, self.mark, self.report_id, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailState:
    """What a project stores about the mails to its owner (`sync_projects.mail`)."""

    lasting: tuple[LastingProblem, ...] = ()
    is_told: bool = False  # of trouble that is not over yet
    began_at: datetime | None = None  # when the last mail about trouble was enqueued
    ended_at: datetime | None = None  # when the last one that it was over


NO_MAIL_STATE = MailState()


def next_mail(before: MailState, problems: Sequence[Problem], at: datetime) -> tuple[MailState, str | None]:
    """Return the state after a pass that knows these problems, and the word of the mail to send, if any.

    At most one of each kind a day.
    """
    since = {each.key: each.since for each in before.lasting}
    lasting = tuple(
        LastingProblem(
            what=each.what,
            mark=each.mark,
            report_id=each.report_id,
            field=each.field,
            since=since.get(each.key, at),
        )
        for each in problems
    )
    state = replace(before, lasting=lasting)
    old = sorted((each for each in lasting if at - each.since >= LASTS), key=lambda each: each.since)
    if old and not before.is_told and _may_send(before.began_at, at):
        return replace(state, is_told=True, began_at=at), old[0].what
    if before.is_told and not old:
        state = replace(state, is_told=False)
        return (replace(state, ended_at=at), OVER) if _may_send(before.ended_at, at) else (state, None)
    is_past = _may_send(before.began_at, at) and _may_send(before.ended_at, at)
    return (NO_MAIL_STATE if is_past and not lasting else state), None


def _may_send(last: datetime | None, at: datetime) -> bool:
    return last is None or at - last >= DAY
