"""The rows of a repository, and the steps that its actions are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from reconciler.demo.github.rows import Comment, Elsewhere, Event, Hook, Issue, Label, Level, SelectField
from reconciler.demo.github.table import Table
from reconciler.demo.github.world.accounts import Accounts

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="RepositoryState")


def atomic(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Make a method atomic: users and the server may act in different threads."""

    @wraps(method)
    def locked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.world.lock:
            return method(self, *args, **kwargs)

    return locked


class RepositoryState:
    """A repository's rows and settings; derived classes add the actions."""

    def __init__(self, world: Accounts, repository_id: int, owner: int, name: str, *, private: bool) -> None:
        self.world = world
        self.id = repository_id
        self.owner = owner
        self.name = name
        self.private = private
        self.archived = False
        self.has_issues = True
        self.blocked = False
        self.created = world.second()
        self.levels: dict[int, Level] = {owner: Level.ADMIN}
        self.labels: dict[int, Label] = {}
        self.issues: Table[Issue] = Table()
        self.comments: Table[Comment] = Table()
        self.threads: dict[int, list[int]] = {}
        self.events: dict[int, list[Event]] = {}
        self.hooks: dict[int, Hook] = {}
        self.milestones: dict[int, str] = {}  # title by number
        self.issue_types: list[str] = []  # of its organisation
        self.fields: dict[int, SelectField] | None = None  # likewise; None: it has no issue fields
        self.gone: dict[int, Elsewhere] = {}
        self._numbers: dict[int, int] = {}
        self._last_number = 0

    @property
    def next_number(self) -> int:
        """The number of the next issue."""
        return self._last_number + 1

    @property
    def full_name(self) -> str:
        """`owner/name` as it is now."""
        return f"{self.world.users[self.owner].login}/{self.name}"

    def level(self, user_id: int | None) -> Level:
        """Return the permission level of an account; every account can read a public repository."""
        floor = Level.NONE if self.private else Level.READ
        return max(floor, self.levels.get(user_id, Level.NONE)) if user_id is not None else floor

    def issue(self, number: int) -> Issue:
        """Return the issue with this number; raises KeyError when it is not (or no longer) here."""
        row = self.issues.get(self._numbers[number])
        if row is None:
            raise KeyError(number)
        return row

    def thread(self, number: int) -> list[Comment]:
        """Return the issue's comments in the order they were made."""
        rows = (self.comments.get(comment_id) for comment_id in self.threads.get(number, ()))
        return [row for row in rows if row is not None]

    def label_named(self, name: str) -> Label | None:
        """Return the label of this name, upper and lower case being the same, or None."""
        folded = name.casefold()
        return next((label for label in self.labels.values() if label.name.casefold() == folded), None)

    def label_names(self, number: int) -> list[str]:
        """Return the names of the labels the issue carries."""
        return [self.labels[label_id].name for label_id in self.issue(number).labels]

    def chosen(self, number: int) -> dict[str, str]:
        """Return the options of an issue by the names of their fields."""
        fields = self.fields or {}
        return {
            fields[each].name: name for each, name in self.issue(number).choices.items() if each in fields
        }

    def picture(self) -> dict[int, dict[str, Any]]:
        """Return all that users see of the issues, by number, as plain values to compare."""
        return {row.number: self._seen(row) for row in sorted(self.issues, key=lambda row: row.number)}

    def _seen(self, row: Issue) -> dict[str, Any]:
        return {
            "title": row.title,
            "state": row.state,
            "reason": row.reason,
            "labels": sorted(self.label_names(row.number)),
            "assignees": sorted(self.world.users[each].login for each in row.assignees),
            **({"choices": self.chosen(row.number)} if self.fields is not None else {}),
            "locked": row.locked,
            "comments": [(self.world.users[c.author].login, c.body) for c in self.thread(row.number)],
        }

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _keep_issue(self, row: Issue) -> Issue:
        self._numbers[row.number] = row.id
        self.issues.put(row, self.world.moment())
        return row

    def _bump(self, row: Issue, **changes: Any) -> Issue:
        """Replace the row by one with these changes, updated now."""
        return self._keep_issue(replace(row, updated=self.world.second(), **changes))

    def _record(self, number: int, kind: str, by: int, **detail: object) -> None:
        event = Event(
            id=self.world.next_id(),
            issue=number,
            kind=kind,
            actor=by,
            created=self.world.second(),
            detail=detail,
        )
        self.events.setdefault(number, []).append(event)

    def _notify(self, event: str, action: str, by: int, **extra: Any) -> None:
        """Notify the webhooks, as GitHub does for actions of users and for API calls."""
        if self.hooks or any(app.hook is not None for app in self.world.apps.values()):
            self.world.notify(self.id, event, {"action": action, **extra}, by)


def changed_from(**before: object) -> Mapping[str, Mapping[str, object]]:
    """Return the `changes` of a webhook payload: what each field was before."""
    return {name: {"from": value} for name, value in before.items()}
