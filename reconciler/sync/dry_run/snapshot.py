"""A snapshot as it would be after the steps so far: links that a step changed are sorted into it again.

The store sorts its rows by the same rules in SQL (`reconciler/store/sync/snapshot.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, IssueNumber, ProjectId, RemoteCommentId, RepositoryId
from reconciler.model.link import HIDDEN_ON_GITHUB, CommentPair, CommentPairState, Link, LinkState, Presence
from reconciler.model.report import IssueColumns, LocalComment, Report
from reconciler.model.snapshot import LocalThread, Snapshot
from reconciler.sync.dry_run.state import DryRunState


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotParameters:
    """What a snapshot is read for: what `ports.Ledger.snapshot` takes, and the time."""

    project_id: ProjectId
    repository_id: RepositoryId
    repository: str
    now: datetime
    numbers: Collection[IssueNumber] = ()
    comments: Collection[RemoteCommentId] = ()
    copies: Collection[CommentId] = ()
    local: bool = True
    by_hand: bool = False
    followers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLink:
    """A link that an earlier step changed, with BugSpark's half of its thread."""

    link: Link
    thread: LocalThread
    is_requested: bool  # its number, or the id of one of its comments, was asked for
    is_issue_free: bool  # no live link holds its issue
    unknown_comments: tuple[LocalComment, ...]  # no ledger row names them

    @property
    def vanished_pairs(self) -> tuple[CommentPair, ...]:
        """Ledger rows whose BugSpark comment is gone."""
        there = {row.id for row in self.thread.comments}
        copied = (pair for pair in self.thread.pairs if is_copied(pair) and not pair.is_about_link)
        gone = (pair for pair in copied if pair.local_id not in there)
        present = self.thread.followers
        return tuple(pair for pair in gone if pair.follower_id is None or pair.follower_id in present)

    @property
    def remote_comment_count(self) -> int:
        """How many of its comments the ledger believes alive on GitHub."""
        return sum(map(_is_comment_expected_on_github, self.thread.pairs))


def with_changed_links(
    stored: Snapshot,
    state: DryRunState,
    query: SnapshotParameters,
    changed: Sequence[ChangedLink],
    claims: Sequence[tuple[Link, Report]],
) -> Snapshot:
    """Return the snapshot with these links as they are now in place of those that the database has.

    `claims`: links that the columns of reports without a link ask for, NEW or CONTESTED.
    """
    kept = _without_changed(stored, state)
    orphaned = [row.link for row in changed if row.link.is_live and _is_orphaned(row, query)]
    here = [row for row in changed if row.thread.report is not None and row.link not in orphaned]
    cut = [
        row.link for row in here if query.local and not row.link.is_named_by_columns(_issue_columns_of(row))
    ]
    live = [row for row in here if row.link not in cut]
    shown = [row for row in live if _belongs_in_snapshot(row, query)]
    waiting = [row.link for row in live if _awaits_initial_sync(row, query)]
    new = [replace(link, state=LinkState.NEW, reason=None) for link in waiting]
    reports = [row.thread.report for row in changed] + [report for _, report in claims]
    return replace(
        kept,
        links=_sort_by_number((*kept.links, *(row.link for row in shown))),
        new=(*kept.new, *new, *(link for link, _ in claims if link.state is LinkState.NEW)),
        reports={**kept.reports, **{report.id: report for report in reports if report is not None}},
        unrecorded_comments=(*kept.unrecorded_comments, *(c for row in shown for c in row.unknown_comments)),
        vanished_pairs=(
            *filter(is_copied, map(state.current_pair, kept.vanished_pairs)),
            *(pair for row in shown if query.local for pair in row.vanished_pairs),
        ),
        remote_comment_counts={
            **kept.remote_comment_counts,
            **{row.link.id: row.remote_comment_count for row in shown},
        },
        detached=_sort_by_number((*kept.detached, *cut)),
        contested=(*kept.contested, *(link for link, _ in claims if link.state is LinkState.CONTESTED)),
        orphaned=_sort_by_number((*kept.orphaned, *orphaned)),
        released=_sort_by_number(
            (*kept.released, *(row.link for row in live if _is_released_from_quarantine(row, query)))
        ),
    )


def _without_changed(stored: Snapshot, state: DryRunState) -> Snapshot:
    """The snapshot without the links of reports whose links a step changed."""
    reports = {link.report_id for link in state.links.values()}

    def rest(links: Iterable[Link]) -> tuple[Link, ...]:
        return tuple(link for link in links if link.report_id not in reports)

    links = rest(map(state.current_link, stored.links))
    ids = {link.id for link in links}
    return replace(
        stored,
        links=links,
        new=rest(stored.new),
        unrecorded_comments=tuple(
            row for row in stored.unrecorded_comments if row.issue_report_id not in reports
        ),
        vanished_pairs=tuple(pair for pair in stored.vanished_pairs if pair.link_id in ids),
        detached=rest(stored.detached),
        contested=rest(stored.contested),
        orphaned=rest(stored.orphaned),
        unreadable=tuple(row for row in stored.unreadable if row[0].report_id not in reports),
        released=rest(map(state.current_link, stored.released)),
    )


def _sort_by_number(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(sorted(links, key=lambda link: (link.number, link.id)))


def _issue_columns_of(row: ChangedLink) -> IssueColumns | None:
    return row.thread.report.columns if row.thread.report is not None else None


def _is_orphaned(row: ChangedLink, query: SnapshotParameters) -> bool:
    report = row.thread.report
    if row.thread.unreadable:
        return False
    return query.local if report is None else report.project_id != query.project_id


def _awaits_initial_sync(row: ChangedLink, query: SnapshotParameters) -> bool:
    link = row.link
    waits = link.state is LinkState.NEW or (link.state is LinkState.CONTESTED and row.is_issue_free)
    return query.local and waits and _is_quarantine_over(link, query) and _is_of_repository(link, query)


def _is_released_from_quarantine(row: ChangedLink, query: SnapshotParameters) -> bool:
    link = row.link
    rested = link.quarantined_until is not None and _is_quarantine_over(link, query)
    return query.local and link.state is LinkState.ACTIVE and rested and _is_of_repository(link, query)


def _is_quarantine_over(link: Link, query: SnapshotParameters) -> bool:
    until = link.quarantined_until
    return until is None or query.by_hand or until <= query.now


def _belongs_in_snapshot(row: ChangedLink, query: SnapshotParameters) -> bool:
    link, report = row.link, row.thread.report
    if link.state is not LinkState.ACTIVE or link.quarantined_until is not None or report is None:
        return False
    differs = _has_difference(link, report) or row.unknown_comments or row.vanished_pairs
    return _is_of_repository(link, query) and (row.is_requested or (query.local and bool(differs)))


def _has_difference(link: Link, report: Report) -> bool:
    base = link.base
    if base is None:
        return False
    differs = any(field.base_value(base) != field.local_value(report) for field in SYNCED_FIELDS.values())
    return differs or base.adopts_mapping


def _is_of_repository(link: Link, query: SnapshotParameters) -> bool:
    return link.repository_id == query.repository_id


def is_copied(pair: CommentPair) -> bool:
    """Whether the row says that a BugSpark comment has a copy, or gets one."""
    return pair.state in (CommentPairState.LIVE, CommentPairState.PENDING) and pair.local_id is not None


def _is_comment_expected_on_github(pair: CommentPair) -> bool:
    if pair.remote_id is None or (
        pair.first_reading is not None and pair.first_reading.presence is Presence.ABSENT
    ):
        return False
    if pair.reason == HIDDEN_ON_GITHUB:
        return True
    kept = (CommentPairState.TOMBSTONE, CommentPairState.SKIPPED)
    return pair.state is CommentPairState.LIVE or (pair.origin is Side.GITHUB and pair.state in kept)
