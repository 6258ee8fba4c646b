"""Assignees of an issue: read with their ids, changed one by one, and what GitHub drops silently."""

import pytest

from reconciler.demo.github.rows import Level
from reconciler.model.fields import Field
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Confirmed, OutcomeUnknown
from tests.github.client_harness import ClientHarness
from tests.support.github import GitHub


@pytest.fixture
def number(github: GitHub) -> IssueNumber:
    return IssueNumber(github.web.open_issue("One", by="alice").number)


def ids(github: GitHub, *logins: str) -> tuple[tuple[int, str], ...]:
    return tuple((github.world.user(login).id, login) for login in logins)


async def test_they_are_read_with_their_ids(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.assign(number, "alice", "bugspark-bot", by="alice")
    assert (await harness.repository.issue(number)).assignees == ids(github, "alice", "bugspark-bot")


async def test_they_are_added_and_removed_one_by_one(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.assign(number, "bugspark-bot", by="alice")
    added = await harness.repository.add_assignee(number, "alice")
    assert isinstance(added, Confirmed)
    assert added.value.assignees == ids(github, "bugspark-bot", "alice")
    left = await harness.repository.remove_assignee(number, "alice")
    assert isinstance(left, Confirmed)
    assert left.value.assignees == ids(github, "bugspark-bot")
    sent = [(seen.method, seen.json()) for seen in github.simulator.requests if seen.write]
    assert sent == [("POST", {"assignees": ["alice"]}), ("DELETE", {"assignees": ["alice"]})]


async def test_an_account_that_cannot_be_assigned_is_missing_in_the_answer(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    answer = await harness.repository.add_assignee(number, "bob")
    assert isinstance(answer, Confirmed)
    assert answer.value.assignees == ()


async def test_an_answer_that_does_not_say_who_is_assigned_is_no_answer(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    row = github.web.issue(number)
    github.simulator.views.edits[row.id] = lambda shown: shown.update(assignees="alice")
    assert (await harness.repository.issue(number)).assignees is None
    assert isinstance(await harness.repository.add_assignee(number, "alice"), OutcomeUnknown)


async def test_a_login_has_an_account_or_none(harness: ClientHarness, github: GitHub) -> None:
    found = await harness.repository.user("Alice")
    assert found is not None
    assert (found.id, found.login) == (github.world.user("alice").id, "alice")
    assert await harness.repository.user("nobody-has-this") is None


@pytest.mark.parametrize("is_named_otherwise", [False, True])
async def test_events_name_the_account_and_who_assigned_it(
    harness: ClientHarness, github: GitHub, number: IssueNumber, *, is_named_otherwise: bool
) -> None:
    github.world.assume(assignments_are_by_assignee=is_named_otherwise)
    github.web.allow("bob", Level.READ)
    github.web.assign(number, "bob", by="alice")
    github.web.unassign(number, "bob", by="alice")
    events = await harness.repository.field_events(number, lambda _: None)
    bob, alice = github.world.user("bob").id, github.world.user("alice").id
    assert [(each.field, each.value, each.added, each.actor and each.actor.id) for each in events] == [
        (Field.ASSIGNEE, str(bob), True, alice),
        (Field.ASSIGNEE, str(bob), False, alice),
    ]
