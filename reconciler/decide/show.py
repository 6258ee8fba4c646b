"""A plan as people and programs read it: one flat line per action, and a hash that is the plan's own."""

from collections.abc import Iterable
from hashlib import sha256
from typing import assert_never

from reconciler.decide.text import digest
from reconciler.model.intent import Intent, LabelWish, NewComment, NewIssue, Operation
from reconciler.model.link import Link
from reconciler.model.plan import (
    Action,
    CreateIssue,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    LinkPlan,
    PostComment,
    RemoveLocal,
    SetField,
    SetState,
    SetTitle,
    SwapLabels,
)
from reconciler.model.report import Report
from reconciler.model.shown import ShownAction


def kind_of(action: Action) -> str:
    """The stable word for an action (CONTRACT.md, plan --json)."""
    match action:
        case SetField():
            return "set_field"
        case ImportComment():
            return "import_comment"
        case EditLocal():
            return "edit_comment"
        case RemoveLocal():
            return "remove_comment"
        case CreateIssue():
            return "create_issue"
        case SetState():
            return "set_state"
        case SwapLabels():
            return "swap_labels"
        case SetTitle():
            return "set_title"
        case PostComment():
            return "post_comment"
        case EditRemote():
            return "edit_remote_comment"
        case DeleteRemote():
            return "delete_remote_comment"
    assert_never(action)


def field_of(action: Action) -> str | None:
    """The field an action is about; comments count as one."""
    match action:
        case SetField() | SwapLabels():
            return action.field
        case SetState():
            return "status"
        case SetTitle():
            return "title"
        case CreateIssue():
            return None
        case ImportComment() | EditLocal() | RemoveLocal() | PostComment() | EditRemote() | DeleteRemote():
            return "comment"
    assert_never(action)


def show(plan: LinkPlan, action: Action) -> ShownAction:
    """One action of a link, flat."""
    return ShownAction(
        kind=kind_of(action),
        report=str(plan.link.report_id),
        tracking_id=plan.report.tracking_id if plan.report else None,
        issue=issue_name(plan.link),
        field=field_of(action),
        base=action.why.base,
        local=action.why.local,
        remote=action.why.remote,
        to=action.why.to,
        rule=action.why.rule,
    )


def show_export(report: Report, rule: str) -> ShownAction:
    """An export, flat; the issue has no number yet."""
    return ShownAction(
        kind="create_issue",
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


def show_intent(intent: Intent, issue: str | None) -> ShownAction:
    """A frozen wish of an earlier pass that is still to be sent, flat."""
    create = intent.operation is Operation.CREATE_ISSUE
    text = intent.wish.title if isinstance(intent.wish, NewIssue) else None
    return ShownAction(
        kind="create_issue" if create else "post_comment",
        report=str(intent.report_id),
        tracking_id=None,
        issue=issue,
        field=None if create else "comment",
        base=None,
        local=text,
        remote=None,
        to=None,
        rule="recorded by an earlier pass",
    )


def issue_name(link: Link) -> str:
    """`owner/repo#12`."""
    return f"{link.repository}#{link.number}"


def key_of(plan: LinkPlan, action: Action) -> str:
    """What makes an action itself, beyond what is shown: labels, and whole texts by their digest."""
    match action:
        case ImportComment():
            own = f"{action.comment.id} {digest(action.body)}"
        case EditLocal():
            own = f"{action.entry.id} {digest(action.body)}"
        case RemoveLocal() | DeleteRemote():
            own = f"{action.entry.local_id} {action.entry.remote_id}"
        case EditRemote():
            own = f"{action.entry.id} {digest(action.comment.body)}"
        case PostComment():
            own = f"{action.comment.id}"
        case SetField():
            own = f"{action.field} {action.to}"
        case SetState():
            own = f"{action.state} {action.reason}"
        case SwapLabels():
            own = f"+{action.add} -{','.join(action.remove)}"
        case SetTitle():
            own = action.title
        case CreateIssue():
            own = ""
        case _:
            assert_never(action)
    return f"{kind_of(action)} {plan.link.report_id} {issue_name(plan.link)} {own}"


def intent_key(intent: Intent) -> str:
    """The same for a wish recorded earlier."""
    body = intent.wish.body if isinstance(intent.wish, NewIssue | NewComment) else ""
    labels = f"{intent.wish.add} {intent.wish.remove}" if isinstance(intent.wish, LabelWish) else ""
    return f"{intent.operation} {intent.local_id} {digest(body)}{labels}"


def plan_hash(keys: Iterable[str]) -> str:
    """The same hash for the same plan, whatever the order it was found in."""
    return sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]
