"""docs/reference/github.md, Writes: moved, gone, locked, archived, blocked."""

import httpx
import pytest

from reconciler.demo.github.server import serve
from tests.support.github import GitHub, make_github

ISSUES = "/repos/acme/web/issues"


@pytest.fixture(autouse=True)
def one_issue(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice", labels=["bug"])
    github.web.comment(1, "First", by="bob")


async def test_a_renamed_repository_redirects_by_its_number(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.rename("site")
    read = await bot.get(f"{ISSUES}/1?per_page=3")
    assert read.status_code == 301
    assert read.headers["location"] == f"{github.api}/repositories/{github.web.id}/issues/1?per_page=3"
    assert (await bot.get(read.headers["location"])).json()["number"] == 1
    write = await bot.post(f"{ISSUES}/1/comments", json={"body": "Hi"})
    assert write.status_code == 307
    assert len(github.web.thread(1)) == 1
    followed = await bot.post(write.headers["location"], json={"body": "Hi"})
    assert followed.status_code == 201
    assert (await bot.get("/repos/acme/web")).headers[
        "location"
    ] == f"{github.api}/repositories/{github.web.id}"
    assert (await bot.get("/repos/acme/site")).json()["id"] == github.web.id


async def test_every_form_by_number_answers(github: GitHub, bot: httpx.AsyncClient) -> None:
    home = f"/repositories/{github.web.id}"
    comment = github.web.thread(1)[0].id
    tails = ("", "/issues", "/issues/1", "/issues/comments", f"/issues/comments/{comment}", "/labels")
    for tail in (*tails, "/issues/1/comments", "/issues/1/labels", "/issues/1/events"):
        assert (await bot.get(home + tail)).status_code == 200, tail


async def test_a_renamed_owner_redirects_too(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.rename_user("acme", "acme-inc")
    assert (await bot.get(ISSUES)).status_code == 301
    assert (await bot.get("/repos/acme-inc/web")).json()["id"] == github.web.id


async def test_a_recreated_repository_is_another_one(github: GitHub, bot: httpx.AsyncClient) -> None:
    other = github.world.recreate("acme/web")
    assert other.id != github.web.id
    assert (await bot.get("/repos/acme/web")).json()["id"] == other.id
    assert (await bot.get(ISSUES)).json() == []
    assert (await bot.get(f"/repositories/{github.web.id}")).status_code == 404


async def test_a_name_taken_again_redirects_no_more(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.rename("site")
    taken = github.world.add_repository("acme/web")
    assert (await bot.get("/repos/acme/web")).json()["id"] == taken.id
    github.world.delete_repository("acme/web")
    assert (await bot.get("/repos/acme/web")).status_code == 404


async def test_a_deleted_repository_is_404(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.world.delete_repository("acme/web")
    assert (await bot.get(ISSUES)).status_code == 404


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_transferred_issue_redirects_and_takes_its_thread_along(
    github: GitHub, bot: httpx.AsyncClient, keeps: bool
) -> None:
    github.world.assume(transfer_keeps_comment_ids=keeps)
    comment = github.web.thread(1)[0].id
    api = github.world.add_repository("acme/api")
    api.ensure_label("bug")
    api.open_issue("Another", by="alice")
    moved = github.web.transfer(1, api, by="alice")
    assert moved.number == 2
    for answer in (await bot.get(f"{ISSUES}/1/comments"), await bot.patch(f"{ISSUES}/1", json={})):
        assert answer.status_code == 301
        assert answer.headers["location"].startswith(f"{github.api}/repositories/{api.id}/issues/2")
    (row,) = (await bot.get(f"/repositories/{api.id}/issues/2/comments")).json()
    assert (row["body"], row["id"] == comment) == ("First", keeps)
    assert api.label_names(2) == ["bug"]
    kinds = [row["event"] for row in (await bot.get("/repos/acme/api/issues/2/events")).json()]
    assert kinds == ["labeled", "transferred"]
    assert (await bot.get(ISSUES, params={"state": "all"})).json() == []
    api.make_private()
    assert (await bot.get(f"{ISSUES}/1")).status_code == 404


async def test_a_deleted_issue_is_410(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.delete_issue(1, by="alice")
    assert (await bot.get(f"{ISSUES}/1")).status_code == 410
    assert (await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code == 410
    assert (await bot.get(f"{ISSUES}/comments")).json() == []
    github.web.open_issue("Next", by="alice")
    assert github.web.issue(2).title == "Next"


@pytest.mark.parametrize("status", [410, 404])
async def test_a_converted_issue_is_gone(github: GitHub, bot: httpx.AsyncClient, status: int) -> None:
    github.world.assume(converted_status=status)
    github.web.convert(1, by="alice")
    assert (await bot.get(f"{ISSUES}/1")).status_code == status


async def test_issues_switched_off_are_410(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.disable_issues()
    for path in (ISSUES, f"{ISSUES}/1", f"{ISSUES}/comments", f"{ISSUES}/1/comments"):
        answer = await bot.get(path)
        assert (answer.status_code, answer.json()["message"]) == (410, "Issues are disabled for this repo")
    assert (await bot.get("/repos/acme/web")).json()["has_issues"] is False


async def test_a_locked_conversation_refuses_comments_only(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.lock(1, by="alice", reason="spam")
    answer = await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "Unable to create comment because issue is locked",
    )
    assert (await bot.patch(f"{ISSUES}/1", json={"state": "closed"})).status_code == 200
    github.world.assume(lock_spares_writers=True)
    assert (await bot.post(f"{ISSUES}/1/comments", json={"body": "x"})).status_code == 201
    github.web.unlock(1, by="alice")
    assert (await bot.get(f"{ISSUES}/1")).json()["locked"] is False


async def test_an_archived_repository_is_read_only(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.archive()
    before = github.web.picture()
    writes = [
        await bot.post(ISSUES, json={"title": "x"}),
        await bot.patch(f"{ISSUES}/1", json={"state": "closed"}),
        await bot.post(f"{ISSUES}/1/comments", json={"body": "x"}),
        await bot.delete(f"{ISSUES}/1/labels/bug"),
    ]
    assert {(w.status_code, w.json()["message"]) for w in writes} == {
        (403, "Repository was archived so is read-only.")
    }
    assert github.web.picture() == before
    assert (await bot.get("/repos/acme/web")).json()["archived"] is True


async def test_a_blocked_repository_is_451(github: GitHub, bot: httpx.AsyncClient) -> None:
    github.web.block()
    assert (await bot.get(ISSUES)).status_code == 451


async def test_an_enterprise_server_answers_under_its_base_path() -> None:
    made = make_github(base_path="/api/v3")
    made.web.open_issue("A", by="alice")
    async with serve(made.simulator) as address, made.client() as client:
        assert address.endswith("/api/v3")
        (row,) = (await client.get("repos/acme/web/issues")).json()
        assert row["url"] == f"{address}/repos/acme/web/issues/1"
        beside = await client.get(address.removesuffix("/api/v3") + "/user")
        assert (beside.status_code, beside.headers["content-type"][:9]) == (404, "text/html")
