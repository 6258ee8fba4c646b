"""Assignees go both ways for people whom the project's settings map, and nobody else is touched."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from reconciler.demo.github.faults import Drop, Limit
from reconciler.demo.github.rows import Level
from reconciler.model.fields import Field, Side
from reconciler.model.passes import NullProgress, Outcome
from reconciler.store.bugspark import bugspark_tables
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.compare_plan import compare
from tests.sync.test_project_settings import configure

ON_BOTH = pytest.mark.parametrize("world_url", ["sqlite", "postgresql"], indirect=True)
"""Each database spells the ids of users in its own way."""


def add_member(sync: Sync, name: str, *, accepted: bool = True) -> UUID:
    """A user who was invited to the project."""
    user = sync.bugspark.add_user(name)
    row = {
        "id": uuid4(),
        "project_id": sync.project,
        "user_id": user,
        "email": f"{user}@example.test",
        "invite_accepted_at": sync.github.clock.now() if accepted else None,
    }
    sync.bugspark._insert(bugspark_tables.project_members, row)
    return user


def add_account(sync: Sync, login: str) -> None:
    """An account that may be assigned to issues of the repository."""
    sync.github.world.add_user(login)
    sync.github.web.allow(login, Level.WRITE)


async def mapped(sync: Sync, *logins: str, **settings: Any) -> list[UUID]:
    """Members of the project, mapped to these accounts; `alice` is there already."""
    users = [add_member(sync, login.title()) for login in logins]
    for login in logins:
        if login != "alice":
            add_account(sync, login)
    people = {str(user): login for user, login in zip(users, logins, strict=True)}
    await configure(sync, people=people, **settings)
    await sync.run()
    sync.github.clock.advance(5)
    return users


def assigned(sync: Sync, number: int) -> list[str]:
    """The logins on GitHub."""
    world = sync.github.world
    return sorted(world.users[each].login for each in sync.github.web.issue(number).assignees)


def assignee(sync: Sync, report: Any) -> UUID | None:
    """The user in BugSpark."""
    row = sync.bugspark.report(report)
    assert row is not None
    found: UUID | None = row["assignee_id"]
    return found


def stored(sync: Sync) -> list[tuple[Any, ...]]:
    return [
        (row["base_assignee"], row["base_assignees"], row["seen_assignees"])
        for row in sync.bugspark.rows_of("sync_links")
    ]


async def why(sync: Sync, report: Any) -> list[tuple[str, str | None, str | None]]:
    """Kind, rule and value of the history's lines about the assignee, oldest first."""
    return [
        (row["kind"], row["local"], row["to"])
        for row in sync.bugspark.rows_of("sync_changes")
        if row["field"] == "assignee"
    ]


async def test_without_mapped_people_nothing_of_assignees_is_written_asked_or_stored(sync: Sync) -> None:
    bob = add_member(sync, "Bob")
    report, number = await sync.linked()
    sync.change(report, assignee_id=bob)
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (bob, ["alice"])
    assert stored(sync) == [(None, None, None)]
    assert not [seen for seen in sync.github.simulator.requests if "/users/" in seen.path]


@ON_BOTH
async def test_an_assignee_goes_to_github_and_the_next_one_replaces_it(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])
    sync.change(report, assignee_id=dave)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    sync.change(report, assignee_id=None)
    result = await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (None, [])
    assert (result.outcome, result.conflicts) == (Outcome.OK, 0)
    assert await why(sync, report) == [
        ("change_assignees", "alice", "alice"),
        ("change_assignees", "dave", "dave"),
        ("change_assignees", "nobody", "nobody"),
    ]
    methods = [seen.method for seen in sync.github.simulator.requests if seen.path.endswith("/assignees")]
    assert methods == ["POST", "POST", "DELETE", "DELETE"]


@ON_BOTH
async def test_an_assignment_on_github_gives_the_report_its_assignee(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])
    sync.github.web.unassign(number, "alice", by="alice")
    sync.github.web.assign(number, "dave", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    sync.github.web.unassign(number, "dave", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (None, [])


async def test_other_assignees_stay_and_say_nothing(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice")
    add_account(sync, "erin")
    report, number = await sync.linked()
    sync.github.web.assign(number, "erin", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (None, ["erin"])
    sync.change(report, assignee_id=alice)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice", "erin"])
    sync.change(report, assignee_id=None)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (None, ["erin"])


async def test_of_several_mapped_people_the_bases_stays_while_it_is_there(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked(severity="low")
    sync.change(report, assignee_id=dave)
    await sync.settle()
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["alice", "dave"])
    sync.github.web.unassign(number, "dave", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])


async def test_an_unmapped_assignee_is_no_change_and_is_never_removed(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice")
    dora = add_member(sync, "Dora")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    sync.change(report, assignee_id=dora)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dora, ["alice"])
    sync.github.web.unassign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dora, [])
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])


@pytest.mark.parametrize("accepted", [True, False])
async def test_bugspark_receives_only_accepted_members(sync: Sync, accepted: bool) -> None:
    user = add_member(sync, "Alice", accepted=accepted)
    await configure(sync, people={str(user): "alice"})
    report, number = await sync.linked()
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert assignee(sync, report) == (user if accepted else None)
    assert assigned(sync, number) == ["alice"]


async def test_bugspark_receives_the_projects_owner(sync: Sync) -> None:
    (project,) = sync.bugspark.rows_of("projects")
    await configure(sync, people={str(project["owner_id"]): "alice"})
    report, number = await sync.linked()
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert assignee(sync, report) == UUID(str(project["owner_id"]))
    assert assigned(sync, number) == ["alice"]


async def test_an_assignee_that_github_ignores_is_shown_on_the_report(sync: Sync) -> None:
    user = add_member(sync, "Carl")
    sync.github.world.add_user("carl")  # without access to the repository
    await configure(sync, people={str(user): "carl"})
    report, number = await sync.linked()
    sync.change(report, assignee_id=user)
    result = await sync.run()
    assert (assignee(sync, report), assigned(sync, number)) == (user, [])
    assert result.outcome is Outcome.PARTIAL
    assert "GitHub did not assign carl" in str(result.error)
    (intent,) = sync.bugspark.rows_of("sync_intents")
    assert (intent["operation"], intent["state"]) == ("assignee", "quarantined")
    assert "GitHub did not assign carl" in intent["reason"]
    sync.github.web.allow("carl", Level.READ)
    sync.github.clock.advance(3_700)
    await sync.settle()
    assert assigned(sync, number) == ["carl"]


async def test_a_login_that_belongs_to_another_account_now_is_refused(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.github.world.rename_user("dave", "david")
    add_account(sync, "dave")
    sync.change(report, assignee_id=dave)
    result = await sync.run()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, [])
    assert "the login dave does not belong to the account" in str(result.error)
    assert not [seen for seen in sync.asked if seen.path.endswith("/assignees")]
    await configure(sync, people={str(alice): "alice", str(dave): "david"})
    sync.github.clock.advance(3_700)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["david"])


async def test_a_renamed_account_is_still_known_by_its_id(sync: Sync) -> None:
    _, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.github.world.rename_user("dave", "david")
    sync.github.web.assign(number, "david", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["david"])


async def test_a_login_that_nobody_has_is_a_named_problem(sync: Sync) -> None:
    user = add_member(sync, "Zoe")
    await configure(sync, people={str(user): "zoe"})
    report, number = await sync.linked()
    sync.change(report, assignee_id=user)
    result = await sync.run()
    assert (assignee(sync, report), assigned(sync, number)) == (user, [])
    assert result.outcome is Outcome.PARTIAL
    assert "people: zoe, the login of Zoe, is no account on GitHub" in str(result.error)


@ON_BOTH
async def test_people_that_are_mapped_later_change_nothing_by_themselves(sync: Sync) -> None:
    alice, dave = add_member(sync, "Alice"), add_member(sync, "Dave")
    add_account(sync, "dave")
    report, number = await sync.linked()
    other, second = await sync.linked()
    sync.change(report, assignee_id=alice)
    sync.github.web.assign(second, "dave", by="alice")
    await sync.settle()
    sync.github.clock.advance(5)
    await configure(sync, people={str(alice): "alice", str(dave): "dave"})
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, [])
    assert (assignee(sync, other), assigned(sync, second)) == (None, ["dave"])
    sync.github.clock.advance(5)
    sync.github.web.label(second, "unrelated", by="alice")
    await sync.settle()
    assert (assignee(sync, other), assigned(sync, second)) == (None, ["dave"])
    sync.change(report, assignee_id=dave)
    sync.github.web.assign(second, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    assert assigned(sync, second) == ["alice", "dave"]


async def test_an_assignment_after_the_mapping_counts_at_the_first_look(sync: Sync) -> None:
    report, number = await sync.linked()
    (alice,) = await mapped(sync, "alice")
    sync.github.web.assign(number, "alice", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])


async def test_a_barred_direction_keeps_an_assignee_on_its_side_for_good(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave", directions={"assignee": "to_bugspark"})
    people = {str(alice): "alice", str(dave): "dave"}
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    await configure(sync, people=people)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, [])
    sync.change(report, assignee_id=dave)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    await configure(sync, people=people, directions={"assignee": "to_github"})
    sync.github.web.unassign(number, "dave", by="alice")
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, [])


async def test_taking_the_mapping_away_ends_the_assignees_and_keeps_both_sides(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    await configure(sync)
    sync.change(report, assignee_id=None)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (None, ["alice"])
    assert stored(sync) == [(None, None, None)]


async def test_a_conflict_is_decided_by_the_newer_change_and_can_be_resolved(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave", conflict="newest")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    sync.github.clock.advance(60)
    sync.github.web.assign(number, "dave", by="alice")
    result = await sync.run()
    assert result.conflicts == 1
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    await sync.app.resolve(str(report), Field.ASSIGNEE, Side.BUGSPARK)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])


async def test_a_person_who_was_faster_in_bugspark_is_not_overwritten(sync: Sync) -> None:
    _alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.github.web.assign(number, "alice", by="alice")
    plan = await sync.plan()
    assert [(each.kind, each.field, each.remote, each.to) for each in plan.actions] == [
        ("set_field", "assignee", "alice", "alice")
    ]
    sync.github.clock.advance(60)
    sync.change(report, assignee_id=dave)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])


async def test_the_plan_shows_logins_and_is_what_the_pass_does(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    sync.change(report, assignee_id=dave)
    plan = await sync.plan()
    assert [(e.kind, e.field, e.base, e.local, e.remote, e.to) for e in plan.actions] == [
        ("change_assignees", "assignee", "alice", "dave", "alice", "dave")
    ]
    again = await sync.plan(seconds=0)
    assert again.hash == plan.hash
    await sync.run()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])


@ON_BOTH
async def test_every_plan_is_what_the_following_pass_does_from_the_mapping_on(sync: Sync) -> None:
    alice, dave, dora = (add_member(sync, name) for name in ("Alice", "Dave", "Dora"))
    add_account(sync, "dave")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    people = {str(alice): "alice", str(dave): "dave"}
    web = sync.github.web
    await configure(sync, people=people)

    def both_assign() -> None:
        sync.change(report, assignee_id=alice)
        web.assign(number, "dave", by="alice")

    acts: list[Callable[[], object]] = [
        lambda: web.assign(number, "dave", by="alice"),  # before any pass with these people
        lambda: sync.change(report, assignee_id=alice),
        lambda: sync.change(report, assignee_id=dora),
        lambda: web.unassign(number, "alice", by="alice"),
        both_assign,
        lambda: sync.change(report, assignee_id=None),
    ]
    seen = []
    for act in acts:
        sync.github.clock.advance(30)
        act()
        plan, _ = await compare(sync)
        seen.append([(each.kind, each.to) for each in plan.actions])
        await sync.settle()
    assert seen[:4] == [
        [("set_field", "dave")],
        [("change_assignees", "alice")],
        [],
        [],
    ]
    assert (assignee(sync, report), assigned(sync, number)) == (None, [])


async def test_a_change_whose_answer_was_lost_is_made_once(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=f"/issues/{number}/assignees")
    await sync.run()
    sync.github.clock.advance(120)
    await sync.settle(passes=6)
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])
    sync.change(report, assignee_id=dave)
    sync.github.simulator.faults.add(Drop(applied=True), method="DELETE", path=f"/issues/{number}/assignees")
    await sync.run()
    sync.github.clock.advance(120)
    await sync.settle(passes=6)
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave"])
    assert sync.bugspark.rows_of("sync_intents") == []


async def test_on_a_full_issue_somebody_goes_before_another_one_fits(sync: Sync) -> None:
    alice, dave = await mapped(sync, "alice", "dave")
    others = [f"other{each}" for each in range(9)]
    for login in others:
        add_account(sync, login)
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    sync.github.web.assign(number, *others, by="alice")
    sync.change(report, assignee_id=dave)
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, number)) == (dave, ["dave", *others])


async def test_a_new_issue_gets_the_reports_mapped_assignee(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice", assignee="alice")
    report = sync.bugspark.add_report(sync.project, assignee_id=alice)
    await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    assert (assignee(sync, report), assigned(sync, sync.number(report))) == (alice, ["alice"])


async def test_a_new_issue_is_assigned_as_the_settings_say_and_bugspark_follows(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice", assignee="alice")
    report, number = await sync.linked()
    assert (assignee(sync, report), assigned(sync, number)) == (alice, ["alice"])


async def test_a_new_issues_assignee_whom_github_refuses_keeps_no_report_back(sync: Sync) -> None:
    await configure(sync, assignee="bob")  # he only reads
    report, number = await sync.linked()
    assert (assignee(sync, report), assigned(sync, number)) == (None, [])
    (note,) = [row["rule"] for row in sync.bugspark.rows_of("sync_changes") if row["kind"] == "note"]
    assert note.startswith("GitHub did not take assignee bob for the new issue, which was created without it")
    assert "that account may have no access" in note


async def test_a_members_comment_notifies_mapped_people_and_nobody_else(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice", people_may_ping=True)
    report, number = await sync.linked()
    stranger = sync.bugspark.add_user("Stranger")
    now = sync.github.clock.now()
    sync.bugspark.add_comment(report, "@alice and @bob, look", author=alice, at=now)
    sync.bugspark.add_comment(report, "@alice, me too", author=stranger, at=now + timedelta(seconds=1))
    await sync.settle()
    first, second = sync.texts_on_github(number)
    assert "@alice and @\u200bbob, look" in first
    assert "@\u200balice, me too" in second


async def test_a_mention_of_a_login_that_was_taken_over_notifies_nobody(sync: Sync) -> None:
    (alice,) = await mapped(sync, "dave", people_may_ping=True)
    report, number = await sync.linked()
    sync.github.world.rename_user("dave", "david")
    add_account(sync, "dave")
    sync.bugspark.add_comment(report, "@dave, look", author=alice, at=sync.github.clock.now())
    await sync.settle()
    assert "@\u200bdave, look" in sync.texts_on_github(number)[0]
    assert len(sync.texts_on_github(number)) == 1


async def test_a_comment_that_waits_notifies_nobody_once_the_owner_has_taken_that_back(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice", people_may_ping=True)
    report, number = await sync.linked()
    sync.bugspark.add_comment(report, "@alice, look", author=alice, at=sync.github.clock.now())
    sync.github.simulator.faults.add(Limit(), method="POST", path="/comments")
    await sync.run()
    assert sync.texts_on_github(number) == []
    await configure(sync, people={str(alice): "alice"})
    sync.github.clock.advance(3_700)
    await sync.settle()
    (text,) = sync.texts_on_github(number)
    assert "@\u200balice, look" in text


async def test_mentions_stay_inert_unless_the_owner_lets_them_act(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice")
    report, number = await sync.linked()
    sync.bugspark.add_comment(report, "@alice, look", author=alice, at=sync.github.clock.now())
    await sync.settle()
    assert "@\u200balice, look" in sync.texts_on_github(number)[0]


async def test_the_report_shows_logins_and_the_name_of_somebody_who_is_not_mapped(sync: Sync) -> None:
    (alice,) = await mapped(sync, "alice")
    dora = add_member(sync, "Dora")
    report, number = await sync.linked()
    sync.change(report, assignee_id=alice)
    await sync.settle()
    sync.change(report, assignee_id=dora)
    await sync.settle()
    shown = await sync.app.explain_report(str(report))
    (field,) = [each for each in shown.fields if each.field is Field.ASSIGNEE]
    assert (field.bugspark, field.agreed, field.github) == ("Dora", "Dora", "alice")
    assert (shown.assignee, assigned(sync, number)) == ("Dora", ["alice"])
    sync.change(report, assignee_id=alice)
    assert (await sync.app.explain_report(str(report))).assignee == "alice"


async def test_without_mapped_people_the_report_shows_no_assignee(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.change(report, assignee_id=add_member(sync, "Bob"))
    shown = await sync.app.explain_report(str(report))
    assert shown.assignee is None
    assert Field.ASSIGNEE not in {each.field for each in shown.fields}


async def test_the_operator_can_bar_the_direction_of_every_project(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"directions": {"assignee": "to_bugspark"}}) as sync:
        (alice,) = await mapped(sync, "alice")
        report, number = await sync.linked()
        sync.change(report, assignee_id=alice)
        await sync.settle()
        assert (assignee(sync, report), assigned(sync, number)) == (alice, [])
