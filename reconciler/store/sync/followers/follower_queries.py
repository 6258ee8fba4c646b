"""Conditions on `sync_followers`, for its own store and for the queries of other rows."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlalchemy.sql.expression import Exists

from reconciler.model.ids import ProjectId
from reconciler.model.link import PAST_STATES, LinkState
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.schema.tables import comment_pairs, followers, links
from reconciler.store.types import ONE

_theirs = reports.alias("theirs")
"""Another name than in the queries around, which these conditions would refer to."""


def is_following(report_id: ColumnElement[Any]) -> Exists:
    """Whether a report follows another one."""
    return exists(ONE).where(followers.c.report_id == report_id)


def has_followers(project_id: ProjectId | ColumnElement[Any]) -> Exists:
    """Whether any report of the project follows another one."""
    return exists(ONE).where(followers.c.project_id == project_id)


def has_waiting_followers(project_id: ProjectId | ColumnElement[Any]) -> Exists:
    """Whether any of them waits for a pass: see `is_outdated` and `is_leaderless`."""
    waits = or_(is_outdated(), is_leaderless())
    return exists(ONE).where(
        followers.c.project_id == project_id,
        links.c.id == followers.c.link_id,
        is_present(),
        waits,
    )


def is_present() -> ColumnElement[bool]:
    """Whether the follower's row has a report of its project, without an issue of its own."""
    return exists(ONE).where(
        _theirs.c.id == followers.c.report_id,
        _theirs.c.project_id == followers.c.project_id,
        _theirs.c.github_issue_number.is_(None),
    )


def is_of_present_report() -> ColumnElement[bool]:
    """Whether a row of the ledger is of a comment on the link's own report, or on one that follows it.

    The comment about the link itself is of neither.

    A follower that was deleted takes its comments along, and their copies stay, as with a linked report.
    """
    follows = exists(ONE).where(
        followers.c.report_id == comment_pairs.c.follower_id,
        followers.c.link_id == comment_pairs.c.link_id,
        _theirs.c.id == followers.c.report_id,
        _theirs.c.project_id == followers.c.project_id,
    )
    own = and_(comment_pairs.c.follower_id.is_(None), comment_pairs.c.local_id != comment_pairs.c.link_id)
    return or_(own, follows)


def is_outdated() -> ColumnElement[bool]:
    """Whether the issue of a follower's link has another state than the follower took over."""
    return and_(
        links.c.state == LinkState.ACTIVE,
        links.c.quarantined_until.is_(None),
        links.c.base_status.is_not(None),
        followers.c.state != func.coalesce(links.c.base_state, links.c.seen_state),
    )


def is_leaderless() -> ColumnElement[bool]:
    """Whether the report that leads a follower's issue was unlinked or deleted."""
    return links.c.state.in_(PAST_STATES)
