"""How many links each project has, and how many of them were verified recently.

Links are counted in one walk along an index. Those that were not verified in time are few, so it is they that
are looked up, from the near end of the same index (tests/store/test_query_plans.py).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    CompoundSelect,
    Integer,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement, ScalarSelect, Select

from reconciler.model.health import VerificationCoverage
from reconciler.model.ids import ProjectId
from reconciler.model.link import LinkState
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import ids_subquery
from reconciler.store.schema.tables import links
from reconciler.store.sync.difference_queries import NOW_PARAMETER, PROJECT_PARAMETER
from reconciler.store.types import ONE

CountsByProject = Mapping[ProjectId, Mapping[str, int]]
ACTIVE = LinkState.ACTIVE


async def count_rows_by_project(
    connection: AsyncConnection, project: Column[Any], value: Column[Any], project_id: ProjectId | None = None
) -> defaultdict[ProjectId, dict[str, int]]:
    """Count rows by project and value (a state, a kind), of one project if given."""
    query = select(project, value, func.count()).group_by(project, value)
    found: defaultdict[ProjectId, dict[str, int]] = defaultdict(dict)
    for id_, state, count in await connection.execute(
        query if project_id is None else query.where(project == project_id)
    ):
        found[ProjectId(id_)][state] = count
    return found


async def count_links_by_state(
    connection: AsyncConnection, project_id: ProjectId | None = None
) -> CountsByProject:
    """Count the links of each project, or of one, by state."""
    if project_id is None:
        return await count_rows_by_project(connection, links.c.project_id, links.c.state)
    found = {
        state: count
        for state, count in await connection.execute(link_state_counts_query(project_id))
        if count
    }
    return {project_id: found} if found else {}


def link_state_counts_query(project: ProjectId) -> CompoundSelect[str, int]:
    """(state, links) of one project: the many ACTIVE ones without reading each one's state."""
    state, mine = links.c.state, links.c.project_id == project
    others = select(state, func.count()).where(mine).group_by(state)
    return union_all(
        select(literal(ACTIVE.value), func.count()).where(mine, state == ACTIVE),
        others.where(state < ACTIVE),
        others.where(state > ACTIVE),
    )


async def read_coverage(
    connection: AsyncConnection,
    counted: CountsByProject,
    since: datetime,
    project_id: ProjectId | None = None,
) -> dict[ProjectId, VerificationCoverage]:
    """Count which of each project's ACTIVE links, of which there are `counted`, were verified since then.

    `project_id`: the project whose 95th percentile is read, too.
    """
    active = {id_: found[ACTIVE] for id_, found in counted.items() if found.get(ACTIVE)}
    found = {}
    rows = await connection.execute(coverage_query(connection.dialect.name, active, since)) if active else ()
    for id_, never, late, oldest in rows:
        project = ProjectId(id_)
        found[project] = VerificationCoverage(
            links=active[project],
            verified=active[project] - never - late,
            oldest=oldest,
            p95=await _read_p95_verified_at(connection, project, active[project] - never)
            if project == project_id
            else None,
        )
    return found


async def read_project_coverage(
    connection: AsyncConnection, project: ProjectId, since: datetime
) -> VerificationCoverage:
    """Read the coverage of one project, which may have no links."""
    counted = await count_links_by_state(connection, project)
    return (await read_coverage(connection, counted, since)).get(project, VerificationCoverage())


def coverage_query(
    dialect: str, wanted: Collection[ProjectId], since: datetime
) -> Select[UUID, int, int, datetime | None]:
    """(project, ACTIVE links never compared, those compared before then, the oldest comparison)."""
    project = ids_subquery(dialect, wanted).subquery("project")
    mine = (links.c.project_id == project.c.value, links.c.state == ACTIVE)

    def one(what: ColumnElement[Any], *more: ColumnElement[bool]) -> ScalarSelect[Any]:
        return select(what).where(*mine, *more).correlate(project).scalar_subquery()

    never, late = links.c.checked_at.is_(None), links.c.checked_at < since
    return select(
        project.c.value,
        one(func.count(), never),
        one(func.count(), late),
        one(func.min(links.c.checked_at)),
    )


async def _read_p95_verified_at(
    connection: AsyncConnection, project: ProjectId, compared: int
) -> datetime | None:
    """The time that 95 % of verifications are newer than: a walk along a twentieth of the index."""
    query = (
        select(links.c.checked_at)
        .where(links.c.project_id == project, links.c.state == ACTIVE, links.c.checked_at.is_not(None))
        .order_by(links.c.checked_at)
        .offset(compared // 20)
        .limit(1)
    )
    found: datetime | None = (await connection.execute(query)).scalar()
    return found


@cache
def longest_unverified_links_query(when: Column[datetime]) -> Select[Any]:
    """Select links of `project` and `repository_id` whose time `when` is before `now` or missing.

    The oldest first, at most `rows`. Without those whose report is missing: there is nothing to compare
    them with.
    """
    query = select(links).where(
        links.c.project_id == PROJECT_PARAMETER,
        links.c.repository_id == bindparam("repository_id"),
        links.c.state == LinkState.ACTIVE,
        links.c.quarantined_until.is_(None),
        or_(when.is_(None), when < NOW_PARAMETER),
        exists(ONE).where(reports.c.id == links.c.report_id),
    )
    return query.order_by(when.nulls_first(), links.c.id).limit(bindparam("rows", type_=Integer()))
