"""Commands by the API: each does what its button does, for those who may, from where it may be sent."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from reconciler.web.api.action_routes import PROJECT_COMMANDS, REPORT_COMMANDS, REVEAL, WEBHOOK_COMMANDS
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_conflicts import relabel
from tests.web.harness import SECRET, RecordingQueue, WebHarness, open_web, sign_in_operator
from tests.web.page_fixtures import client, queue, served, sync
from tests.web.users import BUGSPARK, bearer, by_password, join, owner_of

__all__ = ["client", "github", "queue", "served", "sync"]

DASHBOARD, PREVIEW = "https://dash.example.com", "https://preview-7.example.com"
ALLOWED_HEADERS = "authorization, content-type, x-csrf-token, accept-language, if-match, if-none-match"


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    """Nobody has signed in; BugSpark's dashboard and a preview of it are known."""
    config: dict[str, Any] = {**by_password()}
    config["bugspark"] = {
        **BUGSPARK["bugspark"],
        "dashboard_url": f"{DASHBOARD}/app",
        "dashboard_origins": [PREVIEW],
    }
    async with open_web(migrated, **config) as opened:
        yield opened


def every_command(project: object, report: object) -> Iterator[tuple[str, Any, bool]]:
    """Path, a body that is taken, and whether a preview may not send it."""
    for each in REPORT_COMMANDS:
        yield f"/api/v1/reports/{report}/{each.name}", dict(each.example), each.is_sensitive
    for each in PROJECT_COMMANDS:
        yield f"/api/v1/projects/{project}/{each.name}", dict(each.example), each.is_sensitive
    for each in (*WEBHOOK_COMMANDS, REVEAL):
        yield f"/api/v1/projects/{project}/webhook/{each.name}", dict(each.example), each.is_sensitive


def cookie_of(harness: WebHarness, user: UUID) -> dict[str, str]:
    token = bearer(harness, user)["Authorization"].removeprefix("Bearer ")
    return {"Cookie": f"bugspark_access_token={token}"}


async def send(
    client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    origin = {"Origin": str(client.base_url).rstrip("/")}
    return await client.post(path, json=body or {}, headers=origin | headers)


async def test_every_command_answers_with_the_sentence_of_its_button(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    report = sync.bugspark.add_report(sync.project)
    at, project = f"/api/v1/reports/{report}", f"/api/v1/projects/{sync.project}"
    answer = await send(client, f"{at}/export")
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": "Its issue is created in acme/web by the next pass."},
    )
    assert queue.projects == [sync.project]
    await sync.settle()
    number = sync.number(report)
    assert (await client.get(at)).json()["issue"]["number"] == number
    again = await send(client, f"{at}/export")
    assert (again.status_code, again.json()["detail"]) == (409, f"It is linked to acme/web#{number} already.")
    assert (await send(client, f"{at}/unlink")).status_code == 200
    assert (await client.get(at)).json()["state"] == "unlinked"
    linked = await send(client, f"{at}/link", {"issue": f"#{number}"})
    assert (linked.status_code, f"linked to acme/web#{number}" in linked.json()["message"]) == (202, True)
    paused = await send(client, f"{project}/pause")
    assert (paused.status_code, "is paused" in paused.json()["message"]) == (200, True)
    assert (await client.get(project)).json()["paused"] is True
    assert "resume it first" in (await send(client, f"{project}/sync")).json()["detail"]
    assert (await send(client, f"{project}/resume")).status_code == 202
    for name in ("sync", "verify"):
        assert (await send(client, f"{project}/{name}")).status_code == 202
    refused = await send(client, f"{project}/accept", {"hash": "none"})
    assert (refused.status_code, "no deletions are waiting" in refused.json()["detail"]) == (409, True)
    assert "quarantine" in (await send(client, f"{at}/retry")).json()["message"]


async def test_a_conflict_is_settled_and_withheld_deletions_are_accepted_by_the_api(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(severity="low")
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(report, severity="critical")
    await sync.settle()
    body = {"field": "severity", "take": "github"}
    answer = await send(client, f"/api/v1/reports/{report}/resolve", body)
    assert answer.status_code == 202, answer.text
    await sync.settle()
    assert (await client.get(f"/api/v1/reports/{report}")).json()["state"] == "synced"
    comments = [sync.add_comment(report, f"Number {place}") for place in range(4)]
    await sync.settle()
    for each in comments:
        sync.bugspark.delete_comment(each)
    await sync.settle()
    project = f"/api/v1/projects/{sync.project}"
    health = (await client.get(project)).json()["health"]
    assert health["withheld"] == 4
    accepted = await send(client, f"{project}/accept", {"hash": health["withheld_hash"]})
    assert accepted.status_code == 202, accepted.text
    await sync.settle()
    assert (await client.get(project)).json()["health"]["withheld"] == 0
    assert (await client.get(f"/api/v1/reports/{report}")).json()["comments"] == []
    assert sync.github.web.issue(number).comments == 0


async def test_the_secret_is_revealed_rotated_and_never_compressed(harness: WebHarness) -> None:
    owner = bearer(harness, owner_of(harness, harness.project)) | {"Accept-Encoding": "gzip"}
    at = f"/api/v1/projects/{harness.project}/webhook"
    shown = await harness.client.get(at, headers=owner)
    assert SECRET not in shown.text
    assert (shown.json()["has_secret"], shown.json()["events"]) == (
        True,
        ["issues", "issue_comment", "label"],
    )
    revealed = await harness.client.post(f"{at}/reveal", json={}, headers=owner)
    assert (revealed.status_code, revealed.json()["secret"]) == (200, SECRET)
    assert "content-encoding" not in revealed.headers
    assert revealed.headers["cache-control"] == "no-store"
    assert "etag" not in revealed.headers
    rotated = await harness.client.post(f"{at}/rotate", json={}, headers=owner)
    assert rotated.json()["message"].startswith("There is a new secret. The previous one")
    assert (await harness.client.post(f"{at}/reveal", json={}, headers=owner)).json()["secret"] != SECRET
    created = await harness.client.post(f"{at}/create", json={}, headers=owner)
    assert (created.status_code, "web.public_url" in created.json()["detail"]) == (409, True)


async def test_a_secret_rotated_by_this_daemon_is_taken_at_once_whatever_strangers_send(
    harness: WebHarness,
) -> None:
    owner = bearer(harness, owner_of(harness, harness.project))
    at = f"/api/v1/projects/{harness.project}/webhook"
    for _ in range(20):
        assert (await harness.deliver(b"{}", secret="wrong")).status_code == 401
    assert (await harness.client.post(f"{at}/rotate", json={}, headers=owner)).status_code == 200
    new = (await harness.client.post(f"{at}/reveal", json={}, headers=owner)).json()["secret"]
    assert (await harness.deliver(b"{}", secret=new)).status_code == 202
    assert (await harness.deliver(b"{}", secret=SECRET)).status_code == 202, "valid for a day"


async def test_strangers_members_and_the_signed_out_can_run_no_command(harness: WebHarness) -> None:
    report = harness.bugspark.add_report(harness.project, title="Secret plans")
    stranger, member = harness.bugspark.add_user("Stranger"), harness.bugspark.add_user("Member")
    invited = harness.bugspark.add_user("Invited")
    join(harness, member, harness.project)
    join(harness, invited, harness.project, accepted=False)
    before = harness.bugspark.rows_of("integrations")
    users = {401: {}, 403: bearer(harness, member)}
    for path, body, _ in every_command(harness.project, report):
        for status, headers in users.items():
            assert (await send(harness.client, path, body, **headers)).status_code == status, path
        for other in (stranger, invited):
            answer = await send(harness.client, path, body, **bearer(harness, other))
            assert (answer.status_code, "Secret plans" in answer.text) == (404, False), path
    for path, body, _ in every_command(uuid4(), uuid4()):
        answer = await send(harness.client, path, body, **bearer(harness, member))
        assert answer.status_code == 404, path
    assert harness.untouched() and harness.bugspark.rows_of("integrations") == before
    at = f"/api/v1/projects/{harness.project}/webhook"
    assert (await harness.client.get(at, headers=bearer(harness, member))).json()["may_change"] is False
    assert (await harness.client.get(at, headers=bearer(harness, stranger))).status_code == 404


async def test_a_cookie_acts_only_from_an_allowed_origin_and_with_json(harness: WebHarness) -> None:
    report = harness.bugspark.add_report(harness.project)
    cookie = cookie_of(harness, owner_of(harness, harness.project))
    before = harness.bugspark.rows_of("integrations")
    for path, body, is_sensitive in every_command(harness.project, report):
        for origin in ("https://evil.example", "null", "https://dash.example.com.evil.example", ""):
            given = {"Origin": origin} if origin else {}
            answer = await harness.client.post(path, json=body, headers=cookie | given)
            assert answer.status_code == 403, (path, origin)
            assert "access-control-allow-origin" not in answer.headers
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
            typed = {} if kind is None else {"Content-Type": kind}
            answer = await harness.client.post(
                path, content=b"{}", headers=cookie | typed | {"Origin": DASHBOARD}
            )
            assert answer.status_code == 415, (path, kind)
        if is_sensitive:
            answer = await harness.client.post(path, json=body, headers=cookie | {"Origin": PREVIEW})
            assert answer.status_code == 403, path
            assert answer.headers["access-control-allow-origin"] == PREVIEW
            by_token = bearer(harness, owner_of(harness, harness.project)) | {"Origin": PREVIEW}
            assert (await harness.client.post(path, json=body, headers=by_token)).status_code == 403
    assert harness.untouched() and harness.bugspark.rows_of("integrations") == before
    pause = f"/api/v1/projects/{harness.project}/pause"
    for origin in (DASHBOARD, PREVIEW, f"http://127.0.0.1:{harness.port}"):
        answer = await harness.client.post(pause, json={}, headers=cookie | {"Origin": origin})
        assert answer.status_code == 200, origin


async def test_the_operators_session_counts_only_for_our_own_origin(harness: WebHarness) -> None:
    sign_in_operator(harness.client, harness.app)
    pause = f"/api/v1/projects/{harness.project}/pause"
    for origin in (DASHBOARD, PREVIEW, "https://evil.example", "null"):
        headers = {"Origin": origin}
        assert (await harness.client.get("/api/v1/projects", headers=headers)).status_code == 401, origin
        assert (await harness.client.post(pause, json={}, headers=headers)).status_code == 401, origin
    assert (await harness.client.post(pause, json={})).status_code == 403
    member = harness.bugspark.add_user("Member")
    join(harness, member, harness.project)
    token = bearer(harness, member)["Authorization"].removeprefix("Bearer ")
    harness.client.cookies.set("bugspark_access_token", token)
    both = await harness.client.get("/api/v1/projects", headers={"Origin": DASHBOARD})
    assert [each["may_change"] for each in both.json()] == [False]
    assert (await harness.client.get("/api/v1/projects")).json()[0]["may_change"] is True
    assert (await send(harness.client, pause)).status_code == 200


async def test_the_preflight_of_an_allowed_origin_and_of_no_other(harness: WebHarness) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-csrf-token"}
    paths = (f"/api/v1/projects/{harness.project}/webhook/reveal", "/api/v1/reports", "/api/v1/projects")
    for path in paths:
        for origin in (DASHBOARD, PREVIEW):
            answer = await harness.client.options(path, headers=asked | {"Origin": origin})
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert answer.headers["access-control-allow-headers"] == ALLOWED_HEADERS
            assert set(answer.headers["access-control-allow-methods"].split(", ")) == {"GET", "POST", "PUT"}
            assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"
            assert "Origin" in answer.headers["vary"]
        for origin in ("https://evil.example", "null", f"{DASHBOARD}:8443", "http://dash.example.com"):
            answer = await harness.client.options(path, headers=asked | {"Origin": origin})
            assert not [name for name in answer.headers if name.startswith("access-control")], origin
    sign_in_operator(harness.client, harness.app)
    pages = ("/", "/sign-in", f"/projects/{harness.project}/setup", "/openapi.json", "/healthz")
    for path in (*pages, f"/api/v1/webhooks/github/{harness.project}"):
        for method in ("GET", "OPTIONS", "POST"):
            answer = await harness.client.request(method, path, headers=asked | {"Origin": DASHBOARD})
            assert not [name for name in answer.headers if name.startswith("access-control")], path


async def test_a_body_that_a_command_does_not_take_is_refused_with_an_example(harness: WebHarness) -> None:
    owner = bearer(harness, owner_of(harness, harness.project))
    report = harness.bugspark.add_report(harness.project)
    at, project = f"/api/v1/reports/{report}", f"/api/v1/projects/{harness.project}"
    for path, content in (
        (f"{at}/link", b""),
        (f"{at}/link", b'{"issue": 1}'),
        (f"{at}/link", b'{"issue": "#1", "force": true}'),
        (f"{at}/resolve", b'{"field": "colour", "take": "github"}'),
        (f"{at}/export", b'{"all": true}'),
        (f"{at}/export", b"[" * 9000),
        (f"{project}/accept", b'{"word": "public"}'),
        (f"{at}/link", b'{"issue": "\\u0000"}'),
    ):
        answer = await harness.client.post(
            path, content=content, headers=owner | {"Content-Type": "application/json; charset=utf-8"}
        )
        assert answer.status_code == 400, (path, content)
        assert "detail" in answer.json()
    long = await harness.client.post(f"{at}/link", json={"issue": "x" * 20_000}, headers=owner)
    assert long.status_code == 413
    assert harness.untouched()
