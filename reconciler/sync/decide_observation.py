"""From a look to link plans: one database snapshot, views, decisions; whole threads where needed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.decide.link import is_news, is_other_issue, is_possibly_outdated
from reconciler.errors import MovedError, NotThereError
from reconciler.model.ids import AccountId, IssueNumber, LinkId, RemoteCommentId
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import CommentPair, Link, LinkObservation, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import PoisonedItem, ProjectState, Snapshot
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.full_read import read_links_in_full
from reconciler.sync.observe import Observation, mark_own_comments, read_own_accounts
from reconciler.sync.preflight import require_same_repository
from reconciler.sync.verify import REPORT_MOVED_REASON


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationDecision:
    """The decided part of a look, and the links that wait for their first contact."""

    plans: tuple[LinkPlan, ...]
    new_links: tuple[Link, ...]
    poisoned: tuple[PoisonedItem, ...]
    unlinked_issues: tuple[Issue, ...]  # issues without a link: discovery looks at them
    unrecorded_copies: tuple[
        RemoteComment, ...
    ] = ()  # comments with our marker that these links' ledgers do not know


async def decide_observation(
    context: Context, memory: ProjectState, look: Observation, again: Sequence[Link] = ()
) -> ObservationDecision:
    """Decide every link the look touches. `again`: links to be looked at whole as well.

    Raises what reading raises; a link that can't be decided comes back as a plan that quarantines it.
    """
    accounts = await read_own_accounts(context, memory) if look.comments else frozenset()
    comments = mark_own_comments(context, memory.repository_id, accounts, look.comments)
    snapshot = await context.stores.ledger.snapshot(
        context.project.id,
        memory.repository_id,
        memory.repository,
        numbers=look.issue_numbers,
        comments=tuple(comments),
        copies=tuple(row.marker_comment_id for row in comments.values() if row.marker_comment_id is not None),
        local=look.includes_local,
        by_hand=context.manual and look.includes_local,
    )
    shown = ((link, look.issues[link.number]) for link in snapshot.links if link.number in look.issues)
    if any(is_other_issue(link, issue) for link, issue in shown):
        await require_same_repository(context, memory)
    issues = await _reread_doubtful_issues(context, snapshot, look)
    again = (*again, *(link for link in snapshot.links if link.number in look.to_read_in_full))
    whole = (
        ()
        if look.is_before_lists
        else _links_to_read_in_full(snapshot, issues, comments, again, look.read_directly)
    )
    views = list(_build_views(snapshot, issues, comments, accounts, {link.id for link in whole}))
    looked = await read_links_in_full(context, memory, whole)
    plans = [
        *_plan_ended_links(snapshot),
        *await decide_links(context, [*views, *looked.views]),
        *looked.missing_issue_plans,
    ]
    linked = {link.number for link in snapshot.links} | {link.number for link in snapshot.new}
    return ObservationDecision(
        plans=tuple(plan for plan in plans if not plan.is_idle),
        new_links=snapshot.new,
        poisoned=(*look.poisoned, *snapshot.poisoned),
        unlinked_issues=tuple(row for number, row in issues.items() if number not in linked),
        unrecorded_copies=tuple(find_unrecorded_copies([*views, *looked.views])),
    )


def find_unrecorded_copies(views: Iterable[LinkObservation]) -> Iterable[RemoteComment]:
    """Comments with our marker that these links' ledgers do not know."""
    for view in views:
        known = {entry.remote_id for entry in view.pairs}
        yield from (row for row in view.comments if row.marker_comment_id is not None and row.id not in known)


async def _reread_doubtful_issues(
    context: Context, snapshot: Snapshot, look: Observation
) -> dict[IssueNumber, Issue]:
    """The rows that are news. One that may be from before our own write is read again first."""
    links = {link.number: link for link in snapshot.links}
    rows: dict[IssueNumber, Issue] = {}
    for number, row in look.issues.items():
        link = links.get(number)
        if link is None or number in look.read_directly or not is_possibly_outdated(link, row):
            rows[number] = row
            continue
        try:
            rows[number] = await context.github.issue(number)
        except (NotThereError, MovedError):  # in the meantime: verification looks into it
            continue
    return rows


def _links_to_read_in_full(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    again: Sequence[Link],
    direct: Collection[IssueNumber],
) -> tuple[Link, ...]:
    """Fewer comments than the ledger and this look know: one was deleted, and no list will ever say which.
    More of them on an issue that was read directly: the comment list lags behind it.
    """
    known = {entry.remote_id for entry in snapshot.pairs}
    fresh = Counter(row.issue_number for row in comments.values() if row.id not in known)
    more = {
        link: issues[link.number].comments
        - snapshot.remote_comment_counts.get(link.id, 0)
        - fresh[link.number]
        for link in snapshot.links
        if link.number in issues
    }
    uneven = [link for link, by in more.items() if by < 0 or (by > 0 and link.number in direct)]
    theirs = {row.issue_number for row in comments.values() if row.marker_instance and row.id not in known}
    rivals = [link for link in snapshot.links if link.number in theirs and link.owner_instance is None]
    chosen = {link.id: link for link in (*uneven, *rivals, *snapshot.released, *again)}
    return tuple(chosen.values())


def _build_views(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    accounts: frozenset[AccountId],
    elsewhere: set[LinkId],
) -> Iterable[LinkObservation]:
    rows: defaultdict[IssueNumber, list[RemoteComment]] = defaultdict(list)
    for row in comments.values():
        rows[row.issue_number].append(row)
    entries, gone = _group_by_link(snapshot.pairs), _group_by_link(snapshot.vanished_pairs)
    unknown = defaultdict(list)
    for comment in snapshot.unrecorded_comments:
        unknown[comment.report_id].append(comment)
    for link in snapshot.links:
        report = snapshot.reports.get(link.report_id)
        if report is None or link.id in elsewhere:
            continue
        issue = issues.get(link.number)
        yield LinkObservation(
            link=link,
            report=report,
            issue=issue if issue is not None and is_news(link, issue) else None,
            comments=tuple(rows[link.number]),
            pairs=tuple(entries[link.id]),
            local_comments=tuple(unknown[link.report_id]),
            vanished_pairs=tuple(gone[link.id]),
            own_accounts=accounts,
        )


def _group_by_link(entries: Iterable[CommentPair]) -> defaultdict[LinkId, list[CommentPair]]:
    found: defaultdict[LinkId, list[CommentPair]] = defaultdict(list)
    for entry in entries:
        found[entry.link_id].append(entry)
    return found


def _plan_ended_links(snapshot: Snapshot) -> Iterable[LinkPlan]:
    """Links that end because of what happened in BugSpark. Nothing on GitHub is touched for it."""
    left = [link for link in snapshot.orphaned if link.report_id in snapshot.reports]
    gone = [link for link in snapshot.orphaned if link.report_id not in snapshot.reports]
    endings = (
        (snapshot.detached, LinkState.UNLINKED, "the report's columns no longer name this issue"),
        (gone, LinkState.REPORT_DELETED, "the report was deleted in BugSpark"),
        (left, LinkState.REPORT_DELETED, REPORT_MOVED_REASON),
        (snapshot.contested, LinkState.CONTESTED, "another report is already linked to this issue"),
    )
    for links, state, reason in endings:
        for link in links:
            yield LinkPlan(link=link, report=None, after=replace(link, state=state, reason=reason))
