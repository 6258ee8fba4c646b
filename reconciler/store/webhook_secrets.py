"""The webhook secret in `integrations.config`, and the one before it.

Source: docs/reference/bugspark.md, Secrets.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Function, Row, Text, cast, func, select, update

from reconciler.errors import ProjectError
from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.store import bugspark
from reconciler.store.connection import AsyncConnection
from reconciler.store.integrations import BadConfigError, parsed
from reconciler.store.secrets import Vault
from reconciler.store.tables import hooks

KEY = "webhookSecret"
THEIRS, ROWS = bugspark.projects, bugspark.integrations


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a project's secret is kept, and what is written there now."""

    row: UUID
    project: str  # its name
    stored: str | None


async def place(connection: AsyncConnection, project_id: ProjectId, *, lock: bool = False) -> Place:
    """`lock`: nobody else changes it before this transaction ends. Raises ProjectError where there is no
    place for a secret, in a sentence that says what to do.
    """
    query = (
        select(ROWS.c.id, THEIRS.c.name, cast(ROWS.c.config, Text).label("config"))
        .select_from(THEIRS.join(ROWS, ROWS.c.project_id == THEIRS.c.id))
        .where(THEIRS.c.id == project_id, THEIRS.c.is_active, ROWS.c.provider == "github", ROWS.c.is_active)
    )
    if lock:
        query = query.with_for_update(of=ROWS)
    rows = (await connection.execute(query)).all()
    if not rows:
        raise ProjectError(
            "The webhook secret is kept in the project's github integration, and it has no active one:"
            " connect the project to GitHub in BugSpark."
        )
    if len(rows) > 1:
        raise ProjectError(
            f"Project {rows[0].name} has {len(rows)} active github integrations:"
            " switch off all but one in BugSpark."
        )
    return Place(row=rows[0].id, project=rows[0].name, stored=_stored(rows[0]))


def _stored(row: Row[Any]) -> str | None:
    try:
        value = parsed(row.config).get(KEY)
    except BadConfigError as error:
        raise ProjectError(f"{row.name}: {error}") from error
    return value if isinstance(value, str) and value.strip() else None


def read(vault: Vault, where: Place) -> Secret | None:
    """The secret kept there. Raises CredentialError when it can't be decrypted."""
    return None if where.stored is None else vault.read(where.stored, where.project, "webhook secret")


async def previous(
    connection: AsyncConnection, vault: Vault, project_id: ProjectId, where: Place, now: datetime
) -> Secret | None:
    """The secret before the present one while it is valid. Raises CredentialError."""
    query = select(hooks.c.previous).where(hooks.c.project_id == project_id, hooks.c.previous_until > now)
    stored = (await connection.execute(query)).scalar()
    return None if stored is None else vault.read(stored, where.project, "previous webhook secret")


async def put(connection: AsyncConnection, where: Place, value: str) -> None:
    """Write this key and no other; the row must have been locked when it was read."""
    config = ROWS.c.config
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY  # late: SQLite's users don't pay for it

        key = cast([KEY], ARRAY(Text))
        changed: Function[Any] = func.jsonb_set(config, key, func.to_jsonb(cast(value, Text)))
    else:
        changed = func.json_set(config, f"$.{KEY}", value)
    await connection.execute(update(ROWS).where(ROWS.c.id == where.row).values(config=changed))
