"""One request being answered: what every endpoint needs, how it finds its repository and issue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from reconciler.demo.github.access import Caller
from reconciler.demo.github.faults import Stale
from reconciler.demo.github.limits import Limits
from reconciler.demo.github.messages import Answer, Problem, Request, not_found
from reconciler.demo.github.rows import Comment, Elsewhere, Issue, Level, User
from reconciler.demo.github.table import Table
from reconciler.demo.github.views import Views
from reconciler.demo.github.world import Repository, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request, who sends it, and what it is about."""

    request: Request
    caller: Caller
    world: World
    views: Views
    limits: Limits
    params: Mapping[str, str]
    stale: Stale | None = None

    def param(self, name: str) -> str:
        """Return a part of the path, decoded."""
        return unquote(self.params[name])

    def address(self, repository: Repository) -> str:
        """Return the request's address without the query, as links to its other pages begin."""
        if not self.world.facts.links_by_id or "repository_id" in self.params:
            return self.views.api + self.request.path
        rest = self.request.path.split("/", 4)[4]
        return f"{self.views.api}/repositories/{repository.id}/{rest}"

    def user(self) -> User:
        """Return the requesting account; raises Problem 401 for an anonymous request."""
        if self.caller.user is None:
            raise Problem(401, "Requires authentication")
        return self.caller.user

    @property
    def via_app(self) -> bool:
        """Whether an app writes."""
        return self.caller.token is not None and self.caller.token.installation is not None

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object; raises Problem 400 when it is none."""
        value = self.request.json()
        if not isinstance(value, dict):
            raise Problem(400, "Body should be a JSON object")
        return value

    def repository(self) -> Repository:
        """Return the repository in the path; raises Problem when it is moved, hidden, unknown or blocked."""
        if "repository_id" in self.params:
            found = self.world.repositories.get(int(self.params["repository_id"]))
        else:
            found = self._named(f"{self.param('owner')}/{self.param('name')}".lower())
        if found is None or self.caller.level(found) == Level.NONE:
            raise not_found()
        if found.blocked:
            raise Problem(451, "Repository access blocked", block={"reason": "dmca"})
        return found

    def writable(self) -> Repository:
        """Return the repository, unless archived; raises Problem 403 or 401, or as `repository`."""
        found = self.repository()
        self.user()
        if found.archived:
            raise Problem(403, "Repository was archived so is read-only.")
        return found

    def issue(self, repository: Repository) -> Issue:
        """Return the issue in the path; raises Problem if it was deleted or moved.

        Source: docs/reference/github.md, Writes.
        """
        number = int(self.params["number"])
        self.issues_on(repository)
        if number in repository.gone:
            raise self._elsewhere(repository.gone[number])
        try:
            return repository.issue(number)
        except KeyError:
            raise not_found() from None

    def issues_on(self, repository: Repository) -> None:
        """Raise Problem 410 when the repository's issues are switched off."""
        if not repository.has_issues:
            raise Problem(410, "Issues are disabled for this repo")

    def comment(self, repository: Repository) -> Comment:
        """Return the comment in the path; raises Problem 404 when it is not there, or not shown."""
        self.issues_on(repository)
        is_lagging = self.stale is not None and self.stale.single
        table = self.comments_table(repository) if is_lagging else repository.comments
        row = table.get(int(self.params["comment"]))
        if row is None or not self.world.shows_comments_of(row.author):
            raise not_found()
        return row

    def shown_issue(self, repository: Repository) -> Issue:
        """Return the issue in the path as it is shown: a past state if reads lag. Raises as `issue`."""
        row = self.issue(repository)
        if self.stale is None or not self.stale.single:
            return row
        return self.issues_table(repository).get(row.id) or row

    def issues_table(self, repository: Repository) -> Table[Issue]:
        """Return the issues for a list: a past state if lists lag."""
        if self.stale is None or not self.stale.issues:
            return repository.issues
        return repository.issues.as_of(self.world.moment() - self.stale.seconds)

    def comments_table(self, repository: Repository) -> Table[Comment]:
        """Return the comments for a list: a past state if lists lag."""
        if self.stale is None or not self.stale.comments:
            return repository.comments
        return repository.comments.as_of(self.world.moment() - self.stale.seconds)

    def may(self, repository: Repository, level: Level) -> bool:
        """Return whether the caller has at least this level."""
        return self.caller.level(repository) >= level

    def _named(self, full_name: str) -> Repository | None:
        if full_name in self.world.names:
            return self.world.repositories[self.world.names[full_name]]
        moved = self.world.repositories.get(self.world.former_names.get(full_name, 0))
        if moved is not None and self.caller.level(moved) != Level.NONE:
            rest = "/".join(self.request.path.split("/")[4:])
            raise self._moved(f"/repositories/{moved.id}" + (f"/{rest}" if rest else ""))
        return None

    def _moved(self, path: str, *, status: int | None = None) -> Problem:
        query = self.request.target.partition("?")[2]
        location = self.views.api + path + (f"?{query}" if query else "")
        status = status or (301 if self.request.method in ("GET", "HEAD") else 307)
        return Problem(status, "Moved Permanently", headers={"Location": location}, url=location)

    def _elsewhere(self, fate: Elsewhere) -> Problem:
        if fate.fate == "transferred":
            target = self.world.repositories.get(fate.repository)
            if target is None or self.caller.level(target) == Level.NONE:
                return not_found()
            tail = self.request.path.partition(f"/issues/{self.params['number']}")[2]
            return self._moved(f"/repositories/{target.id}/issues/{fate.number}{tail}", status=301)
        if fate.fate == "converted" and self.world.facts.converted_status == 404:
            return not_found()
        return Problem(410, "This issue was deleted")


Handler = Callable[[Exchange], Answer]
