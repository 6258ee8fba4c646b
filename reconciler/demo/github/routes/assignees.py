"""Assignees of an issue (docs/reference/github.md, Assignees)."""

from __future__ import annotations

from typing import Any

from reconciler.demo.github.messages import Answer, answered, invalid
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Level


def add_assignees(call: Exchange) -> Answer:
    """Answer `POST …/issues/{n}/assignees`: whoever may not be assigned is dropped silently."""
    repository = call.writable()
    issue, logins = call.issue(repository), assignee_logins(call.body())
    if call.may(repository, Level.TRIAGE):
        issue = repository.assign(issue.number, *logins, by=call.user().login)
    return answered(call.views.issue(repository, issue), 201)


def remove_assignees(call: Exchange) -> Answer:
    """Answer `DELETE …/issues/{n}/assignees`: without triage access nothing happens, silently."""
    repository = call.writable()
    issue, logins = call.issue(repository), assignee_logins(call.body())
    if call.may(repository, Level.TRIAGE):
        issue = repository.unassign(issue.number, *logins, by=call.user().login)
    return answered(call.views.issue(repository, issue))


def assignee_logins(body: dict[str, Any]) -> list[str]:
    """Return the logins under `assignees`; raises Problem 422 for anything else."""
    value = body.get("assignees", [])
    if not isinstance(value, list) or not all(isinstance(login, str) for login in value):
        raise invalid("Issue", "assignees", "assignees is not a list of logins", "invalid")
    return value
