"""BugSpark's github integrations: the repository, token and webhook secret of a project.

Their owners write them, so they may be unusable: a sentence then says why. The webhook secret before the
present one is in `sync_hooks`.

Source: docs/reference/bugspark.md, Secrets.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import CredentialError, ProjectError
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import ProjectId
from reconciler.model.report import ANY_REPOSITORY, Integration, Project, is_app_pair_for
from reconciler.model.secret import Secret
from reconciler.store.bugspark.bugspark_tables import integrations
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.foreign_json import (
    MAX_CONFIG_BYTES,
    ForeignJsonError,
    bounded_config_text,
    decode_foreign_json,
    sorted_config,
)
from reconciler.store.schema.tables import hooks

IS_ACTIVE_GITHUB_INTEGRATION = and_(integrations.c.provider == "github", integrations.c.is_active)
WEBHOOK_SECRET_FIELD = "webhookSecret"  # noqa: S105 - the name of a key
SECRET_CONFIG_KEYS = ("token", WEBHOOK_SECRET_FIELD)
SET_WEBHOOK_SECRET_SQL = text(
    "SELECT bugspark_sync.set_webhook_secret("
    "CAST(:integration AS uuid), CAST(:expected AS text), CAST(:secret AS text))"
)
KNOWN_CONFIG_KEYS = frozenset(
    {"owner", "repo", *SECRET_CONFIG_KEYS, "apiKey", "api_key", "secret", "access_token"}
)
"""Keys of a config that this program or BugSpark reads (docs/reference/bugspark.md, Secrets)."""
MAX_UNKNOWN_KEYS = 10
MAX_KEY_CHARS = 60
"""Characters of an unknown key that are shown: its owner may have written anything."""
GITHUB_NAME_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfigs:
    """An active project and the JSON texts of its active github rows."""

    id: ProjectId
    name: str
    configs: Sequence[str]


MAX_ROWS_PER_PROJECT = 4
"""Active github rows of a project that are read; more than one is a problem, whatever they contain."""

_cut = (
    select(
        integrations.c.id,
        integrations.c.project_id,
        sorted_config(integrations.c.config).label("config"),
        integrations.c.created_at,
    )
    .where(IS_ACTIVE_GITHUB_INTEGRATION)
    .subquery("cut_rows")
)
_position = func.row_number().over(partition_by=_cut.c.project_id, order_by=(_cut.c.created_at, _cut.c.id))
_ranked = select(_cut.c.project_id, _cut.c.config, _cut.c.created_at, _position.label("position")).subquery(
    "ranked_rows"
)
active_github_rows = (
    select(_ranked.c.project_id, bounded_config_text(_ranked.c.config).label("config"), _ranked.c.created_at)
    .where(_ranked.c.position <= MAX_ROWS_PER_PROJECT)
    .subquery("active_github_rows")
)
"""The first active github rows of each project, their configs as bounded text."""


class BadConfigError(Exception):
    """What is wrong with a config, in a sentence."""


def to_project(found: ProjectConfigs, cipher: SecretCipher, app_pair: str | None) -> Project:
    """The project with its integration or its problem.

    `app_pair`: of the operator's GitHub App. `owner/repo` goes before any row; with `owner/*` the row names
    the repository, and its token is not used. What an owner writes never extends a pair.
    """
    try:
        integration = (
            _integration_from_app(found, app_pair) if app_pair else _integration_from_row(found, cipher)
        )
    except (BadConfigError, CredentialError) as error:
        return Project(id=found.id, name=found.name, integration=None, problem=str(error))
    return Project(id=found.id, name=found.name, integration=integration)


def _integration_from_app(found: ProjectConfigs, pair: str) -> Integration:
    owner, _, repo = pair.partition("/")
    if repo != ANY_REPOSITORY:
        return Integration(
            owner=_require_github_name(owner, "owner"), repo=_require_github_name(repo, "repo"), token=None
        )
    named = _integration_without_token(_single_config(found))
    if not is_app_pair_for(pair, named.repository):
        raise BadConfigError(
            f"The operator's GitHub App serves {found.name} for repositories of {owner} only, and its github"
            " integration names another owner: correct it in BugSpark, or ask the operator."
        )
    return named


def _integration_from_row(found: ProjectConfigs, cipher: SecretCipher) -> Integration:
    config = _single_config(found)
    return replace(
        _integration_without_token(config), token=_decrypt_token(config.get("token"), found, cipher)
    )


def _integration_without_token(config: Mapping[str, Any]) -> Integration:
    """Return what a config names, without its token. Raises BadConfigError."""
    return Integration(
        owner=_require_github_name(config.get("owner"), "owner"),
        repo=_require_github_name(config.get("repo"), "repo"),
        token=None,
        unknown_keys=_unknown_keys(config),
    )


def _single_config(found: ProjectConfigs) -> dict[str, Any]:
    """Return the config of the one active row. Raises BadConfigError."""
    if not found.configs:
        raise BadConfigError(f"Project {found.name} has no active github integration.")
    if len(found.configs) > 1:
        raise BadConfigError(
            f"Project {found.name} has {_number_word(len(found.configs))} active github integrations:"
            " switch off all but one in BugSpark."
        )
    return parse_config(found.configs[0])


def _unknown_keys(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return `config.sync` for a key that nobody reads, ten at most."""
    unknown = sorted(key for key in config if key not in KNOWN_CONFIG_KEYS)[:MAX_UNKNOWN_KEYS]
    return tuple(f"config.{single_printable_line(key)[:MAX_KEY_CHARS]}" for key in unknown)


def _number_word(number: int) -> str:
    return {2: "two", 3: "three"}.get(number, "more than three")


def parse_config(text: str) -> dict[str, Any]:
    """Decode the bounded text of a config. Raises BadConfigError when it can't be read or is no object."""
    try:
        config = decode_foreign_json(text, MAX_CONFIG_BYTES)
    except ForeignJsonError as error:
        raise BadConfigError(f"Its github integration {error}: set it up again in BugSpark.") from None
    if not isinstance(config, dict):
        raise BadConfigError("Its github integration is not a JSON object: set it up again in BugSpark.")
    return config


def _require_github_name(value: object, what: str) -> str:
    """Return a name that can stand in a path (docs/design.md, Security). Errors do not repeat it: it is
    untrusted.
    """
    if value is None or value == "":
        raise BadConfigError(f"Its github integration has no {what}.")
    if not isinstance(value, str) or not GITHUB_NAME_PATTERN.fullmatch(value) or value in (".", ".."):
        article = "an" if what == "owner" else "a"
        raise BadConfigError(
            f"Its github integration has {article} {what} that is no GitHub name"
            " (letters, digits, dots, dashes, underscores)."
        )
    return value


def _decrypt_token(value: object, found: ProjectConfigs, cipher: SecretCipher) -> Secret:
    if not isinstance(value, str) or not value.strip():
        raise BadConfigError("Its github integration has no token.")
    return cipher.decrypt(value.strip(), found.id, found.name)


def secrets_as_stored(config: str) -> list[str]:
    """The secrets in a config as stored, encrypted or not; none of a malformed config."""
    try:
        found = parse_config(config)
    except BadConfigError:
        return []
    values = [found.get(name) for name in SECRET_CONFIG_KEYS]
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecretLocation:
    """Where a project's secret is kept, and what is written there now."""

    integration_id: UUID
    project_id: ProjectId
    project: str  # its name
    stored_value: str | None


async def locate_webhook_secret(connection: AsyncConnection, project_id: ProjectId) -> WebhookSecretLocation:
    """Find where the project's secret is kept.

    Raises ProjectError where there is no place for a secret, in a sentence that says what to do.
    """
    query = (
        select(
            integrations.c.id,
            bugspark_projects.c.name,
            bounded_config_text(integrations.c.config).label("config"),
        )
        .select_from(
            bugspark_projects.join(integrations, integrations.c.project_id == bugspark_projects.c.id)
        )
        .where(
            bugspark_projects.c.id == project_id,
            bugspark_projects.c.is_active,
            IS_ACTIVE_GITHUB_INTEGRATION,
        )
    )
    query = query.limit(MAX_ROWS_PER_PROJECT)
    rows = (await connection.execute(query)).all()
    if not rows:
        raise ProjectError(
            "The webhook secret is kept in the project's github integration, and it has no active one:"
            " connect the project to GitHub in BugSpark."
        )
    if len(rows) > 1:
        raise ProjectError(
            f"Project {rows[0].name} has {_number_word(len(rows))} active github integrations:"
            " switch off all but one in BugSpark."
        )
    return WebhookSecretLocation(
        integration_id=rows[0].id,
        project_id=project_id,
        project=rows[0].name,
        stored_value=_webhook_secret_in(rows[0].name, rows[0].config),
    )


def _webhook_secret_in(project: str, config: str) -> str | None:
    try:
        value = parse_config(config).get(WEBHOOK_SECRET_FIELD)
    except BadConfigError as error:
        raise ProjectError(f"{project}: {error}") from error
    return value if isinstance(value, str) and value.strip() else None


def decrypt_webhook_secret(cipher: SecretCipher, where: WebhookSecretLocation) -> Secret | None:
    """Decrypt the secret kept there. Raises CredentialError when that fails."""
    return (
        None
        if where.stored_value is None
        else cipher.decrypt(where.stored_value, where.project_id, where.project, "webhook secret")
    )


async def read_previous_webhook_secret(
    connection: AsyncConnection, project_id: ProjectId, now: datetime
) -> str | None:
    """Read the secret before the present one as it is stored, while it is valid."""
    query = select(hooks.c.previous).where(hooks.c.project_id == project_id, hooks.c.previous_until > now)
    stored = (await connection.execute(query)).scalar()
    return None if stored is None else str(stored)


def decrypt_previous_webhook_secret(
    cipher: SecretCipher, where: WebhookSecretLocation, stored: str | None
) -> Secret | None:
    """Decrypt what `read_previous_webhook_secret` read. Raises CredentialError."""
    if stored is None:
        return None
    return cipher.decrypt(stored, where.project_id, where.project, "previous webhook secret")


async def write_webhook_secret(connection: AsyncConnection, where: WebhookSecretLocation, value: str) -> bool:
    """Set the secret and no other key of the config; False when it is not the one that was read any more.

    On PostgreSQL by a function of the table's owner: this program's role can't change an integration.
    """
    if connection.dialect.name == "postgresql":
        values = {"integration": where.integration_id, "expected": where.stored_value, "secret": value}
        return bool((await connection.execute(SET_WEBHOOK_SECRET_SQL, values)).scalar())
    # On SQLite the transaction has excluded all other writers since it read the secret.
    changed = func.json_set(integrations.c.config, f"$.{WEBHOOK_SECRET_FIELD}", value)
    await connection.execute(
        update(integrations).where(integrations.c.id == where.integration_id).values(config=changed)
    )
    return True
