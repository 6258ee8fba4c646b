"""The JSON Schema of settings accepts and refuses what the program does."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from reconciler.errors import WrongSettingError
from reconciler.owner_settings.decode import decode_settings
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.schema import settings_schema

RIGHT: list[dict[str, Any]] = [
    {},
    {"severity": {"critical": ["sev1"]}, "category": {"ui": []}, "severity_as": "label"},
    {"export": "all", "labels": ["from-bugspark"], "comments_from": "collaborators", "conflict": "newest"},
    {"private_prefix": "#internal", "redact": "on", "sections": ["console", "description"]},
    {"directions": {"status": "off", "severity": "to_github", "title": "both", "comments": "to_bugspark"}},
]
WRONG: list[Any] = [
    [],
    {"colour": "red"},
    {"severity": {"critical": []}},
    {"severity": {"blocker": ["x"]}},
    {"labels": ["a", "a"]},
    {"labels": ["x" * 51]},
    {"labels": [str(number) for number in range(21)]},
    {"redact": "sometimes"},
    {"sections": ["thread"]},
    {"directions": {"status": "sideways"}},
    {"private_prefix": "#"},
]


@pytest.mark.parametrize("value", RIGHT, ids=json.dumps)
def test_it_accepts_what_is_accepted(value: dict[str, Any]) -> None:
    decode_settings(json.dumps(value))
    assert Draft202012Validator(dict(settings_schema())).is_valid(value)


@pytest.mark.parametrize("value", WRONG, ids=lambda value: json.dumps(value)[:40])
def test_it_refuses_what_is_refused(value: object) -> None:
    with pytest.raises(WrongSettingError):
        decode_settings(json.dumps(value))
    assert not Draft202012Validator(dict(settings_schema())).is_valid(value)


def test_it_has_every_key_and_no_other() -> None:
    assert list(settings_schema()["properties"]) == list(KEYS)
