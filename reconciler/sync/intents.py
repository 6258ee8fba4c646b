"""Build and record intents: what is to be sent is stored before anything is sent.

Exports, by command or for every new report (`sync.export`), and the remote actions of plans. The bodies of
creates are frozen here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from reconciler.decide.comment_copies import copy_author_name, excerpt
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.assignee import ASSIGNEE
from reconciler.model.ids import (
    AccountId,
    CommentId,
    CommentPairId,
    IntentId,
    IssueNumber,
    ReportId,
    RepositoryId,
)
from reconciler.model.intent import (
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    Intent,
    IntentState,
    NewComment,
    NewIssue,
)
from reconciler.model.issue import Account
from reconciler.model.kinds import Operation
from reconciler.model.link import Link
from reconciler.model.plan import (
    CreateIssue,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    ImportComment,
    IssueFieldWrite,
    LinkPlan,
    PostComment,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
    WriteLocalComment,
)
from reconciler.model.report import LocalComment, Report, ReportDetails, unescape_html
from reconciler.model.snapshot import ProjectState
from reconciler.model.views import IssuePreview
from reconciler.sync.context import Context
from reconciler.text import (
    UNKNOWN_AUTHOR,
    ExportedReport,
    comment_to_github,
    count_redactions,
    find_mentions,
    issue_body,
    text_digest,
    title_to_github,
)

EXPORT_LABEL = "bug"
"""On every exported issue, by BugSpark's own button too: it says nothing about a category.

Source: docs/reference/bugspark.md.
"""

NO_ISSUE_NUMBER = IssueNumber(0)


def is_automatic_export(intent: Intent) -> bool:
    """Whether nobody named the report of this new issue: `guard.max_new_issues` limits such ones."""
    return intent.operation is Operation.CREATE_ISSUE and not intent.is_requested


async def record_export_intents(
    context: Context, state: ProjectState, reports: Collection[ReportId], *, asked: bool
) -> None:
    """Record frozen intents for these reports. One that exists already stays as it is."""
    assert state.repository_id is not None
    found = await context.stores.reports.details(reports)
    intents = with_increasing_created_at(
        _build_create_issue_intent(context, state.repository_id, *found[key], asked=asked)
        for key in reports  # in the order asked for, so that the issues' numbers follow it
        if key in found
    )
    await context.stores.intents.add(intents)


def _build_create_issue_intent(
    context: Context, repository_id: RepositoryId, report: Report, details: ReportDetails, *, asked: bool
) -> Intent:
    marker = context.markers.sign("issue", repository_id, NO_ISSUE_NUMBER, report.id)
    return Intent(
        id=IntentId(context.new_id()),
        project_id=report.project_id,
        report_id=report.id,
        link_id=None,
        pair_id=None,
        local_id=report.id,
        operation=Operation.CREATE_ISSUE,
        repository_id=repository_id,
        number=None,
        desired=build_new_issue(context, report, details, marker),
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        is_requested=asked,
        why=Why(rule=Rule.EXPORT_ASKED if asked else Rule.EXPORT_ALL, local=excerpt(report.title)),
    )


def build_new_issue(context: Context, report: Report, details: ReportDetails, marker: str) -> NewIssue:
    """Build the issue of a report as the policy of `context` lets it leave."""
    return NewIssue(
        title=title_to_github(report.tracking_id, unescape_html(report.title), context.policy.text),
        body=issue_body(
            _exported_report(context, report, details),
            marker,
            context.policy.text,
            dashboard_url=context.dashboard_url,
        ),
        labels=export_labels(context, report),
        milestone=context.policy.new_milestone,
        type=context.policy.new_type,
        assignees=default_assignees(context, report),
        priority=export_priority(context, report),
    )


def preview_new_issue(
    context: Context, state: ProjectState, report: Report, details: ReportDetails
) -> IssuePreview:
    """Return the issue that an export would create now. Nothing is stored, and GitHub is not asked."""
    marker = context.markers.sign("issue", state.repository_id, NO_ISSUE_NUMBER, report.id)
    issue = build_new_issue(context, report, details, marker)
    redacts = context.policy.text.redacts
    found = count_redactions(_exported_report(context, report, details)) if redacts else {}
    return IssuePreview(
        report=report.tracking_id,
        repository=context.project.repository or "",
        title=issue.title,
        body=issue.body,
        labels=issue.labels,
        milestone=issue.milestone,
        priority=issue.priority[1] if issue.priority is not None else None,
        type=issue.type,
        assignees=issue.assignees,
        redacted=tuple(sorted(found.items())),
    )


def export_labels(context: Context, report: Report) -> tuple[str, ...]:
    """The labels of a new issue: `bug`, the severity's first label, the category's label if it has one."""
    labels = (each.exported_label(report, context.policy) for each in SYNCED_FIELDS.values())
    mapped = (label for label in labels if label is not None)
    return tuple(dict.fromkeys((EXPORT_LABEL, *mapped, *context.policy.new_labels)))


def export_priority(context: Context, report: Report) -> tuple[int, str] | None:
    """The option of the severity in the organisation's field, where that has the severity."""
    priority = context.policy.priority
    return (priority.id, priority.options[report.severity]) if priority is not None else None


def default_assignees(context: Context, report: Report) -> tuple[str, ...]:
    """The login that the settings name for new issues, unless the report has a mapped person of its own."""
    policy = context.policy
    is_assigned = ASSIGNEE.is_enabled(policy) and policy.people.is_mapped(report.assignee)
    return () if policy.new_assignee is None or is_assigned else (policy.new_assignee,)


def _exported_report(context: Context, report: Report, details: ReportDetails) -> ExportedReport:
    """The parts of the report that its issue shows."""
    url = f"{context.dashboard_url.rstrip('/')}/reports/{report.id}" if context.dashboard_url else None
    shows = context.policy.shows_section
    return ExportedReport(
        tracking_id=report.tracking_id,
        title=report.title,
        description=details.description if shows("description") else None,
        severity=report.severity,
        category=report.category,
        status=report.status,
        screenshot_url=details.screenshot_url if shows("screenshot") else None,
        console_logs=details.console_logs if shows("console") else None,
        metadata=details.metadata if shows("environment") else None,
        reporter_identifier=details.reporter_identifier if shows("reporter") else None,
        report_url=url,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _DesiredWrite:
    """What one action wants on GitHub, and about what."""

    operation: Operation
    local_id: UUID
    desired: Desired
    entry_id: CommentPairId | None = None


def build_intents(context: Context, plan: LinkPlan) -> Iterator[Intent]:
    """Build the intents of one link plan. A create is frozen here: body, marker and all."""
    if plan.report is None:
        return
    pairs = {pair.local_id: pair.id for pair in plan.pairs}
    for action in plan.actions:
        match action:
            case IssueFieldWrite():
                yield _build_intent(context, plan.link, action.why, _desired_field_write(action, plan.report))
            case PostComment() | EditRemoteComment() | DeleteRemoteComment():
                yield _build_intent(
                    context,
                    plan.link,
                    action.why,
                    _desired_comment_write(context, plan.link, action, pairs),
                )
            case (
                SetReportField()
                | ImportComment()
                | WriteLocalComment()
                | EditLocalComment()
                | RemoveLocalComment()
                | CreateIssue()
            ):
                continue
            case _:
                assert_never(action)


def _desired_field_write(action: IssueFieldWrite, report: Report) -> _DesiredWrite:
    field = SYNCED_FIELDS[action.field]
    return _DesiredWrite(
        operation=field.operation, local_id=report.id, desired=field.build_desired(action, report)
    )


def _desired_comment_write(
    context: Context,
    link: Link,
    action: PostComment | EditRemoteComment | DeleteRemoteComment,
    pairs: Mapping[CommentId | None, CommentPairId],
) -> _DesiredWrite:
    match action:
        case PostComment(comment=comment):
            new, entry_id = _new_comment(context, link, comment), pairs[comment.id]
            return _DesiredWrite(
                operation=Operation.CREATE_COMMENT, local_id=comment.id, desired=new, entry_id=entry_id
            )
        case EditRemoteComment(comment=comment, pair=pair):
            assert pair.remote_id is not None
            body = _comment_body(context, link, comment)
            edit = DesiredCommentBody(
                remote_id=pair.remote_id,
                body=body,
                local_digest=text_digest(comment.body),
                author=comment.author or UNKNOWN_AUTHOR,
            )
            return _DesiredWrite(
                operation=Operation.EDIT_COMMENT, local_id=comment.id, desired=edit, entry_id=pair.id
            )
        case DeleteRemoteComment(pair=pair):
            assert pair.remote_id is not None
            gone = DesiredCommentDeletion(remote_id=pair.remote_id)
            return _DesiredWrite(
                operation=Operation.DELETE_COMMENT, local_id=pair.id, desired=gone, entry_id=pair.id
            )
    assert_never(action)


def with_increasing_created_at(
    intents: Iterable[Intent], after: datetime | None = None
) -> tuple[Intent, ...]:
    """Return the intents, each at least a microsecond after the one before, the first one after `after`.

    They are sent in this order.
    """
    ordered: list[Intent] = []
    for each in intents:
        earliest = after + timedelta(microseconds=1) if after else each.created_at
        after = max(each.created_at, earliest)
        ordered.append(replace(each, created_at=after))
    return tuple(ordered)


def _new_comment(context: Context, link: Link, comment: LocalComment) -> NewComment:
    """Return a copy, in which a member of the project may mention mapped people."""
    people = context.policy.people
    is_members = comment.author_id is not None and comment.author_id in (people.members or ())
    known = [each for each in people.by_user.values() if each.account is not None]
    may_act = {each.login.lower(): each for each in known} if people.may_ping and is_members else {}
    body = _comment_body(context, link, comment, frozenset(may_act))
    mentions = (may_act[login] for login in find_mentions(body, may_act))
    return NewComment(
        body=body,
        mentions=tuple(Account(id=AccountId(each.account or 0), login=each.login) for each in mentions),
    )


def _comment_body(
    context: Context, link: Link, comment: LocalComment, mentions: frozenset[str] = frozenset()
) -> str:
    marker = context.markers.sign("comment", link.repository_id, link.number, comment.id)
    if comment.id == link.id:  # no user of BugSpark's wrote it
        return f"{comment.body}\n\n{marker}"
    text = replace(context.policy.text, mentions=mentions) if mentions else context.policy.text
    return comment_to_github(copy_author_name(comment), comment.body, marker, text)


def _build_intent(context: Context, link: Link, why: Why, asked: _DesiredWrite) -> Intent:
    return Intent(
        id=IntentId(context.new_id()),
        project_id=link.project_id,
        report_id=link.report_id,
        link_id=link.id,
        pair_id=asked.entry_id,
        local_id=asked.local_id,
        operation=asked.operation,
        repository_id=link.repository_id,
        number=link.number,
        desired=asked.desired,
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        why=why,
    )
