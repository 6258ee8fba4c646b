"""What is in force for a project: the operator's values, and the owner's where there are some.

An owner may ask for more privacy than the operator, never for less: of `directions`, `redact` and `sections`
the stricter value of both counts, no matter who stored it and when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from reconciler.errors import OperatorOnlySettingError
from reconciler.model.fields import Field, PriorityField
from reconciler.model.policy import (
    Direction,
    ExportFilter,
    LabelMapping,
    MappedPerson,
    People,
    SyncPolicy,
    label_key,
    people_of,
)
from reconciler.owner_settings.checks import wrong
from reconciler.owner_settings.history import (
    OperatorHistory,
    SettingsHistory,
    comment_rules,
    next_operator_history,
)
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.values import (
    CommentsFrom,
    Export,
    ProjectSettings,
    Redact,
    Section,
    SettingGroup,
    SeverityAs,
    Synced,
)

MAPS = ("severity", "category", "stage")
"""The keys with label names: a name stands once over all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """The operator's part: a value for every key, and the groups that owners may set."""

    defaults: ProjectSettings
    policy: SyncPolicy  # the configuration's; what is no setting of a project is taken from it
    may: frozenset[SettingGroup] = frozenset(SettingGroup)
    # directions that the operator has written down: an owner may narrow them, not widen
    bounds: Mapping[Synced, Direction] = field(default_factory=dict)
    history: OperatorHistory = field(default_factory=OperatorHistory)

    def with_history(self, known: OperatorHistory, at: datetime) -> "OperatorSettings":
        """Return the settings with what counts of earlier ones. `known`: that of the last pass; `at`: now."""
        direction = self.bounds.get(Synced.COMMENTS, Direction.BOTH)
        prefix = self.defaults.private_prefix
        return replace(self, history=next_operator_history(known, prefix, direction, at))


def settings_in_force(operator: OperatorSettings, own: ProjectSettings) -> ProjectSettings:
    """Return a value for every key that the operator has one for.

    Raises WrongSettingError if a label name stands twice; the key that the owner has set is named.
    """
    merged = combine_settings(operator, own)
    _require_distinct_labels(merged, own)
    return merged


def combine_settings(operator: OperatorSettings, own: ProjectSettings) -> ProjectSettings:
    """Return what `settings_in_force` does, also where a label name stands twice."""
    values: dict[str, Any] = {}
    for each in fields(ProjectSettings):
        default, mine = getattr(operator.defaults, each.name), getattr(own, each.name)
        values[each.name] = _combine(each.name, default, mine)
    values["directions"] = {
        synced: direction.narrowed_to(operator.bounds.get(synced, Direction.BOTH))
        for synced, direction in (values["directions"] or {}).items()
    }
    return ProjectSettings(**values)


def _combine(key: str, default: Any, mine: Any) -> Any:
    if mine is None:
        return default
    match key:
        case "severity" | "category" | "stage" | "people" | "directions":
            return {**(default or {}), **mine}
        case "mail":
            return bool(default) and mine
        case "redact":
            return max(default or Redact.OFF, mine, key=list(Redact).index)
        case "sections":
            return tuple(each for each in mine if default is None or each in default)
        case _:
            return mine


def _require_distinct_labels(merged: ProjectSettings, own: ProjectSettings) -> None:
    owners: dict[str, str] = {}
    clashes: list[tuple[str, str, str]] = []
    for name, values in ((name, getattr(merged, name) or {}) for name in MAPS):
        for value, labels in values.items():
            for label in labels:
                other = owners.setdefault(label_key(label), f"{name}.{value}")
                if other != f"{name}.{value}":
                    clashes.append((label, other, f"{name}.{value}"))
    clashes += [
        (label, owners[label_key(label)], "labels")
        for label in merged.labels or ()
        if label_key(label) in owners
    ]
    for label, first, second in clashes:
        key, other = (first, second) if _is_set(own, first) and not _is_set(own, second) else (second, first)
        raise wrong(
            key, f"has the label {label!r}, which {other} has too (case ignored)", "remove one of them"
        )


def _is_set(own: ProjectSettings, key: str) -> bool:
    name, _, value = key.partition(".")
    mine = getattr(own, name)
    return mine is not None and (not value or value in mine)


def require_allowed(
    operator: OperatorSettings, own: ProjectSettings, before: ProjectSettings, *, by_operator: bool
) -> None:
    """Check what an owner, or the operator, may store in place of `before`.

    Raises OperatorOnlySettingError that names the key: of a group that the operator keeps, which an owner may
    send back as it is but not change; or one that asks for less privacy than the operator.
    """
    if by_operator:
        return
    for name, key in KEYS.items():
        if key.group not in operator.may and getattr(own, name) != getattr(before, name):
            raise OperatorOnlySettingError(
                f"{name} is kept by the operator of this program ([owners] may). Nothing was changed.",
                name,
            )
    if own.redact is not None and _combine("redact", operator.defaults.redact, own.redact) != own.redact:
        raise _less_private_error("redact", str(operator.defaults.redact))
    for synced, direction in (own.directions or {}).items():
        bound = operator.bounds.get(synced, Direction.BOTH)
        if direction.narrowed_to(bound) is not direction:
            raise _less_private_error(f"directions.{synced}", bound)
    if own.sections is not None and operator.defaults.sections is not None:
        for section in own.sections:
            if section not in operator.defaults.sections:
                raise _less_private_error("sections", ", ".join(operator.defaults.sections) or "none")


def _less_private_error(key: str, wanted: str) -> OperatorOnlySettingError:
    return OperatorOnlySettingError(
        f"{key} would let more leave than the operator allows ({wanted}). Nothing was changed.",
        key,
    )


def policy_in_force(
    operator: OperatorSettings,
    settings: ProjectSettings,
    history: SettingsHistory,
    *,
    is_public: bool,
    accounts: Mapping[tuple[str, str], int | None] | None = None,
    priority: PriorityField | None = None,
) -> SyncPolicy:
    """Return the policy of a pass for the settings in force. `is_public`: anybody may read the repository.

    `accounts`: the numeric id that GitHub gave for a user's login, by the user's id and the login.
    `priority`: the organisation's field, where it has the severity if that is wanted.
    """
    base = operator.policy
    redacts = settings.redact is Redact.ON or (settings.redact is Redact.AUTO and is_public)
    sections = frozenset(settings.sections if settings.sections is not None else Section)
    if redacts and is_public:
        sections -= {Section.REPORTER}
    wants_priority = settings.severity_as is SeverityAs.PRIORITY
    return replace(
        base,
        conflict=settings.conflict or base.conflict,
        export_all=settings.export is Export.ALL if settings.export else base.export_all,
        export_only=settings.export_only or ExportFilter(),
        collaborators_only=(
            settings.comments_from is CommentsFrom.COLLABORATORS
            if settings.comments_from
            else base.collaborators_only
        ),
        labels=LabelMapping(
            severity=settings.severity or {}, category=settings.category or {}, stage=settings.stage or {}
        ),
        label_history=history.labels,
        directions=_directions_in_force(settings),
        sections=frozenset(each.value for each in sections),
        new_labels=settings.labels or (),
        new_milestone=settings.milestone,
        new_type=settings.type,
        resolution_comment=bool(settings.resolution_comment),
        new_assignee=settings.assignee,
        people=_people_in_force(settings, history, accounts or {}),
        mails_owner=bool(settings.mail),
        wants_priority=wants_priority,
        priority=priority if wants_priority else None,
        link_comment=settings.link_comment or False,
        text=replace(base.text, redacts=redacts),
        comments=comment_rules(settings, operator.defaults.private_prefix),
        earlier_comments=(*operator.history.earlier, *history.comments),
    )


def _directions_in_force(settings: ProjectSettings) -> Mapping[Field, Direction]:
    directions = settings.directions or {}
    found = {each: directions.get(Synced(each.value), Direction.BOTH) for each in Field}
    return {each: direction for each, direction in found.items() if direction is not Direction.BOTH}


def _people_in_force(
    settings: ProjectSettings, history: SettingsHistory, accounts: Mapping[tuple[str, str], int | None]
) -> People:
    persons = (
        MappedPerson(
            user=UUID(user).hex,
            login=login,
            account=accounts.get((UUID(user).hex, login)),
            since=history.people.get(user),
        )
        for user, login in (settings.people or {}).items()
    )
    return people_of(persons, may_ping=bool(settings.people_may_ping))
