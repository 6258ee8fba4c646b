"""When an owner gets a mail: about trouble that has lasted an hour, and when it is over. Pure.

Source: docs/reference/contract.md, Configuration, [owners].
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.alerts import Problem

LASTS = timedelta(hours=1)
"""A problem that is over sooner is not worth a mail."""
DAY = timedelta(days=1)
OVER = "over"
"""In place of a problem's word: what lasted is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingProblem:
    """A problem (`alerts.Problem`), and since when a pass has found it."""

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
