"""BugSpark's users and their tokens, for tests of access."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
import sqlalchemy as sa
from argon2 import PasswordHasher

from reconciler.store.bugspark import bugspark_tables as tables
from tests.web.harness import WebHarness

JWT_SECRET = "bugspark's own jwt secret, " + "long enough " * 4
PASSWORD = "correct horse battery staple"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

BUGSPARK: Mapping[str, Any] = {"bugspark": {"jwt_secret": JWT_SECRET}}


def by_password() -> dict[str, Any]:
    """A configuration with the operator's password."""
    return {"web": {"password_hash": QUICK.hash(PASSWORD)}}


def token(
    user: UUID, now: datetime, *, secret: str = JWT_SECRET, algorithm: str = "HS256", **claims: Any
) -> str:
    """As BugSpark makes it; `claims` replace its own, None removes one."""
    usual = {"sub": str(user), "type": "access", "exp": int(now.timestamp()) + 900}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, secret, algorithm)


def bearer(harness: WebHarness, user: UUID, **claims: Any) -> dict[str, str]:
    """The header of a signed-in user."""
    return {"Authorization": f"Bearer {token(user, harness.clock.now(), **claims)}"}


def owner_of(harness: WebHarness, project: UUID) -> UUID:
    """Return the project's owner."""
    query = sa.select(tables.projects.c.owner_id).where(tables.projects.c.id == project)
    return UUID(str(harness.bugspark.rows(query)[0]["owner_id"]))


def join(harness: WebHarness, user: UUID | None, project: UUID, *, accepted: bool = True) -> None:
    """Make a user a member of the project."""
    row = {
        "id": uuid4(),
        "project_id": project,
        "user_id": user,
        "email": f"{uuid4()}@example.test",
        "invite_accepted_at": harness.clock.now() if accepted else None,
    }
    with harness.bugspark.engine.begin() as connection:
        connection.execute(sa.insert(tables.project_members).values(row))
