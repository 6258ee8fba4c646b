"""The local scan: which projects have something for a pass in BugSpark, in one statement for all of them.

It counts the differences that a pass looks for (`difference_queries`). It may name a project in vain, where a
pass leaves a difference as it is; it must not miss one that a pass would act on. So it looks at every link.

The incremental scan reads only reports and comments whose own timestamps say that they are new or changed:
its work grows with their number. It misses deletions, changes that leave `updated_at` as it was, and those of
a clock that is far off; the full scan does not (docs/decisions/0042-incremental-scan.md).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, cast, exists, func, literal, not_, or_, select, union_all
from sqlalchemy.sql.expression import ColumnElement, FromClause, Select

from reconciler.model.ids import ProjectId
from reconciler.model.intent import IntentState
from reconciler.model.link import LIVE_STATES, LinkState
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.reports import is_report_misnamed, is_waiting_for_export
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import (
    comment_pairs,
    followers,
    intents,
    links,
    projects,
    settings_versions,
)
from reconciler.store.sync.difference_queries import (
    COPIED_COMMENT_CONDITION,
    LIVE_LINK_CONDITION,
    QUARANTINED_LINK_CONDITION,
    SECOND_READING_CONDITION,
    columns_name_other_issue,
    is_issue_free,
    is_link_ended_in_bugspark,
    report_differs_from_link,
)
from reconciler.store.sync.field_differences import has_recorded_differences, record_differences
from reconciler.store.sync.followers.follower_queries import is_following, is_of_present_report, is_present
from reconciler.store.sync.settings.stored_settings import is_version_in_force
from reconciler.store.types import ONE

CHANGED_REPORT = "moved"
"""The kind of a report that differs from its link."""

INCREMENTAL_SCAN_WINDOW = timedelta(minutes=5)
"""What the incremental scan goes back: more than the time between two scans, and than clocks differ by."""


async def find_changed_projects(
    database: Database,
    now: datetime,
    *,
    export_all: bool,
    incremental: bool = False,
    compared_at: datetime | None = None,
) -> Mapping[ProjectId, int]:
    """Find projects with differences; the value is a fingerprint of them that is stable within this process.

    Since when each field differs is recorded. `now`: this machine's time; `compared_at`: that of the last
    scan that was not incremental, if any. `export_all`: `sync.export` is `all`. Raises DatabaseError.
    """
    query = scan_query(now, export_all=export_all, incremental=incremental)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
        is_recorded = not incremental and await has_recorded_differences(connection)
    if is_recorded or any(kind == CHANGED_REPORT for _, kind, *_ in rows):
        since = now - INCREMENTAL_SCAN_WINDOW if incremental else None
        await record_differences(database, now, equal_at=compared_at, since=since)
    found: defaultdict[ProjectId, list[tuple[Any, ...]]] = defaultdict(list)
    for project, *what in rows:
        found[ProjectId(project)].append(tuple(what))
    return {project: hash(tuple(sorted(what))) for project, what in found.items()}


def scan_query(now: datetime, *, export_all: bool, incremental: bool = False) -> Any:
    """(project id, kind, how many, the greatest id, the latest change), one row per project and kind."""
    waiting = [
        _new_links_query(now),
        _freed_issues_query(now),
        _ended_quarantines_query(now),
        _sendable_intents_query(now),
        _due_second_readings_query(now),
    ]
    moved, unknown, following, unexported = (
        _changed_reports_query(now),
        _unknown_comments_query(),
        _unknown_follower_report_comments_query(),
        [_unexported_reports_query()] if export_all else [],
    )
    if not incremental:
        parts = [
            moved,
            unknown,
            following,
            _orphaned_links_query(),
            _deleted_comments_query(),
            _misnamed_reports_query(),
            *waiting,
            *unexported,
        ]
        return union_all(*(_summary_by_project_and_kind(part.subquery()) for part in parts))
    since = now - INCREMENTAL_SCAN_WINDOW
    changed, made = reports.c.updated_at >= since, comments.c.created_at >= since
    parts = [
        moved.where(changed),
        unknown.where(made),
        following.where(made),
        *waiting,
        *(each.where(changed) for each in unexported),
    ]
    # Counted together: one by one, SQLite would walk whole tables in the order of their projects.
    return _summary_by_project_and_kind(union_all(*parts).subquery())


def _summary_by_project_and_kind(found: FromClause) -> Select[Any]:
    latest = func.coalesce(func.max(found.c.moment), "")
    return select(found.c.project_id, found.c.kind, func.count(), func.max(found.c.id), latest).group_by(
        found.c.project_id, found.c.kind
    )


def _select_difference_rows(project: Any, kind: str, id_: Any, moment: Any) -> Select[Any]:
    return select(
        project.label("project_id"),
        literal(kind).label("kind"),
        cast(id_, Text).label("id"),
        cast(moment, Text).label("moment"),
    )


def _changed_reports_query(now: datetime) -> Select[Any]:
    same_report = and_(links.c.report_id == reports.c.id, not_(is_link_ended_in_bugspark()))
    repository = func.lower(projects.c.repository)
    return (
        _select_difference_rows(reports.c.project_id, CHANGED_REPORT, reports.c.id, reports.c.updated_at)
        .select_from(
            reports.join(projects, projects.c.project_id == reports.c.project_id).outerjoin(
                links, same_report
            )
        )
        .where(
            report_differs_from_link(reports, links, repository),
            # A link in quarantine ends all the same when its report names another issue.
            or_(_is_not_quarantined(now), columns_name_other_issue(reports, links)),
        )
    )


def _misnamed_reports_query() -> Select[Any]:
    """Reports whose columns name no issue that they could be linked to: a pass that compares shows them."""
    return (
        _select_difference_rows(reports.c.project_id, "misnamed", reports.c.id, reports.c.updated_at)
        .select_from(reports.join(projects, projects.c.project_id == reports.c.project_id))
        .where(is_report_misnamed(func.lower(projects.c.repository)))
    )


def _orphaned_links_query() -> Select[Any]:
    """Live links whose report was deleted, or belongs to another project now."""
    mine = and_(reports.c.id == links.c.report_id, reports.c.project_id == links.c.project_id)
    has_report = exists(ONE).where(mine)
    return _select_difference_rows(links.c.project_id, "orphans", links.c.id, links.c.created_at).where(
        LIVE_LINK_CONDITION, not_(has_report)
    )


def _unknown_comments_query() -> Select[Any]:
    known = exists(ONE).where(comment_pairs.c.local_id == comments.c.id)
    linked = and_(links.c.report_id == comments.c.report_id, links.c.state == LinkState.ACTIVE)
    return (
        _select_difference_rows(links.c.project_id, "unknown", comments.c.id, comments.c.created_at)
        .select_from(comments.join(links, linked))
        .where(not_(known))
    )


def _unknown_follower_report_comments_query() -> Select[Any]:
    """The same of reports that follow the one of a link."""
    known = exists(ONE).where(comment_pairs.c.local_id == comments.c.id)
    linked = and_(links.c.id == followers.c.link_id, links.c.state == LinkState.ACTIVE)
    return (
        _select_difference_rows(links.c.project_id, "following", comments.c.id, comments.c.created_at)
        .select_from(
            comments.join(followers, followers.c.report_id == comments.c.report_id).join(links, linked)
        )
        .where(not_(known), is_present())
    )


def _deleted_comments_query() -> Select[Any]:
    has_comment = exists(ONE).where(comments.c.id == comment_pairs.c.local_id)
    active = exists(ONE).where(links.c.id == comment_pairs.c.link_id, links.c.state == LinkState.ACTIVE)
    return _select_difference_rows(
        comment_pairs.c.project_id, "gone", comment_pairs.c.id, comment_pairs.c.remote_updated_at
    ).where(COPIED_COMMENT_CONDITION, not_(has_comment), active, is_of_present_report())


def _new_links_query(now: datetime) -> Select[Any]:
    """Links that wait for their initial sync. By project, because there is an index for that."""
    by_project = links.c.project_id.in_(select(projects.c.project_id))
    return _select_difference_rows(links.c.project_id, "new", links.c.id, links.c.created_at).where(
        by_project, links.c.state == LinkState.NEW, _is_not_quarantined(now)
    )


def _freed_issues_query(now: datetime) -> Select[Any]:
    """Links to issues that another link held and holds no more."""
    by_project = links.c.project_id.in_(select(projects.c.project_id))
    return _select_difference_rows(links.c.project_id, "freed", links.c.id, links.c.created_at).where(
        by_project, links.c.state == LinkState.CONTESTED, is_issue_free(), _is_not_quarantined(now)
    )


def _ended_quarantines_query(now: datetime) -> Select[Any]:
    """Links whose quarantine has ended."""
    return _select_difference_rows(links.c.project_id, "rested", links.c.id, links.c.created_at).where(
        QUARANTINED_LINK_CONDITION,
        links.c.quarantined_until <= now,
        links.c.state.in_(LIVE_STATES),
    )


def _due_second_readings_query(now: datetime) -> Select[Any]:
    """Comments that are due to be read a second time on GitHub."""
    synced = exists().where(
        links.c.id == comment_pairs.c.link_id,
        links.c.state == LinkState.ACTIVE,
        links.c.quarantined_until.is_(None),
    )
    due = comment_pairs.c.second_reading_due
    return _select_difference_rows(comment_pairs.c.project_id, "reading", comment_pairs.c.id, due).where(
        SECOND_READING_CONDITION, due <= now, synced
    )


def _sendable_intents_query(now: datetime) -> Select[Any]:
    """Writes that may go now."""
    may = or_(intents.c.not_before.is_(None), intents.c.not_before <= now)
    return _select_difference_rows(intents.c.project_id, "intents", intents.c.id, intents.c.created_at).where(
        intents.c.state == IntentState.PLANNED, may
    )


def _unexported_reports_query() -> Select[Any]:
    """Reports that `sync.export = "all"` wants on GitHub (`ports.Reports.export_candidates`)."""
    manual = settings_versions.c.export == "manual"  # else each scan would name the project in vain
    is_manual = exists(ONE).where(is_version_in_force(projects.c.project_id), manual)
    return (
        _select_difference_rows(reports.c.project_id, "unexported", reports.c.id, reports.c.created_at)
        .select_from(reports.join(projects, projects.c.project_id == reports.c.project_id))
        .where(
            reports.c.created_at >= projects.c.first_seen_at,
            is_waiting_for_export(),
            not_(is_manual),
            not_(is_following(reports.c.id)),
        )
    )


def _is_not_quarantined(now: datetime) -> ColumnElement[bool]:
    return or_(links.c.quarantined_until.is_(None), links.c.quarantined_until <= now)
