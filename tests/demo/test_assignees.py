"""docs/reference/github.md, Assignees."""

import httpx
import pytest

from reconciler.demo.github.rows import Level
from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice")


def logins(answer: httpx.Response) -> list[str]:
    return [each["login"] for each in answer.json()["assignees"]]


async def test_who_has_no_access_is_dropped_silently(github: GitHub, bot: httpx.AsyncClient) -> None:
    answer = await bot.post(f"{ISSUES}/1/assignees", json={"assignees": ["alice", "bob", "nobody"]})
    assert (answer.status_code, logins(answer)) == (201, ["alice"])
    github.web.allow("bob", Level.READ)
    answer = await bot.post(f"{ISSUES}/1/assignees", json={"assignees": ["bob"]})
    assert (answer.status_code, logins(answer)) == (201, ["alice", "bob"])


async def test_ten_at_most_are_assigned(github: GitHub, bot: httpx.AsyncClient) -> None:
    names = [f"user{number}" for number in range(11)]
    for name in names:
        github.world.add_user(name)
        github.web.allow(name, Level.READ)
    answer = await bot.post(f"{ISSUES}/1/assignees", json={"assignees": names})
    assert logins(answer) == names[:10]


async def test_removing_somebody_who_is_not_assigned_changes_nothing(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    before = github.web.issue(1)
    answer = await bot.request("DELETE", f"{ISSUES}/1/assignees", json={"assignees": ["alice", "nobody"]})
    assert (answer.status_code, logins(answer), github.web.issue(1)) == (200, [], before)


async def test_an_account_with_read_access_assigns_nobody_and_gets_no_error(bob: httpx.AsyncClient) -> None:
    answer = await bob.post(f"{ISSUES}/1/assignees", json={"assignees": ["alice"]})
    assert (answer.status_code, logins(answer)) == (201, [])


@pytest.mark.parametrize(("checked", "status"), [(True, 422), (False, 201)])
async def test_a_new_issue_for_somebody_without_access(
    github: GitHub, bot: httpx.AsyncClient, *, checked: bool, status: int
) -> None:
    github.world.assume(new_assignees_are_checked=checked)
    answer = await bot.post(ISSUES, json={"title": "New", "assignees": ["bob"]})
    assert answer.status_code == status


async def test_a_new_issue_is_assigned(github: GitHub, bot: httpx.AsyncClient) -> None:
    answer = await bot.post(ISSUES, json={"title": "New", "assignees": ["alice"]})
    assert logins(answer) == ["alice"]
    events = (await bot.get(f"{ISSUES}/{answer.json()['number']}/events")).json()
    assert [(each["event"], each["assignee"]["login"]) for each in events] == [("assigned", "alice")]
