"""A project's github rows in `integrations`, as their owner wrote them: usable, or a sentence why not.

The webhook secret in `integrations.config`, and the one before it.

Source: docs/reference/bugspark.md, Secrets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Function, Row, Text, and_, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import CredentialError, ProjectError
from reconciler.model.ids import ProjectId
from reconciler.model.report import Integration, Project
from reconciler.model.secret import Secret
from reconciler.store.bugspark.bugspark_tables import integrations
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.schema.tables import hooks

IS_ACTIVE_GITHUB = and_(integrations.c.provider == "github", integrations.c.is_active)
SECRET_CONFIG_KEYS = ("token", "webhookSecret")
GITHUB_NAME_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfigs:
    """An active project and the JSON texts of its active github rows."""

    id: ProjectId
    name: str
    configs: Sequence[str]


class BadConfigError(Exception):
    """What is wrong with a config, in words that follow "Its github integration"."""


def to_project(found: ProjectConfigs, vault: SecretCipher, app_repository: str | None) -> Project:
    """The project with its integration, or with its problem. The operator's App pair goes before any row."""
    try:
        integration = (
            _integration_from_app(app_repository) if app_repository else _integration_from_rows(found, vault)
        )
    except (BadConfigError, CredentialError) as error:
        return Project(id=found.id, name=found.name, integration=None, problem=str(error))
    return Project(id=found.id, name=found.name, integration=integration)


def _integration_from_app(repository: str) -> Integration:
    owner, _, repo = repository.partition("/")
    return Integration(owner=_require_name(owner, "owner"), repo=_require_name(repo, "repo"), token=None)


def _integration_from_rows(found: ProjectConfigs, vault: SecretCipher) -> Integration:
    if not found.configs:
        raise BadConfigError(f"Project {found.name} has no active github integration.")
    if len(found.configs) > 1:
        raise BadConfigError(
            f"Project {found.name} has {_number_word(len(found.configs))} active github integrations:"
            " switch off all but one in BugSpark."
        )
    config = parse_config(found.configs[0])
    return Integration(
        owner=_require_name(config.get("owner"), "owner"),
        repo=_require_name(config.get("repo"), "repo"),
        token=_decrypt_token(config.get("token"), found.name, vault),
    )


def _number_word(number: int) -> str:
    return {2: "two", 3: "three"}.get(number, str(number))


def parse_config(text: str) -> dict[str, Any]:
    """A config as its JSON text has it. Raises BadConfigError when it is no object."""
    try:
        config = msgspec.json.decode(text)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise BadConfigError("Its github integration is not a JSON object: set it up again in BugSpark.")
    return config


def _require_name(value: object, what: str) -> str:
    """A name that can stand in a path (docs/design.md, Security). It is not repeated: a stranger wrote it."""
    if value is None or value == "":
        raise BadConfigError(f"Its github integration has no {what}.")
    if not isinstance(value, str) or not GITHUB_NAME_PATTERN.fullmatch(value) or value in (".", ".."):
        article = "an" if what == "owner" else "a"
        raise BadConfigError(
            f"Its github integration has {article} {what} that is no GitHub name"
            " (letters, digits, dots, dashes, underscores)."
        )
    return value


def _decrypt_token(value: object, project: str, vault: SecretCipher) -> Secret:
    if not isinstance(value, str) or not value.strip():
        raise BadConfigError("Its github integration has no token.")
    return vault.decrypt(value.strip(), project)


def encrypted_or_plain_secrets(config: str) -> list[str]:
    """The values of a config that BugSpark or we keep encrypted, as stored; none of a malformed one."""
    try:
        found = msgspec.json.decode(config)
    except ValueError:
        return []
    values = [found.get(name) for name in SECRET_CONFIG_KEYS] if isinstance(found, dict) else []
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


SECRET_FIELD = "webhookSecret"  # noqa: S105 - the name of a key


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
        select(integrations.c.id, bugspark_projects.c.name, cast(integrations.c.config, Text).label("config"))
        .select_from(
            bugspark_projects.join(integrations, integrations.c.project_id == bugspark_projects.c.id)
        )
        .where(
            bugspark_projects.c.id == project_id,
            bugspark_projects.c.is_active,
            IS_ACTIVE_GITHUB,
        )
    )
    if lock:
        query = query.with_for_update(of=integrations)
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
    config = integrations.c.config
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY  # late: SQLite's users don't pay for it

        key = cast([SECRET_FIELD], ARRAY(Text))
        changed: Function[Any] = func.jsonb_set(config, key, func.to_jsonb(cast(value, Text)))
    else:
        changed = func.json_set(config, f"$.{SECRET_FIELD}", value)
    await connection.execute(
        update(integrations).where(integrations.c.id == where.integration_id).values(config=changed)
    )
