from tests.support.github import GitHub


async def test_smoke(github: GitHub) -> None:
    github.web.open_issue("Broken", "It is", by="alice", labels=["bug"])
    async with github.client() as client:
        answer = await client.get("/repos/acme/web/issues", params={"state": "all", "sort": "updated"})
        assert answer.status_code == 200, answer.text
        print(answer.headers, answer.json())
        again = await client.get(answer.request.url, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        made = await client.post("/repos/acme/web/issues/1/comments", json={"body": "hi"})
        assert made.status_code == 201
        assert (await client.delete("/repos/acme/web/issues/1/labels/bug")).json() == []
        assert (await client.get("/repos/acme/web/issues/1/events")).json()[1]["event"] == "unlabeled"
    print(github.simulator.requests, github.simulator.cost("bugspark-bot"))


def test_thread(github_process: GitHub) -> None:
    import httpx
    assert httpx.get(github_process.api + "/repos/acme/web", headers={"Authorization": "Bearer " + github_process.token}).json()["full_name"] == "acme/web"
