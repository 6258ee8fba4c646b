"""Whom each side names, and whether that is an opinion: the verdict for each base, report and issue."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.fields.assignee import ASSIGNEE, parse_user_id
from reconciler.fields.synced_field import AddedEvent, Verdict
from reconciler.model.fields import Assignees, Base
from reconciler.model.policy import MappedPerson, SyncPolicy, people_of
from tests.support.factories import AFTER, a_base, a_report, a_seen_issue

EQUAL, LOCAL, REMOTE, CONFLICT = (
    Verdict.EQUAL,
    Verdict.LOCAL_MOVED,
    Verdict.REMOTE_MOVED,
    Verdict.CONFLICT,
)
ANN, BEN, DORA = "a" * 32, "b" * 32, "d" * 32  # the last one is not mapped
ACCOUNTS = {"ann": (1, "ann"), "ben": (2, "ben"), "eve": (5, "eve")}  # the last one is nobody's
PEOPLE = people_of(
    [MappedPerson(user=ANN, login="ann", account=1), MappedPerson(user=BEN, login="ben", account=2)]
)
POLICY = SyncPolicy(people=PEOPLE)


def there(*logins: str) -> Assignees:
    return tuple(ACCOUNTS[login] for login in logins)


def base_of(user: str | None, *logins: str) -> Base:
    return a_base(assignee=user, assignees=there(*logins))


@pytest.mark.parametrize(
    ("base", "local", "logins", "verdict", "remote"),
    [
        # nobody changed
        (base_of("", "eve"), "", ["eve"], EQUAL, None),
        (base_of(ANN, "ann"), ANN, ["ann"], EQUAL, ANN),
        (base_of(ANN, "ann"), ANN, ["ben", "ann"], EQUAL, ANN),
        # BugSpark alone
        (base_of("", "eve"), ANN, ["eve"], LOCAL, None),
        (base_of(ANN, "ann"), BEN, ["ann"], LOCAL, ANN),
        (base_of(ANN, "ann"), "", ["ann", "eve"], LOCAL, ANN),
        (base_of(ANN, "ann"), BEN, ["ann", "ben"], LOCAL, ANN),
        (base_of(ANN, "ann"), DORA, ["ann"], EQUAL, ANN),
        (base_of(DORA), "", [], EQUAL, None),
        # GitHub alone
        (base_of(""), "", ["ann"], REMOTE, ANN),
        (base_of(ANN, "ann"), ANN, ["ben"], REMOTE, BEN),
        (base_of(ANN, "ann"), ANN, ["eve"], REMOTE, ""),
        (base_of(DORA), DORA, ["ann"], REMOTE, ANN),
        (base_of(DORA, "ann"), DORA, [], EQUAL, None),
        # both
        (base_of(""), ANN, ["ann"], EQUAL, ANN),
        (base_of(""), ANN, ["ben"], CONFLICT, BEN),
        (base_of(ANN, "ann"), "", [], EQUAL, ""),
        (base_of(ANN, "ann"), DORA, [], EQUAL, None),
        (base_of(ANN, "ann"), BEN, [], CONFLICT, ""),
        # initial sync
        (None, ANN, ["ann"], EQUAL, ANN),
        (None, ANN, ["ben"], CONFLICT, BEN),
        (None, ANN, ["eve"], EQUAL, None),
        (None, "", ["ann"], REMOTE, ANN),
        (None, DORA, ["ann"], EQUAL, ANN),
        # no base for the assignee yet
        (base_of(None), ANN, [], EQUAL, ""),
    ],
)
def test_the_verdict(
    base: Base | None, local: str, logins: list[str], verdict: Verdict, remote: str | None
) -> None:
    diff = ASSIGNEE.diff(a_report(assignee=local), a_seen_issue(assignees=there(*logins)), base, POLICY)
    assert (diff.verdict, diff.remote) == (verdict, remote)


def test_an_issue_whose_assignees_are_not_known_says_nothing() -> None:
    seen = a_seen_issue(assignees=None)
    assert ASSIGNEE.diff(a_report(assignee=ANN), seen, base_of(ANN, "ann"), POLICY).verdict is EQUAL
    assert ASSIGNEE.diff(a_report(assignee=BEN), seen, base_of(ANN, "ann"), POLICY).verdict is LOCAL


def test_somebody_who_is_no_member_is_not_received_unless_both_sides_agreed() -> None:
    policy = SyncPolicy(people=replace(PEOPLE, members=frozenset({BEN})))
    seen = a_seen_issue(assignees=there("ann", "ben"))
    assert ASSIGNEE.diff(a_report(), seen, base_of(""), policy).remote == BEN
    assert ASSIGNEE.diff(a_report(assignee=ANN), seen, base_of(ANN, "ann"), policy).remote == ANN
    assert ASSIGNEE.diff(a_report(), a_seen_issue(assignees=there("ann")), base_of(""), policy).remote is None


@pytest.mark.parametrize(("seconds", "is_older"), [(-5, True), (0, True), (5, False)])
def test_an_assignment_counts_only_if_it_is_later_than_the_settings(seconds: int, *, is_older: bool) -> None:
    people = people_of([MappedPerson(user=ANN, login="ann", account=1, since=AFTER)])
    policy, base, seen = SyncPolicy(people=people), base_of(""), a_seen_issue(assignees=there("ann"))
    assert ASSIGNEE.needs_events(a_report(), seen, base, policy)
    added = {"1": AddedEvent(at=AFTER + timedelta(seconds=seconds), is_own=False)}
    explained = ASSIGNEE.with_values_before_settings(base, seen, policy, added)
    assert (explained.assignees == there("ann")) is is_older
    assert (ASSIGNEE.diff(a_report(), seen, explained, policy).verdict is EQUAL) is is_older


def test_of_two_users_with_one_account_only_the_first_one_has_it() -> None:
    people = people_of(
        [MappedPerson(user=ANN, login="ann", account=1), MappedPerson(user=BEN, login="anne", account=1)]
    )
    assert (people.is_mapped(ANN), people.is_mapped(BEN)) == (True, False)


@pytest.mark.parametrize("text", ["x", "a" * 31, "-" * 3 + "z" * 33, "a" * 31 + "."])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the id of a user"):
        parse_user_id(text)


def test_ids_of_both_databases_are_alike() -> None:
    assert parse_user_id("AAAAAAAA-aaaa-aaaa-aaaa-aaaaaaaaaaaa") == ANN
    assert parse_user_id("") == ""
