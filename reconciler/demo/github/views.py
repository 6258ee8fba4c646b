"""Rows as the JSON GitHub shows, with the bytes of rows kept so that a list is a join."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.demo.github.rows import Comment, Issue, Label, Level, User
from reconciler.demo.github.world import Repository, World

_CACHED_ROWS = 20_000
_USER_LINKS = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
    "received_events",
)  # fmt: skip
_GHOST = User(id=10_137, login="ghost")
RowEdit = Callable[[dict[str, Any]], object]
"""Changes a row as it is shown, in place; what it returns is ignored."""
_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def stamp(seconds: float) -> str:
    """Return a time as GitHub writes it: UTC, whole seconds, Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Views:
    """Renders rows; `api` is the address the server answers at, `web` the one of the pages."""

    def __init__(
        self, world: World, api: str = "https://api.github.com", web: str = "https://github.com"
    ) -> None:
        self.world = world
        self.api = api
        self.web = web
        self.edits: dict[int, RowEdit] = {}
        """By id of an issue, comment or event: how GitHub shows this row otherwise than it is documented."""
        self._bytes: dict[tuple[int, int], tuple[Issue | Comment, bytes]] = {}
        self._rendering = (-1, "")

    def issues(self, repository: Repository, rows: Iterable[Issue]) -> bytes:
        """Return a JSON list of issues."""
        return b"[" + b",".join(self._kept(repository, row) for row in rows) + b"]"

    def edited(self, row_id: int, shown: dict[str, Any]) -> dict[str, Any]:
        """Return a row as it is shown: as it was rendered, unless `edits` has something for it."""
        if row_id in self.edits:
            shown = deepcopy(shown)
            self.edits[row_id](shown)
        return shown

    def comments(self, repository: Repository, rows: Iterable[Comment]) -> bytes:
        """Return a JSON list of comments."""
        return b"[" + b",".join(self._kept(repository, row) for row in rows) + b"]"

    def _kept(self, repository: Repository, row: Issue | Comment) -> bytes:
        if row.id in self.edits:
            return self._rendered(repository, row)
        rendering = (self.world.renderings, self.api)
        if self._rendering != rendering or len(self._bytes) > _CACHED_ROWS:
            self._bytes.clear()
            self._rendering = rendering
        key = (repository.id, row.id)
        kept = self._bytes.get(key)
        if kept is None or kept[0] is not row:
            kept = self._bytes[key] = (row, self._rendered(repository, row))
        return kept[1]

    def _rendered(self, repository: Repository, row: Issue | Comment) -> bytes:
        shown = self.issue(repository, row) if isinstance(row, Issue) else self.comment(repository, row)
        if isinstance(row, Comment) and not self.world.facts.listed_comments_have_association:
            shown.pop("author_association", None)
        if isinstance(row, Issue) and not self.world.facts.listed_issues_have_closed_by:
            shown.pop("closed_by", None)
        if isinstance(row, Issue) and not self.world.facts.listed_issues_have_field_values:
            shown.pop("issue_field_values", None)
        return msgspec.json.encode(shown)

    def home(self, repository: Repository) -> str:
        """Return the repository's address under the API."""
        return f"{self.api}/repos/{repository.full_name}"

    def user(self, user_id: int) -> dict[str, Any] | None:
        """Return an account in its short form; a deleted one as a ghost or None, depending on the facts."""
        if user_id not in self.world.deleted:
            return self._short(self.world.users[user_id])
        return None if self.world.facts.deleted_account == "null" else self._short(_GHOST)

    def _short(self, user: User) -> dict[str, Any]:
        url = f"{self.api}/users/{user.login}"
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{user.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.web}/{user.login}",
            **{f"{link}_url": f"{url}/{link}" for link in _USER_LINKS},
            "type": user.kind,
            "site_admin": False,
        }

    def account(self, user: User) -> dict[str, Any]:
        """Return an account in its long form."""
        unknown = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
        numbers = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
        made = stamp(user.created)
        return {**self._short(user), **unknown, **numbers, "created_at": made, "updated_at": made}

    def label(self, repository: Repository, label: Label) -> dict[str, Any]:
        """Return a label."""
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.home(repository)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
            "archived_at": None,
            "archived_by": None,
        }

    def issue(self, repository: Repository, row: Issue) -> dict[str, Any]:
        """Return an issue or pull request."""
        url = f"{self.home(repository)}/issues/{row.number}"
        kind = "pull" if row.pull_request else "issues"
        page = f"{self.web}/{repository.full_name}/{kind}/{row.number}"
        shown: dict[str, Any] = {
            "url": url,
            "repository_url": self.home(repository),
            "labels_url": url + "/labels{/name}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": page,
            "id": row.id,
            "node_id": f"I_{row.id}",
            "number": row.number,
            "title": row.title,
            "user": self.user(row.author),
            "labels": [self.label(repository, repository.labels[label]) for label in row.labels],
            "state": row.state,
            "locked": row.locked,
            "assignee": self.user(row.assignees[0]) if row.assignees else None,
            "assignees": [self.user(each) for each in row.assignees],
            "milestone": self._milestone(repository, row),
            "comments": self._comment_count(repository, row),
            "created_at": stamp(row.created),
            "updated_at": stamp(row.updated),
            "closed_at": None if row.closed is None else stamp(row.closed),
            "author_association": self.association(repository, row.author),
            "active_lock_reason": row.lock_reason,
            "body": row.body,
            "closed_by": None if row.closed_by is None else self.user(row.closed_by),
            "reactions": _no_reactions(url),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": self.via(row),
            "state_reason": row.reason,
        }
        if repository.issue_types:
            shown["type"] = row.type and {"name": row.type}
        if repository.fields is not None:
            shown["issue_field_values"] = self.field_values(repository, row)
        if row.pull_request:
            pull = f"{self.home(repository)}/pulls/{row.number}"
            shown["pull_request"] = {
                "url": pull,
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": None,
            }
        return self.edited(row.id, shown)

    def field_values(self, repository: Repository, row: Issue) -> list[dict[str, Any]]:
        """Return the values of an issue's fields, without the fields' names."""
        shown = []
        for field_id, option in row.choices.items():
            if (found := (repository.fields or {}).get(field_id)) is not None and option in found.options:
                number = found.options.index(option) + 1
                chosen = {"id": number, "name": option, "color": "gray"}
                shown.append(
                    {
                        "issue_field_id": field_id,
                        "node_id": f"IFSS_{field_id}",
                        "data_type": "single_select",
                        "value": number,
                        "single_select_option": chosen,
                    }
                )
        return shown

    def _milestone(self, repository: Repository, row: Issue) -> dict[str, Any] | None:
        if row.milestone is None:
            return None
        return {"number": row.milestone, "title": repository.milestones[row.milestone], "state": "open"}

    def _comment_count(self, repository: Repository, row: Issue) -> int:
        if not self.world.flagged or self.world.facts.flagged_comments_are_counted:
            return row.comments
        thread = repository.thread(row.number)
        return row.comments - sum(not self.world.shows_comments_of(comment.author) for comment in thread)

    def comment(self, repository: Repository, row: Comment) -> dict[str, Any]:
        """Return a comment."""
        url = f"{self.home(repository)}/issues/comments/{row.id}"
        page = f"{self.web}/{repository.full_name}/issues/{row.issue}"
        shown = {
            "url": url,
            "html_url": f"{page}#issuecomment-{row.id}",
            "issue_url": f"{self.home(repository)}/issues/{row.issue}",
            "id": row.id,
            "node_id": f"IC_{row.id}",
            "user": self.user(row.author),
            "created_at": stamp(row.created),
            "updated_at": stamp(row.updated),
            "author_association": self.association(repository, row.author),
            "body": row.body,
            "minimized": None if row.minimized is None else {"reason": row.minimized},
            "reactions": _no_reactions(url),
            "performed_via_github_app": self.via(row),
        }
        return self.edited(row.id, shown)

    def association(self, repository: Repository, user_id: int) -> str:
        """Return what the author is to the repository."""
        if user_id == repository.owner:
            return "OWNER"
        return "COLLABORATOR" if repository.levels.get(user_id, Level.NONE) >= Level.TRIAGE else "NONE"

    def via(self, row: Issue | Comment) -> dict[str, Any] | None:
        """Return the app a row was written through, if any."""
        app = next((app for app in self.world.apps.values() if row.via_app and app.bot == row.author), None)
        return None if app is None else self.app(app.id)

    def app(self, app_id: int) -> dict[str, Any]:
        """Return a GitHub App."""
        app = self.world.apps[app_id]
        made = stamp(self.world.users[app.bot].created)
        return {
            "id": app.id,
            "slug": app.slug,
            "node_id": f"A_{app.id}",
            "owner": self.user(app.owner),
            "name": app.slug,
            "description": "",
            "external_url": self.web,
            "html_url": f"{self.web}/apps/{app.slug}",
            "created_at": made,
            "updated_at": made,
            "permissions": {"issues": "write", "metadata": "read"},
            "events": ["issues", "issue_comment", "label"],
        }


def _no_reactions(url: str) -> dict[str, Any]:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
