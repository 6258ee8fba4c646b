"""Every key of a project's settings: its group, its check, and what of it is built."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import WrongSettingError
from reconciler.model.fields import Category, Severity
from reconciler.model.policy import ConflictPolicy
from reconciler.owner_settings import checks
from reconciler.owner_settings.values import (
    MAPPED_CATEGORIES,
    STAGES,
    CommentsFrom,
    Export,
    Redact,
    Section,
    SettingGroup,
    SeverityAs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKey:
    """One key of the settings."""

    group: SettingGroup
    check: checks.Check


_LABELS, _EXPORT, _CONTENT = SettingGroup.LABELS, SettingGroup.EXPORT, SettingGroup.CONTENT
_EXPORT_FILTERS = {"severity": checks.choices(Severity), "category": checks.choices(Category)}

KEYS: Mapping[str, SettingKey] = {
    "severity": SettingKey(
        group=_LABELS, check=checks.names_by_value(tuple(Severity), checks.check_some_names)
    ),
    "category": SettingKey(group=_LABELS, check=checks.names_by_value(MAPPED_CATEGORIES, checks.check_names)),
    "severity_as": SettingKey(group=_LABELS, check=checks.choice(SeverityAs)),
    "stage": SettingKey(group=SettingGroup.STAGE, check=checks.names_by_value(STAGES, checks.check_names)),
    "people": SettingKey(group=SettingGroup.PEOPLE, check=checks.check_people),
    "people_may_ping": SettingKey(group=SettingGroup.PEOPLE, check=checks.check_flag),
    "export": SettingKey(group=_EXPORT, check=checks.choice(Export)),
    "export_only": SettingKey(group=_EXPORT, check=checks.check_filter(_EXPORT_FILTERS)),
    "labels": SettingKey(group=_EXPORT, check=checks.check_names),
    "assignee": SettingKey(group=_EXPORT, check=checks.check_login),
    "milestone": SettingKey(group=_EXPORT, check=checks.check_milestone),
    "type": SettingKey(group=_EXPORT, check=checks.check_type),
    "link_comment": SettingKey(group=_EXPORT, check=checks.check_flag),
    "private_prefix": SettingKey(group=_CONTENT, check=checks.check_prefix),
    "redact": SettingKey(group=_CONTENT, check=checks.choice(Redact)),
    "sections": SettingKey(group=_CONTENT, check=checks.choices(Section)),
    "comments_from": SettingKey(group=_CONTENT, check=checks.choice(CommentsFrom)),
    "resolution_comment": SettingKey(group=_CONTENT, check=checks.check_flag),
    "mail": SettingKey(group=_CONTENT, check=checks.check_flag),
    "directions": SettingKey(group=SettingGroup.DIRECTIONS, check=checks.check_directions),
    "conflict": SettingKey(group=SettingGroup.DIRECTIONS, check=checks.choice(ConflictPolicy)),
}
"""The keys by name. The order is that of the contract."""

ALL = None
BUILT: Mapping[str, frozenset[str] | None] = {
    "severity": ALL,
    "category": ALL,
    "stage": ALL,
    "severity_as": ALL,
    "people": ALL,
    "people_may_ping": ALL,
    "export": ALL,
    "export_only": ALL,
    "labels": ALL,
    "milestone": ALL,
    "type": ALL,
    "assignee": ALL,
    "link_comment": ALL,
    "private_prefix": ALL,
    "redact": ALL,
    "sections": ALL,
    "comments_from": ALL,
    "resolution_comment": ALL,
    "mail": ALL,
    "directions": ALL,
    "conflict": ALL,
}
"""The keys whose behaviour is built: all of a key, or these of its members or words.

A key, member or word that is not here is refused as not available yet. What builds it adds it here.
"""


def require_built(key: str, value: object) -> None:
    """Raise WrongSettingError for a key, or a part of its value, whose behaviour is not built yet."""
    if key not in BUILT:
        raise _not_available(key)
    built = BUILT[key]
    if built is ALL:
        return
    named = value if isinstance(value, dict) else [value]
    for each in named:
        if each not in built:
            raise _not_available(f"{key}.{each}" if isinstance(value, dict) else key)


def _not_available(key: str) -> WrongSettingError:
    return checks.wrong(key, "is not available yet in this version of the program", "leave it out")
