"""The controls of the settings form, and what is typed into them: pure."""

from typing import Any
from uuid import UUID

import pytest

from reconciler.model.policy import SettingKeyView, SettingsView
from reconciler.model.viewer import Member
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.schema import settings_schema
from reconciler.web.pages.project_settings.controls import ControlKind, build_controls
from reconciler.web.pages.project_settings.form_values import (
    changes_between,
    fields_of_settings,
    merge_fields,
    settings_of_fields,
)

ADA, BOB = UUID(int=1), UUID(int=2)
PEOPLE = SettingKeyView(
    name="people", group="people", schema={"type": "object", "additionalProperties": {"type": "string"}}
)
FURTHER = (
    SettingKeyView(name="link_comment", group="export", schema={"type": "boolean"}),
    SettingKeyView(name="milestone", group="export", schema={"type": "integer"}),
    SettingKeyView(name="of_a_newer_version", group="export", schema={"type": "string"}),
)


def view(*keys: SettingKeyView, **settings: Any) -> SettingsView:
    schemas = settings_schema()["properties"]
    built = [
        SettingKeyView(name=name, group=key.group, schema=schemas[name])
        for name, key in KEYS.items()
        if name in schemas
    ]
    return SettingsView(
        version=1,
        settings=settings,
        effective={},
        kept_groups=("directions",),
        history=(),
        keys=(*built, *keys),
    )


WHOLE: dict[str, Any] = {
    "severity": {"critical": ["sev1", "blocker"], "low": ["sev4"]},
    "category": {"ui": []},
    "export": "all",
    "export_only": {"severity": ["critical", "high"]},
    "labels": [],
    "private_prefix": "#internal",
    "sections": ["description"],
    "mail": False,
    "directions": {"severity": "to_github"},
    "conflict": "github",
    "link_comment": True,
    "milestone": 3,
    "of_a_newer_version": "word",
}


def test_what_is_shown_and_sent_unchanged_is_the_same_settings() -> None:
    shown = view(*FURTHER, **WHOLE)
    groups = build_controls(shown, by_operator=True)
    assert settings_of_fields(groups, fields_of_settings(groups, WHOLE), WHOLE) == WHOLE


def test_every_built_key_has_a_control_and_one_without_a_title_is_shown_by_its_name() -> None:
    groups = build_controls(view(*FURTHER), by_operator=True)
    assert {group.key for group in groups} == {
        *settings_schema()["properties"],
        *(key.name for key in FURTHER),
    }
    assert groups[-1].title == "Of a newer version"
    kinds = {control.key: control.kind for group in groups for control in group.controls}
    assert kinds["milestone"] is ControlKind.NUMBER
    assert kinds["link_comment"] is ControlKind.FLAG
    assert kinds["stage.in_progress"] is ControlKind.LINES


def test_a_kept_group_is_taken_from_what_is_stored_whatever_is_sent() -> None:
    groups = build_controls(view(**WHOLE), by_operator=False)
    sent = {"conflict": "newest", "directions.severity": "off", "export": "manual"}
    asked = settings_of_fields(groups, sent, WHOLE)
    assert asked == {"export": "manual", "conflict": "github", "directions": {"severity": "to_github"}}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"milestone": "three"}, {"milestone": "three"}),
        ({"link_comment": "maybe"}, {"link_comment": "maybe"}),
        ({"severity.high": " sev2 \r\n\r\n high"}, {"severity": {"high": ["sev2", "high"]}}),
        ({"labels:none": "1", "labels": "x"}, {"labels": ["x"]}),
        ({"sections:description": "0"}, {}),
        ({"unknown": "x"}, {}),
    ],
    ids=str,
)
def test_what_can_be_no_value_goes_on_as_it_was_typed(fields: dict[str, str], wanted: Any) -> None:
    groups = build_controls(view(*FURTHER), by_operator=True)
    assert settings_of_fields(groups, fields, {}) == wanted


def test_each_member_has_a_field_and_who_is_no_member_any_more_stays() -> None:
    shown = view(PEOPLE, people={str(BOB): "bob"})
    groups = build_controls(shown, [Member(user_id=ADA, name="Ada")], by_operator=True)
    people = groups[-1]
    assert [(each.key, each.title) for each in people.controls] == [
        (f"people.{BOB}", str(BOB)),
        (f"people.{ADA}", "Ada"),
    ]
    fields = fields_of_settings(groups, shown.settings)
    assert fields == {f"people.{BOB}": "bob"}
    asked = settings_of_fields(groups, {**fields, f"people.{ADA}": "ada-gh"}, {})
    assert asked == {"people": {str(BOB): "bob", str(ADA): "ada-gh"}}


def test_of_two_editors_what_was_typed_wins_and_the_rest_is_what_is_stored_now() -> None:
    groups = build_controls(view(), by_operator=True)
    loaded = {"export": "all", "labels": ["a"]}
    now = {"export": "manual", "labels": ["b"], "redact": "on"}
    typed = {**fields_of_settings(groups, loaded), "labels": "c"}
    merged = merge_fields(groups, typed, loaded, now)
    assert settings_of_fields(groups, merged, {}) == {"export": "manual", "labels": ["c"], "redact": "on"}


def test_a_version_is_described_by_the_keys_that_it_changed() -> None:
    changes = changes_between(
        {"severity": {"high": ["a"]}, "export": "all"}, {"severity": {"high": ["a", "b"]}, "mail": False}
    )
    assert [(each.key, each.before, each.after) for each in changes] == [
        ("export", "all", "not set"),
        ("mail", "not set", "no"),
        ("severity.high", "a", "a, b"),
    ]
