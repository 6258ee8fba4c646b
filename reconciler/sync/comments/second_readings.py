"""Second readings: each comment that a first reading showed otherwise than the ledger has it, read alone.

Unconditionally, for a 304 says nothing about the replica that it comes from. A comment that does not answer
counts as gone only while its issue answers: those of an issue that was deleted or transferred stay, with
their link (docs/design.md, Comments; docs/reference/github.md, Lists).
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace

from reconciler.decide.link import is_other_issue
from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.model.ids import AccountId, CommentPairId, RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, Link, LinkObservation, LinkState, is_older_than_known
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import LocalThread, ProjectState
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.full_read import ISSUE_NOT_SHOWN_ERRORS, plan_missing_issue
from reconciler.sync.observe import mark_own_comments, read_own_accounts
from reconciler.sync.preflight import require_same_repository

MAX_SECOND_READINGS = 100
"""So many comments are read alone in one pass, beside those whose deletion was accepted."""

LINKS_PER_BATCH = 10
"""So many links are stored at once: a limit in between loses no more than these."""


@dataclass(slots=True, kw_only=True)
class _CommentReadings:
    """What the comments of one link, read alone, said."""

    rows: dict[RemoteCommentId, RemoteComment] = field(default_factory=dict)
    shown: set[RemoteCommentId] = field(default_factory=set)
    gone: set[RemoteCommentId] = field(default_factory=set)  # or hidden
    unanswered: set[RemoteCommentId] = field(default_factory=set)


async def plan_second_readings(
    context: Context,
    state: ProjectState,
    accepted_links: Sequence[Link],
    accepted_pairs: Collection[CommentPairId],
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for the links whose comments are due to be read alone, batch by batch.

    `accepted_links`, `accepted_pairs`: read as well, due or not, because their deletion was accepted. Raises
    what reading raises: what was yielded stays valid.
    """
    ledger, now = context.stores.ledger, context.github.now()
    due = await ledger.links_with_due_second_readings(
        context.project.id, state.repository_id, now, MAX_SECOND_READINGS
    )
    accepted = [await ledger.find_link_of_report(link.report_id) for link in accepted_links]
    again = (link for link in accepted if link is not None and _is_eligible_link(link, state))
    links = list({link.id: link for link in (*again, *due)}.values())
    left = MAX_SECOND_READINGS
    accounts = await read_own_accounts(context, state) if links else frozenset()
    for start in range(0, len(links), LINKS_PER_BATCH):
        batch = links[start : start + LINKS_PER_BATCH]
        threads = await ledger.local_threads(batch)
        plans: list[LinkPlan] = []
        for link in batch:
            thread = threads[link.report_id]
            due_pairs = [pair for pair in thread.pairs if pair.first_reading and _is_due(context, pair)]
            waiting = [pair for pair in due_pairs if pair.id not in accepted_pairs][:left]
            left -= len(waiting)
            ordered = [pair for pair in thread.pairs if pair.first_reading and pair.id in accepted_pairs]
            if thread.report is not None and (waiting or ordered):
                plans += await _plan_link(context, state, link, thread, [*ordered, *waiting], accounts)
        yield plans


def _is_eligible_link(link: Link, state: ProjectState) -> bool:
    """Whether the link is one of those that are read: the store chooses the others by the same rule."""
    return (
        link.state is LinkState.ACTIVE
        and link.quarantined_until is None
        and link.repository_id == state.repository_id
    )


def _is_due(context: Context, pair: CommentPair) -> bool:
    return pair.first_reading is not None and pair.first_reading.second_due <= context.github.now()


async def _plan_link(
    context: Context,
    state: ProjectState,
    link: Link,
    thread: LocalThread,
    pairs: Sequence[CommentPair],
    accounts: frozenset[AccountId],
) -> list[LinkPlan]:
    assert thread.report is not None
    readings = await _read_comments(context, pairs)
    if readings.unanswered:
        try:
            issue = await context.github.issue(link.number)
        except ISSUE_NOT_SHOWN_ERRORS as error:
            await require_same_repository(context, state)
            return [plan_missing_issue(context, link, error)]
        if is_other_issue(link, issue):
            await require_same_repository(context, state)
        seen = link.seen
        if seen is None or not is_older_than_known(issue.updated_at, seen.updated_at, context.github.now()):
            readings.gone |= readings.unanswered
    read = {pair.local_id for pair in pairs}
    # Should the thread be again what it was, its ETag would hide that from verification.
    verification = replace(link.verification, etags=None) if link.verification else None
    view = LinkObservation(
        link=link,
        report=thread.report,
        now=context.github.now(),
        comments=tuple(mark_own_comments(context, link.repository_id, accounts, readings.rows).values()),
        pairs=tuple(pairs),
        local_comments=tuple(comment for comment in thread.comments if comment.id in read),
        verification=verification,
        deleted_remote_ids=frozenset(readings.gone),
        shown_remote_ids=frozenset(readings.shown),
        own_accounts=accounts,
    )
    return await decide_links(context, [view])


async def _read_comments(context: Context, pairs: Sequence[CommentPair]) -> _CommentReadings:
    found = _CommentReadings()
    for pair in pairs:
        if pair.remote_id is None:
            continue
        try:
            row = await context.github.comment(pair.remote_id)
        except (GitHubNotFoundError, IssueTransferredError):
            found.unanswered.add(pair.remote_id)
        except IssueUnreadableError:
            found.shown.add(pair.remote_id)  # what it says can't be read, but it is there
        else:
            found.rows[row.id] = row
            (found.gone if row.is_hidden else found.shown).add(row.id)
    return found
