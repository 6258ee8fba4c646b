"""Rows of our tables as values of the model, and back."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from reconciler.fields import BASE_COLUMNS, SEEN_COLUMNS
from reconciler.fields.synced_field import BaseColumn, SeenColumn
from reconciler.model.fields import Base, RenamedLabel, Side
from reconciler.model.intent import Intent, IntentState
from reconciler.model.issue import ListState, Resolution, ThreadEtags
from reconciler.model.kinds import Operation
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    FirstReading,
    FrozenField,
    Link,
    LinkOrigin,
    LinkState,
    MissingIssue,
    Presence,
    SeenIssue,
    TransferTarget,
    Verification,
)
from reconciler.model.plan import Why
from reconciler.model.snapshot import NO_PEOPLE, KnownPeople
from reconciler.store.desired_json import decode_desired, encode_desired
from reconciler.store.schema.tables import comment_pairs, intents, links
from reconciler.store.types import column_types, decode_json, encode_json

LINK_COLUMN_TYPES = column_types(links)
COMMENT_PAIR_COLUMN_TYPES = column_types(comment_pairs)
INTENT_COLUMN_TYPES = column_types(intents)


def to_link(row: RowMapping) -> Link:
    """Convert a row of sync_links. Raises ValueError for an unknown word (a newer program wrote it)."""
    seen = _to_seen(row)
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
        base=_to_base(row, seen),
        seen=seen,
        created_at=row["created_at"],
        revision=row["revision"],
        quarantined_until=row["quarantined_until"],
        verification=_to_verification(row),
        missing_issue=_to_missing_issue(row),
        transfer_target=_to_transfer_target(row),
        frozen_fields=to_frozen_fields(row["frozen"]),
        owner_instance=row["held_by"],
        resolution=decode_json(row["resolution"], Resolution) if row["resolution"] else None,
    )


def to_frozen_fields(stored: str | None) -> tuple[FrozenField, ...]:
    """The fields of a link that are frozen."""
    return decode_json(stored, tuple[FrozenField, ...]) if stored else ()


def _to_transfer_target(row: RowMapping) -> TransferTarget | None:
    repository, number = row["successor_repository_id"], row["successor_number"]
    return TransferTarget(repository_id=repository, number=number) if repository and number else None


def _to_missing_issue(row: RowMapping) -> MissingIssue | None:
    state = row["missing_as"]
    return MissingIssue(state=LinkState(state), since=row["missing_since"]) if state else None


def _to_verification(row: RowMapping) -> Verification | None:
    if row["checked_at"] is None:
        return None
    issue, thread, credential = row["etag_issue"], row["etag_thread"], row["etag_credential"]
    etags = ThreadEtags(issue=issue, thread=thread, credential=credential) if issue else None
    return Verification(at=row["checked_at"], due=row["check_due"], etags=etags)


def _to_base(row: RowMapping, seen: SeenIssue | None) -> Base | None:
    if row[BASE_COLUMNS[0].name] is None:
        return None
    values: dict[str, Any] = {
        each.attribute: _base_value(each, row[each.name], seen) for each in BASE_COLUMNS
    }
    return Base(**values, adopts_mapping=bool(row["adopts_mapping"]))


def _base_value(column: BaseColumn, stored: str | None, seen: SeenIssue | None) -> object:
    if stored is None and column.seen_attribute is not None:
        return seen and getattr(seen, column.seen_attribute)
    if stored is None and column.is_optional:
        return None
    assert stored is not None
    return column.parse(stored) if column.json_type is None else decode_json(stored, column.json_type)


def _base_column_value(column: BaseColumn, base: Base, seen: SeenIssue | None) -> object:
    """The stored value: nothing where GitHub's half is what GitHub last showed, as it nearly always is."""
    value = getattr(base, column.attribute)
    if column.stored_beside is not None and getattr(base, column.stored_beside) is None:
        return None
    if (
        column.seen_attribute is not None
        and seen is not None
        and value == getattr(seen, column.seen_attribute)
    ):
        return None
    return value if column.json_type is None or value is None else encode_json(value)


def _to_seen(row: RowMapping) -> SeenIssue | None:
    if row[SEEN_COLUMNS[0].name] is None:
        return None
    values: dict[str, Any] = {each.attribute: _seen_value(each, row[each.name]) for each in SEEN_COLUMNS}
    return SeenIssue(
        **values,
        comments=row["seen_comments"],
        locked=row["seen_locked"],
        updated_at=row["seen_updated_at"],
        id=row["seen_id"],
    )


def _seen_value(column: SeenColumn, stored: str | None) -> object:
    if stored is None and column.is_optional:
        return None
    if column.json_type is not None:
        return decode_json(stored, column.json_type) if stored is not None else ()
    return None if stored is None else column.parse(stored)


def _seen_column_value(column: SeenColumn, seen: SeenIssue, base: Base | None) -> object:
    value = getattr(seen, column.attribute)
    beside = column.stored_beside
    if value is None or (beside is not None and (base is None or getattr(base, beside) is None)):
        return None
    if column.is_null_if_empty and not value:
        return None
    return value if column.json_type is None else encode_json(value)


def link_row(link: Link, revision: int) -> dict[str, Any]:
    """Every column of sync_links, in the table's order."""
    base, seen, verification = link.base, link.seen, link.verification
    etags = verification and verification.etags
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
        **{column.name: base and _base_column_value(column, base, seen) for column in BASE_COLUMNS},
        "adopts_mapping": True if base and base.adopts_mapping else None,
        **{column.name: seen and _seen_column_value(column, seen, base) for column in SEEN_COLUMNS},
        "seen_comments": seen and seen.comments,
        "seen_locked": seen and seen.locked,
        "seen_updated_at": seen and seen.updated_at,
        "seen_id": seen and seen.id,
        "created_at": link.created_at,
        "quarantined_until": link.quarantined_until,
        "checked_at": verification and verification.at,
        "check_due": verification and verification.due,
        "etag_issue": etags and etags.issue,
        "etag_thread": etags and etags.thread,
        "etag_credential": etags and etags.credential,
        "missing_as": link.missing_issue and link.missing_issue.state,
        "missing_since": link.missing_issue and link.missing_issue.since,
        "successor_repository_id": link.transfer_target and link.transfer_target.repository_id,
        "successor_number": link.transfer_target and link.transfer_target.number,
        "frozen": encode_json(link.frozen_fields) if link.frozen_fields else None,
        "held_by": link.owner_instance,
        "resolution": encode_json(link.resolution) if link.resolution else None,
        "revision": revision,
    }


def to_comment_pair(row: RowMapping) -> CommentPair:
    """Convert a row of sync_comments. Raises ValueError for an unknown word."""
    return CommentPair(
        id=row["id"],
        link_id=row["link_id"],
        origin=Side(row["origin"]),
        state=CommentPairState(row["state"]),
        local_id=row["local_id"],
        remote_id=row["remote_id"],
        local_digest=row["local_digest"],
        remote_digest=row["remote_digest"],
        remote_updated_at=row["remote_updated_at"],
        author=row["author"],
        reason=row["reason"],
        first_reading=_to_first_reading(row),
        follower_id=row["follower_id"],
    )


def _to_first_reading(row: RowMapping) -> FirstReading | None:
    if row["first_reading"] is None:
        return None
    return FirstReading(
        presence=Presence(row["first_reading"]),
        at=row["first_reading_at"],
        second_due=row["second_reading_due"],
    )


def comment_pair_row(pair: CommentPair, owner: Link | Intent) -> tuple[Any, ...]:
    """Every column of sync_comments, in the table's order. `owner`: the pair's link or intent."""
    first = pair.first_reading
    return (
        pair.id,
        pair.link_id,
        owner.project_id,
        owner.repository_id,
        pair.origin,
        pair.state,
        pair.local_id,
        pair.remote_id,
        pair.local_digest,
        pair.remote_digest,
        pair.remote_updated_at,
        pair.author,
        pair.reason,
        first and first.presence,
        first and first.at,
        first and first.second_due,
        pair.follower_id,
    )


def to_intent(row: RowMapping) -> Intent:
    """Convert a row of sync_intents. Raises ValueError when the desired value can't be decoded."""
    operation = Operation(row["operation"])
    return Intent(
        id=row["id"],
        project_id=row["project_id"],
        report_id=row["report_id"],
        link_id=row["link_id"],
        pair_id=row["entry_id"],
        local_id=row["local_id"],
        operation=operation,
        repository_id=row["repository_id"],
        number=row["number"],
        desired=decode_desired(row["wish"], operation),
        state=IntentState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        claimed_at=row["claimed_at"],
        ended_at=row["ended_at"],
        not_before=row["not_before"],
        empty_searches=row["empty_looks"],
        reason=row["reason"],
        is_requested=row["asked"],
        why=decode_json(row["why"], Why) if row["why"] else None,
    )


def intent_row(intent: Intent) -> tuple[Any, ...]:
    """Every column of sync_intents, in the table's order."""
    return (
        intent.id,
        intent.project_id,
        intent.report_id,
        intent.link_id,
        intent.pair_id,
        intent.local_id,
        intent.operation,
        intent.repository_id,
        intent.number,
        encode_desired(intent.desired),
        intent.state,
        intent.attempts,
        intent.created_at,
        intent.claimed_at,
        intent.ended_at,
        intent.not_before,
        intent.empty_searches,
        intent.reason,
        intent.is_requested,
        encode_json(intent.why) if intent.why else None,
    )


def to_list_state(row: RowMapping) -> ListState:
    """Convert a row of sync_lists."""
    return ListState(
        anchor=row["anchor"], etag=row["etag"], etag_credential=row["etag_credential"], cursor=row["cursor"]
    )


def list_state_row(state: ListState) -> dict[str, str | datetime | None]:
    """The columns of sync_lists that hold a position in a list."""
    return {
        "anchor": state.anchor,
        "etag": state.etag,
        "etag_credential": state.etag_credential,
        "cursor": state.cursor,
    }


def to_known_people(text: str | None) -> KnownPeople:
    """Convert the mapped people of a project's row."""
    return decode_json(text, KnownPeople) if text else NO_PEOPLE


def to_renamed_labels(text: str | None) -> tuple[RenamedLabel, ...]:
    """Convert the renamed labels of a project's row."""
    return decode_json(text, tuple[RenamedLabel, ...]) if text else ()
