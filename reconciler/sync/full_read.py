"""Read links in full: the issue and its complete thread on GitHub, all of it in BugSpark.

For the initial sync, for verification, for a link that leaves quarantine, and where a comment must have been
deleted.

An issue that is not shown where it was: one answer proves nothing. After the first, the link waits for
`settle_seconds` in quarantine; a second that says the same ends it, in a state that people see. Both count
only while the repository itself answers with the id we know (the caller has asked). Nothing on either side is
deleted, closed or changed because of it, and no comment is taken for deleted (docs/design.md, Limits and
failure; docs/reference/github.md, Writes).

Two databases on one repository: an issue belongs to the one whose marker is the oldest
(docs/decisions/0033-two-databases.md).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.decide.link import is_other_issue
from reconciler.errors import (
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
    RepositoryInaccessibleError,
)
from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.ids import AccountId, IssueNumber, LinkId, RemoteCommentId, RepositoryId
from reconciler.model.issue import IssueThread, RemoteComment, ThreadEtags
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    Link,
    LinkObservation,
    LinkOrigin,
    LinkState,
    MissingIssue,
    TransferTarget,
    Verification,
    is_older_than_known,
)
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import LocalThread, ProjectState
from reconciler.sync.context import Context
from reconciler.sync.decide_links import QUARANTINE_DURATION
from reconciler.sync.edited_copies import mark_edited_copies
from reconciler.sync.linking import build_link
from reconciler.sync.observe import is_own_account, mark_own_comments, read_own_accounts
from reconciler.sync.preflight import require_same_repository
from reconciler.text import text_digest


def competing_instance(
    context: Context, accounts: Collection[AccountId], link: Link, thread: IssueThread
) -> str | None:
    """The instance of another database that wrote on this issue before this one did, None if there is none.

    Only what an account of ours has written counts.
    """
    return next(_marker_instances(context, accounts, link, thread), None)


def _marker_instances(
    context: Context, accounts: Collection[AccountId], link: Link, thread: IssueThread
) -> Iterator[str | None]:
    """The instance of each marker, the oldest first; None: ours."""
    rows = sorted(thread.comments, key=lambda row: (row.created_at, row.id))
    written = [("issue", thread.issue.author, thread.issue.body)]
    written += [("comment", row.author, row.body) for row in rows]
    for kind, author, body in written:
        if MARKER_NAME not in body or not is_own_account(author, accounts):
            continue
        place = (body, kind, link.repository_id, 0 if kind == "issue" else link.number)
        if context.markers.local_id_of_marker(*place) is not None:
            yield None
        elif (other := context.markers.read_other_instance(*place)) is not None:
            yield other


IssueReadError = (
    GitHubNotFoundError | IssueTransferredError | RepositoryInaccessibleError | IssueUnreadableError
)
ISSUE_NOT_SHOWN_ERRORS = (
    GitHubNotFoundError,
    IssueTransferredError,
    RepositoryInaccessibleError,
    IssueUnreadableError,
)
"""What reading a single issue raises when it is not shown where it was, or can't be read."""


def plan_missing_issue(context: Context, link: Link, error: IssueReadError) -> LinkPlan:
    """The plan for a link whose issue was not shown, of a repository that was."""
    now = context.github.now()
    fate = _link_state_for_error(error)
    if fate is None:  # only this issue can't be read
        after = replace(link, reason=str(error), quarantined_until=now + QUARANTINE_DURATION)
        return LinkPlan(link=link, report=None, after=after)
    first = link.missing_issue
    if first is None or first.state is not fate:
        first = MissingIssue(state=fate, since=now)
    until = first.since + timedelta(seconds=context.timing.settle_seconds)
    if until > now:
        after = replace(link, reason=str(error), missing_issue=first, quarantined_until=until)
        return LinkPlan(link=link, report=None, after=after)
    reason = f"{error} Nothing in BugSpark was changed for it."
    after = replace(
        link,
        state=fate,
        reason=reason,
        missing_issue=None,
        quarantined_until=None,
        transfer_target=_transfer_target(error),
    )
    return LinkPlan(link=link, report=None, after=after)


def _link_state_for_error(error: IssueReadError) -> LinkState | None:
    match error:
        case IssueTransferredError():
            return LinkState.TRANSFERRED
        case GitHubNotFoundError(status=200):
            return LinkState.CONVERTED
        case GitHubNotFoundError():
            return LinkState.GONE
        case RepositoryInaccessibleError() | IssueUnreadableError():
            return None


def _transfer_target(error: Exception) -> TransferTarget | None:
    if not isinstance(error, IssueTransferredError) or error.repository is None or error.number is None:
        return None
    return TransferTarget(repository_id=RepositoryId(error.repository), number=IssueNumber(error.number))


async def link_transferred_issues(context: Context, state: ProjectState) -> None:
    """Link the issues that were transferred to the repository which the project was just connected to.

    The thread is compared again, as with every new link. The report's columns name the new place.
    """
    for past in await context.stores.ledger.links_moved_to(context.project.id, state.repository_id):
        assert past.transfer_target is not None
        if (
            await context.stores.ledger.find_live_link_of_issue(
                state.repository_id, past.transfer_target.number
            )
            is not None
        ):
            continue
        try:
            issue = await context.github.issue(past.transfer_target.number)
        except ISSUE_NOT_SHOWN_ERRORS:
            continue  # it has moved on: the old link still says that it was transferred
        made = build_link(context, state, past.report_id, issue, LinkOrigin.TRANSFER, backfill=past.backfill)
        columns = IssueColumns(repository=made.repository, number=made.number, url=issue.url)
        await context.stores.ledger.create_link(made, columns)
        if state.has_followers:
            await context.stores.followers.move_followers_to_live_link(past.report_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReadResult:
    """Views of the links that could be read, plans for those whose issue is not there."""

    views: tuple[LinkObservation, ...] = ()
    missing_issue_plans: tuple[LinkPlan, ...] = ()


async def read_links_in_full(context: Context, state: ProjectState, links: Sequence[Link]) -> LinkReadResult:
    """Read these links on both sides, GitHub first.

    Raises what reading raises, RepositoryRecreatedError if an issue is another one than it was.
    """
    if not links:
        return LinkReadResult()
    threads: dict[Link, IssueThread] = {}
    plans: list[LinkPlan] = []
    for link in links:
        try:
            found = await context.github.issue_thread(link.number)
        except ISSUE_NOT_SHOWN_ERRORS as error:
            if not plans:  # of a repository that does not answer as itself nothing is inferred
                await require_same_repository(context, state)
            plans.append(plan_missing_issue(context, link, error))
            continue
        if is_other_issue(link, found.issue):
            await require_same_repository(context, state)
        threads[link] = found
    views = await build_link_observations(context, state, threads)
    seen = {view.link.id for view in views}
    plans += await plan_unreadable_reports(context, [link for link in threads if link.id not in seen])
    return LinkReadResult(views=views, missing_issue_plans=tuple(plans))


async def plan_unreadable_reports(context: Context, links: Sequence[Link]) -> list[LinkPlan]:
    """Plans for links whose report has a value that this program does not know."""
    local_threads = await context.stores.ledger.local_threads(links) if links else {}
    reasons = ((link, local_threads[link.report_id].unreadable) for link in links)
    return [plan_unreadable_report(context, link, reason) for link, reason in reasons if reason is not None]


def plan_unreadable_report(context: Context, link: Link, reason: str) -> LinkPlan:
    """The link rests until its report can be read again, which ends the rest at once."""
    after = replace(link, reason=reason, quarantined_until=context.github.now())
    return LinkPlan(link=link, report=None, after=after)


def build_verification(context: Context, link: Link, etags: ThreadEtags | None) -> Verification:
    """A verification done now. It is due again after `verify_seconds`, give or take each link's own tenth."""
    share = 0.9 + 0.2 * (link.id.int % 1000) / 1000
    now = context.github.now()
    return Verification(
        at=now, due=now + timedelta(seconds=share * context.timing.verify_seconds), etags=etags
    )


async def build_link_observations(
    context: Context, state: ProjectState, threads: Mapping[Link, IssueThread]
) -> tuple[LinkObservation, ...]:
    """Views of links that were read in full; without those whose report was deleted in between."""
    accounts = await read_own_accounts(context, state)
    local_threads = await context.stores.ledger.local_threads(tuple(threads))
    names: Mapping[LinkId, tuple[str, ...]] = {}
    if state.has_followers and context.policy.link_comment:
        names = await context.stores.followers.tracking_ids_by_link([link.id for link in threads])
    views = []
    for link, thread in threads.items():
        local_thread = local_threads[link.report_id]
        if local_thread.report is not None:  # if it was deleted in between, the next snapshot says so
            view = await _build_link_observation(context, link, thread, local_thread, accounts)
            views.append(replace(view, follower_names=names.get(link.id, ())))
    return tuple(views)


async def _build_link_observation(
    context: Context,
    link: Link,
    thread: IssueThread,
    local_thread: LocalThread,
    accounts: frozenset[AccountId],
) -> LinkObservation:
    assert local_thread.report is not None
    seen, now = link.seen, context.github.now()
    is_stale = seen is not None and is_older_than_known(thread.issue.updated_at, seen.updated_at, now)
    verification = build_verification(context, link, thread.etags)
    if is_stale:  # a replica that lags: it proves no comment to be there or gone
        soon = now + timedelta(seconds=context.timing.settle_seconds)
        verification = replace(verification, due=soon, etags=None)
    rows = {row.id: row for row in thread.comments}
    rows |= await _reread_stale_comments(context, local_thread.pairs, rows)
    comments = await mark_edited_copies(
        context,
        link.repository_id,
        accounts,
        mark_own_comments(context, link.repository_id, accounts, rows),
        {pair.remote_id for pair in local_thread.pairs},
    )
    return LinkObservation(
        link=link,
        report=local_thread.report,
        now=now,
        issue=thread.issue,
        comments=tuple(comments.values()),
        pairs=local_thread.pairs,
        local_comments=local_thread.comments,
        is_complete=True,
        verification=verification,
        owner_instance=competing_instance(context, accounts, link, thread),
        is_older_than_known=is_stale,
        followers=local_thread.followers,
        own_accounts=accounts,
    )


async def _reread_stale_comments(
    context: Context, pairs: Sequence[CommentPair], rows: Mapping[RemoteCommentId, RemoteComment]
) -> Mapping[RemoteCommentId, RemoteComment]:
    """The comments that seem older than what is known and have another text, each read again by itself.

    Either the thread lags behind, or the known time was ahead of GitHub's clock: then it is an edit, which no
    later look would show as newer (docs/reference/github.md, Lists).
    """
    read = {}
    for pair in pairs:
        row = rows.get(pair.remote_id) if pair.remote_id is not None else None
        if row is None or pair.state is not CommentPairState.LIVE or pair.remote_updated_at is None:
            continue
        if row.updated_at < pair.remote_updated_at and text_digest(row.body) != pair.remote_digest:
            try:
                read[row.id] = await context.github.comment(row.id)
            except (GitHubNotFoundError, IssueUnreadableError):  # the next full read says what became of it
                continue
    return read
