"""A report prepared for people: how the sides differ, the state of each comment, the status of the report."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reconciler.decide.comment_copies import excerpt
from reconciler.decide.comments import COPY_EDITED_IN_BUGSPARK
from reconciler.decide.edited_originals import COPY_EDITED_ON_GITHUB
from reconciler.decide.followers import is_changed_alone
from reconciler.decide.report_status import is_follower_changed_alone, report_status
from reconciler.decide.resolution import RESOLUTION_COMMENT, resolution_text
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.synced_field import AnySyncedField, Verdict
from reconciler.fields.title import readable_title
from reconciler.model.fields import Base, Field, Side
from reconciler.model.intent import Intent, IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    HIDDEN_ON_GITHUB,
    LIVE_STATES,
    UNLINKED_BEFORE_SENDING,
    CommentPair,
    CommentPairState,
    Link,
    SeenIssue,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment, Report
from reconciler.model.report_detail import (
    CommentView,
    ConnectedRepository,
    FieldView,
    FollowerReportView,
    FollowerSummary,
    ReportDetail,
    ReportView,
    SkippedComments,
)
from reconciler.text import parse_import, unescape_html

SIDES_MOVED = {
    Verdict.EQUAL: frozenset[Side](),
    Verdict.LOCAL_MOVED: frozenset({Side.BUGSPARK}),
    Verdict.REMOTE_MOVED: frozenset({Side.GITHUB}),
    Verdict.CONFLICT: frozenset({Side.BUGSPARK, Side.GITHUB}),
}


def build_report_view(
    project_name: str,
    detail: ReportDetail,
    policy: SyncPolicy,
    now: datetime,
    connected: ConnectedRepository | None = None,
) -> ReportView:
    """Return everything about a report that people see. Conflicts are shown while they are recent. Pure.

    `connected`: the repository that its project is connected to now; None where no pass has read it yet.
    """
    policy = _with_assignee_name(policy, detail)
    fields = tuple(
        _with_unknown_local_value(view, detail.unknown.get(SYNCED_FIELDS[view.field].storage_field))
        for view in field_views(detail.report, detail.link, policy)
    )
    state, reason = report_status(detail, fields, now, connected)
    return ReportView(
        project_name=project_name,
        detail=detail,
        title=readable_title(detail.report, detail.link.base if detail.link else None),
        state=state,
        reason=reason,
        fields=fields,
        comments=tuple(comment_views(detail)),
        skipped=count_skipped_comments(detail),
        resolution_text=_resolution_text(detail.link),
        moved_alone=is_follower_changed_alone(detail),
        followers=tuple(_follower_view(each) for each in detail.followers),
    )


def _follower_view(follower: FollowerSummary) -> FollowerReportView:
    return FollowerReportView(
        report_id=follower.report_id,
        tracking_id=follower.tracking_id,
        status=follower.status,
        moved_alone=is_changed_alone(follower.status, follower.state),
    )


def _resolution_text(link: Link | None) -> str | None:
    if link is None or not link.is_live or link.resolution is None:
        return None
    return resolution_text(link.resolution)


def _with_assignee_name(policy: SyncPolicy, detail: ReportDetail) -> SyncPolicy:
    """The policy that knows the name of the report's assignee, who may be nobody that it maps."""
    if detail.assignee_name is None:
        return policy
    names = {**policy.people.names, detail.report.assignee: detail.assignee_name}
    return replace(policy, people=replace(policy.people, names=names))


# --- fields -----------------------------------------------------------------------------------------------


def field_views(report: Report, link: Link | None, policy: SyncPolicy) -> tuple[FieldView, ...]:
    """Return a view of each synced field; the title only where it is synced."""
    base, seen = (link.base, link.seen) if link else (None, None)
    frozen = {frozen_field.field: frozen_field.reason for frozen_field in link.frozen_fields} if link else {}
    return tuple(
        _field_view(synced_field, report, base, seen, policy, frozen.get(synced_field.field))
        for synced_field in SYNCED_FIELDS.values()
        if synced_field.is_shown(report, policy)
    )


def _with_unknown_local_value(view: FieldView, value: str | None) -> FieldView:
    """The field as BugSpark has it, where this program does not know the value."""
    return view if value is None else replace(view, bugspark=value, moved=frozenset({Side.BUGSPARK}))


def _field_view(
    synced_field: AnySyncedField,
    report: Report,
    base: Base | None,
    seen: SeenIssue | None,
    policy: SyncPolicy,
    frozen: str | None,
) -> FieldView:
    diff = synced_field.diff(report, seen, base, policy) if seen else None
    return FieldView(
        field=synced_field.field,
        bugspark=synced_field.text_of_value(synced_field.local_value(report), policy),
        agreed=synced_field.text_of_value(synced_field.base_value(base), policy) if base else None,
        github=synced_field.github_text(diff, seen) if diff and seen else None,
        moved=SIDES_MOVED[diff.verdict] if diff and base else frozenset(),
        frozen=frozen,
    )


def github_value(report: Report, link: Link, field: Field, policy: SyncPolicy) -> str | None:
    """Return GitHub's last known value of a field, as BugSpark spells it; None if GitHub was never read."""
    if link.seen is None:
        return None
    return SYNCED_FIELDS[field].diff(report, link.seen, link.base, policy).remote


def bugspark_value(report: Report, field: Field) -> str:
    """Return BugSpark's value of a field."""
    return SYNCED_FIELDS[field].local_value(report)


# --- comments ---------------------------------------------------------------------------------------------


def count_skipped_comments(detail: ReportDetail) -> tuple[SkippedComments, ...]:
    """Count the comments that were known and not copied, by reason; the report itself where it was."""
    reasons = Counter(
        pair.reason or "known"
        for pair in detail.pairs
        if pair.state is CommentPairState.SKIPPED and pair.reason != RESOLUTION_COMMENT
    )
    if detail.passed_over is not None and detail.link is None:
        reasons[detail.passed_over] += 1
    return tuple(SkippedComments(reason=reason, count=count) for reason, count in sorted(reasons.items()))


def comment_views(detail: ReportDetail) -> Iterator[CommentView]:
    """Yield BugSpark's comments in their order, then ledger rows whose comment is no longer in BugSpark."""
    pairs = {pair.local_id: pair for pair in detail.pairs if pair.local_id is not None}
    intents = {intent.pair_id: intent for intent in detail.intents if intent.pair_id is not None}
    for comment in detail.comments:
        pair = pairs.get(comment.id)
        view = _comment_view(
            comment, pair, intents.get(pair.id) if pair else None, linked=_is_report_linked(detail)
        )
        yield _with_withheld_deletion(view, detail, pair)
    present = {comment.id for comment in detail.comments}
    for pair in detail.pairs:
        if pair.local_id in present or pair.is_about_link:
            continue
        if pair.state is not CommentPairState.ENDED:
            view = CommentView(
                origin=pair.origin,
                author=pair.author,
                at=pair.remote_updated_at,
                text=None,
                state=_copy_state(pair, intents.get(pair.id)),
            )
            yield _with_withheld_deletion(view, detail, pair)


def _with_withheld_deletion(view: CommentView, detail: ReportDetail, pair: CommentPair | None) -> CommentView:
    """Show a withheld deletion as the state of the comment that it would delete."""
    match detail.withheld.get(pair.id) if pair else None:
        case None:
            return view
        case Kind.REMOVE_COMMENT:
            return replace(view, state="deleted on GitHub; deletion here withheld")
        case _:
            return replace(view, state="deleted in BugSpark; deletion there withheld")


def _is_report_linked(detail: ReportDetail) -> bool:
    return detail.follows is not None or (detail.link is not None and detail.link.state in LIVE_STATES)


def _comment_view(
    comment: LocalComment, pair: CommentPair | None, intent: Intent | None, *, linked: bool
) -> CommentView:
    origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
    state = _copy_state(pair, intent) if pair else "waiting" if linked else "not linked"
    form = parse_import(comment.body) if origin is Side.GITHUB else None
    body = form[1] if form else comment.body
    return CommentView(
        origin=pair.origin if pair else origin,
        author=pair.author if pair and pair.origin is Side.GITHUB else comment.author,
        at=comment.created_at,
        text=excerpt(body),
        state=state,
        # BugSpark stores its own text HTML-escaped
        body=body if origin is Side.GITHUB else unescape_html(body),
        remote_id=pair.remote_id if pair else None,
    )


def _copy_state(pair: CommentPair, intent: Intent | None) -> str:
    is_from_bugspark = pair.origin is Side.BUGSPARK
    match pair.state:
        case CommentPairState.LIVE if intent is not None and intent.state is IntentState.QUARANTINED:
            return f"refused: {intent.reason}"
        case CommentPairState.LIVE:
            place = "on GitHub" if is_from_bugspark else "in BugSpark"
            if pair.is_missing:
                return f"{place}, not shown by GitHub's last reading"
            is_edited = pair.reason in (COPY_EDITED_ON_GITHUB, COPY_EDITED_IN_BUGSPARK)
            return f"{place}, edited there" if is_edited else place
        case CommentPairState.PENDING:
            return _unsent_state(intent)
        case CommentPairState.TOMBSTONE:
            if pair.reason == HIDDEN_ON_GITHUB:
                return "hidden there as spam or abuse"
            return "deleted there" if is_from_bugspark else "deleted here"
        case CommentPairState.ENDED:
            return (
                f"not sent: {UNLINKED_BEFORE_SENDING}"
                if pair.reason == UNLINKED_BEFORE_SENDING
                else f"original {pair.reason or 'deleted'}"
            )
        case CommentPairState.SKIPPED:
            return (
                f"not sent: {pair.reason}"
                if is_from_bugspark and pair.remote_id is None
                else pair.reason or "known"
            )
    assert_never(pair.state)


def _unsent_state(intent: Intent | None) -> str:
    if intent is None:
        return "waiting"
    match intent.state:
        case IntentState.QUARANTINED:
            return f"not sent: {intent.reason}"
        case IntentState.UNKNOWN if intent.needs_decision:
            return f"waiting: {intent.reason}"
        case IntentState.UNKNOWN | IntentState.SENDING:
            return "waiting: GitHub is asked whether it arrived"
        case IntentState.PLANNED:
            return f"waiting: {intent.reason}" if intent.reason else "waiting"
    assert_never(intent.state)
