"""An issue made by BugSpark's own export button: what it says of the moment when the button was pressed.

The button stores no link, so the issue is found later. Its body tells severity, category and status as of
that moment: they are the base of the initial sync, and what differs from them has changed since. Its labels
are then no conflict (docs/design.md, Deciding; docs/reference/bugspark.md).
"""

from datetime import datetime
from typing import Any

from reconciler.fields import SYNCED_FIELDS, initial_base
from reconciler.fields.category import CATEGORY
from reconciler.fields.status import issue_state_for
from reconciler.model.fields import Base, Category, Field, IssueState, Status
from reconciler.model.issue import Issue
from reconciler.model.link import LinkObservation, LinkOrigin, SeenIssue
from reconciler.model.policy import SyncPolicy
from reconciler.text import read_exported_values

READ_FIELDS = (Field.STATUS, Field.SEVERITY, Field.CATEGORY)


def base_from_issue_body(view: LinkObservation, seen: SeenIssue, policy: SyncPolicy) -> Base | None:
    """Return the base that a discovered issue's body tells; None where it does not, or for another link.

    A new issue is open, whatever the report's status was. The button sets no category label: as long as the
    issue has none, its category is `bug`, which says nothing, so that the report's own one is added. The
    title has been matched when the issue was discovered.
    """
    if view.issue is None or view.link.origin is not LinkOrigin.DISCOVERY:
        return None
    told = read_exported_values(view.issue.body)
    base = initial_base(view.report, seen)
    try:
        parts: dict[str, Any] = {
            field.value: SYNCED_FIELDS[field].parse(told[field.value]) for field in READ_FIELDS
        }
    except (KeyError, ValueError):  # edited since, or of another version: then nothing is known
        return None
    if issue_state_for(Status(parts["status"])) is IssueState.CLOSED:
        parts["status"] = Status.NEW
    if CATEGORY.value_of_labels(seen.labels, policy.labels).value is None:
        parts["category"] = Category.BUG
    for field in READ_FIELDS:
        base = SYNCED_FIELDS[field].with_agreed_value(base, parts[field.value], seen)
        # What GitHub shows now is later than what the body tells.
        base = SYNCED_FIELDS[field].without_github_value(base)
    return base


def link_began_at(view: LinkObservation) -> datetime:
    """Return since when BugSpark's comments belong to the issue: for one that the button made since then, not
    since it was found.
    """
    issue: Issue | None = view.issue
    if issue is not None and view.link.origin is LinkOrigin.DISCOVERY:
        return min(issue.created_at, view.link.created_at)
    return view.link.created_at
