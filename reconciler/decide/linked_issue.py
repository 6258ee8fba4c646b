"""What an issue shows of the report that was linked to it by command, where the project wants that.

Severity and category get their labels where the issue has none of that kind, and one comment of ours says
which report it is, and which others follow it. The comment has the link's id in place of a BugSpark
comment's: so claims, recovery, edits and the marker are those of every copy (docs/design.md, Comments).
"""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.decide.fields import FieldsDecision
from reconciler.fields.category import CATEGORY
from reconciler.fields.severity import SEVERITY
from reconciler.model.fields import Category, Severity
from reconciler.model.ids import CommentId
from reconciler.model.link import Link, LinkObservation, LinkOrigin, SeenIssue
from reconciler.model.plan import Rule, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment, Report

MAX_NAMED_REPORTS = 20
"""So many followers a comment about the link names."""


def with_link_comment(view: LinkObservation, policy: SyncPolicy) -> LinkObservation:
    """Return a complete observation with the comment about its link, as one of BugSpark's, where it has one.

    New links get it, and those that reports follow; an edit needs no more than another text.
    """
    link = view.link
    if not view.is_complete or not policy.link_comment or not policy.comments.direction.writes_github:
        return view
    known = any(pair.is_about_link for pair in view.pairs)
    made_by_command = link.origin is LinkOrigin.COMMAND and (link.base is None or bool(view.follower_names))
    if not known and not made_by_command:
        return view
    comment = LocalComment(
        id=CommentId(link.id),
        report_id=link.report_id,
        author=None,
        body=link_comment_text(view.report.tracking_id, view.follower_names),
        source=None,
        created_at=view.now,
    )
    return replace(view, local_comments=(*view.local_comments, comment))


def link_comment_text(lead: str, followers: Sequence[str]) -> str:
    """Return what the comment says. Both: tracking ids."""
    if not followers:
        return f"Linked to {lead} in BugSpark."
    named = ", ".join((lead, *followers[:MAX_NAMED_REPORTS]))
    more = len(followers) - MAX_NAMED_REPORTS
    others = f" and {more} more" if more > 0 else ""
    return f"Linked to {lead} in BugSpark. Reported {len(followers) + 1} times: {named}{others}."


def with_missing_labels(
    link: Link, report: Report, seen: SeenIssue, decision: FieldsDecision, policy: SyncPolicy
) -> FieldsDecision:
    """Return the decision of a new link with the labels that its issue lacks.

    The category of an issue that BugSpark's button made comes in the same way (decide/button_export.py).
    """
    if not policy.link_comment or link.origin is not LinkOrigin.COMMAND or link.base is not None:
        return decision
    severity = Severity.LOW if report.severity is not Severity.LOW else Severity.MEDIUM
    category = Category.BUG if report.category is not Category.BUG else Category.OTHER
    for field, other in ((SEVERITY, severity), (CATEGORY, category)):
        if not policy.direction(field.field).writes_github:
            continue
        why = Why(rule=Rule.LABEL_MISSING, local=field.local_value(report))
        missing = field.build_missing_value_write(report, seen, policy, why, other)
        if missing is None:
            continue
        write, awaited = missing
        decision = replace(
            decision, base=replace(decision.base, **awaited), actions=(*decision.actions, write)
        )
    return decision
