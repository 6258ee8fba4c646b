"""What a project gives to new issues, and GitHub may refuse or drop. The issue itself matters more.

Source: docs/reference/github.md, Fields and types; Assignees.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.intent import Desired, NewIssue, Refused
from reconciler.model.issue import Issue

ABSENT: Mapping[str, Any] = {"milestone": None, "type": None, "assignees": (), "priority": None}
"""The optional attributes, each with the value of an issue that is made without it."""
WORDS_OF_REFUSALS = {"milestone": "milestone", "type": "type", "assignees": "assign", "priority": "field"}
SETTINGS = {"priority": "severity_as"}
"""The settings whose names are not those of their attributes."""
UNPROCESSABLE = 422


def without_refused_attributes(desired: Desired, refusal: Refused) -> NewIssue | None:
    """Return the issue to create instead: without what the refusal names, or any of it where it names none.

    None where there is nothing to leave out. Nothing was created by a request that is answered with 422.
    """
    if not isinstance(desired, NewIssue) or refusal.status != UNPROCESSABLE:
        return None
    given = [name for name, absent in ABSENT.items() if getattr(desired, name) != absent]
    named = [name for name in given if WORDS_OF_REFUSALS[name] in refusal.reason.lower()] or given
    if not named:
        return None
    refused = tuple(text for name in named for text in _in_words(name, getattr(desired, name)))
    kept: dict[str, Any] = {name: ABSENT[name] for name in named}
    return replace(desired, left_out=(*desired.left_out, *refused), **kept)


def missing_attributes(desired: NewIssue, issue: Issue) -> tuple[str, ...]:
    """Return in words what the created issue does not have: refused before, or dropped silently."""
    assigned = {login.lower() for _, login in issue.assignees or ()}
    dropped: dict[str, Any] = {
        "milestone": desired.milestone if desired.milestone != issue.milestone else None,
        "type": desired.type if (desired.type or "").casefold() != (issue.type or "").casefold() else None,
        "priority": desired.priority if lacks_priority(desired, issue) else None,
        "assignees": tuple(login for login in desired.assignees if login.lower() not in assigned),
    }
    return (*desired.left_out, *(text for name, value in dropped.items() for text in _in_words(name, value)))


def lacks_priority(desired: NewIssue, issue: Issue) -> bool:
    """Whether the issue was made without the option that was asked for; False where GitHub does not say."""
    return (
        desired.priority is not None and issue.choices is not None and desired.priority not in issue.choices
    )


def missing_attribute_message(member: str) -> str:
    """Say that the issue was created without it, why that may be, and what to do."""
    name, _, value = member.partition(" ")
    setting = SETTINGS.get(name, name)
    match name:
        case "assignee":
            why = "that account may have no access to the repository"
        case "priority":
            why = "the organisation's field may have changed, and is asked for again"
        case _:
            why = "GitHub does not have it"
    return (
        f"GitHub did not take {name} {value} for the new issue, which was created without it: {why}, or this "
        f"token may not set it; correct the project's setting {setting}"
    )


def _in_words(name: str, value: Any) -> tuple[str, ...]:
    """Each value with the name of its setting."""
    if value == ABSENT[name]:
        return ()
    match name:
        case "assignees":
            return tuple(f"assignee {login}" for login in value)
        case "priority":
            return (f"priority {value[1]}",)
        case _:
            return (f"{name} {value}",)
