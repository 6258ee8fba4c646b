"""A repository: actions of its administrators, and bulk loading of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from reconciler.demo.github.rows import Comment, Elsewhere, Hook, Issue, Level
from reconciler.demo.github.world.comment_actions import CommentActs
from reconciler.demo.github.world.issue_actions import IssueActs
from reconciler.demo.github.world.state import atomic


class Repository(IssueActs, CommentActs):
    """One repository of the simulated GitHub."""

    @atomic
    def allow(self, login: str, level: Level | str) -> None:
        """Set what an account may do here: none, read, triage, write or admin."""
        self.levels[self.world.user(login).id] = Level[level.upper()] if isinstance(level, str) else level
        self.world.forget_rendered()

    @atomic
    def rename(self, name: str) -> None:
        """Rename the repository; the old name redirects here until it is used again."""
        old, self.name = self.full_name, name
        self.world.move_name(self.id, old, self.full_name)

    @atomic
    def make_private(self, *, private: bool = True) -> None:
        """Hide the repository from accounts without access, or make it public."""
        self.private = private

    @atomic
    def archive(self, *, archived: bool = True) -> None:
        """Make the repository read-only, or writable again."""
        self.archived = archived

    @atomic
    def disable_issues(self, *, disabled: bool = True) -> None:
        """Switch the issues off, or on again."""
        self.has_issues = not disabled

    @atomic
    def block(self, *, blocked: bool = True) -> None:
        """Answer every request about this repository with 451, or stop doing so."""
        self.blocked = blocked

    @atomic
    def delete_issue(self, number: int, *, by: str) -> None:
        """Delete an issue with its conversation: it answers 410 from now on."""
        self._notify("issues", "deleted", self.world.user(by).id, number=number)
        self._take_out(number)
        self.gone[number] = Elsewhere(fate="deleted")

    @atomic
    def convert(self, number: int, *, by: str) -> None:
        """Turn an issue into a discussion: no answer of the issues' endpoints shows it any more."""
        self._record(number, "converted_to_discussion", self.world.user(by).id)
        self._take_out(number)
        self.gone[number] = Elsewhere(fate="converted")

    @atomic
    def transfer(self, number: int, to: Repository, *, by: str) -> Issue:
        """Move an issue to another repository, where it gets a new number; here it redirects."""
        actor = self.world.user(by).id
        self._notify("issues", "transferred", actor, number=number)
        names, events = self.label_names(number), self.events.get(number, [])
        issue, thread = self._take_out(number)
        moved = to._receive(issue, thread, names)
        to.events[moved.number] = [replace(event, issue=moved.number) for event in events]
        to._record(moved.number, "transferred", actor)
        self.gone[number] = Elsewhere(fate="transferred", repository=to.id, number=moved.number)
        return moved

    @atomic
    def add_hook(self, url: str, events: tuple[str, ...], *, secret: str | None = None,
                 content_type: Literal["json", "form"] = "json", active: bool = True,
                 insecure_ssl: str = "0") -> Hook:  # fmt: skip
        """Set up a webhook; GitHub pings it at once."""
        now = self.world.second()
        hook = Hook(
            id=self.world.next_id(),
            url=url,
            events=events,
            secret=secret,
            content_type=content_type,
            active=active,
            insecure_ssl=insecure_ssl,
            created=now,
            updated=now,
        )
        self.hooks[hook.id] = hook
        self.world.ping(self.id, hook)
        return hook

    @atomic
    def seed(self, count: int, make: Callable[[Issue], Issue], *, by: str) -> range:
        """Add `count` issues at once, without events or webhooks, each as `make` shapes a plain one.

        Returns their numbers.
        """
        author, now = self.world.user(by).id, self.world.second()
        first = self.next_number
        rows = []
        for _ in range(count):
            number = self._next_number()
            plain = Issue(id=self.world.next_id(), number=number, title=f"Issue {number}", body=None,
                          author=author, created=now, updated=now)  # fmt: skip
            rows.append(make(plain))
            self._numbers[number] = plain.id
        self.issues.load(rows)
        return range(first, first + count)

    @atomic
    def seed_comments(self, number: int, bodies: list[str], *, by: str) -> list[Comment]:
        """Add many comments to one issue at once, without webhooks."""
        author, now, issue = self.world.user(by).id, self.world.second(), self.issue(number)
        rows = [
            Comment(id=self.world.next_id(), issue=number, author=author, body=body, created=now, updated=now)
            for body in bodies
        ]
        self.comments.load(rows)
        self.threads.setdefault(number, []).extend(row.id for row in rows)
        self._bump(issue, comments=issue.comments + len(rows))
        return rows

    def _take_out(self, number: int) -> tuple[Issue, list[Comment]]:
        now, thread = self.world.moment(), self.thread(number)
        for comment in thread:
            self.comments.remove(comment.id, now)
        self.threads.pop(number, None)
        issue = self.issues.remove(self._numbers.pop(number), now)
        self.events.pop(number, None)
        return issue, thread

    def _receive(self, issue: Issue, thread: list[Comment], labels: list[str]) -> Issue:
        now = self.world.second()
        kept = tuple(found.id for name in labels if (found := self.label_named(name)))
        number = self._next_number()
        row = replace(issue, id=self.world.next_id(), number=number, labels=kept, updated=now)
        self._keep_issue(row)
        keep_ids = self.world.facts.transfer_keeps_comment_ids
        for comment in thread:
            new_id = comment.id if keep_ids else self.world.next_id()
            self.comments.put(replace(comment, id=new_id, issue=number), self.world.moment())
            self.threads.setdefault(number, []).append(new_id)
        return row
