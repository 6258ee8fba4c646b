"""docs/reference/github.md, Writes."""

from typing import Any

import httpx
import pytest

from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice")


async def test_an_issue_is_opened_with_labels_made_as_needed(github: GitHub, bot: httpx.AsyncClient) -> None:
    answer = await bot.post(
        ISSUES, json={"title": "New", "body": "Text", "labels": ["bug", {"name": "high"}]}
    )
    assert answer.status_code == 201
    assert answer.headers["location"] == answer.json()["url"]
    assert github.web.label_names(answer.json()["number"]) == ["bug", "high"]
    assert answer.json()["user"]["login"] == "bugspark-bot"


async def test_labels_of_a_reader_are_dropped_silently(github: GitHub, bob: httpx.AsyncClient) -> None:
    answer = await bob.post(ISSUES, json={"title": "New", "labels": ["bug"]})
    assert answer.status_code == 201
    assert answer.json()["labels"] == []
    own = answer.json()["number"]
    changed = await bob.patch(f"{ISSUES}/{own}", json={"labels": ["bug"], "title": "Newer"})
    assert (changed.status_code, changed.json()["labels"], changed.json()["title"]) == (200, [], "Newer")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 257}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x", "body": "x" * 65_537}, "body"),
        ({"title": "x", "labels": ["y" * 51]}, "name"),
        ({"title": "x", "labels": "bug"}, "labels"),
        ({"title": "x", "labels": [""]}, "name"),
    ],
)
async def test_what_does_not_pass_is_named(bot: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await bot.post(ISSUES, json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert set(error) == {"resource", "field", "code", "message"}
    assert set(answer.json()) == {"message", "errors", "documentation_url", "status"}


@pytest.mark.parametrize(("unit", "status"), [("characters", 201), ("bytes", 422)])
async def test_the_unit_of_a_bodys_length_is_a_switch(
    github: GitHub, bot: httpx.AsyncClient, unit: str, status: int
) -> None:
    github.world.assume(body_unit=unit)
    body = {"title": "Long", "body": "ä" * 65_536}
    assert (await bot.post(ISSUES, json=body)).status_code == status
    assert (await bot.post(f"{ISSUES}/1/comments", json=body)).status_code == status


async def test_broken_json_is_refused(bot: httpx.AsyncClient) -> None:
    answer = await bot.post(ISSUES, content=b'{"title": ')
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    assert (await bot.post(ISSUES, content=b"[]")).status_code == 400
    assert (await bot.post(ISSUES, content=b'{"title": "\\ud800"}')).status_code == 400


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (None, "completed"),
        ("completed", "completed"),
        ("not_planned", "not_planned"),
        ("duplicate", "duplicate"),
    ],
)
async def test_closing_with_and_without_a_reason(
    github: GitHub, bot: httpx.AsyncClient, sent: str | None, reason: str
) -> None:
    body = {"state": "closed"} | ({"state_reason": sent} if sent else {})
    answer = await bot.patch(f"{ISSUES}/1", json=body)
    assert (answer.json()["state"], answer.json()["state_reason"]) == ("closed", reason)
    assert answer.json()["closed_by"]["login"] == "bugspark-bot"
    (event,) = (await bot.get(f"{ISSUES}/1/events")).json()
    assert (event["event"], event["state_reason"]) == ("closed", reason)


async def test_a_reason_is_ignored_unless_the_state_changes(github: GitHub, bot: httpx.AsyncClient) -> None:
    await bot.patch(f"{ISSUES}/1", json={"state_reason": "not_planned"})
    assert github.web.issue(1).reason is None
    github.web.close(1, by="alice", reason="not_planned")
    await bot.patch(f"{ISSUES}/1", json={"state": "closed", "state_reason": "completed"})
    assert github.web.issue(1).reason == "not_planned"


@pytest.mark.parametrize(("completes", "reason"), [(True, "completed"), (False, "not_planned")])
async def test_closing_again_without_a_reason_makes_it_completed(
    github: GitHub, bot: httpx.AsyncClient, completes: bool, reason: str
) -> None:
    github.world.assume(reclosing_completes=completes)
    github.web.close(1, by="alice", reason="not_planned")
    await bot.patch(f"{ISSUES}/1", json={"state": "closed"})
    assert github.web.issue(1).reason == reason


async def test_reopening(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.close(1, by="alice")
    answer = (await bot.patch(f"{ISSUES}/1", json={"state": "open"})).json()
    assert (answer["state"], answer["state_reason"], answer["closed_at"]) == ("open", "reopened", None)
    events = (await bot.get(f"{ISSUES}/1/events")).json()
    assert [(event["event"], event["actor"]["login"]) for event in events] == [
        ("closed", "alice"),
        ("reopened", "bugspark-bot"),
    ]


@pytest.mark.parametrize("body", [{"state": "resolved"}, {"state": "closed", "state_reason": "done"}])
async def test_unknown_states_and_reasons_are_refused(
    github: GitHub, bot: httpx.AsyncClient, body: dict[str, str]
) -> None:
    assert (await bot.patch(f"{ISSUES}/1", json=body)).status_code == 422
    assert github.web.issue(1).state == "open"


async def test_patching_labels_replaces_all_of_them(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.label(1, "bug", "theirs", by="alice")
    await bot.patch(f"{ISSUES}/1", json={"labels": ["bug", "high"]})
    assert github.web.label_names(1) == ["bug", "high"]


async def test_labels_are_added_and_removed_one_by_one(github: GitHub, bot: httpx.AsyncClient) -> None:
    added = await bot.post(f"{ISSUES}/1/labels", json={"labels": ["a/b & ö"]})
    assert [label["name"] for label in added.json()] == ["a/b & ö"]
    assert [x["name"] for x in (await bot.post(f"{ISSUES}/1/labels", json=["bug"])).json()] == [
        "a/b & ö",
        "bug",
    ]
    left = await bot.delete(f"{ISSUES}/1/labels/a%2Fb%20%26%20%C3%B6")
    assert [label["name"] for label in left.json()] == ["bug"]
    absent = await bot.delete(f"{ISSUES}/1/labels/high")
    assert (absent.status_code, absent.json()["message"]) == (404, "Label does not exist")
    events = (await bot.get(f"{ISSUES}/1/events", params={"per_page": 2, "page": 2})).json()
    assert [(event["event"], event["label"]["name"]) for event in events] == [("unlabeled", "a/b & ö")]
    assert len((await bot.get("/repos/acme/web/labels")).json()) == 2
    assert len((await bot.get(f"{ISSUES}/1/labels")).json()) == 1


async def test_comments_are_made_changed_and_deleted(github: GitHub, bot: httpx.AsyncClient) -> None:
    made = (await bot.post(f"{ISSUES}/1/comments", json={"body": "Hello"})).json()
    assert made["issue_url"].endswith("/issues/1")
    github.clock.advance(3)
    changed = (await bot.patch(httpx.URL(made["url"]), json={"body": "Bye"})).json()
    assert (changed["id"], changed["body"]) == (made["id"], "Bye")
    assert changed["updated_at"] > changed["created_at"]
    assert (await bot.delete(made["url"])).status_code == 204
    assert github.web.picture()[1]["comments"] == []
    assert (await bot.delete(made["url"])).status_code == 404


@pytest.mark.parametrize("body", [{}, {"body": " \n"}, {"body": None}, {"body": "x" * 65_537}])
async def test_comments_that_do_not_pass(
    github: GitHub, bot: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    assert (await bot.post(f"{ISSUES}/1/comments", json=body)).status_code == 422
    assert github.web.thread(1) == []


async def test_too_many_comments_are_refused_for_good(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.seed_comments(1, ["x"] * 2_500, by="bob")
    answer = await bot.post(f"{ISSUES}/1/comments", json={"body": "One more"})
    assert answer.status_code == 403
    assert "retry-after" not in answer.headers
    assert github.web.issue(1).comments == 2_500


async def test_a_rename_is_an_event_of_the_issue(github: GitHub, bot: httpx.AsyncClient) -> None:
    await bot.patch(f"{ISSUES}/1", json={"title": "Fixed?"})
    (event,) = (await bot.get(f"{ISSUES}/1/events")).json()
    assert event["rename"] == {"from": "Broken", "to": "Fixed?"}


async def test_the_author_may_be_null(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.open_issue("Gone soon", by="bob")
    github.world.delete_user("bob")
    assert (await bot.get(f"{ISSUES}/2")).json()["user"]["login"] == "ghost"
    github.world.assume(deleted_account="null")
    assert (await bot.get(f"{ISSUES}/2")).json()["user"] is None
