"""From settings to the fields of the form, and back. Pure.

Fields are texts by name, as a browser sends them: a box that is not ticked is not there. What can't be a
value goes on as it was typed: the check of the settings says what is wrong with it, and at which key.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.policy import JsonObject
from reconciler.web.pages.project_settings.controls import (
    Control,
    ControlGroup,
    ControlKind,
    value_as_text,
    value_at,
)

TICKED = "1"


def fields_of_settings(groups: Collection[ControlGroup], settings: JsonObject) -> dict[str, str]:
    """Return the fields of a form that shows these settings."""
    fields: dict[str, str] = {}
    for control in (each for group in groups for each in group.controls):
        fields |= _fields_of_value(control, value_at(settings, control.key))
    return fields


def _fields_of_value(control: Control, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    match control.kind:
        case ControlKind.FLAG:
            return {control.key: "true" if value else "false"}
        case ControlKind.LINES | ControlKind.WORDS if not value:
            return {control.none_field: TICKED}
        case ControlKind.LINES:
            return {control.key: "\n".join(value)}
        case ControlKind.WORDS:
            return {control.word_field(word): TICKED for word in value}
        case ControlKind.PAIRS:
            return {control.key: "\n".join(f"{name} = {each}" for name, each in value.items())}
        case _:
            return {control.key: str(value)}


def settings_of_fields(
    groups: Collection[ControlGroup], fields: Mapping[str, str], kept: JsonObject
) -> JsonObject:
    """Return the settings that a form asks for. `kept`: the stored ones, for groups that can't be edited."""
    found: dict[str, Any] = {}
    for group in groups:
        if group.is_kept:
            value: Any = kept.get(group.key)
        elif len(group.controls) == 1 and group.controls[0].key == group.key:
            value = value_of_fields(group.controls[0], fields)
        else:
            members = {
                control.key.partition(".")[2]: each
                for control in group.controls
                if (each := value_of_fields(control, fields)) is not None
            }
            value = members or None
        if value is not None:
            found[group.key] = value
    return found


def value_of_fields(control: Control, fields: Mapping[str, str]) -> Any:
    """Return the value of one control; None: it has none of its own."""
    text = fields.get(control.key, "").strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_none = fields.get(control.none_field) == TICKED
    match control.kind:
        case ControlKind.FLAG if text in ("true", "false"):
            return text == "true"
        case ControlKind.NUMBER if text.isdecimal():
            return int(text)
        case ControlKind.LINES:
            return lines if lines or is_none else None
        case ControlKind.WORDS:
            words = [each for each in control.options if fields.get(control.word_field(each)) == TICKED]
            return words if words or is_none else None
        case ControlKind.PAIRS:
            pairs = (line.partition("=") for line in lines)
            return {name.strip(): value.strip() for name, _, value in pairs} or None
        case _:
            return text or None


def merge_fields(
    groups: Collection[ControlGroup], fields: Mapping[str, str], loaded: JsonObject, now: JsonObject
) -> dict[str, str]:
    """Return the fields with what somebody else has stored in between, where this form has changed nothing.

    `loaded`: the settings that the form was made from; `now`: those that are stored.
    """
    merged: dict[str, str] = {}
    for control in (each for group in groups for each in group.controls):
        typed = value_of_fields(control, fields)
        if typed == value_at(loaded, control.key):
            merged |= _fields_of_value(control, value_at(now, control.key))
        else:
            names = (control.key, control.none_field, *map(control.word_field, control.options))
            merged |= {name: fields[name] for name in names if name in fields}
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """What one version changed, in words."""

    key: str
    before: str
    after: str


def changes_between(before: JsonObject, after: JsonObject) -> tuple[SettingChange, ...]:
    """Return the keys whose values differ, in order."""
    old, new = _flat(before), _flat(after)
    return tuple(
        SettingChange(key=key, before=value_as_text(old.get(key)), after=value_as_text(new.get(key)))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def _flat(settings: JsonObject) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{member}": each for member, each in value.items()}
        else:
            found[name] = value
    return found


def content_as_settings(content: str) -> JsonObject:
    """Return a stored version's content; of one that can't be read, nothing."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
