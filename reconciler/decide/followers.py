"""Reports that follow the report which leads an issue: they are closed and reopened with the issue.

Only the issue's state reaches them, and nothing of theirs reaches the issue: a follower whose status a person
changes has it until the issue is opened or closed the next time (docs/design.md, Followers).
"""

from reconciler.fields.status import issue_state_for, status_for_issue_state
from reconciler.model.fields import Field, IssueState, Status
from reconciler.model.link import Link, LinkState
from reconciler.model.plan import FollowerPlan, Rule, SetReportField, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.snapshot import FollowingReport


def agreed_issue_state(link: Link) -> IssueState | None:
    """Return the issue's state that the report which leads has met; None: the issue is not synced now."""
    if link.state is not LinkState.ACTIVE or link.quarantined_until is not None or link.base is None:
        return None
    return link.base.state or issue_state_for(link.base.status)


def decide_follower(view: FollowingReport, policy: SyncPolicy) -> FollowerPlan | None:
    """Decide one follower; None: there is nothing to do, or its field is frozen on the link. Pure."""
    link, report = view.link, view.report
    state = agreed_issue_state(link)
    if state is None or link.seen is None or state is view.follower.state:
        return None
    if any(each.field is Field.STATUS for each in link.frozen_fields):
        return None
    taken_over = FollowerPlan(link=link, report=report, state=state)
    is_equal = issue_state_for(report.status) is state
    if is_equal or not policy.direction(Field.STATUS).writes_bugspark:
        return taken_over
    reason = link.seen.state_reason if link.seen.state is state else None
    to = status_for_issue_state(state, reason)
    before = status_for_issue_state(view.follower.state, None)
    why = Why(rule=Rule.FOLLOWED, base=before, local=report.status, remote=to, to=to)
    action = SetReportField(field=Field.STATUS, to=to, why=why)
    return FollowerPlan(link=link, report=report, state=state, action=action)


def is_changed_alone(status: str, state: IssueState) -> bool:
    """Whether a person opened or closed a follower while the issue stayed as it was.

    `status`: the follower's, as stored; `state`: of the issue, as the follower took it over.
    """
    return status in set(Status) and issue_state_for(Status(status)) is not state
