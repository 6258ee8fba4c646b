"""docs/reference/github.md, Credentials and versions; and who may do what."""

from typing import Any

import httpx
import pytest

from reconciler.demo.github import faults
from reconciler.demo.github.rows import Level
from tests.support.github import GitHub

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice")
    github.web.comment(1, "By alice", by="alice")


@pytest.mark.parametrize("scheme", ["Bearer", "token", "bearer"])
async def test_both_schemes_are_understood(github: GitHub, anyone: httpx.AsyncClient, scheme: str) -> None:
    answer = await anyone.get("/user", headers={"Authorization": f"{scheme} {github.token}"})
    assert answer.json()["login"] == "bugspark-bot"


@pytest.mark.parametrize("value", ["Bearer nonsense", "Basic abc", "Bearer", "Bearer eyJ.no.jwt"])
async def test_an_unknown_credential_is_401(anyone: httpx.AsyncClient, value: str) -> None:
    answer = await anyone.get("/repos/acme/web", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json()["message"] in ("Bad credentials", "A JSON web token could not be decoded")


async def test_a_revoked_token_is_401(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.revoke(github.token)
    assert (await bot.get(ISSUES)).status_code == 401


async def test_a_hidden_repository_is_404(
    github: GitHub, bob: httpx.AsyncClient, bot: httpx.AsyncClient
) -> None:
    github.web.make_private()
    assert (await bob.get("/repos/acme/web")).status_code == 404
    assert (await bob.get(f"/repositories/{github.web.id}/issues")).status_code == 404
    assert (await bot.get("/repos/acme/web")).json()["private"] is True


async def test_names_of_repositories_know_no_case(github: GitHub, bot: httpx.AsyncClient) -> None:
    assert (await bot.get("/repos/Acme/WEB")).json()["id"] == github.web.id


async def test_a_repository_says_what_the_caller_may(bot: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    assert (await bot.get("/repos/acme/web")).json()["permissions"]["push"] is True
    assert (await bob.get("/repos/acme/web")).json()["permissions"] == {
        "admin": False,
        "maintain": False,
        "push": False,
        "triage": False,
        "pull": True,
    }


async def test_a_reader_comments_but_changes_nothing(github: GitHub, bob: httpx.AsyncClient) -> None:
    before = github.web.picture()
    comment = github.web.thread(1)[0].id
    refused = [
        await bob.patch(f"{ISSUES}/1", json={"state": "closed"}),
        await bob.post(f"{ISSUES}/1/labels", json={"labels": ["bug"]}),
        await bob.delete(f"{ISSUES}/1/labels/bug"),
        await bob.patch(f"{ISSUES}/comments/{comment}", json={"body": "Mine"}),
        await bob.delete(f"{ISSUES}/comments/{comment}"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    assert {answer.json()["message"] for answer in refused} == {"Must have admin rights to Repository."}
    assert github.web.picture() == before
    assert (await bob.post(f"{ISSUES}/1/comments", json={"body": "Me too"})).status_code == 201


async def test_an_author_may_close_what_is_theirs(github: GitHub, bob: httpx.AsyncClient) -> None:
    own = github.web.open_issue("Bob's", by="bob").number
    assert (await bob.patch(f"{ISSUES}/{own}", json={"state": "closed"})).status_code == 200


async def test_triage_changes_states_and_labels(github: GitHub, bob: httpx.AsyncClient) -> None:
    github.web.allow("bob", "triage")
    assert (await bob.patch(f"{ISSUES}/1", json={"state": "closed"})).status_code == 200
    assert (await bob.post(f"{ISSUES}/1/labels", json=["bug"])).status_code == 200


async def test_the_anonymous_read_what_is_public_only(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get(ISSUES)).status_code == 200
    assert (await anyone.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code == 401
    assert (await anyone.get("/user")).status_code == 401


@pytest.mark.parametrize("limits", [{"cap": Level.READ}, {"repositories": frozenset({1})}])
async def test_a_fine_grained_token_writes_only_where_it_is_for(
    github: GitHub, limits: dict[str, Any]
) -> None:
    github.world.add_token("bugspark-bot", "github_pat_sim", kind="fine", **limits)
    async with github.client("github_pat_sim") as client:
        refused = [
            await client.post(f"{ISSUES}/1/comments", json={"body": "x"}),
            await client.patch(f"{ISSUES}/1", json={"state": "closed"}),
            await client.post(ISSUES, json={"title": "x"}),
        ]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert {answer.json()["message"] for answer in refused} == {
        "Resource not accessible by personal access token"
    }


@pytest.mark.parametrize(
    ("version", "status"),
    [("2022-11-28", 200), ("2026-03-10", 200), ("1999-01-01", 400), ("2021-01-01", 410)],
)
async def test_versions_of_the_api(github: GitHub, bot: httpx.AsyncClient, version: str, status: int) -> None:
    github.world.assume(retired_versions={"2021-01-01": 410})
    answer = await bot.get(ISSUES, headers={"X-GitHub-Api-Version": version})
    assert answer.status_code == status


async def test_a_request_without_a_user_agent_is_refused(bot: httpx.AsyncClient) -> None:
    assert (await bot.get(ISSUES, headers={"User-Agent": ""})).status_code == 403


async def test_accounts_by_login(github: GitHub, bot: httpx.AsyncClient) -> None:
    assert (await bot.get("/users/alice")).json()["id"] == github.world.user("alice").id
    assert (await bot.get("/users/nobody")).status_code == 404


async def test_what_does_not_exist(bot: httpx.AsyncClient) -> None:
    for path in ("/repos/acme/none", f"{ISSUES}/99", f"{ISSUES}/comments/1", "/nowhere", "/repositories/1"):
        assert (await bot.get(path)).status_code == 404


async def test_the_journal_names_the_credential_that_arrived(
    github: GitHub, bot: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    github.simulator.faults.add(faults.error(500))
    await bot.get(ISSUES)
    await anyone.get(ISSUES)
    for wrong in ("Bearer wrong", "wrong"):
        await anyone.get(ISSUES, headers={"Authorization": wrong})
    seen = github.simulator.requests
    assert [one.token for one in seen] == ["bugspark-bot", None, "?", "?"]
    assert [one.headers.get("authorization") for one in seen] == ["Bearer", None, "Bearer", "?"]
    assert [(one.status, one.cost) for one in seen] == [(500, 0), (200, 1), (401, 1), (401, 1)]


async def test_secrets_are_in_no_journal_and_no_repr(github: GitHub, bot: httpx.AsyncClient) -> None:
    await bot.get(ISSUES)
    seen = github.simulator.requests[-1]
    assert (seen.token, seen.headers["authorization"]) == ("bugspark-bot", "Bearer")
    shown = f"{seen!r} {seen.headers} {github.world.tokens[github.token]!r} {github!r}"
    assert github.token not in shown


async def test_author_association_separates_collaborators_from_others(
    github: GitHub, bot: httpx.AsyncClient
) -> None:
    github.web.comment(1, "By bob", by="bob")
    thread = (await bot.get(f"{ISSUES}/1/comments")).json()
    assert [row["author_association"] for row in thread] == ["COLLABORATOR", "NONE"]
