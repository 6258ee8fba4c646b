"""The JSON Schema of a project's settings, for editors. It accepts what `decode` accepts, but for names that
stand twice in two maps, and labels or logins that differ in case only: these only `decode` finds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.fields import Category, Severity
from reconciler.model.policy import (
    LOGIN_PATTERN,
    MAX_ISSUE_TYPE_LENGTH,
    MAX_LABEL_LENGTH,
    PREFIX_LENGTHS,
    ConflictPolicy,
    Direction,
)
from reconciler.owner_settings import checks
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.values import (
    MAPPED_CATEGORIES,
    STAGES,
    CommentsFrom,
    Export,
    Redact,
    Section,
    SeverityAs,
    Synced,
)

Schema = Mapping[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_LABEL_LENGTH}
_NAMES: Schema = {"type": "array", "items": _NAME, "maxItems": checks.MAX_NAMES, "uniqueItems": True}
_LOGIN: Schema = {"type": "string", "pattern": f"^{LOGIN_PATTERN.pattern}$"}
_USER_ID = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"
_SHORTEST, _LONGEST = PREFIX_LENGTHS


def _one_of(words: Sequence[str]) -> Schema:
    return {"enum": [str(word) for word in words]}


def _some_of(words: Sequence[str]) -> Schema:
    return {"type": "array", "items": _one_of(words), "uniqueItems": True}


def _object_schema(values: Sequence[str], schema: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {str(value): schema for value in values},
        "additionalProperties": False,
    }


_SCHEMAS: Mapping[str, Schema] = {
    "severity": _object_schema(tuple(Severity), {**_NAMES, "minItems": 1}),
    "category": _object_schema(MAPPED_CATEGORIES, _NAMES),
    "severity_as": _one_of(tuple(SeverityAs)),
    "stage": _object_schema(STAGES, _NAMES),
    "people": {
        "type": "object",
        "propertyNames": {"pattern": _USER_ID},
        "additionalProperties": _LOGIN,
        "maxProperties": checks.MAX_PEOPLE,
    },
    "people_may_ping": {"type": "boolean"},
    "export": _one_of(tuple(Export)),
    "export_only": {
        "type": "object",
        "properties": {"severity": _some_of(tuple(Severity)), "category": _some_of(tuple(Category))},
        "additionalProperties": False,
    },
    "labels": _NAMES,
    "milestone": {"type": "integer", "minimum": 1, "maximum": checks.MAX_MILESTONE},
    "type": {**_NAME, "maxLength": MAX_ISSUE_TYPE_LENGTH},
    "assignee": _LOGIN,
    "link_comment": {"type": "boolean"},
    "private_prefix": {"type": "string", "minLength": _SHORTEST, "maxLength": _LONGEST},
    "redact": _one_of(tuple(Redact)),
    "sections": _some_of(tuple(Section)),
    "comments_from": _one_of(tuple(CommentsFrom)),
    "resolution_comment": {"type": "boolean"},
    "mail": {"type": "boolean"},
    "directions": _object_schema(tuple(Synced), _one_of(tuple(Direction))),
    "conflict": _one_of(tuple(ConflictPolicy)),
}
"""By key."""


def settings_schema() -> Schema:
    """Return the schema of the settings that this version knows."""
    return {
        "$schema": DIALECT,
        "title": "Settings of one project of bugspark-reconciler",
        "type": "object",
        "properties": {key: _SCHEMAS[key] for key in KEYS},
        "additionalProperties": False,
    }
