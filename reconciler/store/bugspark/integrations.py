"""A project's github rows in `integrations`, as their owner wrote them: usable, or a sentence why not."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.errors import CredentialError
from reconciler.model.ids import ProjectId
from reconciler.model.report import Integration, Project
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.store.bugspark.encryption import SecretCipher

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
