"""docs/reference/github.md, Lists."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"
COMMENTS = "/repos/acme/web/issues/comments"
UPDATED = {"state": "all", "sort": "updated"}


def open_many(github: GitHub, count: int, apart: float = 10) -> None:
    for n in range(1, count + 1):
        github.web.open_issue(f"Issue {n}", by="alice")
        github.clock.advance(apart)


def numbers(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["number"] for row in answer.json()]


async def walk(client: httpx.AsyncClient, path: str, **query: Any) -> list[int]:
    seen, following = [], str(httpx.URL(path, params=query))
    while following:
        answer = await client.get(following)
        seen += numbers(answer)
        following = answer.links.get("next", {}).get("url", "")
    return seen


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_only_open_issues_are_listed_unless_asked(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 2)
    github.web.close(1, by="alice")
    assert numbers(await bot.get(ISSUES)) == [2]
    assert numbers(await bot.get(ISSUES, params={"state": "closed"})) == [1]
    assert numbers(await bot.get(ISSUES, params={"state": "all"})) == [2, 1]


async def test_pull_requests_come_along_marked_as_such(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.open_issue("A bug", by="alice")
    github.web.open_issue("A change", by="alice", pull_request=True)
    change, bug = (await bot.get(ISSUES)).json()
    assert "pull_request" in change
    assert "pull_request" not in bug


async def test_sorting_by_created_updated_and_comments(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 3)
    github.web.comment(1, "up", by="bob")
    assert numbers(await bot.get(ISSUES)) == [3, 2, 1]
    assert numbers(await bot.get(ISSUES, params={"direction": "asc"})) == [1, 2, 3]
    assert numbers(await bot.get(ISSUES, params={"sort": "updated"})) == [1, 3, 2]
    assert numbers(await bot.get(ISSUES, params={"sort": "comments"})) == [1, 3, 2]


async def test_issues_by_label_and_by_author(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.open_issue("A", by="alice", labels=["bug", "high"])
    github.web.open_issue("B", by="bob", labels=["bug"])
    assert numbers(await bot.get(ISSUES, params={"labels": "bug,HIGH"})) == [1]
    assert numbers(await bot.get(ISSUES, params={"creator": "bob"})) == [2]
    assert numbers(await bot.get(ISSUES, params={"labels": "unheard-of"})) == []


@pytest.mark.parametrize(("inclusive", "expected"), [(True, [1, 2]), (False, [2])])
async def test_since_compares_seconds_and_equality_is_a_switch(
    github: GitHub, bot: httpx.AsyncClient, inclusive: bool, expected: list[int]
) -> None:
    github.world.assume(since_inclusive=inclusive)
    first = stamp(github.clock.now())
    github.clock.advance(0.9)
    open_many(github, 2)
    assert numbers(await bot.get(ISSUES, params={"since": first, "direction": "asc"})) == expected
    github.web.comment(1, "one", by="bob")
    github.web.comment(2, "two", by="bob")
    late = stamp(github.clock.now())
    found = (await bot.get(COMMENTS, params={"since": late})).json()
    assert [row["body"] for row in found] == (["one", "two"] if inclusive else [])
    thread = (await bot.get(f"{ISSUES}/1/comments", params={"since": late})).json()
    assert [row["body"] for row in thread] == (["one"] if inclusive else [])


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"after": "nonsense"}, {"state": "ajar"}])
async def test_a_query_that_makes_no_sense_is_refused(bot: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await bot.get(ISSUES, params=query)).status_code == 422


async def test_nonsense_for_a_page_is_the_first_one(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 1)
    assert numbers(await bot.get(ISSUES, params={"page": "x", "per_page": "-1"})) == [1]


async def test_a_time_without_a_zone_is_utc(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 1)
    assert numbers(await bot.get(ISSUES, params={"since": "2026-03-02T09:00:00"})) == [1]
    assert numbers(await bot.get(ISSUES, params={"since": "2026-03-02T09:00:01"})) == []


@pytest.mark.parametrize("paging", ["pages", "cursors"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_links_lead_through_all_pages(
    github: GitHub, bot: httpx.AsyncClient, paging: str, direction: str
) -> None:
    github.world.assume(paging=paging)
    open_many(github, 25, apart=0)
    found = await walk(bot, ISSUES, per_page=10, direction=direction, **UPDATED)
    assert found == sorted(range(1, 26), reverse=direction == "desc")
    second = (await bot.get(ISSUES, params={"per_page": 10})).links["next"]["url"]
    assert ("after=" in second) == (paging == "cursors")
    assert ("page=2" in second) == (paging == "pages")


async def test_page_links_name_first_previous_and_last(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 25)
    answer = await bot.get(ISSUES, params={"per_page": 10, "page": 2, "state": "all"})
    assert {name: httpx.URL(link["url"]).params["page"] for name, link in answer.links.items()} == {
        "next": "3",
        "last": "3",
        "prev": "1",
        "first": "1",
    }
    assert all("state=all" in link["url"] for link in answer.links.values())


@pytest.mark.parametrize("by_id", [True, False])
async def test_links_lead_on_by_name_or_by_number(
    github: GitHub, bot: httpx.AsyncClient, by_id: bool
) -> None:
    github.world.assume(links_by_id=by_id)
    open_many(github, 2)
    url = httpx.URL((await bot.get(ISSUES, params={"per_page": 1})).links["next"]["url"])
    assert url.path == (f"/repositories/{github.web.id}/issues" if by_id else ISSUES)
    assert numbers(await bot.get(url)) == [1]


async def test_a_page_has_a_hundred_rows_at_most(github: GitHub, bot: httpx.AsyncClient) -> None:
    open_many(github, 101, apart=0)
    assert len(numbers(await bot.get(ISSUES, params={"per_page": 500}))) == 100
    assert len(numbers(await bot.get(ISSUES))) == 30


async def test_a_row_is_skipped_when_another_leaves_its_page(github: GitHub, bot: httpx.AsyncClient) -> None:
    """An updated row leaves its page, the next rows shift, one is skipped."""
    open_many(github, 6)
    first = await bot.get(ISSUES, params={"per_page": 3, "direction": "asc", **UPDATED})
    github.web.comment(1, "Me too", by="bob")
    second = await bot.get(first.links["next"]["url"])
    assert numbers(first) + numbers(second) == [1, 2, 3, 5, 6, 1]


async def test_a_cursor_skips_no_row(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.assume(paging="cursors")
    open_many(github, 6)
    first = await bot.get(ISSUES, params={"per_page": 3, "direction": "asc", **UPDATED})
    github.web.comment(1, "Me too", by="bob")
    second = await bot.get(first.links["next"]["url"])
    assert numbers(first) + numbers(second) == [1, 2, 3, 4, 5, 6]


async def test_deep_pages_are_refused_where_that_is_switched_on(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.world.assume(deep_page_rows=20)
    open_many(github, 30, apart=0)
    assert (await bot.get(ISSUES, params={"per_page": 10, "page": 2})).status_code == 200
    refused = await bot.get(ISSUES, params={"per_page": 10, "page": 3})
    assert refused.status_code == 422
    assert "pagination is limited" in refused.json()["message"]


async def test_the_comment_list_ends_at_its_depth(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.assume(comment_list_rows=15)
    github.web.open_issue("Talk", by="alice")
    github.web.seed_comments(1, [str(n) for n in range(20)], by="bob")
    first = await bot.get(COMMENTS, params={"per_page": 10})
    second = await bot.get(first.links["next"]["url"])
    assert len(second.json()) == 5
    assert "next" not in second.links


async def test_the_direction_of_comments_counts_only_with_a_sort(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.web.open_issue("Talk", by="alice")
    for body in ("one", "two"):
        github.web.comment(1, body, by="bob")
        github.clock.advance(5)

    async def bodies(**query: str) -> list[str]:
        return [row["body"] for row in (await bot.get(COMMENTS, params=query)).json()]

    assert await bodies(direction="desc") == ["one", "two"]
    assert await bodies(sort="updated", direction="desc") == ["two", "one"]
    assert await bodies(sort="updated", direction="asc") == ["one", "two"]


async def test_a_deleted_comment_is_in_no_list_and_lowers_the_count(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.web.open_issue("Talk", by="alice")
    comment = github.web.comment(1, "Oops", by="bob")
    before = (await bot.get(f"{ISSUES}/1")).json()
    github.clock.advance(60)
    github.web.delete_comment(comment.id, by="bob")
    after = (await bot.get(f"{ISSUES}/1")).json()
    assert (before["comments"], after["comments"]) == (1, 0)
    assert before["updated_at"] == after["updated_at"]
    assert (await bot.get(COMMENTS)).json() == []
    assert (await bot.get(f"{ISSUES}/1/comments")).json() == []
    assert (await bot.get(f"{COMMENTS}/{comment.id}")).status_code == 404
