"""Every key of a project's settings: its group and its check."""

from collections.abc import Mapping
from dataclasses import dataclass

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
        group=_LABELS, check=checks.names_by_value_check(tuple(Severity), checks.check_some_names)
    ),
    "category": SettingKey(
        group=_LABELS, check=checks.names_by_value_check(MAPPED_CATEGORIES, checks.check_names)
    ),
    "severity_as": SettingKey(group=_LABELS, check=checks.choice(SeverityAs)),
    "stage": SettingKey(
        group=SettingGroup.STAGE, check=checks.names_by_value_check(STAGES, checks.check_names)
    ),
    "people": SettingKey(group=SettingGroup.PEOPLE, check=checks.check_people),
    "people_may_ping": SettingKey(group=SettingGroup.PEOPLE, check=checks.check_flag),
    "export": SettingKey(group=_EXPORT, check=checks.choice(Export)),
    "export_only": SettingKey(group=_EXPORT, check=checks.export_filter_check(_EXPORT_FILTERS)),
    "labels": SettingKey(group=_EXPORT, check=checks.check_names),
    "assignee": SettingKey(group=_EXPORT, check=checks.check_login),
    "milestone": SettingKey(group=_EXPORT, check=checks.check_milestone),
    "type": SettingKey(group=_EXPORT, check=checks.check_issue_type),
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
