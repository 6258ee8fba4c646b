"""Actions on the assignees of an issue (docs/reference/github.md, Assignees)."""

from __future__ import annotations

from reconciler.demo.github.rows import Issue, Level
from reconciler.demo.github.world.label_actions import LabelActs
from reconciler.demo.github.world.state import atomic

MAX_ASSIGNEES = 10


class AssigneeActs(LabelActs):
    """Actions on assignees; `by` is the login of the user; each returns the new row."""

    @atomic
    def assign(self, number: int, *logins: str, by: str) -> Issue:
        """Assign accounts. Those that may not be assigned are dropped silently, and any beyond the tenth."""
        row, actor = self.issue(number), self.world.user(by).id
        wanted = dict.fromkeys(each for login in logins if (each := self.assignable(login)) is not None)
        new = [each for each in wanted if each not in row.assignees]
        new = new[: max(0, MAX_ASSIGNEES - len(row.assignees))]
        if not new:
            return row
        row = self._bump(row, assignees=(*row.assignees, *new))
        for each in new:
            self._record_assignment(number, "assigned", actor, each)
        return row

    @atomic
    def unassign(self, number: int, *logins: str, by: str) -> Issue:
        """Unassign accounts; one that is not assigned, or is none, changes nothing."""
        row, actor = self.issue(number), self.world.user(by).id
        gone = [each for login in logins if (each := self.world.id_of_login(login)) in row.assignees]
        if not gone:
            return row
        row = self._bump(row, assignees=tuple(each for each in row.assignees if each not in gone))
        for each in gone:
            self._record_assignment(number, "unassigned", actor, each)
        return row

    def assignable(self, login: str) -> int | None:
        """Return the id of an account that may be assigned here; None: it is dropped silently.

        An account needs access of its own: that anybody can read a public repository is not enough.
        """
        found = self.world.id_of_login(login)
        return found if found is not None and self.levels.get(found, Level.NONE) >= Level.READ else None

    def _record_assignment(self, number: int, kind: str, actor: int, account: int | None) -> None:
        self._record(number, kind, actor, assignee=account)
        self._notify("issues", kind, actor, number=number)
