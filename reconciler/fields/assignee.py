"""Assignee ↔ one of the issue's assignees, for people that the settings map. Off until somebody is mapped.

Only mapped people are an opinion of either side; nobody is one only where the base was a mapped person.
Everybody else stays assigned (docs/design.md, Assignee).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.fields.synced_field import (
    AddedEvent,
    BaseColumn,
    FieldDiff,
    SeenColumn,
    SyncedField,
    decide_verdict,
)
from reconciler.model.fields import Assignees, Base, Field
from reconciler.model.ids import AccountId
from reconciler.model.intent import DesiredAssignees
from reconciler.model.issue import Account, Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import ChangeAssignees, Why
from reconciler.model.policy import NOBODY, People, SyncPolicy
from reconciler.model.report import Report

NO_ONE = ""
"""BugSpark's value where nobody is assigned."""
USER_ID_PATTERN = re.compile(r"[0-9a-f]{32}")


def parse_user_id(text: str) -> str:
    """Return a user's id without dashes, or an empty text. Raises ValueError for anything else."""
    user = text.replace("-", "").lower()
    if user and not USER_ID_PATTERN.fullmatch(user):
        raise ValueError(f"{text!r} is not the id of a user")
    return user


class AssigneeField(SyncedField[ChangeAssignees, DesiredAssignees]):
    """A report's assignee and those of an issue, who may be up to ten."""

    field = Field.ASSIGNEE
    desired_type = DesiredAssignees
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(
            name="base_assignee", attribute="assignee", parse=parse_user_id, length=36, is_optional=True
        ),
        BaseColumn(
            name="base_assignees",
            attribute="assignees",
            parse=str,
            seen_attribute="assignees",
            json_type=Assignees,
            stored_beside="assignee",
        ),
    )
    seen_columns: ClassVar[Sequence[SeenColumn]] = (
        SeenColumn(
            name="seen_assignees",
            attribute="assignees",
            json_type=Assignees,
            is_optional=True,
            stored_beside="assignee",
        ),
    )
    is_id = True
    is_nullable = True

    @property
    def column(self) -> str:
        """The user's id in BugSpark."""
        return "assignee_id"

    def is_enabled(self, policy: SyncPolicy) -> bool:
        """Whether somebody is mapped, and the field has a direction."""
        return bool(policy.people.by_user) and super().is_enabled(policy)

    # --- values and base

    def base_value(self, base: Base) -> str:
        """Return the user that both sides last agreed on."""
        return base.assignee or NO_ONE

    def initial_base_attributes(self, report: Report, seen: SeenIssue) -> Mapping[str, Any]:
        """Return nothing: without mapped people the base has no assignee."""
        return {}

    def with_values_while_disabled(self, base: Base, report: Report, seen: SeenIssue) -> Base:
        """Return the base without an assignee: when assignees are synced again, only later changes count."""
        return replace(base, assignee=None, assignees=seen.assignees)

    def with_written_value(self, base: Base, desired: DesiredAssignees) -> Base:
        """Return the base after a change that was applied but whose answer was lost."""
        assignees = base.assignees
        if assignees is not None:
            removed = {account.id for account in desired.remove}
            added = ((desired.add.id, desired.add.login),) if desired.add else ()
            assignees = (*(each for each in assignees if each[0] not in removed), *added)
        return replace(base, assignee=desired.agreed, assignees=assignees)

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return nobody: whom either side names is a change, which is carried over next."""
        return NO_ONE

    # --- deciding

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare whom both sides name, if that is an opinion.

        A base without GitHub's half was made before its assignees were known: `with_values_before_settings`
        gives it one. At the initial sync nobody is no opinion either.
        """
        people, local = policy.people, report.assignee
        agreed = local if base is None or base.assignee is None else base.assignee
        was_mapped = base is not None and people.is_mapped(agreed)
        remote = _choose_counting_user(seen.assignees, people, (agreed, local))
        known = _choose_counting_user(base.assignees, people, (agreed,)) if base is not None else None
        is_local_mapped = people.is_mapped(local)
        if remote == NO_ONE and not (was_mapped and (is_local_mapped or not local)):
            remote = None
        has_local_opinion = is_local_mapped or (not local and was_mapped)
        is_new = base is None
        is_nobody_there = not local and remote is None and seen.assignees is not None
        verdict = decide_verdict(
            first=is_new and has_local_opinion,
            local_moved=not is_new and local != agreed and has_local_opinion,
            remote_moved=remote is not None
            and (is_new or (_has_github_assignees(base) and remote != known))
            and (has_local_opinion or not local or not is_new),
            equal=remote == local or is_nobody_there or (remote is None and is_new),
        )
        return FieldDiff(
            field=self.field,
            base=None if is_new else agreed,
            local=local,
            remote=remote,
            verdict=verdict,
            present=people.users_of(seen.assignees or ()),
            surplus=_replaced_users(agreed if seen.assignees is None and was_mapped else remote, local),
            names={user: people.text_of(user) for user in (agreed, local, remote) if user is not None},
        )

    def needs_events(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> bool:
        """Whether somebody is assigned of whom only the events tell whether that was before the settings."""
        return base is not None and bool(_assignees_that_need_events(seen, base, policy.people))

    def with_values_before_settings(
        self, base: Base, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> Base:
        """Return the base with those who were assigned before the settings mapped them.

        `added`: the last event that assigned each account, by its id in digits; without one it is as old as
        the issue.
        """
        people = policy.people
        older = []
        for account, login in _assignees_that_need_events(seen, base, people):
            since, event = people.by_user[people.by_account[account]].since, added.get(str(account))
            if event is None or (since is not None and event.at <= since):
                older.append((account, login))
        if base.assignees is None and seen.assignees is None:
            return base
        return replace(base, assignees=(*(base.assignees or ()), *older))

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> ChangeAssignees:
        """Assign BugSpark's person, unless that is so; unassign the one who counted before."""
        local, people = report.assignee, policy.people
        is_missing = people.is_mapped(local) and local not in diff.present
        return ChangeAssignees(
            add=_account(local, people) if is_missing else None,
            remove=tuple(_account(user, people) for user in diff.surplus),
            why=why,
        )

    # --- writing and recovery

    def build_desired(self, action: ChangeAssignees, report: Report) -> DesiredAssignees:
        """Return whom to assign and to unassign."""
        return DesiredAssignees(add=action.add, remove=action.remove, agreed=report.assignee)

    def issue_update(self, desired: DesiredAssignees) -> IssueUpdate | None:
        """Return None: PATCH replaces all assignees, other people's included."""
        return None

    def expected_events(self, desired: DesiredAssignees) -> set[tuple[str, bool]]:
        """Return an event for each account assigned or unassigned."""
        added = {(str(desired.add.id), True)} if desired.add else set()
        return added | {(str(account.id), False) for account in desired.remove}

    # --- for people

    def text_of_value(self, value: str, policy: SyncPolicy) -> str:
        """Return the login of a mapped person, else the user's name as far as it is known."""
        return policy.people.text_of(value)

    def value_of_text(self, text: str, policy: SyncPolicy) -> str:
        """Return the user that a text of `text_of_value` stands for. Raises ValueError."""
        for user, person in policy.people.by_user.items():
            if person.login.lower() == text.lower():
                return user
        if text == NOBODY:
            return NO_ONE
        raise ValueError(f"{text} is not among the people of this project's settings any more")

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return the logins of all assignees, whether they are mapped or not."""
        if seen.assignees is None:
            return None
        return ", ".join(login for _, login in seen.assignees) or NOBODY


def _replaced_users(user: str | None, local: str) -> tuple[str, ...]:
    """Whom BugSpark's person replaces on GitHub."""
    return (user,) if user and user != local else ()


def _has_github_assignees(base: Base | None) -> bool:
    return base is not None and base.assignees is not None


def _choose_counting_user(
    assignees: Assignees | None, people: People, preferred: Sequence[str]
) -> str | None:
    """Return the mapped person that counts among these assignees; None: they say nothing.

    The preferred ones stay while they are there; otherwise the first one that BugSpark may receive.
    """
    if assignees is None:
        return None
    users = people.users_of(assignees)
    found = next((user for user in preferred if user in users), None)
    if found is not None:
        return found
    members = [user for user in users if people.is_member(user)]
    return members[0] if members else None if users else NO_ONE


def _assignees_that_need_events(seen: SeenIssue, base: Base, people: People) -> Assignees:
    """The mapped people who are assigned and not in the base's half, if the settings came after that half."""
    known = {account for account, _ in base.assignees or ()}
    return tuple(
        (account, login)
        for account, login in seen.assignees or ()
        if account in people.by_account
        and account not in known
        and (base.assignees is None or people.by_user[people.by_account[account]].since is not None)
    )


def _account(user: str, people: People) -> Account:
    person = people.by_user[user]
    assert person.account is not None
    return Account(id=AccountId(person.account), login=person.login)


ASSIGNEE = AssigneeField()
