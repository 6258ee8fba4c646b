"""Actions on an issue: open, close, reopen, change title and body, lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.demo.github.rows import Issue, Reason
from reconciler.demo.github.world.field_actions import FieldActs
from reconciler.demo.github.world.state import atomic, changed_from


class IssueActs(FieldActs):
    """Actions on issues; `by` is the login of the user; each returns the new row."""

    @atomic
    def open_issue(
        self,
        title: str,
        body: str | None = None,
        *,
        by: str,
        labels: Sequence[str] = (),
        assignees: Sequence[str] = (),
        pull_request: bool = False,
        via_app: bool = False,
        milestone: int | None = None,
        issue_type: str | None = None,
        choices: Mapping[int, str] | None = None,
    ) -> Issue:
        """Open an issue (or a pull request, which shares the numbers and the lists)."""
        author, now = self.world.user(by).id, self.world.second()
        row = Issue(
            id=self.world.next_id(),
            number=self._next_number(),
            title=title,
            body=body,
            author=author,
            created=now,
            updated=now,
            labels=tuple(dict.fromkeys(self.ensure_label(name).id for name in labels)),
            assignees=tuple(each for login in assignees if (each := self.assignable(login)) is not None),
            pull_request=pull_request,
            via_app=via_app,
            milestone=milestone,
            type=issue_type,
            choices=choices or {},
        )
        self._keep_issue(row)
        for label_id in row.labels:
            self._record(row.number, "labeled", author, label=self._mark(label_id))
        for account in row.assignees:
            self._record(row.number, "assigned", author, assignee=account)
        self._notify("issues", "opened", author, number=row.number)
        for label_id in row.labels:
            self._notify("issues", "labeled", author, number=row.number, label=label_id)
        return row

    @atomic
    def close(
        self,
        number: int,
        *,
        by: str,
        reason: Reason | None = "completed",
        commit: str | None = None,
        of: str | None = None,
    ) -> Issue:
        """Close an issue; a closed one stays as it is.

        `commit`: the SHA of the commit that closes it; `of`: its repository, where that is another one.
        """
        row, actor = self.issue(number), self.world.user(by).id
        if row.state == "closed":
            return row
        now = self.world.second()
        row = self._bump(row, state="closed", reason=reason, closed=now, closed_by=actor)
        closing = {"commit_id": commit, "commit_of": of or self.full_name} if commit else {}
        self._record(number, "closed", actor, state_reason=reason, **closing)
        self._notify("issues", "closed", actor, number=number)
        return row

    @atomic
    def reclose(self, number: int) -> Issue:
        """Send `closed` without a reason for a closed issue: it becomes completed.

        Source: docs/reference/github.md, Writes.
        """
        row = self.issue(number)
        if row.reason == "completed" or not self.world.facts.reclosing_completes:
            return row
        return self._bump(row, reason="completed")

    @atomic
    def reopen(self, number: int, *, by: str) -> Issue:
        """Reopen an issue; an open one stays as it is."""
        row, actor = self.issue(number), self.world.user(by).id
        if row.state == "open":
            return row
        row = self._bump(row, state="open", reason="reopened", closed=None, closed_by=None)
        self._record(number, "reopened", actor)
        self._notify("issues", "reopened", actor, number=number)
        return row

    @atomic
    def retitle(self, number: int, title: str, *, by: str) -> Issue:
        """Change the title of an issue."""
        row, actor = self.issue(number), self.world.user(by).id
        if row.title == title:
            return row
        self._record(number, "renamed", actor, rename={"from": row.title, "to": title})
        return self._edited(row, actor, title=title)

    @atomic
    def rewrite(self, number: int, body: str | None, *, by: str) -> Issue:
        """Change the body of an issue."""
        row, actor = self.issue(number), self.world.user(by).id
        return row if row.body == body else self._edited(row, actor, body=body)

    @atomic
    def lock(self, number: int, *, by: str, reason: str | None = None) -> Issue:
        """Lock the conversation; updated_at moves as for any change of the issue."""
        actor = self.world.user(by).id
        row = self._bump(self.issue(number), locked=True, lock_reason=reason)
        self._record(number, "locked", actor, lock_reason=reason)
        self._notify("issues", "locked", actor, number=number)
        return row

    @atomic
    def unlock(self, number: int, *, by: str) -> Issue:
        """Unlock the conversation."""
        actor = self.world.user(by).id
        row = self._bump(self.issue(number), locked=False, lock_reason=None)
        self._record(number, "unlocked", actor, lock_reason=None)
        self._notify("issues", "unlocked", actor, number=number)
        return row

    @atomic
    def react(self, number: int) -> Issue:
        """React to an issue: nothing that lists show moves (docs/reference/github.md, Lists)."""
        return self.issue(number)

    def _edited(self, row: Issue, actor: int, **changes: Any) -> Issue:
        before = {name: getattr(row, name) for name in changes}
        row = self._bump(row, **changes)
        self._notify("issues", "edited", actor, number=row.number, changes=changed_from(**before))
        return row
