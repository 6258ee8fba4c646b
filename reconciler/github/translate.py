"""Translation of GitHub's rows to the model's values."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Raw

from reconciler.github.issue_fields.rows import choices_of, field_of_event
from reconciler.github.origin import issue_number_in_url
from reconciler.github.wire import (
    CommentRow,
    EventRow,
    HookResponseRow,
    HookRow,
    Id,
    IssueRow,
    LabelRow,
    MinimizedRow,
    Moment,
    Number,
    PermissionsRow,
    RepositoryRow,
    UserRow,
    read_json_member,
    read_json_members,
    try_decode,
)
from reconciler.model.fields import Assignees, Field, LabelColours
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import AccountId, IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.issue import Account, FieldEvent, Issue, RemoteComment, Repository
from reconciler.model.snapshot import PoisonedItem
from reconciler.model.webhook import Hook, HookResponse

T = TypeVar("T")
FieldOfLabel = Callable[[str], Field | None]
"""Returns the field that a label name is a value of, or None."""

CHOICE_EVENT_KINDS = frozenset({"issue_field_added", "issue_field_changed", "issue_field_removed"})
FIELD_EVENT_KINDS = CHOICE_EVENT_KINDS | {
    "closed",
    "reopened",
    "renamed",
    "labeled",
    "unlabeled",
    "assigned",
    "unassigned",
}
"""The kinds of events that change a field."""
_COLLABORATOR_ASSOCIATIONS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_OTHERS = frozenset({"CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "NONE"})
_HIDING_REASONS = frozenset({"spam", "abuse"})
_UNREADABLE = "GitHub's answer can't be read: "
_COLOUR_PATTERN = re.compile(rb'"([0-9a-fA-F]{6})"')
MAX_COLOURS = 100
"""The most colours kept of one issue: GitHub allows as many labels."""


MAX_READ_ASSIGNEES = 100
"""The most assignees read of one issue: GitHub allows ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow(Generic[T]):
    """One member of a list: a value, or a problem, or neither (a pull request)."""

    id: int | None
    at: datetime | None  # updated_at
    value: T | None = None
    problem: PoisonedItem | None = None


def to_issue_row(raw: bytes | Raw, repository: str) -> ListRow[Issue]:
    """Translate a member of an issue list, which has pull requests too (docs/reference/github.md, Lists)."""
    row = try_decode(raw, IssueRow)
    if isinstance(row, str):
        return _unreadable_issue(raw, row, repository)
    value = None if row.is_pull_request else to_issue(row)
    return ListRow(id=row.id, at=row.updated_at, value=value)


def to_comment_row(raw: bytes | Raw, repository: str) -> ListRow[RemoteComment]:
    """Translate one member of a comment list."""
    row = try_decode(raw, CommentRow)
    if isinstance(row, str):
        return _unreadable_comment(raw, row, repository)
    value = to_comment(row)
    if value is None:
        reason = "it does not say which issue it belongs to - at `$.issue_url`"
        return _unreadable_comment(raw, reason, repository)
    return ListRow(id=row.id, at=row.updated_at, value=value)


def to_issue(row: IssueRow) -> Issue:
    """Translate an issue."""
    return Issue(
        id=row.id,
        number=IssueNumber(row.number),
        title=row.title,
        body=row.body or "",
        state=row.state,
        state_reason=row.state_reason,
        labels=label_names(row.labels),
        colours=label_colours(row.labels),
        assignees=assignees_of(row.assignees),
        choices=choices_of(row.issue_field_values),
        comments=row.comments,
        locked=bool(row.locked),
        author=to_account(row.user),
        url=row.html_url or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=_decode_optional(row.closed_at, Moment),
        closed_by=to_account(_decode_optional(row.closed_by, UserRow)),
    )


def _decode_optional(raw: Raw, kind: Any) -> Any:
    """Return a member that no row is left out for; None where it is absent, null or of another shape."""
    found = try_decode(raw, kind) if bytes(raw) else None
    return None if isinstance(found, str) else found


def to_comment(row: CommentRow) -> RemoteComment | None:
    """Translate a comment; None when its `issue_url` names no issue."""
    number = issue_number_in_url(row.issue_url)
    if number is None:
        return None
    return RemoteComment(
        id=RemoteCommentId(row.id),
        issue_number=IssueNumber(number),
        body=row.body or "",
        author=to_account(row.user),
        collaborator=is_collaborator(row.author_association),
        url=row.html_url or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        is_hidden=is_hidden(row.minimized),
    )


def is_hidden(minimized: Raw) -> bool:
    """Whether a comment is hidden as spam or abuse. Other reasons only fold it.

    Source: docs/reference/github.md, Lists.
    """
    found = try_decode(minimized, MinimizedRow)
    return isinstance(found, MinimizedRow) and (found.reason or "").lower() in _HIDING_REASONS


def is_collaborator(association: str | None) -> bool | None:
    """Whether an `author_association` is a collaborator's, in any case; None: GitHub does not say."""
    known = (association or "").upper()
    return known in _COLLABORATOR_ASSOCIATIONS if known in _COLLABORATOR_ASSOCIATIONS | _OTHERS else None


def clamp_times(value: T, date: datetime | None) -> T:
    """Return an issue, comment or event with no time later than its answer's `Date`; anything else as it is.

    GitHub's own times have been hours ahead, and what came later must not look old for it
    (docs/reference/github.md, Lists).
    """
    match value:
        case Issue() | RemoteComment() if date and max(value.created_at, value.updated_at) > date:
            created, updated = min(value.created_at, date), min(value.updated_at, date)
            return replace(value, created_at=created, updated_at=updated)
        case FieldEvent() if date and value.at > date:
            return replace(value, at=date)
        case _:
            return value


def to_account(row: UserRow | None) -> Account | None:
    """Translate an account; None for a deleted one ("ghost")."""
    return Account(id=AccountId(row.id), login=row.login) if row else None


def to_repository(row: RepositoryRow) -> Repository:
    """Translate a repository."""
    return Repository(
        id=RepositoryId(row.id),
        full_name=row.full_name,
        private=row.private,
        archived=row.archived,
        has_issues=row.has_issues,
        can_push=row.permissions.push if row.permissions else None,
        can_triage=_can_triage(row.permissions),
        can_administer=row.permissions.admin if row.permissions else None,
    )


def _can_triage(row: PermissionsRow | None) -> bool | None:
    """Whether the account has the role Triage or a higher one; older servers do not name that role."""
    roles = (row.triage, row.push, row.maintain, row.admin) if row else ()
    return None if all(role is None for role in roles) else any(roles)


def label_names(rows: Iterable[LabelRow | str]) -> tuple[str, ...]:
    """Return the names of labels, which are objects or bare names."""
    names = (row if isinstance(row, str) else row.name for row in rows)
    return tuple(name for name in names if name)


def label_colours(rows: Iterable[LabelRow | str]) -> LabelColours:
    """Return names and colours of the labels that have a valid colour."""
    coloured = (row for row in rows if isinstance(row, LabelRow))
    pairs = ((row.name, _COLOUR_PATTERN.fullmatch(bytes(row.color))) for row in coloured)
    return tuple((name, match[1].decode().lower()) for name, match in pairs if name and match)[:MAX_COLOURS]


def assignees_of(raw: Raw) -> Assignees | None:
    """Return ids and logins of an issue's assignees; None where that is absent or can't be read."""
    rows = try_decode(raw, list[UserRow]) if bytes(raw) else ""
    return None if isinstance(rows, str) else tuple((row.id, row.login) for row in rows[:MAX_READ_ASSIGNEES])


def to_field_event(row: EventRow, field_of: FieldOfLabel, commit: str | None = None) -> FieldEvent | None:
    """Translate an event that changed a synced field; None for any other. `commit`: that closed the issue."""
    by, at = to_account(row.actor), row.created_at
    match row:
        case EventRow(event="closed" | "reopened" as value):
            return FieldEvent(field=Field.STATUS, value=value, added=True, actor=by, at=at, commit=commit)
        case EventRow(event="renamed", rename=rename) if rename:
            return FieldEvent(field=Field.TITLE, value=rename.to, added=True, actor=by, at=at)
        case EventRow(event="labeled" | "unlabeled" as kind, label=LabelRow(name=str() as name)):
            field = field_of(name)
            added = kind == "labeled"
            return FieldEvent(field=field, value=name, added=added, actor=by, at=at) if field else None
        case EventRow(event="assigned" | "unassigned" as kind):
            user, assigner = _user(row.assignee), _user(row.assigner)
            if user is None:  # a deleted account
                return None
            # `actor` may be the account that was assigned (docs/reference/github.md, Assignees).
            by = to_account(assigner) or by
            added = kind == "assigned"
            return FieldEvent(field=Field.ASSIGNEE, value=str(user.id), added=added, actor=by, at=at)
        case EventRow(event=kind) if kind in CHOICE_EVENT_KINDS:
            name, added = field_of_event(row.issue_field), kind != "issue_field_removed"
            return FieldEvent(field=Field.SEVERITY, value=name, added=added, actor=by, at=at, is_choice=True)
        case _:
            return None


def _user(raw: Raw) -> UserRow | None:
    found = try_decode(raw, UserRow) if bytes(raw) else None
    return found if isinstance(found, UserRow) else None


def to_hook(row: HookRow) -> Hook:
    """Translate a webhook."""
    return Hook(
        id=row.id,
        url=row.config.url,
        events=row.events,
        active=row.active,
        response=_to_hook_response(row.last_response),
    )


def _to_hook_response(raw: Raw) -> HookResponse | None:
    row = try_decode(raw, HookResponseRow) if bytes(raw) else None
    if not isinstance(row, HookResponseRow) or row.status in (None, "unused"):
        return None
    return HookResponse(code=row.code, message=single_printable_line(row.message or "") or None)


def _unreadable_issue(raw: bytes | Raw, reason: str, repository: str) -> ListRow[Issue]:
    members = read_json_members(raw)
    if read_json_member(members, "pull_request", dict[str, Raw]) is not None:
        return ListRow(
            id=read_json_member(members, "id", Id), at=read_json_member(members, "updated_at", Moment)
        )
    number = read_json_member(members, "number", Number) or _issue_of_address(members, "html_url")
    what = f"issue {repository}#{number}" if number else f"an issue of {repository}"
    problem = PoisonedItem(what=what, reason=_UNREADABLE + reason, number=_to_issue_number(number))
    return _unreadable_row(members, problem)


def _unreadable_comment(raw: bytes | Raw, reason: str, repository: str) -> ListRow[RemoteComment]:
    members = read_json_members(raw)
    comment_id = read_json_member(members, "id", Id)
    number = _issue_of_address(members, "issue_url") or _issue_of_address(members, "html_url")
    what = f"comment {repository} {comment_id}" if comment_id else f"a comment of {repository}"
    problem = PoisonedItem(
        what=what,
        reason=_UNREADABLE + reason,
        number=_to_issue_number(number),
        comment_id=RemoteCommentId(comment_id) if comment_id else None,
    )
    return _unreadable_row(members, problem)


def _unreadable_row(members: Mapping[str, Raw], problem: PoisonedItem) -> ListRow[T]:
    at = read_json_member(members, "updated_at", Moment)
    return ListRow(id=read_json_member(members, "id", Id), at=at, problem=problem)


def _issue_of_address(members: Mapping[str, Raw], name: str) -> int | None:
    return issue_number_in_url((read_json_member(members, name, str) or "").partition("#")[0])


def _to_issue_number(number: int | None) -> IssueNumber | None:
    return IssueNumber(number) if number else None
