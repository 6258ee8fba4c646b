"""What belongs to a repository as a whole, as GitHub's JSON: itself, its hooks, its issues' events."""

from __future__ import annotations

from typing import Any

from reconciler.demo.github.rows import Event, Hook, Level
from reconciler.demo.github.views import Views, stamp
from reconciler.demo.github.world import Repository

_LINKS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits",
    "git_refs", "git_tags", "issue_comment", "issue_events", "issues", "keys", "labels", "languages",
    "merges", "milestones", "notifications", "pulls", "releases", "stargazers", "statuses",
    "subscribers", "subscription", "tags", "teams", "trees", "hooks",
)  # fmt: skip
_COUNTS = (
    "forks_count", "stargazers_count", "watchers_count", "size", "subscribers_count", "network_count",
    "forks", "watchers",
)  # fmt: skip


def repository(views: Views, row: Repository, level: Level) -> dict[str, Any]:
    """Return a repository, with the permissions of the requesting account."""
    home, page = views.home(row), f"{views.web}/{row.full_name}"
    opened = (
        sum(1 for issue in row.issues if issue.state == "open")
        if len(row.issues) < 1_000
        else len(row.issues)
    )
    made = stamp(row.created)
    return {
        "id": row.id,
        "node_id": f"R_{row.id}",
        "name": row.name,
        "full_name": row.full_name,
        "private": row.private,
        "owner": views.user(row.owner),
        "html_url": page,
        "description": None,
        "fork": False,
        "url": home,
        **{f"{link}_url": f"{home}/{link}" for link in _LINKS},
        **dict.fromkeys(("git_url", "ssh_url", "clone_url", "svn_url"), f"{page}.git"),
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(("mirror_url", "homepage", "language", "license")),
        **dict.fromkeys(("has_projects", "has_wiki", "has_pages", "has_discussions", "disabled"), False),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), made),
        "default_branch": "main",
        "open_issues_count": opened,
        "open_issues": opened,
        "has_issues": row.has_issues,
        "archived": row.archived,
        "visibility": "private" if row.private else "public",
        "permissions": permissions(level),
    }


def permissions(level: Level) -> dict[str, bool]:
    """Return a level as the flags a repository carries."""
    return {
        "admin": level >= Level.ADMIN,
        "maintain": level >= Level.ADMIN,
        "push": level >= Level.WRITE,
        "triage": level >= Level.TRIAGE,
        "pull": level >= Level.READ,
    }


def event(views: Views, row: Repository, happened: Event) -> dict[str, Any]:
    """Return one line of an issue's history."""
    detail = dict(happened.detail)
    commit, place = detail.pop("commit_id", None), detail.pop("commit_of", None)
    shown = {
        "id": happened.id,
        "node_id": f"E_{happened.id}",
        "url": f"{views.home(row)}/issues/events/{happened.id}",
        "actor": views.user(happened.actor),
        "event": happened.kind,
        "commit_id": commit,
        "commit_url": f"{views.api}/repos/{place}/commits/{commit}" if commit else None,
        "created_at": stamp(happened.created),
        "performed_via_github_app": None,
        **detail,
    }
    if happened.kind in ("assigned", "unassigned"):
        account = views.user(int(str(happened.detail["assignee"])))
        shown |= {"assignee": account, "assigner": shown["actor"]}
        if views.world.facts.assignments_are_by_assignee:
            shown["actor"] = account
    return views.edited(happened.id, shown)


def hook(views: Views, row: Repository, shown: Hook) -> dict[str, Any]:
    """Return a webhook; its secret is masked."""
    url = f"{views.home(row)}/hooks/{shown.id}"
    config = {"url": shown.url, "content_type": shown.content_type, "insecure_ssl": shown.insecure_ssl}
    return {
        "type": "Repository",
        "id": shown.id,
        "name": "web",
        "active": shown.active,
        "events": list(shown.events),
        "config": config | ({"secret": "********"} if shown.secret else {}),
        "created_at": stamp(shown.created),
        "updated_at": stamp(shown.updated),
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": _last_response(views.world.hook_answers.get(shown.id)),
    }


def _last_response(status: int | None) -> dict[str, Any]:
    if status is None:
        return {"code": None, "status": "unused", "message": None}
    if status == 0:
        return {"code": 0, "status": "connection_error", "message": "failed to connect to host"}
    taken = 200 <= status < 300
    message = "OK" if taken else f"Invalid HTTP Response: {status}"
    return {"code": status, "status": "active" if taken else "invalid_response", "message": message}
