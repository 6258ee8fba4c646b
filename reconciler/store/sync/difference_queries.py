"""Queries of a pass for BugSpark's own differences (docs/design.md, One pass: local detection).

Each is one statement that touches every link or comment of the project, shaped so that PostgreSQL hashes ids
and SQLite walks covering indexes: 100,000 unchanged rows cost tens of milliseconds
(tests/store/test_query_plans.py checks the shapes).

A query is built once per process, because building costs more than executing. Its parameters are bound when
it is executed, under the names that its docstring gives in backquotes.
"""

from functools import cache
from typing import Any

from sqlalchemy import String, Update, and_, bindparam, exists, func, not_, or_, select, text, update
from sqlalchemy.sql.expression import BindParameter, ColumnElement, FromClause, Select

from reconciler.fields import COLUMN_FIELDS, SYNCED_FIELDS
from reconciler.fields.assignee import ASSIGNEE
from reconciler.model.fields import Side
from reconciler.model.link import (
    HIDDEN_ON_GITHUB,
    LIVE_STATES,
    PAST_STATES,
    CommentPairState,
    LinkState,
    Presence,
)
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import field_as_text, local_comments_query
from reconciler.store.schema import tables
from reconciler.store.schema.tables import comment_pairs, followers, links
from reconciler.store.sync.followers.follower_queries import is_of_present_report, is_present
from reconciler.store.types import ONE

LIVE_LINK_CONDITION = text(f"sync_links.{tables.LIVE_LINK_SQL}")
QUARANTINED_LINK_CONDITION = text(f"sync_links.{tables.QUARANTINED_LINK_SQL}")
"""Word for word the conditions of the partial indexes: SQLite recognises them in no other spelling."""

SECOND_READING_CONDITION = text(f"sync_comments.{tables.DUE_SQL}")
COPIED_COMMENT_CONDITION = text(
    tables.COPIED_COMMENT_SQL.replace("state", "sync_comments.state").replace(
        "local_id", "sync_comments.local_id"
    )
)

COMPARED_COLUMNS = (
    reports.c.id,
    *(reports.c[field.column] for field in COLUMN_FIELDS.values()),
    reports.c.github_issue_number,
    reports.c.github_repo,
)
PROJECT_PARAMETER: BindParameter[Any] = bindparam("project")
NOW_PARAMETER: BindParameter[Any] = bindparam("now")
REPOSITORY_PARAMETER = bindparam("repository", type_=String())


@cache
def changed_reports() -> Select[Any]:
    """(report id, link id) where the columns differ from the link, an ACTIVE link's base from the report, or
    (link id null) columns name this repository and there is no link. Of `project`, `repository` (in small
    letters).
    """
    same_report = and_(links.c.report_id == reports.c.id, not_(is_link_ended_in_bugspark()))
    return (
        select(reports.c.id.label("report_id"), links.c.id.label("link_id"))
        .select_from(reports.outerjoin(links, same_report))
        .where(
            reports.c.project_id == PROJECT_PARAMETER,
            report_differs_from_link(reports, links, REPOSITORY_PARAMETER),
        )
    )


@cache
def changed_reports_or_orphaned_links() -> Select[Any]:
    """changed_reports, and orphaned_links with a report id of null: PostgreSQL hashes both tables once for
    the two. Of `project`, `repository` (in small letters).
    """
    theirs = select(*COMPARED_COLUMNS).where(reports.c.project_id == PROJECT_PARAMETER).subquery("theirs")
    ours = (
        select(links)
        .where(links.c.project_id == PROJECT_PARAMETER, not_(is_link_ended_in_bugspark()))
        .subquery("ours")
    )
    orphaned = and_(theirs.c.id.is_(None), ours.c.state.in_(LIVE_STATES))
    return (
        select(theirs.c.id.label("report_id"), ours.c.id.label("link_id"))
        .select_from(theirs.join(ours, ours.c.report_id == theirs.c.id, full=True))
        .where(
            or_(
                orphaned,
                and_(theirs.c.id.is_not(None), report_differs_from_link(theirs, ours, REPOSITORY_PARAMETER)),
            )
        )
    )


@cache
def initial_assignees_statement() -> Update:
    """Give every link of `project` that has a base, but none for its assignee, BugSpark's present one: what
    differs from it later is a change.
    """
    present = (
        select(field_as_text(reports, ASSIGNEE)).where(reports.c.id == links.c.report_id).scalar_subquery()
    )
    return (
        update(links)
        .where(
            links.c.project_id == PROJECT_PARAMETER,
            links.c.base_status.is_not(None),
            links.c.base_assignee.is_(None),
        )
        .values(base_assignee=present)
    )


def is_link_ended_in_bugspark() -> ColumnElement[bool]:
    """Whether the link has ended in BugSpark: its report's columns no longer say anything about it."""
    return links.c.state.in_(PAST_STATES)


def report_differs_from_link(
    report: FromClause, link: FromClause, repository: ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether the columns differ from the link, an ACTIVE link's base from the report, or columns name
    `repository` (in small letters) and there is no link. A base that adopts a mapping differs.
    """
    named = and_(
        link.c.id.is_(None),
        report.c.github_issue_number > 0,
        func.lower(report.c.github_repo) == repository,
    )
    base = and_(
        link.c.state == LinkState.ACTIVE,
        or_(
            *(
                field_as_text(report, field) != link.c[field.base_columns[0].name]
                for field in SYNCED_FIELDS.values()
            ),
            link.c.adopts_mapping.is_(True),
        ),
    )
    return or_(named, and_(link.c.id.is_not(None), or_(columns_name_other_issue(report, link), base)))


def columns_name_other_issue(report: FromClause, link: FromClause) -> ColumnElement[bool]:
    """Whether the report's columns are empty or name another issue than the link's."""
    repo = report.c.github_repo
    return or_(
        report.c.github_issue_number.is_distinct_from(link.c.number),
        and_(
            repo.is_distinct_from(link.c.repository),
            func.lower(repo).is_distinct_from(func.lower(link.c.repository)),
        ),
    )


def is_issue_free() -> ColumnElement[bool]:
    """Whether no link holds the issue that a link names."""
    other = links.alias("other")
    return not_(
        exists(ONE).where(
            other.c.repository_id == links.c.repository_id,
            other.c.number == links.c.number,
            text(f"other.{tables.LIVE_LINK_SQL}"),
        )
    )


@cache
def orphaned_links() -> Select[Any]:
    """Live links of `project` whose report was deleted, or belongs to another project now."""
    has_report = exists(ONE).where(
        reports.c.id == links.c.report_id, reports.c.project_id == links.c.project_id
    )
    return select(links.c.id).where(
        links.c.project_id == PROJECT_PARAMETER, LIVE_LINK_CONDITION, not_(has_report)
    )


@cache
def unknown_comments() -> Select[Any]:
    """Comments the ledger does not know, of `project`'s reports with an ACTIVE link, oldest first.

    A ledger row of any link counts: the initial sync makes rows for a whole thread, so a comment known to
    an earlier link only is one that the present link knows as well.
    """
    known = exists(ONE).where(comment_pairs.c.local_id == comments.c.id)
    linked = exists(ONE).where(
        links.c.report_id == comments.c.report_id,
        links.c.project_id == PROJECT_PARAMETER,
        links.c.state == LinkState.ACTIVE,
    )
    found = select(comments.c.id).where(not_(known), linked).subquery("found")
    return local_comments_query().where(comments.c.id.in_(select(found.c.id)))


@cache
def unknown_follower_comments() -> Select[Any]:
    """The same of reports of `project` that follow the one of an ACTIVE link, with that as `lead_id`."""
    known = exists(ONE).where(comment_pairs.c.local_id == comments.c.id)
    active = and_(links.c.id == followers.c.link_id, links.c.state == LinkState.ACTIVE)
    return (
        local_comments_query()
        .add_columns(links.c.report_id.label("lead_id"), reports.c.tracking_id)
        .join(followers, followers.c.report_id == comments.c.report_id)
        .join(links, active)
        .join(reports, reports.c.id == followers.c.report_id)
        .where(followers.c.project_id == PROJECT_PARAMETER, is_present(), not_(known))
    )


@cache
def deleted_comments() -> Select[Any]:
    """LIVE or PENDING ledger rows of ACTIVE links of `project` whose comment is not in BugSpark any more."""
    has_comment = exists(ONE).where(comments.c.id == comment_pairs.c.local_id)
    active = exists(ONE).where(links.c.id == comment_pairs.c.link_id, links.c.state == LinkState.ACTIVE)
    return select(comment_pairs).where(
        comment_pairs.c.project_id == PROJECT_PARAMETER,
        COPIED_COMMENT_CONDITION,
        not_(has_comment),
        active,
        is_of_present_report(),
    )


@cache
def links_awaiting_initial_sync() -> Select[Any]:
    """Links that wait for their initial sync, and those whose issue another link held and released: of
    `project`, in the repository with this `repository_id`, `now`.
    """
    return select(links).where(
        links.c.project_id == PROJECT_PARAMETER,
        links.c.repository_id == bindparam("repository_id"),
        links.c.state.in_([LinkState.NEW, LinkState.CONTESTED]),
        or_(links.c.state == LinkState.NEW, is_issue_free()),
        or_(links.c.quarantined_until.is_(None), links.c.quarantined_until <= NOW_PARAMETER),
    )


@cache
def links_with_ended_quarantine() -> Select[Any]:
    """Links of `project` whose quarantine has ended `now`. The caller checks their state: here it would
    mislead SQLite.
    """
    return select(links).where(
        links.c.project_id == PROJECT_PARAMETER,
        QUARANTINED_LINK_CONDITION,
        links.c.quarantined_until <= NOW_PARAMETER,
    )


@cache
def is_comment_expected_on_github() -> ColumnElement[bool]:
    """Whether a ledger row's comment should be among those that GitHub counts.

    One that a reading did not show is not expected until a second one has decided; a hidden one is counted.
    """
    made_on_github = and_(
        comment_pairs.c.origin == Side.GITHUB,
        comment_pairs.c.state.in_([CommentPairState.TOMBSTONE, CommentPairState.SKIPPED]),
    )
    return and_(
        comment_pairs.c.remote_id.is_not(None),
        or_(
            comment_pairs.c.state == CommentPairState.LIVE,
            made_on_github,
            comment_pairs.c.reason == HIDDEN_ON_GITHUB,
        ),
        comment_pairs.c.first_reading.is_distinct_from(Presence.ABSENT.value),
    )
