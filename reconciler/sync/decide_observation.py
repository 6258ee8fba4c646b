"""From an observation to link plans: one database snapshot, views, decisions; full reads where needed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.decide.link import has_new_information, is_other_issue, is_possibly_outdated
from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.model.ids import AccountId, IssueNumber, LinkId, RemoteCommentId
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import CommentPair, Link, LinkObservation, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import PoisonedItem, ProjectState, Snapshot
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.edited_copies import find_doubtful_copies
from reconciler.sync.full_read import LinkReadResult, plan_unreadable_report, read_links_in_full
from reconciler.sync.observe import GitHubObservation, mark_own_comments, read_own_accounts
from reconciler.sync.preflight import require_same_repository
from reconciler.sync.verify import REPORT_MOVED_REASON


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationDecision:
    """The decided part of an observation, and the links that wait for their initial sync."""

    plans: tuple[LinkPlan, ...]
    new_links: tuple[Link, ...]
    poisoned: tuple[PoisonedItem, ...]
    unlinked_issues: tuple[Issue, ...]  # issues without a link: discovery looks at them
    unrecorded_copies: tuple[
        RemoteComment, ...
    ] = ()  # comments with our marker that these links' ledgers do not know


async def decide_observation(
    context: Context,
    project_state: ProjectState,
    observation: GitHubObservation,
    links_in_full: Sequence[Link] = (),
) -> ObservationDecision:
    """Decide every link that the observation concerns. `links_in_full`: links to be read in full as well.

    Raises what reading raises. For a link that can't be decided there is a plan that puts it into quarantine.
    """
    accounts, comments, doubtful = await _read_comment_origins(context, project_state, observation)
    snapshot = await context.stores.ledger.snapshot(
        context.project.id,
        project_state.repository_id,
        project_state.repository,
        numbers=observation.issue_numbers,
        comments=(*comments, *(row.comment_id for row in observation.poisoned if row.comment_id)),
        copies=tuple(row.marker_comment_id for row in comments.values() if row.marker_comment_id is not None),
        local=observation.includes_local,
        by_hand=context.manual and observation.includes_local,
        followers=project_state.has_followers,
    )
    await _require_repository_not_recreated(context, project_state, snapshot, observation)
    issues, unreadable = await _reread_doubtful_issues(context, snapshot, observation)
    unreadable |= _issues_of_unreadable_rows(snapshot, observation)
    doubted = _links_with_ambiguous_comments(snapshot, [comments[key] for key in doubtful])
    unread = (link for link in snapshot.links if link.number in unreadable)
    links_in_full = (*links_in_full, *unread, *doubted)
    in_full = _links_to_read_in_full(snapshot, issues, comments, observation, links_in_full)
    elsewhere = {link.id for link in in_full}
    views = list(
        _build_link_observations(snapshot, issues, comments, accounts, elsewhere, context.github.now())
    )
    full = await read_links_in_full(context, project_state, in_full) if in_full else LinkReadResult()
    all_views = [*views, *full.views]
    plans = [
        *_plan_local_link_ends(snapshot),
        *(await decide_links(context, all_views) if all_views else ()),
        *full.missing_issue_plans,
        *(plan_unreadable_report(context, link, reason) for link, reason in snapshot.unreadable),
    ]
    linked = {link.number for link in snapshot.links} | {link.number for link in snapshot.new}
    return ObservationDecision(
        plans=tuple(plan for plan in plans if not plan.is_idle),
        new_links=snapshot.new,
        poisoned=tuple(_poisoned_without_plan(snapshot, observation)),
        unlinked_issues=tuple(row for number, row in issues.items() if number not in linked),
        unrecorded_copies=tuple(find_unrecorded_copies(all_views)),
    )


async def _read_comment_origins(
    context: Context, project_state: ProjectState, observation: GitHubObservation
) -> tuple[frozenset[AccountId], Mapping[RemoteCommentId, RemoteComment], frozenset[RemoteCommentId]]:
    """Return our accounts, the comments with ours marked, and those only the whole thread tells apart."""
    if not observation.comments:
        return frozenset(), {}, frozenset()
    repository_id = project_state.repository_id
    accounts = await read_own_accounts(context, project_state)
    comments = mark_own_comments(context, repository_id, accounts, observation.comments)
    return accounts, comments, await find_doubtful_copies(context, repository_id, accounts, comments.values())


async def _require_repository_not_recreated(
    context: Context, project_state: ProjectState, snapshot: Snapshot, observation: GitHubObservation
) -> None:
    """Check the repository if a row is another issue than the link's. Raises RepositoryRecreatedError."""
    links = (link for link in snapshot.links if link.number in observation.issues)
    if any(is_other_issue(link, observation.issues[link.number]) for link in links):
        await require_same_repository(context, project_state)


def _links_with_ambiguous_comments(snapshot: Snapshot, doubtful: Iterable[RemoteComment]) -> list[Link]:
    """Return the links of comments that only the whole thread can tell apart."""
    known = {pair.remote_id for pair in snapshot.pairs}
    numbers = {row.issue_number for row in doubtful if row.id not in known}
    return [link for link in snapshot.links if link.number in numbers]


def find_unrecorded_copies(views: Iterable[LinkObservation]) -> Iterable[RemoteComment]:
    """Find comments with our marker that these links' ledgers do not know."""
    for view in views:
        known = {pair.remote_id for pair in view.pairs}
        yield from (row for row in view.comments if row.marker_comment_id is not None and row.id not in known)


async def _reread_doubtful_issues(
    context: Context, snapshot: Snapshot, observation: GitHubObservation
) -> tuple[dict[IssueNumber, Issue], frozenset[IssueNumber]]:
    """Return the rows that are news, and the issues whose row could not be read.

    A row that may be older than our own write is read again first.
    """
    links = {link.number: link for link in snapshot.links}
    rows: dict[IssueNumber, Issue] = {}
    unreadable: set[IssueNumber] = set()
    now = context.github.now()
    for number, row in observation.issues.items():
        link = links.get(number)
        if link is None or number in observation.read_directly or not is_possibly_outdated(link, row, now):
            rows[number] = row
            continue
        try:
            rows[number] = await context.github.issue(number)
        except (GitHubNotFoundError, IssueTransferredError):  # gone in between: verification finds out
            continue
        except IssueUnreadableError:
            unreadable.add(number)
    return rows, frozenset(unreadable)


def _issues_of_unreadable_rows(snapshot: Snapshot, observation: GitHubObservation) -> frozenset[IssueNumber]:
    """The linked issues that unreadable list rows belong to: a full read says what rests, and why."""
    return frozenset(
        link.number
        for row in observation.poisoned
        for link in snapshot.links
        if _is_row_of(row, link, snapshot)
    )


def _poisoned_without_plan(snapshot: Snapshot, observation: GitHubObservation) -> Iterable[PoisonedItem]:
    """Return rows that no full read of a link says more about; and what the database has that can't be read,
    without the links that are put to rest for it just now.
    """
    for row in observation.poisoned:
        if not any(_is_row_of(row, link, snapshot) for link in (*snapshot.links, *snapshot.new)):
            yield row
    planned = {link.id for link, _ in snapshot.unreadable}
    yield from (item for item in snapshot.poisoned if item.link_id not in planned)


def _is_row_of(row: PoisonedItem, link: Link, snapshot: Snapshot) -> bool:
    if row.number is not None:
        return row.number == link.number
    return row.comment_id is not None and any(
        pair.remote_id == row.comment_id and pair.link_id == link.id for pair in snapshot.pairs
    )


def _links_to_read_in_full(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    observation: GitHubObservation,
    links_in_full: Sequence[Link],
) -> tuple[Link, ...]:
    """The links that have to be read in full, beside those that are wanted anyway.

    An issue with fewer comments than ledger and observation know: one was deleted, and no list ever says
    which. An issue that was read directly and has more: the comment list lags behind it.
    """
    if observation.is_before_lists:
        return ()
    known = {pair.remote_id for pair in snapshot.pairs}
    fresh = Counter(row.issue_number for row in comments.values() if row.id not in known)
    surplus = {
        link: issues[link.number].comments
        - snapshot.remote_comment_counts.get(link.id, 0)
        - fresh[link.number]
        for link in snapshot.links
        if link.number in issues
    }
    uneven = [
        link
        for link, by in surplus.items()
        if by < 0 or (by > 0 and link.number in observation.read_directly)
    ]
    issues_of_others = {
        row.issue_number for row in comments.values() if row.marker_instance and row.id not in known
    }
    rivals = [
        link for link in snapshot.links if link.number in issues_of_others and link.owner_instance is None
    ]
    wanted = (link for link in snapshot.links if link.number in observation.to_read_in_full)
    chosen = {link.id: link for link in (*uneven, *rivals, *snapshot.released, *links_in_full, *wanted)}
    return tuple(chosen.values())


def _build_link_observations(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    accounts: frozenset[AccountId],
    elsewhere: set[LinkId],
    now: datetime,
) -> Iterable[LinkObservation]:
    rows: defaultdict[IssueNumber, list[RemoteComment]] = defaultdict(list)
    for row in comments.values():
        rows[row.issue_number].append(row)
    pairs, gone = _group_pairs_by_link(snapshot.pairs), _group_pairs_by_link(snapshot.vanished_pairs)
    unknown = defaultdict(list)
    for comment in snapshot.unrecorded_comments:
        unknown[comment.issue_report_id].append(comment)
    for link in snapshot.links:
        report = snapshot.reports.get(link.report_id)
        if report is None or link.id in elsewhere:
            continue
        issue = issues.get(link.number)
        yield LinkObservation(
            link=link,
            report=report,
            now=now,
            issue=issue if issue is not None and has_new_information(link, issue, now) else None,
            comments=tuple(rows[link.number]),
            pairs=tuple(pairs[link.id]),
            local_comments=tuple(unknown[link.report_id]),
            vanished_pairs=tuple(gone[link.id]),
            own_accounts=accounts,
        )


def _group_pairs_by_link(pairs: Iterable[CommentPair]) -> defaultdict[LinkId, list[CommentPair]]:
    found: defaultdict[LinkId, list[CommentPair]] = defaultdict(list)
    for pair in pairs:
        found[pair.link_id].append(pair)
    return found


def _plan_local_link_ends(snapshot: Snapshot) -> Iterable[LinkPlan]:
    """Plans for links that end because of what happened in BugSpark. Nothing on GitHub is changed for it."""
    left = [link for link in snapshot.orphaned if link.report_id in snapshot.reports]
    gone = [link for link in snapshot.orphaned if link.report_id not in snapshot.reports]
    endings = (
        (snapshot.detached, LinkState.UNLINKED, "the report's columns no longer name this issue"),
        (gone, LinkState.REPORT_DELETED, "the report was deleted in BugSpark"),
        (left, LinkState.REPORT_DELETED, REPORT_MOVED_REASON),
    )
    for links, state, reason in endings:
        for link in links:
            yield LinkPlan(link=link, report=None, after=replace(link, state=state, reason=reason))
    for link in snapshot.contested:
        reason = link.reason or "another report is already linked to this issue"
        yield LinkPlan(
            link=replace(link, reason=None),  # made up by the snapshot, which says who holds the issue
            report=None,
            after=replace(link, state=LinkState.CONTESTED, reason=reason),
        )
