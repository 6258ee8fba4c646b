"""The decision about one link: base, report, issue and both halves of the thread give a LinkPlan."""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.decide.button_export import base_from_issue_body
from reconciler.decide.comment_draft import NewId
from reconciler.decide.comments import CommentsDecision, decide_comments
from reconciler.decide.fields import FieldChangeTimes, FieldsDecision
from reconciler.decide.linked_issue import with_link_comment, with_missing_labels
from reconciler.decide.stage import decide_fields_and_stage
from reconciler.model.fields import Base, Field, IssueFields
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import (
    CommentPairState,
    Link,
    LinkObservation,
    LinkState,
    SeenIssue,
    is_older_than_known,
)
from reconciler.model.plan import LinkPlan, LocalAction, SetPriority, SwapLabels
from reconciler.model.policy import SyncPolicy


def decide_link(
    view: LinkObservation, policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes], new_id: NewId
) -> LinkPlan | frozenset[Field]:
    """Decide everything about one link, or return the fields whose events have to be read first.

    The observation must have an issue unless the link has `seen`: ValueError otherwise. Pure but for
    `new_id`.
    """
    seen = _newest_seen_issue(view, policy)
    if seen is None:
        raise ValueError(f"link {view.link.id} was to be decided although its issue has never been read")
    before = view.link.seen
    relabelled = before is None or view.link.base is None or before.labels != seen.labels
    fields = decide_fields_and_stage(
        view.report,
        seen,
        view.link.base or base_from_issue_body(view, seen, policy),
        policy,
        times,
        relabelled=relabelled,
        frozen=[frozen_field.field for frozen_field in view.link.frozen_fields],
        unsettled=view.unconfirmed_fields,
    )
    if isinstance(fields, frozenset):
        return fields
    fields = with_missing_labels(view.link, view.report, seen, fields, policy)
    thread = with_link_comment(view, policy)
    comments = decide_comments(thread, policy, new_id) if thread.has_comments else CommentsDecision()
    after = _link_after(view, fields, seen)
    plan = LinkPlan(
        link=view.link,
        report=view.report,
        after=after,
        actions=fields.actions + comments.actions,
        pairs=comments.pairs,
        conflicts=fields.conflicts,
        notes=fields.notes,
        events=comments.events,
        unrecorded_copies=_unrecorded_copies(view),
    )
    return plan if after.owner_instance is None else _without_remote_writes(plan)


def _newest_seen_issue(view: LinkObservation, policy: SyncPolicy) -> SeenIssue | None:
    """Return what GitHub shows. Choices count only while one of them is synced; a row may lack them (?).

    Source: docs/reference/github.md, Fields and types.
    """
    before = view.link.seen
    seen = seen_issue(view.issue) if view.issue else before
    if seen is None or policy.priority is None:
        return seen if seen is None or seen.choices is None else replace(seen, choices=None)
    known = before.choices if before else None
    return replace(seen, choices=known) if seen.choices is None else seen


def _link_after(view: LinkObservation, fields: FieldsDecision, seen: SeenIssue) -> Link:
    """Return the link as it is stored together with the plan's local actions."""
    return replace(
        view.link,
        state=LinkState.ACTIVE,
        reason=None,
        base=_base_after(view, fields),
        seen=seen,
        quarantined_until=None,
        missing_issue=None,
        frozen_fields=tuple(item for item in view.link.frozen_fields if item.field in fields.still_frozen),
        verification=view.verification or view.link.verification,
        owner_instance=view.owner_instance if view.is_complete else view.link.owner_instance,
    )


def _base_after(view: LinkObservation, fields: FieldsDecision) -> Base:
    """Return the base. It adopts the mapping until no label is left to be written for it."""
    if not fields.base.adopts_mapping:
        return fields.base
    is_written = view.link.owner_instance is None and any(
        isinstance(action, SwapLabels | SetPriority) for action in fields.actions
    )
    return replace(fields.base, adopts_mapping=is_written or bool(view.unconfirmed_fields))


def _unrecorded_copies(view: LinkObservation) -> tuple[RemoteComment, ...]:
    recorded_ids = {pair.remote_id for pair in view.pairs}
    marked_comments = (
        row for row in view.comments if row.marker_comment_id is not None and row.id not in recorded_ids
    )
    return tuple(sorted(marked_comments, key=lambda row: row.id))


def _without_remote_writes(plan: LinkPlan) -> LinkPlan:
    """Remove writes to GitHub, for an issue that another database wrote on first: it is read, not written."""
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if isinstance(action, LocalAction)),
        pairs=tuple(pair for pair in plan.pairs if pair.state is not CommentPairState.PENDING),
    )


def seen_issue(issue: Issue) -> SeenIssue:
    """Return what a link stores of an issue."""
    shown: dict[str, Any] = {each.name: getattr(issue, each.name) for each in fields_of(IssueFields)}
    return SeenIssue(
        **shown,
        comments=issue.comments,
        locked=issue.locked,
        updated_at=issue.updated_at,
        id=issue.id,
    )


def has_new_information(link: Link, issue: Issue, now: datetime) -> bool:
    """Whether a list row, read at `now`, says something new. An older row never does, since lists lag.

    Source: docs/design.md, Writing to GitHub.
    """
    if link.seen is None:
        return True
    return not is_older_than_known(issue.updated_at, link.seen.updated_at, now) and (
        seen_issue(issue) != link.seen or _has_changed_choices(link.seen, issue)
    )


def _has_changed_choices(seen: SeenIssue, issue: Issue) -> bool:
    """Whether choices that are stored are others now: `updated_at` may not tell (?).

    Source: docs/reference/github.md, Fields and types.
    """
    return None not in (seen.choices, issue.choices) and seen.choices != issue.choices


def is_other_issue(link: Link, issue: Issue) -> bool:
    """Whether the link's number now belongs to another issue, as after a re-creation of the repository."""
    return link.seen is not None and link.seen.id is not None and link.seen.id != issue.id


def is_possibly_outdated(link: Link, issue: Issue, now: datetime) -> bool:
    """Whether a row that is news has the same `updated_at` as the one we know, or an earlier one.

    It may be older than our own write, so the issue itself is read first.
    """
    return (
        link.seen is not None
        and issue.updated_at <= link.seen.updated_at
        and has_new_information(link, issue, now)
    )
