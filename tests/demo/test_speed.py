"""What makes a large repository cheap to list, counted instead of timed."""

from typing import Any

import httpx
import pytest

from reconciler.demo.github.rows import Issue
from reconciler.demo.github.seeding import grow
from reconciler.demo.github.table import Table
from reconciler.demo.github.world import Repository
from tests.support.github import GitHub

PAGE = "/repos/acme/web/issues?state=all&sort=updated&direction=desc&per_page=100"


@pytest.fixture(autouse=True)
def many_issues(github: GitHub) -> None:
    grow(github.world, {"repository": "acme/web", "by": "alice", "issues": 20_000, "labels": ["bug"]})


async def test_a_row_is_rendered_once_until_it_changes(
    github: GitHub, bot: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    render = github.simulator.views.issue

    def counting(repository: Repository, row: Issue) -> dict[str, Any]:
        rendered.append(row.number)
        return render(repository, row)

    monkeypatch.setattr(github.simulator.views, "issue", counting)
    for _ in range(3):
        assert len((await bot.get(PAGE)).json()) == 100
    assert len(rendered) == 100
    github.clock.advance(1)
    github.web.close(7, by="alice")
    assert (await bot.get(PAGE)).json()[0]["number"] == 7
    assert rendered[100:] == [7]


async def test_no_list_is_sorted_on_request(
    github: GitHub, bot: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the whole table was sorted")

    monkeypatch.setattr(Table, "load", refuse)
    for page in (1, 100, 200):
        rows = (await bot.get(f"{PAGE}&page={page}")).json()
        assert rows[0]["number"] == 20_000 - 100 * (page - 1)


async def test_a_deep_walk_sees_every_issue_once(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.assume(paging="cursors")
    seen, following = [], PAGE
    while following:
        answer = await bot.get(following)
        seen += [row["number"] for row in answer.json()]
        following = answer.links.get("next", {}).get("url", "")
    assert seen == list(range(20_000, 0, -1))
    assert len(github.simulator.requests) == github.simulator.cost("bugspark-bot") == 200
