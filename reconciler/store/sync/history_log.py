"""The history of reports (`sync_changes`): what was written or seen, by which rule, and what was lost."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.database_identity import issue_owned_elsewhere_reason
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.intent import Intent
from reconciler.model.kinds import COMMENT_FIELD, Kind
from reconciler.model.link import LIVE_STATES, Link, LinkOrigin
from reconciler.model.plan import (
    CommentEvent,
    LinkPlan,
    LocalAction,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
    WriteLocalComment,
)
from reconciler.model.report_detail import DatedChange
from reconciler.model.snapshot import Change, FieldChange
from reconciler.store.bulk import ids_subquery, insert_all
from reconciler.store.schema.tables import changes
from reconciler.store.types import column_types

CHANGE_COLUMN_TYPES = {name: kind for name, kind in column_types(changes).items() if name != "id"}
LOCAL_WON_RULES = (Rule.NEWEST_LOCAL, Rule.POLICY_LOCAL)
LINK_ORIGIN_TEXTS = {
    LinkOrigin.COLUMNS: "the report's columns named this issue",
    LinkOrigin.COMMAND: "linked by command",
    LinkOrigin.DISCOVERY: "found among the issues that BugSpark's button made",
    LinkOrigin.EXPORT: "made by export",
    LinkOrigin.TRANSFER: "its issue was transferred here",
    LinkOrigin.SUCCESSION: "it followed the report that led this issue, and leads it now",
}


def changes_of_plans(plans: Iterable[LinkPlan]) -> list[Change]:
    """Lines of what the local half of these plans wrote and saw. GitHub's half is recorded when confirmed."""
    return [change for plan in plans for change in _changes_of_plan(plan)]


def _changes_of_plan(plan: LinkPlan) -> Iterator[Change]:
    yield from _changes_of_link(plan.link, plan.after)
    disputed = {conflict.field for conflict in plan.conflicts}
    for action in plan.actions:
        if isinstance(action, SetReportField) and action.field in disputed:
            continue  # its conflict says all of it
        if isinstance(action, LocalAction):
            since = _happened_at(plan, action)
            yield _change_of_action(
                plan, action.kind, Side.BUGSPARK, action.why, action.field_name, since=since
            )
    for conflict in plan.conflicts:
        written = Side.GITHUB if conflict.why.rule in LOCAL_WON_RULES else Side.BUGSPARK
        yield _change_of_action(plan, Kind.CONFLICT, written, conflict.why, conflict.field, conflict.lost)
    yield from (_change_of_event(plan, event) for event in plan.events)
    yield from (link_change(plan.link, Kind.NOTE, Side.GITHUB, note) for note in plan.notes)


def _happened_at(plan: LinkPlan, action: LocalAction) -> datetime | None:
    """When it happened on GitHub; unknown for an initial sync and for deletions."""
    if plan.link.base is None or isinstance(action, RemoveLocalComment):
        return None
    if isinstance(action, SetReportField):
        return plan.after.seen.updated_at if plan.after.seen else None
    if isinstance(action, WriteLocalComment):
        return action.at
    return action.comment.updated_at


def _changes_of_link(before: Link, after: Link) -> Iterator[Change]:
    """Lines of what became of the link itself; none while its state, or its reason for quarantine, stays."""
    ended = after.state not in LIVE_STATES
    if before.base is None and after.base is not None:
        yield link_change(
            after,
            Kind.FIRST_CONTACT,
            Side.BUGSPARK,
            LINK_ORIGIN_TEXTS[after.origin],
            to=issue_reference(after),
        )
    elif ended and (before.state is not after.state or not before.revision):
        was = before.state.value if before.revision and before.state is not after.state else None
        rule = after.reason or after.state.value
        yield link_change(after, Kind.LINK_STATE, Side.BUGSPARK, rule, was=was, to=after.state.value)
    yield from _freeze_and_thaw_changes(before, after)
    if after.owner_instance is not None and after.owner_instance != before.owner_instance:
        yield link_change(after, Kind.NOTE, Side.GITHUB, issue_owned_elsewhere_reason(after.owner_instance))
    if after.quarantined_until is not None:
        if before.quarantined_until is None or before.reason != after.reason:
            yield link_change(after, Kind.QUARANTINE, Side.GITHUB, after.reason or "it can't be read")
    elif before.quarantined_until is not None and before.reason is not None and not ended:
        yield link_change(after, Kind.RELEASE, Side.GITHUB, f"it rested because: {before.reason}")


def _freeze_and_thaw_changes(before: Link, after: Link) -> Iterator[Change]:
    was, now = ({each.field: each for each in link.frozen_fields} for link in (before, after))
    for field in now.keys() - was.keys():
        yield link_change(after, Kind.FREEZE, Side.GITHUB, now[field].reason, field=field.value)
    for field in was.keys() - now.keys():
        yield link_change(
            after, Kind.THAW, Side.GITHUB, f"it was frozen because: {was[field].reason}", field=field
        )


def issue_reference(link: Link) -> str:
    """Name the link's issue: owner/repo#number."""
    return f"{link.repository}#{link.number}"


def link_change(
    link: Link,
    kind: Kind,
    side: Side,
    rule: str,
    *,
    field: str | None = None,
    was: str | None = None,
    to: str | None = None,
) -> Change:
    """A line about a link, or about a report because of its link, that is no action of a plan."""
    return Change(
        report_id=link.report_id,
        link_id=link.id,
        side=side,
        kind=kind,
        field=field,
        base=None,
        local=was if side is Side.BUGSPARK else None,
        remote=was if side is Side.GITHUB else None,
        to=to,
        rule=rule,
    )


def _change_of_event(plan: LinkPlan, event: CommentEvent) -> Change:
    return Change(
        report_id=plan.link.report_id,
        link_id=plan.link.id,
        side=event.side,
        kind=event.kind,
        field=COMMENT_FIELD,
        base=None,
        local=event.local,
        remote=event.remote,
        to=None,
        rule=event.rule,
    )


def _change_of_action(
    plan: LinkPlan,
    kind: Kind,
    side: Side,
    why: Why,
    field: str | None,
    lost: str | None = None,
    since: datetime | None = None,
) -> Change:
    return Change(
        report_id=plan.link.report_id,
        link_id=plan.link.id,
        side=side,
        kind=kind,
        field=field,
        base=why.base,
        local=why.local,
        remote=why.remote,
        to=why.to,
        rule=why.rule,
        lost=lost,
        since=since,
    )


async def append_changes(
    connection: AsyncConnection, project: ProjectId, at: datetime, lines: Sequence[Change]
) -> None:
    """Add these lines, all with the same time."""
    rows = [
        (
            project,
            each.report_id,
            each.link_id,
            at,
            each.side,
            each.kind,
            each.field,
            each.base,
            each.local,
            each.remote,
            each.to,
            each.rule,
            each.lost,
            each.request_id,
            each.since,
        )
        for each in lines
    ]
    await insert_all(connection, changes, CHANGE_COLUMN_TYPES, rows)


async def append_quarantine(connection: AsyncConnection, intent: Intent) -> None:
    """Record that a write was refused and is in quarantine, unless the newest line says the same."""
    field, why = intent.operation.field_name, intent.why
    reason = intent.reason or "it was refused"
    newest = await read_newest_change(connection, intent.report_id, field)
    wanted = why.to if why else None
    if newest is not None and (newest.kind, newest.rule, newest.to) == (Kind.QUARANTINE, reason, wanted):
        return
    change = Change(
        report_id=intent.report_id,
        link_id=intent.link_id,
        side=Side.GITHUB,
        kind=Kind.QUARANTINE,
        field=field,
        base=why.base if why else None,
        local=why.local if why else None,
        remote=why.remote if why else None,
        to=wanted,
        rule=reason,
    )
    await append_changes(connection, intent.project_id, intent.ended_at or intent.created_at, [change])


async def read_newest_change(
    connection: AsyncConnection, report: ReportId, field: str | None, kind: Kind | None = None
) -> Change | None:
    """Read the newest line about a field, of one kind if given."""
    query = select(changes).where(changes.c.report_id == report, changes.c.field.is_not_distinct_from(field))
    if kind is not None:
        query = query.where(changes.c.kind == kind)
    row = (await connection.execute(query.order_by(changes.c.id.desc()).limit(1))).mappings().first()
    return to_change(row) if row else None


async def read_history(connection: AsyncConnection, report: ReportId, limit: int) -> tuple[DatedChange, ...]:
    """Read the newest lines of a report's history, newest first."""
    query = select(changes).where(changes.c.report_id == report).order_by(changes.c.id.desc()).limit(limit)
    rows = (await connection.execute(query)).mappings()
    return tuple(DatedChange(at=row["at"], change=to_change(row)) for row in rows)


async def read_field_history(
    connection: AsyncConnection, wanted: Collection[ReportId], since: datetime
) -> dict[ReportId, tuple[FieldChange, ...]]:
    """Read what was written and seen in these reports' fields since then, oldest first."""
    query = (
        select(changes)
        .where(
            changes.c.report_id.in_(ids_subquery(connection.dialect.name, wanted)),
            changes.c.at >= since,
            changes.c.field.in_([field.value for field in Field]),
        )
        .order_by(changes.c.id)
    )
    found: defaultdict[ReportId, list[FieldChange]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        found[row["report_id"]].append(
            FieldChange(
                field=row["field"], kind=row["kind"], remote=row["remote"], to=row["to"], at=row["at"]
            )
        )
    return {report: tuple(history) for report, history in found.items()}


async def read_last_confirmed_write_at(connection: AsyncConnection, project_id: ProjectId) -> datetime | None:
    """When GitHub last confirmed a write of this project, as far as its history goes back."""
    confirmed = (changes.c.side == Side.GITHUB, changes.c.request_id.is_not(None))
    query = select(changes.c.at).where(changes.c.project_id == project_id, *confirmed)
    return (await connection.execute(query.order_by(changes.c.id.desc()).limit(1))).scalar()


def to_change(row: RowMapping) -> Change:
    """Convert a row of sync_changes. Raises ValueError for an unknown word (a newer program wrote it)."""
    equal_names: dict[str, Any] = {
        name: row[name]
        for name in ("report_id", "link_id", "field", "base", "local", "remote", "to", "rule", "lost")
    }
    return Change(
        side=Side(row["side"]),
        kind=Kind(row["kind"]),
        request_id=row["request_id"],
        since=row["since"],
        **equal_names,
    )
