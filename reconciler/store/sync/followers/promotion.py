"""The next report that leads an issue, when the one before was unlinked or deleted.

The ended link keeps its ledger, which copies and deletes nothing any more: the new link reads the whole
thread, and recognises the copies of its own comments by their markers. Comments of followers that were not
sent yet, those included that no pass has seen, go to the new link, whose initial sync sends them
(docs/design.md, Invariants, 2).
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.fields import Side
from reconciler.model.ids import LinkId, ReportId
from reconciler.model.intent import UNSENT_STATES
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import (
    UNLINKED_BEFORE_SENDING,
    CommentPairState,
    Link,
    LinkOrigin,
    LinkState,
)
from reconciler.model.report import IssueColumns
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_link
from reconciler.store.schema.tables import comment_pairs, followers, intents, links
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import LIVE_LINK_CONDITION
from reconciler.store.sync.followers.follower_queries import is_present
from reconciler.store.sync.link_writes import create_link, record_unseen_comments
from reconciler.store.types import ONE

NOBODY_LEADS = "the issue that it followed belongs to no report of this project any more"


async def promote_oldest_follower(
    connection: AsyncConnection, ended: Link, at: datetime, new_id: Callable[[], UUID], web_url: str
) -> ReportId | None:
    """Let the oldest follower of an ended link lead its issue, as `ports.Followers` says."""
    held = select(links).where(
        LIVE_LINK_CONDITION, links.c.repository_id == ended.repository_id, links.c.number == ended.number
    )
    holder = (await connection.execute(held)).mappings().first()
    if holder is not None:
        present = to_link(holder)
        if present.project_id == ended.project_id:
            await _move_followers_to_present_link(connection, ended, present, new_id)
        await end_followers_of(connection, ended, at)
        return None
    heir = await _read_next_leading_report(connection, ended)
    if heir is None:
        await end_followers_of(connection, ended, at)
        return None
    await connection.execute(delete(followers).where(followers.c.report_id == heir))
    made = await create_link(
        connection,
        _build_link(ended, heir, LinkId(new_id()), at),
        IssueColumns(
            repository=ended.repository,
            number=ended.number,
            url=f"{web_url}/{ended.repository}/issues/{ended.number}",
        ),
    )
    await _update_followed_link(connection, ended, made)
    await _carry_over_unsent_comments(connection, ended, made)
    # The comments of before it followed have rows: those that have none were written since.
    await record_unseen_comments(connection, made, made.id, ended.created_at, new_id)
    change = history_log.link_change(
        made,
        Kind.LINK,
        Side.BUGSPARK,
        history_log.LINK_ORIGIN_TEXTS[LinkOrigin.SUCCESSION],
        to=history_log.issue_reference(made),
    )
    await history_log.append_changes(connection, made.project_id, at, [change])
    return heir


async def _read_next_leading_report(connection: AsyncConnection, ended: Link) -> ReportId | None:
    """Read the oldest follower whose report is there and has no link of its own."""
    mine = links.alias("mine")
    is_linked = exists(ONE).where(
        mine.c.report_id == followers.c.report_id, mine.c.state.in_((LinkState.NEW, LinkState.ACTIVE))
    )
    query = (
        select(followers.c.report_id)
        .where(followers.c.link_id == ended.id, is_present(), not_(is_linked))
        .order_by(followers.c.followed_at, followers.c.report_id)
        .limit(1)
    )
    found: ReportId | None = (await connection.execute(query)).scalar()
    return found


def _build_link(ended: Link, heir: ReportId, id_: LinkId, at: datetime) -> Link:
    return Link(
        id=id_,
        project_id=ended.project_id,
        report_id=heir,
        repository_id=ended.repository_id,
        repository=ended.repository,
        number=ended.number,
        origin=LinkOrigin.SUCCESSION,
        backfill=False,
        state=LinkState.NEW,
        reason=None,
        base=None,
        seen=None,
        created_at=at,
        revision=0,
    )


async def _move_followers_to_present_link(
    connection: AsyncConnection, ended: Link, present: Link, new_id: Callable[[], UUID]
) -> None:
    """Let the followers of an ended link follow another one to its issue, which sends their unsent comments.

    A full read sends them: the initial sync of a NEW link, else the next verification, which is due then. (An
    ACTIVE link sends those that no pass has seen without a row, as any new comment.)
    """
    await _update_followed_link(connection, ended, present)
    carried = await _carry_over_unsent_comments(connection, ended, present)
    if present.state is LinkState.NEW:
        since = ended.created_at
        await record_unseen_comments(connection, present, present.id, since, new_id, of_lead=False)
    elif carried:
        due = {"check_due": links.c.checked_at, "etag_issue": None, "revision": links.c.revision + 1}
        is_checked = (links.c.id == present.id, links.c.checked_at.is_not(None))
        await connection.execute(update(links).where(*is_checked).values(due))


async def _update_followed_link(connection: AsyncConnection, ended: Link, present: Link) -> None:
    """Let the followers of an ended link, but for the report of the present one, follow that."""
    others = (followers.c.link_id == ended.id, followers.c.report_id != present.report_id)
    await connection.execute(update(followers).where(*others).values(link_id=present.id))


async def end_followers_of(connection: AsyncConnection, ended: Link, at: datetime) -> None:
    """End what is left of a link's followers."""
    gone = delete(followers).where(followers.c.link_id == ended.id).returning(followers.c.report_id)
    left = sorted((await connection.execute(gone)).scalars())
    changes = [
        replace(
            history_log.link_change(ended, Kind.UNLINK, Side.BUGSPARK, NOBODY_LEADS), report_id=ReportId(each)
        )
        for each in left
    ]
    await history_log.append_changes(connection, ended.project_id, at, changes)


async def _carry_over_unsent_comments(connection: AsyncConnection, ended: Link, made: Link) -> int:
    """Give the next link the rows of followers' comments that were not sent, and of the one about the link.

    But for comments that it knows already. Returns how many comments were not sent.
    """
    known = comment_pairs.alias("known")

    def is_new(local_id: Any) -> ColumnElement[bool]:
        return not_(exists(ONE).where(known.c.link_id == made.id, known.c.local_id == local_id))

    unsent = (
        comment_pairs.c.link_id == ended.id,
        is_new(comment_pairs.c.local_id),
        comment_pairs.c.follower_id.is_not(None),
        comment_pairs.c.origin == Side.BUGSPARK,
        comment_pairs.c.remote_id.is_(None),
        comment_pairs.c.state.in_([CommentPairState.PENDING, CommentPairState.ENDED]),
    )
    own = func.nullif(comment_pairs.c.follower_id, made.report_id)
    moved = update(comment_pairs).where(*unsent).values(link_id=made.id, follower_id=own)
    carried = (await connection.execute(moved)).rowcount
    about_link = (
        comment_pairs.c.link_id == ended.id,
        comment_pairs.c.local_id == ended.id,
        is_new(made.id),
    )
    await connection.execute(
        update(comment_pairs)
        .where(*about_link, comment_pairs.c.remote_id.is_not(None))
        .values(link_id=made.id, local_id=made.id)
    )
    return carried


async def end_unsent_comments(connection: AsyncConnection, report_ids: Collection[ReportId]) -> None:
    """Cancel the unsent comments of these followers: another link of the report sends them."""
    dialect = connection.dialect.name
    waiting = (
        comment_pairs.c.follower_id.in_(ids_subquery(dialect, report_ids)),
        comment_pairs.c.state == CommentPairState.PENDING,
    )
    unsent = select(intents.c.entry_id).where(
        intents.c.operation == Operation.CREATE_COMMENT,
        intents.c.state.in_(UNSENT_STATES),
        intents.c.entry_id.in_(select(comment_pairs.c.id).where(*waiting)),
    )
    rows: list[Any] = list((await connection.execute(unsent)).scalars())
    if not rows:
        return
    chosen = ids_subquery(dialect, rows)
    await connection.execute(delete(intents).where(intents.c.entry_id.in_(chosen)))
    await connection.execute(
        update(comment_pairs)
        .where(comment_pairs.c.id.in_(chosen))
        .values(state=CommentPairState.ENDED.value, reason=UNLINKED_BEFORE_SENDING)
    )
