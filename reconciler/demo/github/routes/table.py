"""Which endpoint answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.demo.github.messages import not_found
from reconciler.demo.github.routes import (
    accounts,
    assignees,
    comments,
    fields,
    issues,
    labels,
    manifests,
    repositories,
)
from reconciler.demo.github.routes.exchange import Handler

_REPOSITORY = r"(?:/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)|/repositories/(?P<repository_id>\d+))"
_ISSUE = _REPOSITORY + r"/issues/(?P<number>\d+)"
_COMMENT = _REPOSITORY + r"/issues/comments/(?P<comment>\d+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint; `content`: it creates content that notifies users (secondary limits)."""

    method: str
    path: re.Pattern[str]
    handler: Handler
    content: bool = False
    free: bool = False


def _route(line: str, handler: Handler, *, content: bool = False, free: bool = False) -> Route:
    method, _, path = line.partition(" ")
    return Route(method=method, path=re.compile(path), handler=handler, content=content, free=free)


def make_routes() -> tuple[Route, ...]:
    """Return all endpoints, the most used first."""
    return (
        _route(f"GET {_REPOSITORY}/issues", issues.list_issues),
        _route(f"GET {_REPOSITORY}/issues/comments", comments.list_comments),
        _route(f"GET {_ISSUE}", issues.get_issue),
        _route(f"GET {_ISSUE}/comments", comments.list_thread),
        _route(f"POST {_ISSUE}/comments", comments.post_comment, content=True),
        _route(f"PATCH {_ISSUE}", issues.change_issue),
        _route(f"POST {_ISSUE}/labels", labels.add_labels),
        _route(f"DELETE {_ISSUE}/labels/(?P<label>[^/]+)", labels.remove_label),
        _route(f"GET {_ISSUE}/labels", labels.list_issue_labels),
        _route(f"POST {_ISSUE}/assignees", assignees.add_assignees),
        _route(f"DELETE {_ISSUE}/assignees", assignees.remove_assignees),
        _route(f"GET {_ISSUE}/events", labels.list_events),
        _route(f"GET {_ISSUE}/issue-field-values", fields.list_values),
        _route(f"POST {_ISSUE}/issue-field-values", fields.set_values),
        _route(f"PUT {_ISSUE}/issue-field-values", fields.replace_values),
        _route(rf"DELETE {_ISSUE}/issue-field-values/(?P<field>\d+)", fields.clear_value),
        _route("GET /orgs/(?P<org>[^/]+)/issue-fields", fields.list_fields),
        _route(f"POST {_REPOSITORY}/issues", issues.open_issue, content=True),
        _route(f"GET {_COMMENT}", comments.get_comment),
        _route(f"PATCH {_COMMENT}", comments.change_comment, content=True),
        _route(f"DELETE {_COMMENT}", comments.delete_comment),
        _route(f"GET {_REPOSITORY}", repositories.get_repository),
        _route(f"GET {_REPOSITORY}/labels", labels.list_labels),
        _route(f"GET {_REPOSITORY}/hooks", repositories.list_hooks),
        _route(f"POST {_REPOSITORY}/hooks", repositories.make_hook),
        _route(rf"GET {_REPOSITORY}/hooks/(?P<hook>\d+)", repositories.get_hook),
        _route(rf"PATCH {_REPOSITORY}/hooks/(?P<hook>\d+)", repositories.change_hook),
        _route(rf"POST {_REPOSITORY}/hooks/(?P<hook>\d+)/pings", repositories.ping_hook),
        _route("GET /user", accounts.get_self),
        _route("GET /users/(?P<login>[^/]+)", accounts.get_user),
        _route("GET /rate_limit", accounts.get_limits, free=True),
        _route("GET /app", accounts.get_app),
        _route("POST /settings/apps/new", manifests.submit_manifest),
        _route("POST /organizations/(?P<org>[^/]+)/settings/apps/new", manifests.submit_manifest),
        _route("POST /app-manifests/(?P<code>[^/]+)/conversions", manifests.convert_code),
        _route("GET /repos/(?P<owner>[^/]+)/(?P<name>[^/]+)/installation", accounts.get_installation),
        _route(r"POST /app/installations/(?P<installation>\d+)/access_tokens", accounts.make_token),
    )


def find(routes: tuple[Route, ...], method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """Return the endpoint and the parts of its path; raises Problem 404 when there is none."""
    for route in routes:
        if route.method == method and (match := route.path.fullmatch(path)):
            return route, {name: value for name, value in match.groupdict().items() if value is not None}
    raise not_found()
