"""From a look to link plans: one database snapshot, views, decisions; whole threads where needed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import decide_all
from reconciler.cycle.identify import recognised
from reconciler.cycle.observe import Look, accounts_of, recognise
from reconciler.cycle.verify import TAKEN_AWAY
from reconciler.cycle.whole import whole_views
from reconciler.decide.link import is_another, is_doubtful, is_news
from reconciler.errors import MovedError, NotThereError
from reconciler.model.ids import AccountId, IssueNumber, LinkId, RemoteCommentId
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import Entry, Link, LinkState
from reconciler.model.plan import LinkPlan, LinkView
from reconciler.model.snapshot import Memory, Poisoned, Snapshot
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The decided part of a look, and the links that wait for their first contact."""

    plans: tuple[LinkPlan, ...]
    new: tuple[Link, ...]
    poisoned: tuple[Poisoned, ...]
    strangers: tuple[Issue, ...]  # issues without a link: discovery looks at them
    unknown: tuple[RemoteComment, ...] = ()  # comments with our marker that these links' ledgers do not know


async def decide_look(context: Context, memory: Memory, look: Look, again: Sequence[Link] = ()) -> Segment:
    """Decide every link the look touches. `again`: links to be looked at whole as well.

    Raises what reading raises; a link that can't be decided comes back as a plan that quarantines it.
    """
    accounts = await accounts_of(context, memory) if look.comments else frozenset()
    comments = recognise(context, memory.repository_id, accounts, look.comments)
    snapshot = await context.stores.ledger.snapshot(
        context.project.id,
        memory.repository_id,
        memory.repository,
        numbers=look.numbers,
        comments=tuple(comments),
        copies=tuple(row.marked for row in comments.values() if row.marked is not None),
        local=look.local,
        by_hand=context.by_hand and look.local,
    )
    shown = ((link, look.issues[link.number]) for link in snapshot.links if link.number in look.issues)
    if any(is_another(link, issue) for link, issue in shown):
        await recognised(context, memory)
    issues = await _undoubted(context, snapshot, look)
    again = (*again, *(link for link in snapshot.links if link.number in look.whole))
    whole = () if look.early else _to_look_whole(snapshot, issues, comments, again, look.direct)
    views = list(_views(snapshot, issues, comments, accounts, {link.id for link in whole}))
    looked = await whole_views(context, memory, whole)
    plans = [*_ended(snapshot), *await decide_all(context, [*views, *looked.views]), *looked.plans]
    linked = {link.number for link in snapshot.links} | {link.number for link in snapshot.new}
    return Segment(
        plans=tuple(plan for plan in plans if not plan.idle),
        new=snapshot.new,
        poisoned=(*look.poisoned, *snapshot.poisoned),
        strangers=tuple(row for number, row in issues.items() if number not in linked),
        unknown=tuple(unheard([*views, *looked.views])),
    )


def unheard(views: Iterable[LinkView]) -> Iterable[RemoteComment]:
    """Comments with our marker that these links' ledgers do not know."""
    for view in views:
        known = {entry.remote_id for entry in view.entries}
        yield from (row for row in view.comments if row.marked is not None and row.id not in known)


async def _undoubted(context: Context, snapshot: Snapshot, look: Look) -> dict[IssueNumber, Issue]:
    """The rows that are news. One that may be from before our own write is read again first."""
    links = {link.number: link for link in snapshot.links}
    rows: dict[IssueNumber, Issue] = {}
    for number, row in look.issues.items():
        link = links.get(number)
        if link is None or number in look.direct or not is_doubtful(link, row):
            rows[number] = row
            continue
        try:
            rows[number] = await context.github.issue(number)
        except (NotThereError, MovedError):  # meanwhile: verification looks into it
            continue
    return rows


def _to_look_whole(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    again: Sequence[Link],
    direct: Collection[IssueNumber],
) -> tuple[Link, ...]:
    """Fewer comments than the ledger and this look know: one was deleted, and no list will ever say which.
    More of them on an issue that was read directly: the comment list lags behind it.
    """
    known = {entry.remote_id for entry in snapshot.entries}
    fresh = Counter(row.issue_number for row in comments.values() if row.id not in known)
    more = {
        link: issues[link.number].comments - snapshot.counted.get(link.id, 0) - fresh[link.number]
        for link in snapshot.links
        if link.number in issues
    }
    uneven = [link for link, by in more.items() if by < 0 or (by > 0 and link.number in direct)]
    theirs = {row.issue_number for row in comments.values() if row.foreign and row.id not in known}
    rivals = [link for link in snapshot.links if link.number in theirs and link.held_by is None]
    chosen = {link.id: link for link in (*uneven, *rivals, *snapshot.released, *again)}
    return tuple(chosen.values())


def _views(
    snapshot: Snapshot,
    issues: Mapping[IssueNumber, Issue],
    comments: Mapping[RemoteCommentId, RemoteComment],
    accounts: frozenset[AccountId],
    elsewhere: set[LinkId],
) -> Iterable[LinkView]:
    rows: defaultdict[IssueNumber, list[RemoteComment]] = defaultdict(list)
    for row in comments.values():
        rows[row.issue_number].append(row)
    entries, gone = _by_link(snapshot.entries), _by_link(snapshot.gone)
    unknown = defaultdict(list)
    for comment in snapshot.unknown:
        unknown[comment.report_id].append(comment)
    for link in snapshot.links:
        report = snapshot.reports.get(link.report_id)
        if report is None or link.id in elsewhere:
            continue
        issue = issues.get(link.number)
        yield LinkView(
            link=link,
            report=report,
            issue=issue if issue is not None and is_news(link, issue) else None,
            comments=tuple(rows[link.number]),
            entries=tuple(entries[link.id]),
            local=tuple(unknown[link.report_id]),
            gone=tuple(gone[link.id]),
            accounts=accounts,
        )


def _by_link(entries: Iterable[Entry]) -> defaultdict[LinkId, list[Entry]]:
    found: defaultdict[LinkId, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.link_id].append(entry)
    return found


def _ended(snapshot: Snapshot) -> Iterable[LinkPlan]:
    """Links that end because of what happened in BugSpark. Nothing on GitHub is touched for it."""
    left = [link for link in snapshot.orphaned if link.report_id in snapshot.reports]
    gone = [link for link in snapshot.orphaned if link.report_id not in snapshot.reports]
    endings = (
        (snapshot.cut, LinkState.UNLINKED, "the report's columns no longer name this issue"),
        (gone, LinkState.REPORT_DELETED, "the report was deleted in BugSpark"),
        (left, LinkState.REPORT_DELETED, TAKEN_AWAY),
        (snapshot.contested, LinkState.CONTESTED, "another report is already linked to this issue"),
    )
    for links, state, reason in endings:
        for link in links:
            yield LinkPlan(link=link, report=None, after=replace(link, state=state, reason=reason))
