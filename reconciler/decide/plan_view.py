"""Plans in the form that people and programs read: one flat line per action, and the plan's hash."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from hashlib import sha256
from typing import assert_never

from reconciler.decide.comment_copies import excerpt
from reconciler.model.fields import Side
from reconciler.model.intent import Intent, NewIssue
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import Link
from reconciler.model.passes import Failure
from reconciler.model.plan import (
    Action,
    CreateIssue,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    EndLink,
    ImportComment,
    IssueFieldWrite,
    LinkPlan,
    PostComment,
    RemoveLocalComment,
    SetReportField,
    WithheldItem,
    WriteLocalComment,
)
from reconciler.model.report import Project, Report
from reconciler.model.views import ActionView, PlanView, WithheldDeletion
from reconciler.text import has_bugspark_tag
from reconciler.text.inert import without_html_comments

KeyedAction = tuple[str, ActionView]
"""An action's identity for the hash (`action_hash_input`), and its view."""

MISSING_REPORT_TEXT = "the report is missing: its link would end"
"""What is shown in place of a comment's first words."""

RECORDED_EARLIER = "recorded by an earlier pass"
"""The rule shown for a write that an earlier pass recorded and that this pass does not decide again."""


def action_view(plan: LinkPlan, action: Action) -> ActionView:
    """Return one action of a link as a flat line."""
    return ActionView(
        kind=action.kind,
        report=str(plan.link.report_id),
        tracking_id=plan.report.tracking_id if plan.report else None,
        issue=issue_name(plan.link),
        field=action.field_name,
        base=action.why.base,
        local=action.why.local,
        remote=action.why.remote,
        to=action.why.to,
        rule=action.why.rule,
    )


def new_issue_view(report: Report, rule: str) -> ActionView:
    """Return an export as a flat line; its issue has no number yet."""
    return ActionView(
        kind=Kind.CREATE_ISSUE,
        report=str(report.id),
        tracking_id=report.tracking_id,
        issue=None,
        field=None,
        base=None,
        local=report.title,
        remote=None,
        to=None,
        rule=rule,
    )


def intent_view(intent: Intent, issue: str | None) -> ActionView:
    """Return an intent of an earlier pass, still to be sent, as a flat line."""
    text = intent.desired.title if isinstance(intent.desired, NewIssue) else None
    return ActionView(
        kind=intent.kind,
        report=str(intent.report_id),
        tracking_id=None,
        issue=issue,
        field=intent.operation.field_name,
        base=None,
        local=text,
        remote=None,
        to=None,
        rule=RECORDED_EARLIER,
    )


def issue_name(link: Link) -> str | None:
    """Return `owner/repo#12`; None while the issue exists only in a dry run."""
    return f"{link.repository}#{link.number}" if link.number > 0 else None


def action_hash_input(plan: LinkPlan, action: Action) -> str:
    """Return the identity of an action for the hash: all that is written, but no id made for this plan."""
    return repr((astuple(action_view(plan, action)), _details_not_shown(action)))


def _details_not_shown(action: Action) -> tuple[object, ...]:
    """Return what `action_view` leaves out: full texts, labels, comment ids."""
    match action:
        case ImportComment() | EditLocalComment():
            return action.comment.id, action.body
        case WriteLocalComment():
            return (action.body,)
        case PostComment() | EditRemoteComment():
            return str(action.comment.id), action.comment.author, action.comment.body
        case RemoveLocalComment() | DeleteRemoteComment():
            return str(action.pair.local_id), action.pair.remote_id
        case SetReportField():
            return (action.to,)
        case IssueFieldWrite():
            return action.details
        case CreateIssue():
            report = action.report
            return report.title, report.status, report.severity, report.category
    assert_never(action)


def export_hash_input(report: Report) -> str:
    """Return the identity of an export for the hash: what the issue would say of the report."""
    values = (report.title, report.status, report.severity, report.category)
    return repr(("create_issue", str(report.id), values))


def intent_hash_input(intent: Intent) -> str:
    """Return the identity of an intent for the hash."""
    return repr((intent.operation, str(intent.local_id), intent.desired))


def plan_hash(keys: Iterable[str]) -> str:
    """Return the hash of a plan: the same for the same keys, in any order."""
    return sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]


def plan_view(
    project: Project,
    actions: Sequence[KeyedAction],
    *,
    failure: Failure | None = None,
    withheld: str | None = None,
    deletions: tuple[WithheldDeletion, ...] = (),
) -> PlanView:
    """Build the view of a plan, or of the failure that left none. `withheld`: the hash of the deletions."""
    return PlanView(
        project_id=project.id,
        project_name=project.name,
        repository=project.repository,
        hash="" if failure else plan_hash(key for key, _ in actions),
        actions=tuple(view for _, view in actions),
        error=failure,
        withheld=withheld,
        withheld_deletions=deletions,
    )


def withheld_view(
    link: Link, item: WithheldItem, report: Report | None, copy: RemoteComment | None, dashboard_url: str
) -> WithheldDeletion:
    """Build the view of what is withheld, with what a person needs to decide about it.

    `copy`: the comment on GitHub that would be deleted; None if it could not be read. `dashboard_url`:
    BugSpark's address; "" if it is unknown.
    """
    side, text, url = Side.BUGSPARK, None, None
    match item:
        case RemoveLocalComment():
            text = item.why.local
            url = f"{dashboard_url.rstrip('/')}/reports/{link.report_id}" if dashboard_url else None
        case DeleteRemoteComment():
            side, text, url = Side.GITHUB, excerpt_of_original(copy), copy.url if copy else None
        case EndLink():
            text = MISSING_REPORT_TEXT
        case _:
            assert_never(item)
    return WithheldDeletion(
        kind=item.kind,
        report=str(link.report_id),
        tracking_id=report.tracking_id if report else None,
        side=side,
        author=None if isinstance(item, EndLink) else item.pair.author,
        excerpt=text or None,
        url=url,
        issue=issue_name(link),
    )


def excerpt_of_original(copy: RemoteComment | None) -> str | None:
    """How the comment begins that our copy was made of: without the line that names its author."""
    if copy is None:
        return None
    text = without_html_comments(copy.body)
    return excerpt(text.partition("\n\n")[2] if has_bugspark_tag(text) else text)
