"""Rows of our tables as values of the model, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import RowMapping, Table
from sqlalchemy.types import TypeEngine

from reconciler.model.fields import Category, IssueState, Severity, Side, Status
from reconciler.model.intent import (
    DeleteWish,
    EditWish,
    Intent,
    IntentState,
    LabelWish,
    NewComment,
    NewIssue,
    Operation,
    StateWish,
    TitleWish,
    Wish,
)
from reconciler.model.issue import Colours, Etags, ListState
from reconciler.model.link import (
    Base,
    Checked,
    Entry,
    EntryState,
    Frozen,
    Link,
    LinkOrigin,
    LinkState,
    Missing,
    Seen,
    Successor,
)
from reconciler.model.plan import Why
from reconciler.model.report import Columns, LocalComment, Report
from reconciler.store.tables import comments, intents, links

T = TypeVar("T")

WISHES: Mapping[Operation, type[Wish]] = {
    Operation.CREATE_ISSUE: NewIssue,
    Operation.CREATE_COMMENT: NewComment,
    Operation.STATUS: StateWish,
    Operation.SEVERITY: LabelWish,
    Operation.CATEGORY: LabelWish,
    Operation.TITLE: TitleWish,
    Operation.EDIT_COMMENT: EditWish,
    Operation.DELETE_COMMENT: DeleteWish,
}


def kinds(table: Table, *names: str) -> dict[str, TypeEngine[Any]]:
    """Column types by name, of these columns or of all."""
    return {name: table.c[name].type for name in names or table.c.keys()}


LINK_KINDS = kinds(links)
ENTRY_KINDS = kinds(comments)
INTENT_KINDS = kinds(intents)


def to_json(value: object) -> str:
    """A value of the model as JSON text."""
    return msgspec.json.encode(value).decode()


def from_json(text: str, kind: type[T]) -> T:
    """Raises ValueError (msgspec's) when the text does not fit."""
    return msgspec.json.decode(text, type=kind)


def to_report(row: RowMapping) -> Report:
    """Raises ValueError when a value is none that this program knows: the caller poisons that report."""
    return Report(
        id=row["id"],
        project_id=row["project_id"],
        tracking_id=row["tracking_id"],
        title=row["title"],
        status=Status(row["status"]),
        severity=Severity(row["severity"]),
        category=Category(row["category"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        columns=to_columns(row),
    )


def to_columns(row: RowMapping) -> Columns | None:
    """The three columns, when number and repository are both there."""
    number, repository = row["github_issue_number"], row["github_repo"]
    if number is None or repository is None:
        return None
    return Columns(repository=repository, number=number, url=row["github_issue_url"])


def to_comment(row: RowMapping) -> LocalComment:
    """A comment, its author's name joined in."""
    return LocalComment(
        id=row["id"],
        report_id=row["report_id"],
        author=row["author"],
        body=row["body"],
        source=row["source"],
        created_at=row["created_at"],
    )


def to_link(row: RowMapping) -> Link:
    """Raises ValueError when a stored word is unknown (a newer program wrote it)."""
    return Link(
        id=row["id"],
        project_id=row["project_id"],
        report_id=row["report_id"],
        repository_id=row["repository_id"],
        repository=row["repository"],
        number=row["number"],
        origin=LinkOrigin(row["origin"]),
        backfill=row["backfill"],
        state=LinkState(row["state"]),
        reason=row["reason"],
        base=_base(row),
        seen=_seen(row),
        created_at=row["created_at"],
        revision=row["revision"],
        quarantined_until=row["quarantined_until"],
        checked=_checked(row),
        missing=_missing(row),
        successor=_successor(row),
        frozen=from_json(row["frozen"], tuple[Frozen, ...]) if row["frozen"] else (),
        held_by=row["held_by"],
    )


def _successor(row: RowMapping) -> Successor | None:
    repository, number = row["successor_repository_id"], row["successor_number"]
    return Successor(repository_id=repository, number=number) if repository and number else None


def _missing(row: RowMapping) -> Missing | None:
    state = row["missing_as"]
    return Missing(state=LinkState(state), since=row["missing_since"]) if state else None


def _checked(row: RowMapping) -> Checked | None:
    if row["checked_at"] is None:
        return None
    issue, thread, credential = row["etag_issue"], row["etag_thread"], row["etag_credential"]
    etags = Etags(issue=issue, thread=thread, credential=credential) if issue else None
    return Checked(at=row["checked_at"], due=row["check_due"], etags=etags)


def _base(row: RowMapping) -> Base | None:
    if row["base_status"] is None:
        return None
    return Base(
        status=Status(row["base_status"]),
        severity=Severity(row["base_severity"]),
        category=Category(row["base_category"]),
        title=row["base_title"],
        remote_title=row["base_remote_title"],
    )


def _seen(row: RowMapping) -> Seen | None:
    if row["seen_state"] is None:
        return None
    return Seen(
        state=IssueState(row["seen_state"]),
        state_reason=row["seen_reason"],
        labels=tuple(from_json(row["seen_labels"], list[str])),
        colours=from_json(row["seen_colours"], Colours) if row["seen_colours"] else (),
        title=row["seen_title"],
        comments=row["seen_comments"],
        locked=row["seen_locked"],
        updated_at=row["seen_updated_at"],
        id=row["seen_id"],
    )


def link_row(link: Link, revision: int) -> dict[str, Any]:
    """Every column of sync_links, in the table's order."""
    base, seen, checked = link.base, link.seen, link.checked
    etags = checked and checked.etags
    return {
        "id": link.id,
        "project_id": link.project_id,
        "report_id": link.report_id,
        "repository_id": link.repository_id,
        "repository": link.repository,
        "number": link.number,
        "origin": link.origin,
        "backfill": link.backfill,
        "state": link.state,
        "reason": link.reason,
        "base_status": base and base.status,
        "base_severity": base and base.severity,
        "base_category": base and base.category,
        "base_title": base and base.title,
        "base_remote_title": base and base.remote_title,
        "seen_state": seen and seen.state,
        "seen_reason": seen and seen.state_reason,
        "seen_labels": seen and to_json(seen.labels),
        "seen_colours": to_json(seen.colours) if seen and seen.colours else None,
        "seen_title": seen and seen.title,
        "seen_comments": seen and seen.comments,
        "seen_locked": seen and seen.locked,
        "seen_updated_at": seen and seen.updated_at,
        "seen_id": seen and seen.id,
        "created_at": link.created_at,
        "quarantined_until": link.quarantined_until,
        "checked_at": checked and checked.at,
        "check_due": checked and checked.due,
        "etag_issue": etags and etags.issue,
        "etag_thread": etags and etags.thread,
        "etag_credential": etags and etags.credential,
        "missing_as": link.missing and link.missing.state,
        "missing_since": link.missing and link.missing.since,
        "successor_repository_id": link.successor and link.successor.repository_id,
        "successor_number": link.successor and link.successor.number,
        "frozen": to_json(link.frozen) if link.frozen else None,
        "held_by": link.held_by,
        "revision": revision,
    }


def to_entry(row: RowMapping) -> Entry:
    """Raises ValueError when a stored word is unknown."""
    return Entry(
        id=row["id"],
        link_id=row["link_id"],
        origin=Side(row["origin"]),
        state=EntryState(row["state"]),
        local_id=row["local_id"],
        remote_id=row["remote_id"],
        local_digest=row["local_digest"],
        remote_digest=row["remote_digest"],
        remote_updated_at=row["remote_updated_at"],
        author=row["author"],
        reason=row["reason"],
    )


def entry_row(entry: Entry, owner: Link | Intent) -> tuple[Any, ...]:
    """Every column of sync_comments, in the table's order. `owner`: the entry's link, or a wish about it."""
    return (
        entry.id,
        entry.link_id,
        owner.project_id,
        owner.repository_id,
        entry.origin,
        entry.state,
        entry.local_id,
        entry.remote_id,
        entry.local_digest,
        entry.remote_digest,
        entry.remote_updated_at,
        entry.author,
        entry.reason,
    )


def to_intent(row: RowMapping) -> Intent:
    """Raises ValueError when the wish does not decode."""
    operation = Operation(row["operation"])
    return Intent(
        id=row["id"],
        project_id=row["project_id"],
        report_id=row["report_id"],
        link_id=row["link_id"],
        entry_id=row["entry_id"],
        local_id=row["local_id"],
        operation=operation,
        repository_id=row["repository_id"],
        number=row["number"],
        wish=from_json(row["wish"], WISHES[operation]),
        state=IntentState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        claimed_at=row["claimed_at"],
        ended_at=row["ended_at"],
        not_before=row["not_before"],
        empty_looks=row["empty_looks"],
        reason=row["reason"],
        asked=row["asked"],
        why=from_json(row["why"], Why) if row["why"] else None,
    )


def intent_row(intent: Intent) -> tuple[Any, ...]:
    """Every column of sync_intents, in the table's order."""
    return (
        intent.id,
        intent.project_id,
        intent.report_id,
        intent.link_id,
        intent.entry_id,
        intent.local_id,
        intent.operation,
        intent.repository_id,
        intent.number,
        to_json(intent.wish),
        intent.state,
        intent.attempts,
        intent.created_at,
        intent.claimed_at,
        intent.ended_at,
        intent.not_before,
        intent.empty_looks,
        intent.reason,
        intent.asked,
        to_json(intent.why) if intent.why else None,
    )


def to_list_state(row: RowMapping) -> ListState:
    """Where a list was left."""
    return ListState(
        anchor=row["anchor"], etag=row["etag"], etag_credential=row["etag_credential"], cursor=row["cursor"]
    )


def list_row(state: ListState) -> dict[str, str | datetime | None]:
    """The columns of sync_lists that hold a position."""
    return {
        "anchor": state.anchor,
        "etag": state.etag,
        "etag_credential": state.etag_credential,
        "cursor": state.cursor,
    }
