"""Checks of single values. Each takes the value's key, for the error, and returns the typed value.

All raise WrongSettingError. There are no patterns: a name is a plain word, compared letter by letter.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from reconciler.errors import WrongSettingError
from reconciler.model.policy import (
    LOGIN_PATTERN,
    MAX_ISSUE_TYPE_LENGTH,
    MAX_LABEL_LENGTH,
    PREFIX_LENGTHS,
    Direction,
    ExportFilter,
    is_private_prefix,
    label_key,
)
from reconciler.owner_settings.values import Names, Synced

MAX_NAMES = 20
MAX_PEOPLE = 500
MAX_MILESTONE = 2**31 - 1

Choice = TypeVar("Choice", bound=StrEnum)
Check = Callable[[str, object], Any]


def wrong(key: str, what: str, remedy: str) -> WrongSettingError:
    """Return the error of a value: what is wrong with it, and what to write instead."""
    return WrongSettingError(f"{key or 'this'} {what}; {remedy}. Nothing was changed.", key)


def check_flag(key: str, value: object) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise wrong(key, "is neither true nor false", "write true or false")
    return value


def check_name(key: str, value: object, *, longest: int = MAX_LABEL_LENGTH) -> str:
    """Take one line of visible text without blanks around it."""
    if not isinstance(value, str):
        raise wrong(key, "is not text", "put the name in quotes")
    if not value or value != value.strip() or not value.isprintable():
        raise wrong(key, "is empty, or has blanks around or invisible characters in it", "correct the name")
    if len(value) > longest:
        raise wrong(key, f"is longer than {longest} characters", "shorten it")
    return value


def check_names(key: str, value: object) -> Names:
    """Take a list of different label names."""
    if not isinstance(value, list):
        raise wrong(key, "is not a list", 'write a list such as ["critical"]')
    if len(value) > MAX_NAMES:
        raise wrong(key, f"has more than {MAX_NAMES} names", "shorten the list")
    names = tuple(check_name(key, name) for name in value)
    if len({label_key(name) for name in names}) < len(names):
        raise wrong(key, "has the same name twice (case ignored)", "remove one of them")
    return names


def check_some_names(key: str, value: object) -> Names:
    """Take a list of label names with at least one of them, because the first is written."""
    names = check_names(key, value)
    if not names:
        raise wrong(key, "is an empty list", "list at least one label; the first is written")
    return names


def choice(kind: type[Choice]) -> Check:
    """Return the check for one of the words of an enumeration."""

    def check(key: str, value: object) -> Choice:
        if not isinstance(value, str) or value not in list(kind):
            raise wrong(key, "has a value that is not known", f"write {_list_words(list(kind))}")
        return kind(value)

    return check


def choices(kind: type[Choice], allowed: Sequence[Choice] = ()) -> Check:
    """Return the check for a list of different words of an enumeration."""
    words = tuple(allowed or kind)

    def check(key: str, value: object) -> tuple[Choice, ...]:
        known = isinstance(value, list) and all(isinstance(each, str) and each in words for each in value)
        if not isinstance(value, list) or not known:
            raise wrong(key, "is not a list of known words", f"list some of {_list_words(words)}")
        if len(set(value)) < len(value):
            raise wrong(key, "has the same word twice", "remove one of them")
        return tuple(each for each in words if each.value in value)

    return check


def names_by_value_check(values: Sequence[Choice], check: Check) -> Check:
    """Return the check for an object of label names by value."""

    def check_map(key: str, value: object) -> Mapping[Choice, Names]:
        members = check_object(key, value, [each.value for each in values])
        return {each: check(f"{key}.{each}", members[each.value]) for each in values if each.value in members}

    return check_map


def check_object(key: str, value: object, known: Sequence[str]) -> dict[str, object]:
    """Take an object with no other members than the known ones."""
    if not isinstance(value, dict):
        raise wrong(key, "is not an object", 'write {"name": value}')
    for name in value:
        if name not in known:
            inner = f"{key}.{name}" if key else name
            raise wrong(inner[:200], "is not a known key", f"the keys here are {', '.join(known)}")
    return value


def check_directions(key: str, value: object) -> Mapping[Synced, Direction]:
    """Take a direction for each named thing."""
    members = check_object(key, value, list(Synced))
    check = choice(Direction)
    return {each: check(f"{key}.{each}", members[each.value]) for each in Synced if each.value in members}


def export_filter_check(filters: Mapping[str, Check]) -> Check:
    """Return the check for the filter of exports; `filters`: the check of each of its members."""

    def check(key: str, value: object) -> ExportFilter:
        members = check_object(key, value, list(filters))
        return ExportFilter(**{name: filters[name](f"{key}.{name}", each) for name, each in members.items()})

    return check


def check_people(key: str, value: object) -> Mapping[str, str]:
    """Take logins on GitHub by the ids of BugSpark's users, each of them once."""
    if not isinstance(value, dict) or len(value) > MAX_PEOPLE:
        raise wrong(key, f"is not an object of at most {MAX_PEOPLE} people", 'write {"user id": "login"}')
    people: dict[str, str] = {}
    logins: set[str] = set()
    for user, login in value.items():
        inner = f"{key}.{user}"[:200]
        try:
            user_id = str(UUID(user))
        except ValueError:
            raise wrong(inner, "is not the id of a user", "copy the id from BugSpark") from None
        if check_login(inner, login).lower() in logins or user_id in people:
            raise wrong(inner, "stands twice", "one user has one login, and the reverse")
        logins.add(str(login).lower())
        people[user_id] = str(login)
    return people


def check_login(key: str, value: object) -> str:
    """Take a login on GitHub."""
    if not isinstance(value, str) or not LOGIN_PATTERN.fullmatch(value):
        raise wrong(key, "is not a login on GitHub", "write it without @")
    return value


def check_milestone(key: str, value: object) -> int:
    """Take the number of a milestone."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_MILESTONE:
        raise wrong(key, "is not the number of a milestone", "write the number in the milestone's address")
    return value


def check_issue_type(key: str, value: object) -> str:
    """Take the name of an issue type."""
    return check_name(key, value, longest=MAX_ISSUE_TYPE_LENGTH)


def check_prefix(key: str, value: object) -> str:
    """Take what private comments begin with."""
    shortest, longest = PREFIX_LENGTHS
    prefix = check_name(key, value, longest=longest)
    if not is_private_prefix(prefix):
        raise wrong(
            key,
            f"is shorter than {shortest} characters, or has one of < > & ' \" in it",
            "choose another, such as #internal",
        )
    return prefix


def _list_words(words: Sequence[str]) -> str:
    return ", ".join(str(word) for word in words)
