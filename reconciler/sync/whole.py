"""Looking at links whole: the issue and its complete thread on GitHub, all of it in BugSpark.

For first contact (contacts.py), for verification, for a link that leaves quarantine, and where a comment must
have been deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from reconciler.decide.link import is_other_issue
from reconciler.errors import NotThereError
from reconciler.model.ids import AccountId, RemoteCommentId
from reconciler.model.issue import IssueThread, RemoteComment, ThreadEtags
from reconciler.model.link import CommentPair, CommentPairState, Link, Verification
from reconciler.model.plan import LinkObservation, LinkPlan
from reconciler.model.snapshot import LocalThread, ProjectState
from reconciler.model.values import dataclass
from reconciler.sync.context import Context
from reconciler.sync.endings import ISSUE_NOT_SHOWN_ERRORS, plan_missing_issue
from reconciler.sync.identify import require_same_repository
from reconciler.sync.observe import mark_own_comments, read_own_accounts
from reconciler.sync.rivals import competing_instance


@dataclass(frozen=True, slots=True, kw_only=True)
class FullReadResult:
    """Views of the links that could be read, plans for those whose issue is not there."""

    views: tuple[LinkObservation, ...] = ()
    missing_issue_plans: tuple[LinkPlan, ...] = ()


async def read_links_in_full(context: Context, memory: ProjectState, links: Sequence[Link]) -> FullReadResult:
    """Read these links on both sides, GitHub first. Raises what reading raises, RecreatedError where an issue
    is another one than it was."""
    if not links:
        return FullReadResult()
    threads: dict[Link, IssueThread] = {}
    plans: list[LinkPlan] = []
    for link in links:
        try:
            found = await context.github.issue_thread(link.number)
        except ISSUE_NOT_SHOWN_ERRORS as error:
            if not plans:  # of a repository that does not answer as itself nothing is inferred
                await require_same_repository(context, memory)
            plans.append(plan_missing_issue(context, link, error))
            continue
        if is_other_issue(link, found.issue):
            await require_same_repository(context, memory)
        threads[link] = found
    return FullReadResult(views=await build_views(context, memory, threads), missing_issue_plans=tuple(plans))


def checked_now(context: Context, link: Link, etags: ThreadEtags | None) -> Verification:
    """Compared now; due again after `verify_seconds`, a tenth sooner or later, each link by its own share."""
    share = 0.9 + 0.2 * (link.id.int % 1000) / 1000
    now = context.github.now()
    return Verification(
        at=now, due=now + timedelta(seconds=share * context.timing.verify_seconds), etags=etags
    )


async def build_views(
    context: Context, memory: ProjectState, threads: Mapping[Link, IssueThread]
) -> tuple[LinkObservation, ...]:
    """Both sides of links that were read whole; without those whose report was deleted meanwhile."""
    accounts = await read_own_accounts(context, memory)
    halves = await context.stores.ledger.threads(tuple(threads))
    views = []
    for link, thread in threads.items():
        half = halves[link.report_id]
        if half.report is not None:  # deleted meanwhile: the next snapshot says so
            views.append(await _build_view(context, link, thread, half, accounts))
    return tuple(views)


async def _build_view(
    context: Context, link: Link, thread: IssueThread, half: LocalThread, accounts: frozenset[AccountId]
) -> LinkObservation:
    assert half.report is not None
    rows = {row.id: row for row in thread.comments}
    return LinkObservation(
        link=link,
        report=half.report,
        issue=thread.issue,
        comments=tuple(mark_own_comments(context, link.repository_id, accounts, rows).values()),
        pairs=half.pairs,
        local_comments=half.comments,
        is_complete=True,
        verification=checked_now(context, link, thread.etags),
        owner_instance=competing_instance(context, accounts, link, thread),
        deleted_remote_ids=await _read_missing_comments(context, half.pairs, rows),
        own_accounts=accounts,
    )


async def _read_missing_comments(
    context: Context, entries: Sequence[CommentPair], rows: Mapping[RemoteCommentId, RemoteComment]
) -> frozenset[int]:
    """Deletion is inferred only from complete reads, and from the comment itself saying it is not there."""
    missing = set()
    for remote_id in _absent_comment_ids(entries, rows):
        try:
            await context.github.comment(remote_id)
        except NotThereError:
            missing.add(remote_id)
    return frozenset(missing)


def _absent_comment_ids(
    entries: Sequence[CommentPair], rows: Mapping[RemoteCommentId, RemoteComment]
) -> Iterator[RemoteCommentId]:
    for entry in entries:
        live = entry.state is CommentPairState.LIVE
        if live and entry.remote_id is not None and entry.remote_id not in rows:
            yield entry.remote_id
