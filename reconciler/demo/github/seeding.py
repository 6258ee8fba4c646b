"""A world from plain data, and thousands of rows at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.demo.github.rows import Comment, Issue
from reconciler.demo.github.world import Repository, World


def seed(world: World, spec: dict[str, Any]) -> dict[str, Any]:
    """Add accounts, tokens and repositories.

    `{"users": [{"login", "kind", "token"}], "repositories": [{"name", "private", "levels": {…}}]}`, levels by
    login; gives the repositories' ids by name. Raises KeyError or TypeError for a shape that does not fit.
    """
    for user in spec.get("users", ()):
        world.add_user(user["login"], user.get("kind", "User"))
        if user.get("token"):
            world.add_token(user["login"], user["token"])
    made = {}
    for wanted in spec.get("repositories", ()):
        repository = world.add_repository(wanted["name"], private=wanted.get("private", False))
        for login, level in wanted.get("levels", {}).items():
            repository.allow(login, level)
        made[repository.full_name] = repository.id
    return made


def grow(world: World, spec: dict[str, Any]) -> dict[str, Any]:
    """Add many issues with comments, or touch many existing ones, at once.

    Adding: `{"repository", "by", "issues": n, "title", "body", "labels", "comments_each", "comment",
    "spread", "age"}`; the newest is `age` seconds old, they are `spread` seconds apart. Touching:
    `{"repository", "by", "close": [first, last], "comment": text}` closes and comments a range.
    `{n}` in a text becomes the issue's number. Gives the first and last number.
    """
    repository = world.repository(spec["repository"])
    if "close" in spec:
        return _touch(repository, spec)
    labels = tuple(repository.ensure_label(name).id for name in spec.get("labels", ()))
    count, newest = spec["issues"], world.second() - int(spec.get("age", 0))
    first = repository.next_number

    def shape(row: Issue) -> Issue:
        when = newest - int(spec.get("spread", 1) * (count - 1 - (row.number - first)))
        title = spec.get("title", "Issue {n}").replace("{n}", str(row.number))
        body = spec.get("body", "").replace("{n}", str(row.number))
        return replace(row, title=title, body=body, labels=labels, created=when, updated=when)

    numbers = repository.seed(count, shape, by=spec["by"])
    if spec.get("comments_each"):
        _talk(repository, numbers, spec)
    return {"first": numbers.start, "last": numbers.stop - 1}


def _talk(repository: Repository, numbers: range, spec: dict[str, Any]) -> None:
    """Give each issue comments as old as itself."""
    author, each = repository.world.user(spec["by"]).id, spec["comments_each"]
    rows, issues = [], []
    for number in numbers:
        issue = repository.issue(number)
        text = spec.get("comment", "Comment on {n}").replace("{n}", str(number))
        for _ in range(each):
            row = Comment(
                id=repository.world.next_id(),
                issue=number,
                author=author,
                body=text,
                created=issue.created,
                updated=issue.created,
            )
            rows.append(row)
            repository.threads.setdefault(number, []).append(row.id)
        issues.append(replace(issue, comments=issue.comments + each))
    repository.comments.load(rows)
    repository.issues.load(issues)


def _touch(repository: Repository, spec: dict[str, Any]) -> dict[str, Any]:
    first, last = spec["close"]
    for number in range(first, last + 1):
        repository.close(number, by=spec["by"])
        if spec.get("comment"):
            repository.comment(number, spec["comment"].replace("{n}", str(number)), by=spec["by"])
    return {"first": first, "last": last}
