"""Assignees of an issue (docs/reference/github.md, Assignees)."""

from __future__ import annotations

from reconciler.demo.github.messages import Answer, answered
from reconciler.demo.github.routes.checks import assignee_logins
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Level


def add_assignees(call: Exchange) -> Answer:
    """Answer `POST …/issues/{n}/assignees`: an account that may not be assigned is dropped silently."""
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
