"""docs/reference/github.md, Fields and types."""

import httpx
import pytest

from reconciler.demo.github.rows import Level
from tests.support.github import GitHub

ISSUE = "/repos/acme/web/issues/1"
VALUES = f"{ISSUE}/issue-field-values"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice")


def body(*values: tuple[int, str]) -> dict[str, list[dict[str, object]]]:
    return {"issue_field_values": [{"field_id": field, "value": value} for field, value in values]}


async def test_without_fields_there_is_no_member_and_no_endpoint(bot: httpx.AsyncClient) -> None:
    assert "issue_field_values" not in (await bot.get(ISSUE)).json()
    assert (await bot.get("/orgs/acme/issue-fields")).status_code == 404
    assert (await bot.post(VALUES, json=body((1, "High")))).status_code == 404


async def test_post_sets_the_named_fields_and_put_clears_the_others(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    priority, effort = github.web.add_field(), github.web.add_field("Effort", ("High", "Low"))
    await bot.post(VALUES, json=body((effort.id, "Low")))
    answer = await bot.post(VALUES, json=body((priority.id, "Urgent")))
    assert [each["single_select_option"]["name"] for each in answer.json()] == ["Low", "Urgent"]
    assert "name" not in answer.json()[0]
    await bot.put(VALUES, json=body((priority.id, "Low")))
    assert github.web.chosen(1) == {"Priority": "Low"}
    await bot.post(VALUES, json=body())
    assert github.web.chosen(1) == {}


async def test_delete_clears_one_field(github: GitHub, bot: httpx.AsyncClient) -> None:
    priority = github.web.add_field()
    github.web.choose(1, "High", by="alice")
    assert (await bot.delete(f"{VALUES}/{priority.id}")).status_code == 204
    assert (github.web.chosen(1), (await bot.delete(f"{VALUES}/{priority.id}")).status_code) == ({}, 404)


async def test_without_push_access_setting_is_refused_and_at_creation_dropped(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    priority = github.web.add_field()
    github.web.allow("bugspark-bot", Level.TRIAGE)
    assert (await bot.post(VALUES, json=body((priority.id, "High")))).status_code == 403
    made = await bot.post("/repos/acme/web/issues", json={"title": "New", **body((priority.id, "High"))})
    assert (made.status_code, made.json()["issue_field_values"]) == (201, [])


async def test_unknown_options_are_refused(github: GitHub, bot: httpx.AsyncClient) -> None:
    priority = github.web.add_field()
    assert (await bot.post(VALUES, json=body((priority.id, "Soon")))).status_code == 422
    assert (await bot.post(VALUES, json=body((priority.id + 1, "High")))).status_code == 422


async def test_a_change_moves_the_time_and_is_announced_as_the_facts_say(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.web.add_field()
    before = (await bot.get(ISSUE)).json()["updated_at"]
    github.clock.advance(5)
    github.world.assume(field_change_bumps_issue=False, listed_issues_have_field_values=False)
    github.web.choose(1, "High", by="alice")
    assert (await bot.get(ISSUE)).json()["updated_at"] == before
    assert "issue_field_values" not in (await bot.get("/repos/acme/web/issues")).json()[0]
    assert len((await bot.get(VALUES)).json()) == 1
