"""Actions on the comments of an issue."""

from __future__ import annotations

from dataclasses import replace

from reconciler.demo.github.rows import Comment
from reconciler.demo.github.world.state import RepositoryState, atomic, changed_from


class CommentActs(RepositoryState):
    """Actions on comments; `by` is the login of the user."""

    @atomic
    def comment(self, number: int, body: str, *, by: str, via_app: bool = False) -> Comment:
        """Comment on an issue: its `updated_at` moves, its count grows."""
        issue, actor, now = self.issue(number), self.world.user(by).id, self.world.second()
        row = Comment(
            id=self.world.next_id(),
            issue=number,
            author=actor,
            body=body,
            created=now,
            updated=now,
            via_app=via_app,
        )
        self.comments.put(row, self.world.moment())
        self.threads.setdefault(number, []).append(row.id)
        self._bump(issue, comments=issue.comments + 1)
        self._notify("issue_comment", "created", actor, number=number, comment=row.id)
        return row

    @atomic
    def edit_comment(self, comment_id: int, body: str, *, by: str) -> Comment:
        """Edit a comment; raises KeyError if it does not exist."""
        before, actor = self._comment(comment_id), self.world.user(by).id
        if before.body == body:
            return before
        row = replace(before, body=body, updated=self.world.second())
        self.comments.put(row, self.world.moment())
        if self.world.facts.comment_edit_bumps_issue:
            self._bump(self.issue(row.issue))
        self._notify(
            "issue_comment",
            "edited",
            actor,
            number=row.issue,
            comment=row.id,
            changes=changed_from(body=before.body),
        )
        return row

    @atomic
    def minimize_comment(self, comment_id: int, reason: str | None) -> Comment:
        """Fold or hide a comment (spam, abuse, off-topic, …), or with None show it again."""
        row = replace(self._comment(comment_id), minimized=reason)
        if self.world.facts.minimizing_bumps_comment:
            row = replace(row, updated=self.world.second())
        self.comments.put(row, self.world.moment())
        return row

    @atomic
    def delete_comment(self, comment_id: int, *, by: str) -> Comment:
        """Delete a comment: the count falls, `updated_at` stays. KeyError when gone.

        Source: docs/reference/github.md, Lists.
        """
        row, actor, now = self._comment(comment_id), self.world.user(by).id, self.world.moment()
        self._notify("issue_comment", "deleted", actor, number=row.issue, comment=row.id)
        self.comments.remove(comment_id, now)
        self.threads[row.issue].remove(comment_id)
        issue = self.issue(row.issue)
        self.issues.put(replace(issue, comments=issue.comments - 1), now)
        return row

    def _comment(self, comment_id: int) -> Comment:
        row = self.comments.get(comment_id)
        if row is None:
            raise KeyError(comment_id)
        return row
