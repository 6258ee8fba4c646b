"""Who closed an issue: when GitHub is asked, what its answer says, and what people are told of it. Pure.

Source: docs/what-syncs.md, Who closed it; docs/reference/github.md, Events.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.decide.comment_draft import NewId
from reconciler.fields.status import issue_state_for
from reconciler.model.fields import Field, IssueState, Side
from reconciler.model.ids import AccountId, CommentId, CommentPairId
from reconciler.model.issue import FieldEvent, Issue, Resolution
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkObservation
from reconciler.model.plan import LinkPlan, Rule, SetIssueState, Why, WriteLocalComment
from reconciler.model.policy import SyncPolicy
from reconciler.text import single_line, text_digest

RESOLUTION_COMMENT = "says what became of the issue"
"""The reason of a ledger row: its comment in BugSpark has no original on GitHub, and is never sent there."""

REOPENED = "Reopened on GitHub"
UNREAD_WAIT = timedelta(minutes=10)
"""How long after a closing its events are read, where the budget did not allow it at once."""
SHORT_COMMIT_LENGTH = 7
MAX_LOGIN_LENGTH = 100
"""Characters of a login that are kept: GitHub's own are shorter."""
_REASON_TEXTS = {
    "completed": " as completed",
    "not_planned": " as not planned",
    "duplicate": " as a duplicate",
}


def resolution_text(resolution: Resolution) -> str:
    """Return who closed the issue, in words: `Closed as completed by alice in 1a2b3c4`."""
    reason = _REASON_TEXTS.get(resolution.reason or "", "")
    by = f" by {resolution.by}" if resolution.by else " on GitHub"
    commit = f" in {resolution.commit[:SHORT_COMMIT_LENGTH]}" if resolution.commit else ""
    return f"Closed{reason}{by}{commit}"


def was_closed(view: LinkObservation, plan: LinkPlan) -> bool:
    """Whether it is to be found out who closed the issue.

    GitHub's state has changed to closed since the base, or was asked for before in vain, or the issue was
    closed once more since. A confirmed write of ours is in the base. Never at an initial sync, and not while
    the status is undecided or the issue is about to be opened again.
    """
    issue, known = view.issue, view.link.resolution
    if issue is None or issue.state is IssueState.OPEN or not _is_status_decided(view, plan):
        return False
    is_again = known is not None and (not known.is_read or known.at < closing_time(issue) <= view.now)
    will_open = any(isinstance(action, SetIssueState) for action in plan.actions)
    return (_agreed_state(view) is IssueState.OPEN or is_again) and not will_open


def _is_status_decided(view: LinkObservation, plan: LinkPlan) -> bool:
    is_read = plan.report is not None and plan.after.quarantined_until is None
    return is_read and view.link.base is not None and Field.STATUS not in view.unconfirmed_fields


def _agreed_state(view: LinkObservation) -> IssueState | None:
    base = view.link.base
    return (base.state or issue_state_for(base.status)) if base else None


def may_be_closed_by_own_write(view: LinkObservation) -> bool:
    """Whether a write of ours, whose answer was lost, may have closed the issue: the report is closed too."""
    return issue_state_for(view.report.status) is IssueState.CLOSED


def closing_time(issue: Issue) -> datetime:
    """Return when the issue was closed, as far as GitHub says."""
    return issue.closed_at or issue.updated_at


def resolution_of_row(view: LinkObservation, own: Collection[AccountId] | None) -> Resolution | None:
    """Return what the issue's own row says of its closing; None: this program closed it.

    `own`: our accounts, if a write of ours may have closed it.
    """
    by = _require_issue(view).closed_by
    is_own = own is not None and by is not None and by.id in own
    return None if is_own else _resolution(view, by.login if by else None, None)


def resolution_of_events(
    view: LinkObservation, events: Sequence[FieldEvent], own: Collection[AccountId] | None
) -> Resolution | None:
    """Return what the issue's events, oldest first, say of its closing; None: this program closed it.

    `own`: as for `resolution_of_row`, whose answer counts where the events do not show the closing yet.
    """
    last = next((event for event in reversed(events) if event.field is Field.STATUS), None)
    if last is None or last.value != IssueState.CLOSED:
        return resolution_of_row(view, own)
    if own is not None and last.actor is not None and last.actor.id in own:
        return None
    return _resolution(view, last.actor.login if last.actor else None, last.commit)


def _resolution(view: LinkObservation, by: str | None, commit: str | None) -> Resolution:
    issue = _require_issue(view)
    return Resolution(
        by=single_line(by or "")[:MAX_LOGIN_LENGTH] or None,
        commit=commit,
        at=min(closing_time(issue), view.now),
        reason=issue.state_reason if issue.state_reason in _REASON_TEXTS else None,
    )


def _require_issue(view: LinkObservation) -> Issue:
    assert view.issue is not None, "a closing is decided on the issue as it was read"
    return view.issue


def with_resolution(
    view: LinkObservation, plan: LinkPlan, resolution: Resolution | None, policy: SyncPolicy, new_id: NewId
) -> LinkPlan:
    """Return the plan that keeps who closed the issue, with the comment that says so if it is wanted.

    What is not read yet makes the link due for verification soon, which reads it; the comment waits for that.
    """
    before, after = view.link.resolution, replace(plan.after, resolution=resolution)
    if resolution is None:
        return replace(plan, after=after)
    if not resolution.is_read:
        return replace(plan, after=_with_verification_due(after, view.now + UNREAD_WAIT))
    is_said = before is not None and before.is_read and _content(before) == _content(resolution)
    changed = replace(plan, after=after)
    return (
        changed
        if is_said
        else _with_comment(changed, resolution_text(resolution), resolution, policy, new_id)
    )


def _with_verification_due(link: Link, at: datetime) -> Link:
    """Return the link, due for verification by then. One that was never verified is due already."""
    known = link.verification
    if known is None or known.due <= at:
        return link
    return replace(link, verification=replace(known, due=at))


def _content(resolution: Resolution) -> tuple[str | None, ...]:
    return resolution.by, resolution.commit, resolution.reason


def without_resolution(view: LinkObservation, plan: LinkPlan, policy: SyncPolicy, new_id: NewId) -> LinkPlan:
    """Return the plan that ends a resolution because the issue is open again; the history keeps it.

    Only where somebody opened it on GitHub, a comment says so too: BugSpark knows its own reopening.
    """
    ended, issue = view.link.resolution, view.issue
    if (
        ended is None
        or issue is None
        or issue.state is IssueState.CLOSED
        or not _is_status_decided(view, plan)
    ):
        return plan
    note = f"opened again; before that: {resolution_text(ended)}"
    plan = replace(plan, after=replace(plan.after, resolution=None), notes=(*plan.notes, note))
    if not may_be_closed_by_own_write(view):
        return plan
    opened = replace(ended, at=min(issue.updated_at, view.now))
    return _with_comment(plan, REOPENED, opened, policy, new_id)


def _with_comment(
    plan: LinkPlan, body: str, resolution: Resolution, policy: SyncPolicy, new_id: NewId
) -> LinkPlan:
    if not policy.resolution_comment or not policy.comments.direction.writes_bugspark:
        return plan
    pair = CommentPair(
        id=CommentPairId(new_id()),
        link_id=plan.link.id,
        origin=Side.GITHUB,
        state=CommentPairState.SKIPPED,
        local_id=CommentId(new_id()),
        remote_id=None,
        local_digest=text_digest(body),
        remote_digest=None,
        remote_updated_at=None,
        author=resolution.by if body != REOPENED else None,
        reason=RESOLUTION_COMMENT,
    )
    action = WriteLocalComment(
        pair=pair, body=body, at=resolution.at, why=Why(rule=Rule.RESOLUTION, remote=body, to=body)
    )
    return replace(plan, actions=(*plan.actions, action), pairs=(*plan.pairs, pair))
