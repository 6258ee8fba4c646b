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
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bugspark.integrations import BadConfigError, parse_config
from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.tables import hooks

SECRET_FIELD = "webhookSecret"  # noqa: S105 - the name of a key
BUGSPARK_PROJECTS, INTEGRATIONS = bugspark_tables.projects, bugspark_tables.integrations


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecretLocation:
    """Where a project's secret is kept, and what is written there now."""

    integration_id: UUID
    project: str  # its name
    stored_value: str | None


async def locate_webhook_secret(
    connection: AsyncConnection, project_id: ProjectId, *, lock: bool = False
) -> WebhookSecretLocation:
    """`lock`: nobody else changes it before this transaction ends. Raises ProjectError where there is no
    place for a secret, in a sentence that says what to do.
    """
    query = (
        select(INTEGRATIONS.c.id, BUGSPARK_PROJECTS.c.name, cast(INTEGRATIONS.c.config, Text).label("config"))
        .select_from(
            BUGSPARK_PROJECTS.join(INTEGRATIONS, INTEGRATIONS.c.project_id == BUGSPARK_PROJECTS.c.id)
        )
        .where(
            BUGSPARK_PROJECTS.c.id == project_id,
            BUGSPARK_PROJECTS.c.is_active,
            INTEGRATIONS.c.provider == "github",
            INTEGRATIONS.c.is_active,
        )
    )
    if lock:
        query = query.with_for_update(of=INTEGRATIONS)
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
    return WebhookSecretLocation(
        integration_id=rows[0].id, project=rows[0].name, stored_value=_webhook_secret_in(rows[0])
    )


def _webhook_secret_in(row: Row[Any]) -> str | None:
    try:
        value = parse_config(row.config).get(SECRET_FIELD)
    except BadConfigError as error:
        raise ProjectError(f"{row.name}: {error}") from error
    return value if isinstance(value, str) and value.strip() else None


def decrypt_webhook_secret(vault: SecretCipher, where: WebhookSecretLocation) -> Secret | None:
    """The secret kept there. Raises CredentialError when it can't be decrypted."""
    return (
        None
        if where.stored_value is None
        else vault.decrypt(where.stored_value, where.project, "webhook secret")
    )


async def previous_webhook_secret(
    connection: AsyncConnection,
    vault: SecretCipher,
    project_id: ProjectId,
    where: WebhookSecretLocation,
    now: datetime,
) -> Secret | None:
    """The secret before the present one while it is valid. Raises CredentialError."""
    query = select(hooks.c.previous).where(hooks.c.project_id == project_id, hooks.c.previous_until > now)
    stored = (await connection.execute(query)).scalar()
    return None if stored is None else vault.decrypt(stored, where.project, "previous webhook secret")


async def write_webhook_secret(connection: AsyncConnection, where: WebhookSecretLocation, value: str) -> None:
    """Write this key and no other; the row must have been locked when it was read."""
    config = INTEGRATIONS.c.config
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY  # late: SQLite's users don't pay for it

        key = cast([SECRET_FIELD], ARRAY(Text))
        changed: Function[Any] = func.jsonb_set(config, key, func.to_jsonb(cast(value, Text)))
    else:
        changed = func.json_set(config, f"$.{SECRET_FIELD}", value)
    await connection.execute(
        update(INTEGRATIONS).where(INTEGRATIONS.c.id == where.integration_id).values(config=changed)
    )
