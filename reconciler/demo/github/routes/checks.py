"""What GitHub refuses with 422: missing, too long, of the wrong kind (docs/reference/github.md, Writes)."""

from __future__ import annotations

from typing import Any

from reconciler.demo.github.facts import Facts
from reconciler.demo.github.messages import invalid

LONGEST_BODY = 65_536
LONGEST_TITLE = 256
LONGEST_LABEL = 50


def text(body: dict[str, Any], name: str, resource: str) -> str | None:
    """Return a text from a request's body, None when absent or null; raises Problem 422 for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(resource, name, f"{name} is not a string", "invalid")
    return value


def check_title(title: str) -> None:
    """Raise Problem 422 for a title that is blank or too long."""
    if not title.strip():
        raise invalid("Issue", "title", "title can't be blank", "missing_field")
    if len(title) > LONGEST_TITLE:
        raise invalid("Issue", "title", f"title is too long (maximum is {LONGEST_TITLE} characters)")


def check_body(facts: Facts, body: str | None, resource: str) -> None:
    """Raise Problem 422 for a body that is too long, in the unit of the facts."""
    length = 0 if body is None else len(body) if facts.body_unit == "characters" else len(body.encode())
    if length > LONGEST_BODY:
        raise invalid(resource, "body", f"body is too long (maximum is {LONGEST_BODY} characters)")


def label_names(value: object) -> list[str]:
    """Return label names from a list of strings or objects; raises Problem 422 for anything else."""
    if not isinstance(value, list):
        raise invalid("Label", "labels", "labels is not a list", "invalid")
    names: list[str] = []
    for item in value:
        name = item.get("name") if isinstance(item, dict) else item
        if not isinstance(name, str) or not name.strip():
            raise invalid("Label", "name", "name can't be blank", "missing_field")
        if len(name) > LONGEST_LABEL:
            raise invalid("Label", "name", f"name is too long (maximum is {LONGEST_LABEL} characters)")
        names.append(name)
    return names


def assignee_logins(body: dict[str, Any]) -> list[str]:
    """Return the logins under `assignees`; raises Problem 422 for anything else."""
    value = body.get("assignees", [])
    if not isinstance(value, list) or not all(isinstance(login, str) for login in value):
        raise invalid("Issue", "assignees", "assignees is not a list of logins", "invalid")
    return value
