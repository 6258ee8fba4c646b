"""One consistent snapshot of a project's links, reports and comments (model/snapshot.py has its parts)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import LinkId, ReportId
from reconciler.model.link import LIVE_STATES, CommentPair, Link, LinkState, link_from_report_columns
from reconciler.model.report import LocalComment, Report, unknown_values_reason
from reconciler.model.snapshot import LocalThread, Snapshot
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import (
    REPORT_COLUMNS,
    to_local_comment,
    to_report_and_unknown_values,
)
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_comment_pair
from reconciler.store.schema.tables import comment_pairs
from reconciler.store.sync.followers.thread_comments import read_present_followers, thread_comments
from reconciler.store.sync.snapshot_reader import SnapshotReader, SnapshotRequest, SnapshotRows


async def read_snapshot(connection: AsyncConnection, wanted: SnapshotRequest) -> Snapshot:
    """Read all rows within the connection's transaction, then sort them."""
    found = SnapshotRows()
    reader = SnapshotReader(connection, found)
    if wanted.include_local:
        await reader.read_differences(wanted)
    await reader.read_requested_links_and_pairs(wanted)
    await reader.read_reports_and_comment_counts()
    return build_snapshot(found, wanted)


def build_snapshot(found: SnapshotRows, wanted: SnapshotRequest) -> Snapshot:
    """Sort rows into a Snapshot. A link that is detached or orphaned stands nowhere else in it."""
    moved = {row["link_id"] for row in found.changed_rows if row["link_id"] is not None}
    detached = {id_ for id_ in moved if _is_detached_from_columns(found, id_)}
    orphans = found.orphans | _links_of_moved_reports(found, wanted)
    excluded = detached | orphans
    in_scope = {
        id_ for id_ in (moved | found.requested_links) - excluded if _is_syncable_link(found, id_, wanted)
    }
    from_columns = _links_from_report_columns(found, wanted)
    return Snapshot(
        links=_sorted_links(found, in_scope),
        new=_links_awaiting_initial_sync(found, found.new_links - excluded)
        + tuple(each for each in from_columns if each.state is LinkState.NEW),
        reports=found.reports,
        pairs=tuple(found.pairs),
        unrecorded_comments=_comments_without_pair(found, in_scope),
        vanished_pairs=tuple(pair for pair in found.deleted_pairs if pair.link_id in in_scope),
        remote_comment_counts={
            id_: count for id_, count in found.remote_comment_counts.items() if id_ in in_scope
        },
        detached=_sorted_links(found, detached - orphans),
        contested=tuple(each for each in from_columns if each.state is LinkState.CONTESTED),
        orphaned=_sorted_links(found, orphans),
        unreadable=tuple(
            (link, found.unreadable[link.report_id])
            for link in _sorted_links(found, found.links.keys() - excluded)
            if _needs_quarantine(found, link, wanted)
        ),
        released=tuple(
            link
            for link in _sorted_links(found, found.released_links - excluded)
            if _has_readable_report(found, link)
        ),
        poisoned=tuple(found.poisoned),
    )


def _links_of_moved_reports(found: SnapshotRows, wanted: SnapshotRequest) -> frozenset[UUID]:
    """Live links whose report belongs to another project now."""
    live = (link for link in found.links.values() if link.state in LIVE_STATES)
    return frozenset(
        link.id
        for link in live
        if link.report_id in found.reports and found.reports[link.report_id].project_id != wanted.project
    )


def _sorted_links(found: SnapshotRows, wanted: Iterable[UUID]) -> tuple[Link, ...]:
    """Sort by issue number: a plan must not depend on the order of the rows."""
    present = (found.links[id_] for id_ in wanted if id_ in found.links)
    return tuple(sorted(present, key=lambda link: (link.number, link.id)))


def _is_detached_from_columns(found: SnapshotRows, id_: UUID) -> bool:
    link = found.links.get(id_)
    report = found.reports.get(link.report_id) if link else None
    if link is None or report is None:
        return False
    return not link.is_named_by_columns(report.columns)


def _is_syncable_link(found: SnapshotRows, id_: UUID, wanted: SnapshotRequest) -> bool:
    """Whether the link is ACTIVE, in this repository, not in quarantine, and its report readable."""
    link = found.links.get(id_)
    return (
        link is not None
        and link.state is LinkState.ACTIVE
        and link.repository_id == wanted.repository_id
        and link.quarantined_until is None
        and _has_readable_report(found, link)
    )


def _needs_quarantine(found: SnapshotRows, link: Link, wanted: SnapshotRequest) -> bool:
    """Whether the link was synced so far, and its report has got a value that this program does not know."""
    here = link.state is LinkState.ACTIVE and link.repository_id == wanted.repository_id
    return here and link.quarantined_until is None and link.report_id in found.unreadable


def _has_readable_report(found: SnapshotRows, link: Link) -> bool:
    return link.report_id in found.reports


def _links_awaiting_initial_sync(found: SnapshotRows, wanted: Iterable[UUID]) -> tuple[Link, ...]:
    stored = (link for link in _sorted_links(found, wanted) if _has_readable_report(found, link))
    return tuple(replace(link, state=LinkState.NEW, reason=None) for link in stored)


def _comments_without_pair(found: SnapshotRows, in_scope: set[UUID]) -> tuple[LocalComment, ...]:
    report_ids = {found.links[id_].report_id for id_ in in_scope}
    unknown = map(to_local_comment, found.unknown_comments)
    return tuple(comment for comment in unknown if comment.issue_report_id in report_ids)


def _links_from_report_columns(found: SnapshotRows, wanted: SnapshotRequest) -> list[Link]:
    """Links for reports whose columns name this repository; the second claim on an issue is CONTESTED."""
    made: list[Link] = []
    holders = dict(found.holders)
    claims = [found.reports.get(row["report_id"]) for row in found.changed_rows if row["link_id"] is None]
    oldest_first = sorted((each for each in claims if each), key=lambda each: (each.created_at, each.id))
    for report in oldest_first:
        if report.columns is None:
            continue
        holder = holders.get(report.columns.number)
        state = LinkState.NEW if holder is None else LinkState.CONTESTED
        link = _link_from_report_columns(found, report, wanted, state)
        made.append(link if holder is None else replace(link, reason=f"{holder} is already linked to it"))
        holders.setdefault(report.columns.number, report.tracking_id)
    return made


def _link_from_report_columns(
    found: SnapshotRows, report: Report, wanted: SnapshotRequest, state: LinkState
) -> Link:
    """A new link, or the report's earlier one to this issue, because its ledger knows the comments."""
    assert report.columns is not None
    past = [
        link
        for link in found.links.values()
        if link.report_id == report.id
        and link.number == report.columns.number
        and link.state in (LinkState.UNLINKED, LinkState.SECOND)
    ]
    return link_from_report_columns(
        report.id,
        report.columns,
        new_id=LinkId(wanted.new_id()),
        project_id=wanted.project,
        repository_id=wanted.repository_id,
        state=state,
        at=wanted.now,
        previous_link=past[-1] if past else None,
    )


async def read_local_threads(
    connection: AsyncConnection, wanted: Sequence[Link]
) -> dict[ReportId, LocalThread]:
    """Read BugSpark's half of these links' threads, oldest comment first."""
    if not wanted:
        return {}
    dialect = connection.dialect.name
    of_reports = ids_subquery(dialect, {link.report_id for link in wanted}, "of_reports")
    of_links = ids_subquery(dialect, {link.id for link in wanted}, "of_links")
    found = await connection.execute(select(*REPORT_COLUMNS).where(reports.c.id.in_(of_reports)))
    reports_by_id: dict[UUID, Report] = {}
    unreadable: dict[UUID, str] = {}
    for row in found.mappings():
        report, unknown = to_report_and_unknown_values(row)
        if unknown:
            unreadable[row["id"]] = unknown_values_reason(unknown)
        else:
            reports_by_id[row["id"]] = report
    pairs_by_link: dict[UUID, list[CommentPair]] = {link.id: [] for link in wanted}
    for row in (
        await connection.execute(select(comment_pairs).where(comment_pairs.c.link_id.in_(of_links)))
    ).mappings():
        pairs_by_link[row["link_id"]].append(to_comment_pair(row))
    comments_by_report: dict[UUID, list[LocalComment]] = {link.report_id: [] for link in wanted}
    for row in (await connection.execute(thread_comments(of_reports, of_links))).mappings():
        comment = to_local_comment(row)
        if comment.report_id in comments_by_report:  # a follower that has got a link of its own
            comment = replace(comment, lead_id=None, tracking_id=None)
        comments_by_report[comment.issue_report_id].append(comment)
    pairs = [pair for of_link in pairs_by_link.values() for pair in of_link]
    present = await read_present_followers(connection, pairs)
    return {
        link.report_id: LocalThread(
            report=reports_by_id.get(link.report_id),
            pairs=tuple(pairs_by_link[link.id]),
            comments=tuple(comments_by_report[link.report_id]),
            unreadable=unreadable.get(link.report_id),
            followers=present,
        )
        for link in wanted
    }
