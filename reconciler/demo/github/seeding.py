"""A world from plain data, and thousands of rows at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.demo.github.rows import Comment, Issue
from reconciler.demo.github.world import Repository, World


def seed(world: World, wish: dict[str, Any]) -> dict[str, Any]:
    """Add accounts, tokens and repositories.

    `{"users": [{"login", "kind", "token"}], "repositories": [{"name", "private", "levels": {…}}]}`, levels by
    login; gives the repositories' ids by name. Raises KeyError or TypeError for a shape that does not fit.
    """
    for user in wish.get("users", ()):
        world.add_user(user["login"], user.get("kind", "User"))
        if user.get("token"):
            world.add_token(user["login"], user["token"])
    made = {}
    for wanted in wish.get("repositories", ()):
        repository = world.add_repository(wanted["name"], private=wanted.get("private", False))
        for login, level in wanted.get("levels", {}).items():
            repository.allow(login, level)
        made[repository.full_name] = repository.id
    return made


def grow(world: World, wish: dict[str, Any]) -> dict[str, Any]:
    """Add many issues with comments, or touch many existing ones, at once.

    Adding: `{"repository", "by", "issues": n, "title", "body", "labels", "comments_each", "comment",
    "spread", "age"}`; the newest is `age` seconds old, they are `spread` seconds apart. Touching:
    `{"repository", "by", "close": [first, last], "comment": text}` closes and comments a range.
    `{n}` in a text becomes the issue's number. Gives the first and last number.
    """
    repository = world.repository(wish["repository"])
    if "close" in wish:
        return _touch(repository, wish)
    labels = tuple(repository.ensure_label(name).id for name in wish.get("labels", ()))
    count, newest = wish["issues"], world.second() - int(wish.get("age", 0))
    first = repository.next_number

    def shape(row: Issue) -> Issue:
        when = newest - int(wish.get("spread", 1) * (count - 1 - (row.number - first)))
        title = wish.get("title", "Issue {n}").replace("{n}", str(row.number))
        body = wish.get("body", "").replace("{n}", str(row.number))
        return replace(row, title=title, body=body, labels=labels, created=when, updated=when)

    numbers = repository.seed(count, shape, by=wish["by"])
    if wish.get("comments_each"):
        _talk(repository, numbers, wish)
    return {"first": numbers.start, "last": numbers.stop - 1}


def _talk(repository: Repository, numbers: range, wish: dict[str, Any]) -> None:
    """Give each issue comments as old as itself."""
    author, each = repository.world.user(wish["by"]).id, wish["comments_each"]
    rows, issues = [], []
    for number in numbers:
        issue = repository.issue(number)
        text = wish.get("comment", "Comment on {n}").replace("{n}", str(number))
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


def _touch(repository: Repository, wish: dict[str, Any]) -> dict[str, Any]:
    first, last = wish["close"]
    for number in range(first, last + 1):
        repository.close(number, by=wish["by"])
        if wish.get("comment"):
            repository.comment(number, wish["comment"].replace("{n}", str(number)), by=wish["by"])
    return {"first": first, "last": last}
