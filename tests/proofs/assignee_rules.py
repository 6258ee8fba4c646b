"""Rules of the state machine for assignees: people assign on both sides, owners map, accounts are renamed."""

from collections.abc import Iterator
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from reconciler.demo.github.rows import Level
from reconciler.model.ids import ReportId
from reconciler.store.bugspark import bugspark_tables
from tests.proofs.random_history import INDEXES, RandomHistory

MAPPED = ("dave", "erin")
"""Logins of accounts that belong to members of the project."""
UNMAPPED = "frank"
"""The login of an account that nobody is mapped to."""


class AssigneeHistory(RandomHistory):
    """Everything that `RandomHistory` does, with people mapped by the owner."""

    is_as_configured = True  # the first settings have been in force, and logins their accounts', all the time
    assigned_by_people: frozenset[int] = frozenset()  # issues that somebody assigned the unmapped account to

    @initialize()
    def map_people(self) -> None:
        self.users = [self._add_member(name) for name in (*MAPPED, "dora")]
        for login in (*MAPPED, UNMAPPED):
            self.scenario.github.world.add_user(login)
            self.scenario.github.web.allow(login, Level.READ)
        self._save(is_mapped=True, direction="both")

    @rule(index=INDEXES, who=st.sampled_from([0, 1, 2, None]))
    def assign_in_bugspark(self, index: int, who: int | None) -> None:
        """The last user is not mapped."""
        user = None if who is None else self.users[who]
        report = self.report_at(index)
        self.scenario.bugspark.set_report(report, assignee_id=user, updated_at=self.scenario.bugspark_now())

    @rule(index=INDEXES, who=st.sampled_from([0, 1]), added=st.booleans())
    def assign_on_github(self, index: int, who: int, added: bool) -> None:
        self._assign(index, self._login_of(MAPPED[who]), added=added)

    @rule(index=INDEXES, added=st.booleans())
    def assign_somebody_else_on_github(self, index: int, added: bool) -> None:
        number = self._assign(index, UNMAPPED, added=added)
        if number is not None:
            known = self.assigned_by_people
            self.assigned_by_people = known | {number} if added else known - {number}

    @precondition(lambda self: len(self.scenario.reports) > 1)
    @rule(
        is_mapped=st.booleans(),
        direction=st.sampled_from(["both", "both", "to_github", "to_bugspark", "off"]),
    )
    def settings_change(self, is_mapped: bool, direction: str) -> None:
        """The owner changes people or direction; the sides may then differ for good."""
        self.is_as_configured = False
        self._save(is_mapped=is_mapped, direction=direction)

    @precondition(lambda self: len(self.scenario.reports) > 1)
    @rule(is_taken=st.booleans())
    def rename_account(self, is_taken: bool) -> None:
        """An account gets another login, and somebody else may take the old one."""
        self.is_as_configured = False
        world = self.scenario.github.world
        if world.id_of_login("erin-new") is None:
            world.rename_user("erin", "erin-new")
            if is_taken:
                world.add_user("erin")
                self.scenario.github.web.allow("erin", Level.READ)

    def violations_when_settled(self) -> list[str]:
        """Return those of the assignees, too."""
        found = super().violations_when_settled()
        resting = self.scenario.numbers_that_rest()
        for report, number in self.scenario.issue_numbers().items():
            if number is None or number in resting or not self.scenario.is_here(number):
                continue
            if self.scenario.is_linked(report):
                found += self._violations(report, number)
        return found

    def _violations(self, report: ReportId, number: int) -> Iterator[str]:
        """An account that is not mapped stays as it is; BugSpark's mapped person is assigned on GitHub."""
        world, repository = self.scenario.github.world, self.scenario.repository_of(number)
        assignees = repository.issue(number).assignees
        present = {world.users[each].login for each in assignees}
        if (UNMAPPED in present) != (number in self.assigned_by_people):
            yield f"#{number}: {UNMAPPED} was touched"
        if (
            world.id_of_login("erin-new") is not None
            and world.id_of_login("erin") in repository.issue(number).assignees
        ):
            yield f"#{number}: somebody is assigned who took over a login"
        row = self.scenario.all_reports().get(report)
        if row is None or not self.is_as_configured or report in self.scenario.cut:
            return
        expected = {UUID(str(user)): login for user, login in zip(self.users, MAPPED, strict=False)}
        named = row["assignee_id"] and expected.get(UUID(str(row["assignee_id"])))
        if named and named not in present:
            yield f"#{number}: the report's assignee is {named}, the issue's are {sorted(present)}"

    def _add_member(self, name: str) -> UUID:
        user = self.scenario.bugspark.add_user(name)
        row = {
            "id": uuid4(),
            "project_id": self.scenario.project,
            "user_id": user,
            "email": f"{user}@example.test",
            "invite_accepted_at": self.scenario.bugspark_now(),
        }
        self.scenario.bugspark._insert(bugspark_tables.project_members, row)
        return user

    def _login_of(self, login: str) -> str:
        renamed = f"{login}-new"
        return renamed if self.scenario.github.world.id_of_login(renamed) is not None else login

    def _assign(self, index: int, login: str, *, added: bool) -> int | None:
        number = self.scenario.issue_numbers()[self.report_at(index)]
        if number is None or not self.scenario.is_here(number):
            return None
        web = self.scenario.repository_of(number)
        change = web.assign if added else web.unassign
        change(number, login, by="alice")
        return number

    def _save(self, *, is_mapped: bool, direction: str) -> None:
        people = {str(user): login for user, login in zip(self.users, MAPPED, strict=False)}
        own = {"people": people if is_mapped else {}, "directions": {"assignee": direction}}
        self.wait(self.scenario.save_settings(**own))
