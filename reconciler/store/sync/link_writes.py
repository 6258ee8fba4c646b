"""Writes about one link and its report, within a given transaction: link, unlink, export, resolve, retry.

The link to a transferred issue takes over BugSpark's comments that its predecessor never sent. Those that
were sent went along with the issue, where the initial sync recognises them by author and text; the others are
neither older than the link between the two nor withheld (docs/design.md, Invariants, 2).

Source: docs/reference/contract.md, The command.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import IssueLinkedElsewhereError, ProjectLockLostError, RefusedError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import IssueNumber, LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import LIVE_STATES, UNLINKED_BEFORE_SENDING, CommentPairState, Link, LinkState
from reconciler.model.report import OTHER_PROJECTS_REPORT, IssueColumns
from reconciler.model.snapshot import Change
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import field_as_stored, field_as_text
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bugspark.reports import read_report_name
from reconciler.store.bulk import insert_new, update_by_id
from reconciler.store.mappers import LINK_COLUMN_TYPES, link_row, to_link
from reconciler.store.schema.tables import comment_pairs, followers, intents, links
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION, is_link_ended_in_bugspark
from reconciler.store.types import ONE, column_types

UNSENT_PAIR_COLUMNS = (
    "id", "link_id", "project_id", "repository_id", "origin", "state", "local_id", "reason", "follower_id",
)  # fmt: skip


async def create_link(connection: AsyncConnection, link: Link, columns: IssueColumns) -> Link:
    """Store a link as NEW and fill the report's columns; return the link with the id it is stored under.

    The report's other links become UNLINKED. An earlier one to the same issue is used again, because its
    ledger knows the comments. Raises RefusedError when a live link holds the report or the issue.
    """
    await _require_unlinked_and_end_earlier_links(connection, link)
    row = link_row(link, 1)
    same = (links.c.report_id == link.report_id, links.c.repository_id == link.repository_id)
    found = select(links.c.id, links.c.revision).where(*same, links.c.number == link.number)
    earlier = (await connection.execute(found.with_for_update())).first()
    if earlier is not None:
        link = replace(link, id=earlier.id)
        row |= {"id": earlier.id, "revision": earlier.revision + 1}
        await update_by_id(connection, links, LINK_COLUMN_TYPES, [tuple(row.values())])
    elif not await insert_new(connection, links, LINK_COLUMN_TYPES, [tuple(row.values())]):
        raise RefusedError(
            f"{history_log.issue_reference(link)} or the report has been linked by somebody else just now."
        )
    filled = {
        "github_issue_number": columns.number,
        "github_issue_url": columns.url,
        "github_repo": columns.repository,
    }
    await connection.execute(update(reports).where(reports.c.id == link.report_id).values(filled))
    return link


async def _require_unlinked_and_end_earlier_links(connection: AsyncConnection, link: Link) -> None:
    issue = (links.c.repository_id == link.repository_id) & (links.c.number == link.number)
    holding = (
        select(links).where(LIVE_LINK_CONDITION, or_(issue, links.c.report_id == link.report_id)).limit(1)
    )
    holder = (await connection.execute(holding)).mappings().first()
    if holder is not None:
        held = f"is linked to {holder['repository']}#{holder['number']} already"
        name = await read_report_name(connection, holder["report_id"])
        if holder["project_id"] != link.project_id:
            raise IssueLinkedElsewhereError(
                f"{OTHER_PROJECTS_REPORT} {held}; ask that project's owner, or the operator.",
                holder=holder["project_id"],
                in_full=f"{name} {held}; unlink it first.",
            )
        raise RefusedError(f"{name} {held}; unlink it first.")
    await connection.execute(
        update(links)
        .where(links.c.report_id == link.report_id, not_(is_link_ended_in_bugspark()), not_(issue))
        .values(state=LinkState.UNLINKED.value, revision=links.c.revision + 1)
    )


async def numbers_contested_by_others(
    connection: AsyncConnection, project_id: ProjectId, repository_id: RepositoryId
) -> frozenset[IssueNumber]:
    """Read the issues of this repository that reports of other projects name and do not hold."""
    query = select(links.c.number).where(
        links.c.project_id != project_id,
        links.c.repository_id == repository_id,
        links.c.state == LinkState.CONTESTED,
    )
    return frozenset(IssueNumber(each) for each in (await connection.execute(query)).scalars())


async def request_linking_right_check(
    connection: AsyncConnection,
    project_id: ProjectId,
    repository_id: RepositoryId,
    numbers: Collection[IssueNumber],
    at: datetime,
) -> None:
    """Make other projects' links to these issues due for verification."""
    held = (links.c.repository_id == repository_id, links.c.number.in_(numbers), LIVE_LINK_CONDITION)
    due = update(links).where(*held, links.c.project_id != project_id, links.c.check_due > at)
    await connection.execute(due.values(check_due=at, revision=links.c.revision + 1))


async def carry_over_unsent_comments(
    connection: AsyncConnection, link: Link, new_id: Callable[[], UUID]
) -> None:
    """Give the stored link the ledger rows of comments that its initial sync is to send."""
    followed = select(links.c.id, links.c.created_at).where(
        links.c.report_id == link.report_id,
        links.c.successor_repository_id == link.repository_id,
        links.c.successor_number == link.number,
    )
    for predecessor in (await connection.execute(followed)).all():
        unsent = (
            comment_pairs.c.link_id == predecessor.id,
            comment_pairs.c.origin == Side.BUGSPARK,
            comment_pairs.c.remote_id.is_(None),
            comment_pairs.c.state.in_([CommentPairState.PENDING, CommentPairState.ENDED]),
        )
        new_owner = {"link_id": link.id, "repository_id": link.repository_id}
        await connection.execute(update(comment_pairs).where(*unsent).values(new_owner))
        await record_unseen_comments(connection, link, predecessor.id, predecessor.created_at, new_id)


async def record_unseen_comments(
    connection: AsyncConnection,
    link: Link,
    followed: LinkId,
    since: datetime,
    new_id: Callable[[], UUID],
    *,
    of_lead: bool = True,
) -> None:
    """Have the initial sync of the stored link send comments that no pass has seen.

    Those of its report (`of_lead`), and of the reports that follow the link `followed`, written `since` then.
    """
    following = select(followers.c.report_id).where(followers.c.link_id == followed)
    is_of_follower = comments.c.report_id.in_(following)
    never_recorded = select(comments.c.id, comments.c.report_id).where(
        or_(is_of_follower, comments.c.report_id == link.report_id) if of_lead else is_of_follower,
        comments.c.source.is_(None),
        comments.c.created_at >= since,
        ~exists(ONE).where(comment_pairs.c.local_id == comments.c.id),
    )
    unrecorded = (await connection.execute(never_recorded)).all()
    owner = (link.id, link.project_id, link.repository_id)
    state = (Side.BUGSPARK, CommentPairState.ENDED)
    rows = [
        (
            new_id(), *owner, *state, row.id, UNLINKED_BEFORE_SENDING,
            row.report_id if row.report_id != link.report_id else None,
        )
        for row in unrecorded
    ]  # fmt: skip
    await insert_new(connection, comment_pairs, column_types(comment_pairs, *UNSENT_PAIR_COLUMNS), rows)


async def create_exported_link(connection: AsyncConnection, link: Link, columns: IssueColumns) -> None:
    """Store the link of an issue we have just made, and fill the report's columns where they are empty.

    If the report was linked to another issue since, ours is stored as CONTESTED, so that the issue is known.
    """
    if not await insert_new(connection, links, LINK_COLUMN_TYPES, [tuple(link_row(link, 1).values())]):
        contested = link_row(link, 1) | {
            "state": LinkState.CONTESTED,
            "reason": (
                f"the report was linked elsewhere while {history_log.issue_reference(link)} was being made"
            ),
        }
        await insert_new(connection, links, LINK_COLUMN_TYPES, [tuple(contested.values())])
        return
    await connection.execute(
        update(reports)
        .where(reports.c.id == link.report_id, reports.c.github_issue_number.is_(None))
        .values(_issue_column_values(columns))
    )


async def unlink(connection: AsyncConnection, link: Link) -> None:
    """Make the link UNLINKED, and clear the report's columns if they still name this issue."""
    await connection.execute(
        update(links)
        .where(links.c.id == link.id)
        .values(
            state=LinkState.UNLINKED.value,
            reason=None,
            quarantined_until=None,
            revision=links.c.revision + 1,
        )
    )
    await connection.execute(
        update(reports)
        .where(
            reports.c.id == link.report_id,
            reports.c.github_issue_number == link.number,
            func.lower(reports.c.github_repo) == link.repository.lower(),
        )
        .values(_issue_column_values(None))
    )


def _issue_column_values(columns: IssueColumns | None) -> dict[str, Any]:
    """The values of a report's three columns; None empties them."""
    return {
        "github_issue_number": columns and columns.number,
        "github_issue_url": columns and columns.url,
        "github_repo": columns and columns.repository,
    }


async def write_resolved_report_value(
    connection: AsyncConnection, webhooks: OutgoingWebhooks, link: Link, change: Change, at: datetime
) -> bool:
    """Set the report's field as the change says. False where it has another value by now."""
    assert change.field is not None
    field = SYNCED_FIELDS[Field(change.field)]
    is_unchanged = (reports.c.id == change.report_id, field_as_text(reports, field) == change.value_before)
    value = {field.column: field_as_stored(field, change.value_after), "updated_at": at}
    done = await connection.execute(update(reports).where(*is_unchanged).values(value))
    if done.rowcount == 0:
        return False
    await update_link(connection, link)
    await history_log.append_changes(connection, link.project_id, at, [change])
    await webhooks.enqueue_deliveries(connection, link.project_id, [change.report_id], at)
    return True


async def record_settled_conflict(
    connection: AsyncConnection, link: Link, change: Change, at: datetime
) -> bool:
    """Add the line of history. False where the report's field has another value by now."""
    assert change.field is not None
    field = SYNCED_FIELDS[Field(change.field)]
    is_unchanged = (reports.c.id == change.report_id, field_as_text(reports, field) == change.value_before)
    found = await connection.execute(select(reports.c.id).where(*is_unchanged).with_for_update())
    if found.first() is None:
        return False
    await history_log.append_changes(connection, link.project_id, at, [change])
    return True


async def release_quarantine(
    connection: AsyncConnection, link: Link | None, report_id: ReportId, rule: str, at: datetime
) -> int:
    """Plan the report's quarantined writes again and store the link; return how many writes they were."""
    quarantined = (intents.c.report_id == report_id, intents.c.state == IntentState.QUARANTINED)
    planned = {"state": IntentState.PLANNED.value, "not_before": None, "reason": None}
    of_report = intents.c.report_id == report_id
    owner = (await connection.execute(select(intents.c.project_id).where(of_report).limit(1))).scalar()
    done = await connection.execute(update(intents).where(*quarantined).values(planned))
    if link is not None:
        await update_link(connection, link)
    project = link.project_id if link is not None else owner
    if project is not None:
        change = _build_retry_history_line(link, report_id, rule)
        await history_log.append_changes(connection, project, at, [change])
    return done.rowcount


def _build_retry_history_line(link: Link | None, report_id: ReportId, rule: str) -> Change:
    return Change(
        report_id=report_id,
        link_id=link.id if link else None,
        side=Side.GITHUB,
        kind=Kind.RETRY,
        field=None,
        base=None,
        local=None,
        remote=None,
        to=None,
        rule=rule,
    )


async def update_link(connection: AsyncConnection, link: Link) -> None:
    """Store the link under the next revision. Raises ProjectLockLostError where it has another one by now."""
    same = (links.c.id == link.id, links.c.revision == link.revision)
    row = link_row(link, link.revision + 1)
    if (await connection.execute(update(links).where(*same).values(row))).rowcount == 0:
        raise ProjectLockLostError(
            f"The link of {history_log.issue_reference(link)} was changed by somebody else in between."
        )


async def read_link_of_report(connection: AsyncConnection, report_id: ReportId) -> Link | None:
    """Read the live link of a report, else the newest one, UNLINKED ones last."""
    rank = case(
        (links.c.state.in_(LIVE_STATES), 0),
        (links.c.state == LinkState.UNLINKED, 2),
        (links.c.state == LinkState.SECOND, 3),
        else_=1,
    )
    query = select(links).where(links.c.report_id == report_id)
    query = query.order_by(rank, links.c.created_at.desc(), links.c.id).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return to_link(row) if row else None
