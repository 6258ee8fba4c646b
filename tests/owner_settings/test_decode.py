"""Settings are read strictly: what is wrong is named by its key, and nothing else is taken."""

import json
from typing import Any
from uuid import uuid4

import pytest

from reconciler.errors import WrongSettingError
from reconciler.model.fields import Category, Severity, Status
from reconciler.model.policy import ConflictPolicy, Direction, ExportFilter
from reconciler.owner_settings.decode import decode_settings, encode_settings, settings_as_json
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.values import ProjectSettings, Redact, Section, Synced

USER = "0b5e0f1c-6d43-4a53-9f0e-6a1c4a0e7a11"
CONTRACT: dict[str, Any] = {
    "severity": {"critical": ["sev1"]},
    "category": {"ui": ["area/ui"]},
    "stage": {"in_progress": ["in progress"]},
    "severity_as": "label",
    "people": {USER: "github-login"},
    "people_may_ping": False,
    "export": "manual",
    "export_only": {"severity": ["critical", "high"], "category": ["bug", "crash"]},
    "labels": ["from-bugspark"],
    "assignee": "alice",
    "milestone": 3,
    "type": "Bug",
    "link_comment": False,
    "private_prefix": "#internal",
    "redact": "auto",
    "sections": ["description", "screenshot", "console", "environment", "reporter"],
    "comments_from": "everyone",
    "resolution_comment": False,
    "mail": True,
    "directions": {"status": "both", "severity": "to_github", "title": "off", "comments": "to_bugspark"},
    "conflict": "newest",
}
"""The object of docs/reference/contract.md."""


def refusal(value: Any) -> WrongSettingError:
    with pytest.raises(WrongSettingError) as caught:
        decode_settings(value if isinstance(value, str | bytes) else json.dumps(value))
    return caught.value


def test_every_key_of_the_contract_is_read_and_written_back_as_it_was() -> None:
    read = decode_settings(json.dumps(CONTRACT))
    assert set(CONTRACT) == set(KEYS)
    assert settings_as_json(read) == CONTRACT
    assert decode_settings(encode_settings(read)) == read
    assert read.severity == {Severity.CRITICAL: ("sev1",)}
    assert read.category == {Category.UI: ("area/ui",)}
    assert read.stage == {Status.IN_PROGRESS: ("in progress",)}
    assert read.export_only == ExportFilter(
        severity=(Severity.CRITICAL, Severity.HIGH), category=(Category.BUG, Category.CRASH)
    )
    assert read.directions is not None
    assert read.directions[Synced.COMMENTS] is Direction.TO_BUGSPARK
    assert read.sections == tuple(Section)
    assert (read.redact, read.conflict) == (Redact.AUTO, ConflictPolicy.NEWEST)


def test_no_key_is_needed() -> None:
    assert decode_settings("{}") == ProjectSettings()
    assert encode_settings(ProjectSettings()) == "{}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("severity", []),
        ("severity.urgent", {"urgent": ["x"]}),
        ("severity.critical", {"critical": []}),
        ("severity.critical", {"critical": "sev1"}),
        ("severity.critical", {"critical": [1]}),
        ("severity.critical", {"critical": ["x" * 51]}),
        ("severity.critical", {"critical": [""]}),
        ("severity.critical", {"critical": [" sev1"]}),
        ("severity.critical", {"critical": ["sev\u200b1"]}),
        ("severity.critical", {"critical": ["a", "A"]}),
        ("severity.critical", {"critical": ["\u00e9", "e\u0301"]}),
        ("severity.critical", {"critical": [f"l{each}" for each in range(21)]}),
        ("category.bug", {"bug": ["x"]}),
        ("stage.new", {"new": ["x"]}),
        ("severity_as", "field"),
        ("people", {str(uuid4()): "a" for _ in range(501)}),
        ("people.x", {"x": "alice"}),
        (f"people.{USER}", {USER: "@alice"}),
        ("people_may_ping", 1),
        ("export", "some"),
        ("export", None),
        ("export_only.status", {"status": ["new"]}),
        ("export_only.severity", {"severity": ["critical", "critical"]}),
        ("labels", {"a": 1}),
        ("assignee", ""),
        ("milestone", 0),
        ("milestone", True),
        ("milestone", 3.0),
        ("type", "\n"),
        ("private_prefix", "#"),
        ("private_prefix", "#" * 33),
        ("private_prefix", "<private>"),
        ("redact", "maybe"),
        ("sections", ["description", "network"]),
        ("comments_from", ["everyone"]),
        ("directions.body", {"body": "both"}),
        ("directions.status", {"status": "sideways"}),
        ("conflict", "oldest"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(key: str, value: Any) -> None:
    assert refusal({key.partition(".")[0]: value}).key == key


def test_one_login_belongs_to_one_user() -> None:
    other = str(uuid4())
    assert refusal({"people": {USER: "alice", other: "Alice"}}).key == f"people.{other}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"conflict": NaN}',
        "\ufeff{}",
        b"\xff",
        "[" * 20_000,
        '{"a":' * 20_000,
        "{}" + " " * 40_000,
    ],
)
def test_what_is_no_object_is_refused_whole(text: str | bytes) -> None:
    assert refusal(text).key == ""


def test_an_unknown_key_and_one_that_stands_twice_are_named() -> None:
    assert refusal({"colour": "red"}).key == "colour"
    assert refusal('{"conflict": "newest", "conflict": "github"}').key == "conflict"
