"""The controls of the form, built from the keys that this version of the program knows. Pure.

A key whose value is an object with known members has a control for each of them, all others have one. A key
that has no title here is shown by its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reconciler.model.fields import Category
from reconciler.model.policy import JsonObject, SettingKeyView, SettingsView
from reconciler.model.viewer import Member

TITLES: Mapping[str, str] = {
    "severity": "Labels for the severity",
    "category": "Labels for the category",
    "stage": "Labels for the stage",
    "severity_as": "Where GitHub has the severity",
    "people": "Members and their GitHub accounts",
    "people_may_ping": "Notify members who are mentioned",
    "export": "Which reports get an issue",
    "export_only": "Only reports with",
    "labels": "Further labels of new issues",
    "assignee": "Assignee of new issues",
    "milestone": "Milestone of new issues",
    "type": "Type of new issues",
    "link_comment": "Comment on issues that are linked",
    "private_prefix": "Private comments begin with",
    "redact": "Redaction",
    "sections": "Sections of new issues",
    "comments_from": "Whose comments come from GitHub",
    "resolution_comment": "Comment on who closed the issue",
    "mail": "Mail about trouble that lasts",
    "directions": "Directions",
    "conflict": "When both sides changed",
}

HINTS: Mapping[str, str] = {
    "severity": "One label a line. The first one is written, all of them are read.",
    "category": "One label a line. The first one is written, all of them are read.",
    "stage": "One label a line. Without a label, GitHub says nothing of the stage.",
    "severity_as": "priority: in your organisation’s field Priority. Without one, labels stay in use.",
    "people": "The login on GitHub of each member, without @. Assignees are copied for these people.",
    "people_may_ping": "An @mention in a member’s comment notifies the account on GitHub.",
    "export": "manual: by the button. all: every report that is filed from now on.",
    "export_only": "Where every report gets an issue: others are passed over when they are first seen, and "
    "are then exported by the button only, whatever is set later.",
    "labels": "One label a line, given to new issues only.",
    "private_prefix": "A comment that begins with this stays in BugSpark. For example #internal.",
    "redact": "E-mail addresses, credentials and queries of addresses are taken out of what goes to GitHub. "
    "auto: where anybody may read the repository.",
    "sections": "What the text of a new issue has.",
    "comments_from": "collaborators: only of those who may write to the repository.",
    "mail": "One mail to the owner when a problem has lasted an hour, and one when it is over.",
    "directions": "Which side follows the other.",
    "conflict": "Which side wins.",
}

PEOPLE = "people"
"""The key with a login for each user."""
WORDS_WITHOUT_NONE = frozenset({"export_only"})
"""Keys whose lists mean the same empty as absent."""


class ControlKind(StrEnum):
    """How a value is entered."""

    CHOICE = "choice"  # one of some words
    FLAG = "flag"  # yes or no
    NUMBER = "number"
    LINE = "line"  # a text of one line
    LINES = "lines"  # a list of texts, one a line
    WORDS = "words"  # some of some words
    PAIRS = "pairs"  # `name = value`, one a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control. Without a value of its own the operator's value counts."""

    key: str  # such as `severity.critical`, as errors name it
    kind: ControlKind
    title: str
    options: tuple[str, ...] = ()
    may_be_none: bool = False  # of lists: an empty one is a value of its own
    longest: int | None = None

    @property
    def id(self) -> str:
        """The id of its element in the page."""
        return f"key-{self.key.replace('.', '-')}"

    @property
    def none_field(self) -> str:
        """The name of the field that says that its list is empty."""
        return f"{self.key}:none"

    def word_field(self, word: str) -> str:
        """Return the name of the field of one of its words."""
        return f"{self.key}:{word}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroup:
    """One key of the settings with its controls."""

    key: str
    title: str
    hint: str
    is_kept: bool  # by the operator: shown, and not for this visitor to edit
    controls: tuple[Control, ...]


def build_controls(
    view: SettingsView, members: Sequence[Member] = (), *, by_operator: bool
) -> tuple[ControlGroup, ...]:
    """Return the controls of every key, in the order of the contract.

    `members`: of the project; each has a control of its own where a key is a map of people.
    """
    return tuple(
        ControlGroup(
            key=key.name,
            title=TITLES.get(key.name, words_of(key.name)),
            hint=HINTS.get(key.name, ""),
            is_kept=not by_operator and key.group in view.kept_groups,
            controls=tuple(_controls_of(key, _names_of_people(key, view, members))),
        )
        for key in view.keys
    )


def words_of(name: str) -> str:
    """Return a name as words: `severity_as` is "Severity as"."""
    return "UI" if name == Category.UI else name.replace("_", " ").capitalize()


def _names_of_people(key: SettingKeyView, view: SettingsView, members: Sequence[Member]) -> Mapping[str, str]:
    """Return the names by id of members and of those who are in the map; of no member, the id itself."""
    if key.name != PEOPLE:
        return {}
    mapped = {user: user for settings in (view.operator, view.settings) for user in settings.get(PEOPLE, {})}
    return {**mapped, **{str(each.user_id): each.name for each in members}}


def _controls_of(key: SettingKeyView, people: Mapping[str, str]) -> Iterator[Control]:
    members: Mapping[str, JsonObject] | None = key.schema.get("properties")
    if people:
        for user, name in people.items():
            yield Control(key=f"{key.name}.{user}", kind=ControlKind.LINE, title=name)
        return
    if members is None:
        yield _build_control(key.name, TITLES.get(key.name, words_of(key.name)), key.schema)
        return
    for name, schema in members.items():
        yield _build_control(f"{key.name}.{name}", words_of(name), schema)


def _build_control(key: str, title: str, schema: JsonObject) -> Control:
    kind, options = _kind_of(schema)
    is_list = kind in (ControlKind.LINES, ControlKind.WORDS)
    means_all = key.partition(".")[0] in WORDS_WITHOUT_NONE
    return Control(
        key=key,
        kind=kind,
        title=title,
        options=options,
        may_be_none=is_list and not schema.get("minItems") and not means_all,
        longest=schema.get("maxLength"),
    )


def _kind_of(schema: JsonObject) -> tuple[ControlKind, tuple[str, ...]]:
    if "enum" in schema:
        return ControlKind.CHOICE, tuple(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return ControlKind.FLAG, ()
        case "integer":
            return ControlKind.NUMBER, ()
        case "array" if "enum" in schema["items"]:
            return ControlKind.WORDS, tuple(schema["items"]["enum"])
        case "array":
            return ControlKind.LINES, ()
        case "object":
            return ControlKind.PAIRS, ()
        case _:
            return ControlKind.LINE, ()


def value_at(settings: JsonObject, key: str) -> Any:
    """Return the value of a control's key; None where there is none."""
    name, _, member = key.partition(".")
    value = settings.get(name)
    return value.get(member) if member and isinstance(value, Mapping) else value


def value_as_text(value: object) -> str:
    """Return a value as people read it, on one line."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case Mapping():
            return ", ".join(f"{name} = {each}" for name, each in value.items()) or "none"
        case _:
            return str(value).replace("_", " ")
