"""One consistent look at a project's links, reports and comments (model/snapshot.py tells what is in it)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import LinkId, ReportId
from reconciler.model.link import LIVE_STATES, CommentPair, Link, LinkState, link_from_columns
from reconciler.model.report import LocalComment, Report
from reconciler.model.snapshot import LocalThread, Snapshot
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import REPORT_COLUMNS, local_comments, to_local_comment, to_report
from reconciler.store.bulk import select_ids
from reconciler.store.mappers import to_comment_pair
from reconciler.store.schema.tables import comment_pairs
from reconciler.store.sync.snapshot_reader import SnapshotReader, SnapshotRequest, SnapshotRows


async def read_snapshot(connection: AsyncConnection, wanted: SnapshotRequest) -> Snapshot:
    """Read everything within the connection's transaction, then sort it."""
    found = SnapshotRows()
    look = SnapshotReader(connection, found)
    if wanted.include_local:
        await look.read_differences(wanted)
    await look.read_requested(wanted)
    await look.read_details()
    return build_snapshot(found, wanted)


def build_snapshot(found: SnapshotRows, wanted: SnapshotRequest) -> Snapshot:
    """Which link is a matter of what. One that is cut or orphaned is nothing else."""
    moved = {row["link_id"] for row in found.changed_rows if row["link_id"] is not None}
    cut = {id_ for id_ in moved if _is_cut(found, id_)}
    orphans = found.orphans | _links_of_moved_reports(found, wanted)
    aside = cut | orphans
    shown = {id_ for id_ in (moved | found.requested_links) - aside if _is_in_scope(found, id_, wanted)}
    made = _links_from_columns(found, wanted)
    return Snapshot(
        links=_sort_by_number(found, shown),
        new=_new_links(found, found.new_links - aside)
        + tuple(each for each in made if each.state is LinkState.NEW),
        reports=found.reports,
        pairs=tuple(found.pairs),
        unrecorded_comments=_unknown_comments(found, shown),
        vanished_pairs=tuple(entry for entry in found.deleted_pairs if entry.link_id in shown),
        remote_comment_counts={
            id_: count for id_, count in found.remote_comment_counts.items() if id_ in shown
        },
        detached=_sort_by_number(found, cut - orphans),
        contested=tuple(each for each in made if each.state is LinkState.CONTESTED),
        orphaned=_sort_by_number(found, orphans),
        released=tuple(
            link for link in _sort_by_number(found, found.released_links - aside) if _is_readable(found, link)
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


def _sort_by_number(found: SnapshotRows, wanted: Iterable[UUID]) -> tuple[Link, ...]:
    """By issue number: a plan is the same whatever order the rows came in."""
    present = (found.links[id_] for id_ in wanted if id_ in found.links)
    return tuple(sorted(present, key=lambda link: (link.number, link.id)))


def _is_cut(found: SnapshotRows, id_: UUID) -> bool:
    link = found.links.get(id_)
    report = found.reports.get(link.report_id) if link else None
    if link is None or report is None:
        return False
    return not link.is_named_by(report.columns)


def _is_in_scope(found: SnapshotRows, id_: UUID, wanted: SnapshotRequest) -> bool:
    """ACTIVE, in this repository, in no quarantine, its report there and readable."""
    link = found.links.get(id_)
    return (
        link is not None
        and link.state is LinkState.ACTIVE
        and link.repository_id == wanted.repository_id
        and link.quarantined_until is None
        and _is_readable(found, link)
    )


def _is_readable(found: SnapshotRows, link: Link) -> bool:
    return link.report_id in found.reports


def _new_links(found: SnapshotRows, wanted: Iterable[UUID]) -> tuple[Link, ...]:
    stored = (link for link in _sort_by_number(found, wanted) if _is_readable(found, link))
    return tuple(replace(link, state=LinkState.NEW, reason=None) for link in stored)


def _unknown_comments(found: SnapshotRows, shown: set[UUID]) -> tuple[LocalComment, ...]:
    of_shown = {found.links[id_].report_id for id_ in shown}
    return tuple(to_local_comment(row) for row in found.unknown_comments if row["report_id"] in of_shown)


def _links_from_columns(found: SnapshotRows, wanted: SnapshotRequest) -> list[Link]:
    """Links for reports whose columns name this repository; the second claim on an issue is CONTESTED."""
    made: list[Link] = []
    taken = set(found.taken_numbers)
    claims = [found.reports.get(row["report_id"]) for row in found.changed_rows if row["link_id"] is None]
    oldest_first = sorted((each for each in claims if each), key=lambda each: (each.created_at, each.id))
    for report in oldest_first:
        if report.columns is None:
            continue
        state = LinkState.CONTESTED if report.columns.number in taken else LinkState.NEW
        taken.add(report.columns.number)
        made.append(_link_from_columns(found, report, wanted, state))
    return made


def _link_from_columns(
    found: SnapshotRows, report: Report, wanted: SnapshotRequest, state: LinkState
) -> Link:
    """A new link, or the report's earlier one to this issue: its ledger knows the comments already made."""
    assert report.columns is not None
    past = [
        link
        for link in found.links.values()
        if link.report_id == report.id
        and link.number == report.columns.number
        and link.state is LinkState.UNLINKED
    ]
    return link_from_columns(
        report.id,
        report.columns,
        new_id=LinkId(wanted.new_id()),
        project_id=wanted.project,
        repository_id=wanted.repository_id,
        state=state,
        at=wanted.now,
        past=past[-1] if past else None,
    )


async def read_threads(connection: AsyncConnection, wanted: Sequence[Link]) -> dict[ReportId, LocalThread]:
    """BugSpark's half of these links' threads, oldest comment first."""
    if not wanted:
        return {}
    dialect = connection.dialect.name
    of_reports = select_ids(dialect, {link.report_id for link in wanted}, "of_reports")
    of_links = select_ids(dialect, {link.id for link in wanted}, "of_links")
    found = await connection.execute(select(*REPORT_COLUMNS).where(reports.c.id.in_(of_reports)))
    sides = {row["id"]: to_report(row) for row in found.mappings()}
    rows: dict[UUID, list[CommentPair]] = {link.id: [] for link in wanted}
    for row in (
        await connection.execute(select(comment_pairs).where(comment_pairs.c.link_id.in_(of_links)))
    ).mappings():
        rows[row["link_id"]].append(to_comment_pair(row))
    said: dict[UUID, list[LocalComment]] = {link.report_id: [] for link in wanted}
    query = local_comments().where(comments.c.report_id.in_(of_reports))
    for row in (await connection.execute(query)).mappings():
        said[row["report_id"]].append(to_local_comment(row))
    return {
        link.report_id: LocalThread(
            report=sides.get(link.report_id),
            pairs=tuple(rows[link.id]),
            comments=tuple(said[link.report_id]),
        )
        for link in wanted
    }
