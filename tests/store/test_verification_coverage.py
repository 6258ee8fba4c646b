"""How many links there are, how many were verified recently, and how many are of another repository."""

from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from reconciler.model.health import VerificationCoverage
from reconciler.model.ids import ProjectId
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.sync import verification_coverage
from reconciler.store.views import attention
from tests.store.test_query_plans import REPORTS, fill
from tests.support.bugspark import LONG_AGO, BugSpark

NOW = LONG_AGO + timedelta(days=1)
SINCE = NOW - timedelta(hours=6)
NUMBER = tables.links.c.number


def put(bugspark: BugSpark, which: sa.ColumnElement[bool], **values: object) -> None:
    with bugspark.engine.begin() as connection:
        connection.execute(sa.update(tables.links).where(which).values(values))


def compared(bugspark: BugSpark, which: sa.ColumnElement[bool], at: datetime) -> None:
    put(bugspark, which, checked_at=at)


async def test_links_not_verified_in_time_are_subtracted_from_all(
    database: Database, bugspark: BugSpark
) -> None:
    project, small, empty = ProjectId(fill(bugspark)), bugspark.add_project("Small"), ProjectId(uuid4())
    put(bugspark, NUMBER == REPORTS, project_id=small)
    mine = tables.links.c.project_id == project
    compared(bugspark, mine & (NUMBER > 245), NOW)
    compared(bugspark, mine & NUMBER.between(101, 245), LONG_AGO)
    put(bugspark, mine & (NUMBER > 2990), state="gone")
    put(bugspark, mine & (NUMBER == 2990), state="new")
    async with database.read() as connection:
        counted = await verification_coverage.count_links_by_state(connection)
        assert counted[project] == {"active": 2989, "gone": 9, "new": 1}
        assert counted == {
            each: found
            for id_ in (project, small, empty)
            for each, found in (await verification_coverage.count_links_by_state(connection, id_)).items()
        }
        # Of 2,889 comparisons 145 are old, and the 145th from the oldest is the one after a twentieth.
        found = await verification_coverage.read_coverage(connection, counted, SINCE, project)
        assert found == {
            project: VerificationCoverage(links=2989, verified=2989 - 245, oldest=LONG_AGO, p95=LONG_AGO),
            small: VerificationCoverage(links=1, verified=0),
        }
        assert (
            await verification_coverage.read_project_coverage(connection, empty, SINCE)
            == VerificationCoverage()
        )
    compared(bugspark, mine & (NUMBER == 245), NOW)
    async with database.read() as connection:
        found = await verification_coverage.read_coverage(connection, counted, SINCE, project)
        assert (found[project].verified, found[project].p95) == (2989 - 244, NOW)


async def test_links_of_another_repository_are_counted_whichever_number_it_has(
    database: Database, bugspark: BugSpark
) -> None:
    project, other = ProjectId(fill(bugspark)), bugspark.add_project("Other")
    put(bugspark, NUMBER == REPORTS, project_id=other)
    with bugspark.engine.begin() as connection:
        for id_, repository in ((project, 77), (other, None)):
            row = {"project_id": id_, "repository_id": repository, "paused": False}
            connection.execute(sa.insert(tables.projects).values(row))
    mine = tables.links.c.project_id == project
    put(bugspark, mine & NUMBER.in_([1, 2]), repository_id=5)
    put(bugspark, mine & NUMBER.in_([3]), repository_id=99, state="new")
    put(bugspark, mine & NUMBER.in_([4]), repository_id=99, state="gone")
    async with database.read() as connection:
        assert await attention.count_links_of_other_repositories(connection, [project, other]) == {
            project: 3,
            other: 0,
        }
        assert await attention.count_links_of_other_repositories(connection, [other]) == {other: 0}
