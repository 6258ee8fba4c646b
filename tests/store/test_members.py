"""Who works on a project in BugSpark: its owner, and members who have accepted and may sign in."""

from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from reconciler.model.ids import ProjectId
from reconciler.model.viewer import Member
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW


def invite(bugspark: BugSpark, project: ProjectId, name: str, *, accepted: bool, **values: Any) -> UUID:
    user = bugspark.add_user(name, **values)
    row = {
        "id": uuid4(),
        "project_id": project,
        "user_id": user,
        "email": f"{name}@example.test",
        "invite_accepted_at": NOW if accepted else None,
    }
    with bugspark.engine.begin() as connection:
        connection.execute(sa.insert(bugspark_tables.project_members).values(row))
    return user


async def test_the_owner_and_accepted_members_who_may_sign_in_are_named(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    owner = bugspark.add_user("Olga")
    project, other = bugspark.add_project("Shop", owner=owner), bugspark.add_project("Other")
    mia = invite(bugspark, project, "Mia", accepted=True)
    invite(bugspark, project, "Ian", accepted=False)
    invite(bugspark, project, "Gone", accepted=True, is_active=False)
    invite(bugspark, project, "Refused", accepted=True, beta_status="rejected")
    invite(bugspark, other, "Stranger", accepted=True)
    assert await stores.queries.members(project) == (
        Member(user_id=mia, name="Mia"),
        Member(user_id=owner, name="Olga"),
    )
