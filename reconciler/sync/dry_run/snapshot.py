"""A snapshot as it would be after the steps so far: links that a step changed are sorted into it again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Side
from reconciler.model.ids import (
    CommentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkState
from reconciler.model.report import LocalComment, Report
from reconciler.model.snapshot import LocalThread, Snapshot
from reconciler.sync.dry_run.state import DryRunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a snapshot was asked for."""

    project_id: ProjectId
    repository_id: RepositoryId
    numbers: frozenset[IssueNumber]
    comments: frozenset[RemoteCommentId]
    copies: frozenset[CommentId]
    local: bool
    by_hand: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLink:
    """A link that an earlier step changed, with BugSpark's half of its thread."""

    link: Link
    thread: LocalThread
    requested: bool  # its number, or the id of one of its comments, was asked for
    unknown: tuple[LocalComment, ...]  # comments that no ledger row names

    @property
    def vanished(self) -> tuple[CommentPair, ...]:
        """Rows whose BugSpark comment is gone."""
        there = {row.id for row in self.thread.comments}
        copied = (CommentPairState.LIVE, CommentPairState.PENDING)
        return tuple(
            pair
            for pair in self.thread.pairs
            if pair.state in copied and pair.local_id is not None and pair.local_id not in there
        )

    @property
    def remote_comment_count(self) -> int:
        """How many of its comments the ledger believes alive on GitHub."""
        return sum(map(_is_live_on_github, self.thread.pairs))


def with_changed_links(
    stored: Snapshot, state: DryRunState, asked: Asked, changed: Sequence[ChangedLink]
) -> Snapshot:
    """The snapshot with these links as they are now in place of those that the database has."""
    reports = {link.report_id for link in state.links.values()}
    kept = _without(stored, reports)
    here = [row for row in changed if row.thread.report is not None]
    orphaned = [row.link for row in changed if _is_orphaned(row, asked)]
    cut = [row.link for row in here if asked.local and _is_cut(row)]
    aside = {link.id for link in (*orphaned, *cut)}
    live = [row for row in here if row.link.id not in aside]
    shown = [row for row in live if _is_shown(row, asked)]
    present = {row.thread.report.id: row.thread.report for row in here if row.thread.report is not None}
    return replace(
        kept,
        links=_sorted((*kept.links, *(row.link for row in shown))),
        new=(*kept.new, *(row.link for row in live if _awaits_initial_sync(row, asked))),
        reports={**kept.reports, **present},
        unrecorded_comments=(
            *kept.unrecorded_comments,
            *(comment for row in shown for comment in row.unknown),
        ),
        vanished_pairs=(
            *kept.vanished_pairs,
            *(pair for row in shown if asked.local for pair in row.vanished),
        ),
        remote_comment_counts={
            **kept.remote_comment_counts,
            **{row.link.id: row.remote_comment_count for row in shown},
        },
        detached=_sorted((*kept.detached, *cut)),
        orphaned=_sorted((*kept.orphaned, *orphaned)),
        released=_sorted((*kept.released, *(row.link for row in live if _is_released(row, asked)))),
    )


def _without(stored: Snapshot, reports: set[ReportId]) -> Snapshot:
    """The snapshot without the links of these reports."""

    def rest(links: Iterable[Link]) -> tuple[Link, ...]:
        return tuple(link for link in links if link.report_id not in reports)

    links = rest(stored.links)
    ids: set[LinkId] = {link.id for link in links}
    return replace(
        stored,
        links=links,
        new=rest(stored.new),
        unrecorded_comments=tuple(row for row in stored.unrecorded_comments if row.report_id not in reports),
        vanished_pairs=tuple(pair for pair in stored.vanished_pairs if pair.link_id in ids),
        detached=rest(stored.detached),
        contested=rest(stored.contested),
        orphaned=rest(stored.orphaned),
        released=rest(stored.released),
    )


def _sorted(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(sorted(links, key=lambda link: (link.number, link.id)))


def _is_orphaned(row: ChangedLink, asked: Asked) -> bool:
    report = row.thread.report
    return asked.local if report is None else report.project_id != asked.project_id


def _is_cut(row: ChangedLink) -> bool:
    """The report's columns do not name the link's issue."""
    report, link = row.thread.report, row.link
    if report is None or report.columns is None:
        return report is not None
    named = (report.columns.repository.lower(), report.columns.number)
    return named != (link.repository.lower(), link.number)


def _awaits_initial_sync(row: ChangedLink, asked: Asked) -> bool:
    until = row.link.quarantined_until
    rested = until is None or asked.by_hand or until <= asked.now
    return asked.local and row.link.state is LinkState.NEW and rested and _is_of_repository(row, asked)


def _is_released(row: ChangedLink, asked: Asked) -> bool:
    until = row.link.quarantined_until
    rested = until is not None and (asked.by_hand or until <= asked.now)
    return asked.local and row.link.state is LinkState.ACTIVE and rested and _is_of_repository(row, asked)


def _is_shown(row: ChangedLink, asked: Asked) -> bool:
    link, report = row.link, row.thread.report
    if link.state is not LinkState.ACTIVE or link.quarantined_until is not None or report is None:
        return False
    differs = bool(_differs(link, report) or row.unknown or row.vanished)
    return _is_of_repository(row, asked) and (row.requested or (asked.local and differs))


def _differs(link: Link, report: Report) -> bool:
    base = link.base
    return base is not None and any(
        field.base_value(base) != field.local_value(report) for field in SYNCED_FIELDS.values()
    )


def _is_of_repository(row: ChangedLink, asked: Asked) -> bool:
    return row.link.repository_id == asked.repository_id


def _is_live_on_github(pair: CommentPair) -> bool:
    if pair.remote_id is None:
        return False
    kept = (CommentPairState.TOMBSTONE, CommentPairState.SKIPPED)
    return pair.state is CommentPairState.LIVE or (pair.origin is Side.GITHUB and pair.state in kept)
