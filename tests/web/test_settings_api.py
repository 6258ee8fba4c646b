"""The settings of a project by the JSON API: ETag, If-Match, and who may do what."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.web.harness import WebHarness, open_web
from tests.web.users import BUGSPARK, bearer, join, owner_of


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, owners={"may": ["export", "content"]}, **BUGSPARK) as opened:
        yield opened


def path_of(harness: WebHarness) -> str:
    return f"/api/v1/projects/{harness.project}/settings"


def as_owner(harness: WebHarness) -> dict[str, str]:
    return bearer(harness, owner_of(harness, harness.project))


async def put(harness: WebHarness, value: Any, etag: str | None, **headers: str) -> httpx.Response:
    sent = as_owner(harness) | {"Content-Type": "application/json"} | headers
    sent |= {} if etag is None else {"If-Match": etag}
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return await harness.client.put(path_of(harness), content=content, headers=sent)


async def test_an_owner_reads_and_stores_settings_and_a_pass_is_asked_for(harness: WebHarness) -> None:
    first = await harness.client.get(path_of(harness), headers=as_owner(harness))
    assert (first.status_code, first.json()["settings"], first.json()["version"]) == (200, {}, 0)
    assert first.json()["effective"]["conflict"] == "newest"
    stored = await put(harness, {"export": "all"}, first.headers["etag"])
    assert stored.status_code == 200
    assert stored.json()["settings"] == {"export": "all"}
    assert stored.json()["effective"]["export"] == "all"
    assert stored.json()["version"] == 1
    assert harness.queue.projects == [harness.project]
    again = await harness.client.get(path_of(harness), headers=as_owner(harness))
    assert again.headers["etag"] == stored.headers["etag"] != first.headers["etag"]
    assert again.json() == stored.json()


async def test_the_slower_of_two_editors_gets_a_conflict_and_a_put_without_if_match_is_refused(
    harness: WebHarness,
) -> None:
    etag = (await harness.client.get(path_of(harness), headers=as_owner(harness))).headers["etag"]
    assert (await put(harness, {"export": "all"}, etag)).status_code == 200
    assert (await put(harness, {"export": "manual"}, etag)).status_code == 412
    assert (await put(harness, {"export": "manual"}, "*")).status_code == 412
    assert (await put(harness, {"export": "manual"}, None)).status_code == 428
    (row,) = harness.bugspark.rows_of("sync_settings")
    assert json.loads(row["content"]) == {"export": "all"}


async def test_a_wrong_key_is_named_and_one_that_the_operator_keeps_too(harness: WebHarness) -> None:
    for value, status, key in (
        ({"colour": 1}, 422, "colour"),
        ({"export": "some"}, 422, "export"),
        ({"severity_as": "field"}, 422, "severity_as"),
        (b"[", 422, ""),
        (b'{"labels": ["' + b"x" * 40_000 + b'"]}', 422, ""),
        ({"conflict": "github"}, 403, "conflict"),
    ):
        answer = await put(harness, value, '"v0"')
        assert (answer.status_code, answer.json()["key"]) == (status, key)
        assert answer.json()["detail"]
    assert harness.bugspark.rows_of("sync_settings") == []
    assert harness.queue.projects == []


async def test_others_may_not(harness: WebHarness) -> None:
    member, stranger = harness.bugspark.add_user("Mia"), harness.bugspark.add_user("Sam")
    join(harness, member, harness.project)
    assert (await harness.client.get(path_of(harness), headers=bearer(harness, member))).status_code == 200
    assert (await put(harness, {}, '"v0"', **bearer(harness, member))).status_code == 403
    assert (await harness.client.get(path_of(harness), headers=bearer(harness, stranger))).status_code == 404
    assert (await put(harness, {}, '"v0"', **bearer(harness, stranger))).status_code == 404
    assert (await put(harness, {}, '"v0"', Authorization="")).status_code == 401
    assert (await put(harness, {}, '"v0"', **{"Content-Type": "text/plain"})).status_code == 415
