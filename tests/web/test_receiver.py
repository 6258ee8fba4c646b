"""The receiver over a real port: what it accepts, what it stores, and that it reveals nothing else."""

import asyncio
import json
from contextlib import suppress
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret
from reconciler.store.sync.webhook_deliveries import StoredWebhooks
from reconciler.web import request_body, server
from reconciler.web.webhooks import signatures
from tests.web.harness import SECRET, WebHarness, integration, issue_event, open_web, other_project, sign

MEBIBYTE = 1024 * 1024


async def test_github_webhook_signature_verified(harness: WebHarness) -> None:
    body = issue_event(7, "closed")
    answer = await harness.deliver(body, delivery="11111111-2222-3333-4444-555555555555")
    assert answer.status_code == 202
    (kept,) = harness.deliveries()
    assert kept["id"] == "11111111-2222-3333-4444-555555555555"
    assert (kept["event"], kept["action"], kept["number"]) == ("issues", "closed", 7)
    assert harness.queue.projects == [harness.project]


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        sign(b"another body"),
        sign(issue_event(), "another secret"),
        sign(issue_event()).removeprefix("sha256="),
        sign(issue_event()) + "0",
        "sha256=" + "é" * 64,
    ],
)
async def test_invalid_signature_rejected(harness: WebHarness, signature: str | None) -> None:
    encoded = signature.encode() if signature is not None else None
    headers = [(b"Content-Type", b"application/json"), (b"X-GitHub-Event", b"issues")]
    if encoded is not None:
        headers.append((b"X-Hub-Signature-256", encoded))
    answer = await harness.client.post(harness.path(), content=issue_event(), headers=headers)
    assert answer.status_code == 401
    assert harness.untouched()


async def test_all_refusals_are_alike_whatever_the_reason(harness: WebHarness) -> None:
    without = other_project(harness, None)
    other = other_project(harness, "the other's secret")
    body = issue_event()
    answers = [
        await harness.deliver(body, X_Hub_Signature_256=None),
        await harness.deliver(body, secret="wrong"),
        await harness.deliver(body, X_Hub_Signature_256="sha256=not-hex"),
        await harness.deliver(body, project=uuid4()),
        await harness.deliver(body, project=uuid4(), secret=""),
        await harness.deliver(body, project="no-id"),
        await harness.deliver(body, project=without),
        await harness.deliver(body, project=without, secret=""),
        await harness.deliver(body, project=other),
    ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert len({str(sorted(set(each.headers) - {"date"})) for each in answers}) == 1
    assert harness.untouched()


async def test_a_delivery_signed_by_another_projects_secret_is_refused_and_its_own_let_in(
    harness: WebHarness,
) -> None:
    other = other_project(harness, "the other's secret")
    assert (await harness.deliver(issue_event(), secret="the other's secret")).status_code == 401
    assert (
        await harness.deliver(issue_event(), project=other, secret="the other's secret")
    ).status_code == 202
    assert harness.queue.projects == [other]


async def test_the_previous_secret_is_taken_until_it_ends(harness: WebHarness) -> None:
    harness.bugspark.execute(
        "UPDATE integrations SET config = :config", config=json.dumps(integration("new"))
    )
    assert (await harness.deliver(issue_event())).status_code == 401
    assert (await harness.deliver(issue_event(), secret="new")).status_code == 202
    harness.bugspark.execute(
        "UPDATE sync_hooks SET previous = :old, previous_until = '2999-01-01 00:00:00.000000'", old=SECRET
    )
    harness.clock.advance(6)
    assert (await harness.deliver(issue_event())).status_code == 202
    harness.bugspark.execute("UPDATE sync_hooks SET previous_until = '2001-01-01 00:00:00.000000'")
    harness.clock.advance(6)
    assert (await harness.deliver(issue_event())).status_code == 401


async def test_a_rotated_secret_is_taken_at_once_though_the_old_one_is_remembered(
    harness: WebHarness,
) -> None:
    assert (await harness.deliver(issue_event())).status_code == 202
    harness.bugspark.execute(
        "UPDATE integrations SET config = :config", config=json.dumps(integration("new"))
    )
    harness.clock.advance(1)
    assert (await harness.deliver(issue_event(), secret="new")).status_code == 202


async def test_a_secret_replaced_elsewhere_is_taken_at_once_though_a_bad_delivery_came_just_before(
    harness: WebHarness,
) -> None:
    assert (await harness.deliver(issue_event(), secret="wrong")).status_code == 401
    harness.bugspark.execute(f"UPDATE integrations SET config = '{json.dumps(integration('new'))}'")
    assert (await harness.deliver(issue_event(), secret="new")).status_code == 202


async def test_a_flood_of_bad_deliveries_has_the_secrets_read_a_few_times_and_then_once_a_second(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read = StoredWebhooks.valid_secrets

    async def count_reads(self: StoredWebhooks, project_id: ProjectId) -> tuple[Secret, ...]:
        nonlocal reads
        reads += 1
        return await read(self, project_id)

    monkeypatch.setattr(StoredWebhooks, "valid_secrets", count_reads)
    found = []
    for project in (harness.project, uuid4()):
        for seconds in (0, 1, 0.5, 0.5):
            reads = 0
            harness.clock.advance(seconds)
            for _ in range(20):
                answer = await harness.deliver(b"{}", project=project, secret="wrong")
                assert answer.status_code == 401
            found.append(reads)
    first = 1 + int(signatures.MAX_SPARE_READS)
    assert found == [first, 1, 0, 1] * 2, "the same whether the project is known or not"


async def test_ping_and_unknown_events_are_accepted_without_a_number(harness: WebHarness) -> None:
    for event in ("ping", "star", "Nonsense!", ""):
        assert (await harness.deliver(b'{"zen": "x"}', event=event)).status_code == 202
    assert sorted(row["event"] for row in harness.deliveries()) == ["ping", "star", "unknown", "unknown"]
    assert {row["number"] for row in harness.deliveries()} == {None}


async def test_a_form_is_read_like_json(harness: WebHarness) -> None:
    body = urlencode({"payload": issue_event(12, "labeled").decode()}).encode()
    answer = await harness.deliver(body, content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert answer.status_code == 202
    assert [(row["action"], row["number"]) for row in harness.deliveries()] == [("labeled", 12)]


async def test_a_pull_requests_number_is_not_an_issues(harness: WebHarness) -> None:
    await harness.deliver(issue_event(3, pull_request={"url": "x"}))
    await harness.deliver(issue_event(4, pull_request=None))
    assert {row["number"] for row in harness.deliveries()} == {None, 4}


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "multipart/form-data; boundary=x", "application/jsonp"]
)
async def test_a_wrong_content_type_is_refused(harness: WebHarness, content_type: str | None) -> None:
    assert (await harness.deliver(issue_event(), content_type=content_type)).status_code == 415
    assert harness.untouched()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_not_allowed(harness: WebHarness, method: str) -> None:
    answer = await harness.client.request(method, harness.path())
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_body_of_one_mebibyte_is_taken_in_and_one_byte_more_is_not(harness: WebHarness) -> None:
    frame = b'{"action":"closed","issue":{"number":7},"x":"%s"}'
    body = frame % (b"a" * (MEBIBYTE - len(frame) + 2))
    assert len(body) == MEBIBYTE
    assert (await harness.deliver(body)).status_code == 202
    assert [row["number"] for row in harness.deliveries()] == [7]
    assert (await harness.deliver(body + b" ")).status_code == 413
    assert len(harness.deliveries()) == 1


async def test_an_endless_chunked_body_is_cut_off_at_the_limit(harness: WebHarness) -> None:
    sent = 0

    async def forever() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", harness.port)
        head = f"POST {harness.path()} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = asyncio.create_task(reader.readline())
        while not answer.done():
            writer.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
            await writer.drain()
            sent += 0x10000
            await asyncio.sleep(0)
        assert b" 413 " in await answer
        writer.transport.abort()

    await asyncio.wait_for(forever(), 20)
    assert sent < 16 * MEBIBYTE
    assert harness.untouched()


async def test_a_body_that_comes_too_slowly_is_given_up(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"POST {harness.path()} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    monkeypatch.setattr(
        request_body.BodyReader.__init__,
        "__kwdefaults__",
        {
            "max_bytes": MEBIBYTE,
            "max_total_bytes": MEBIBYTE,
            "timeout_seconds": 0.2,
        },
    )
    monkeypatch.setattr(server, "REQUEST_HEAD_TIMEOUT_SECONDS", 0.2)
    async with open_web(str(harness.bugspark.engine.url)) as hasty:
        reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
        writer.write(f"{head}Content-Length: 100\r\n\r\n".encode() + b"{")
        answer = await asyncio.wait_for(reader.read(), 10)  # until the connection is closed, too
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_sends_no_request_is_closed(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_HEAD_TIMEOUT_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", harness.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: ")
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_truncated_request_leaves_nothing_behind(harness: WebHarness) -> None:
    body = issue_event()
    head = (
        f"POST {harness.path()} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    await harness.raw(head.encode(), body[:-1])
    assert harness.untouched()
    assert (await harness.deliver(body)).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        issue_event()[:-2],
        b"\xff\xfe{not text}",
        b'{"action": "\xff", "issue": {"number": 7}}',
        b"",
        b"[" * 100_000,
        b'{"issue": {"number": "7"}}',
        b'{"issue": {"number": -7}}',
        b'{"issue": {"number": 99999999999999999999}}',
        b'{"issue": [7]}',
        b"[]",
    ],
    ids=[
        "cut",
        "non-utf-8",
        "non-utf-8 inside",
        "empty",
        "deep",
        "text",
        "negative",
        "huge",
        "list",
        "no object",
    ],
)
async def test_a_signed_but_unreadable_delivery_is_accepted(harness: WebHarness, body: bytes) -> None:
    assert (await harness.deliver(body)).status_code == 202
    assert [row["number"] for row in harness.deliveries()] == [None]
    assert harness.queue.projects == [harness.project]


@pytest.mark.parametrize("body", [b"payload=%ff%fe", b"\xff=1", b"nothing", b"&".join([b"a=1"] * 500)])
async def test_an_unreadable_form_is_accepted(harness: WebHarness, body: bytes) -> None:
    answer = await harness.deliver(body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 202
    assert [row["number"] for row in harness.deliveries()] == [None]


async def test_a_replayed_delivery_is_stored_once_and_nudges_until_a_pass_has_acted(
    harness: WebHarness,
) -> None:
    for _ in range(2):  # the second one may come because the first pass failed
        assert (await harness.deliver(issue_event(), delivery="same-id")).status_code == 202
        assert (await harness.deliver(issue_event(9), X_GitHub_Delivery=None)).status_code == 202
    assert sorted(row["number"] for row in harness.deliveries()) == [7, 9]
    assert harness.queue.projects == [harness.project] * 4
    harness.bugspark.execute("UPDATE sync_deliveries SET read_at = at")
    for _ in range(2):
        assert (await harness.deliver(issue_event(), delivery="same-id")).status_code == 202
        assert (await harness.deliver(issue_event(9), X_GitHub_Delivery=None)).status_code == 202
    assert len(harness.queue.projects) == 4


async def test_reordered_deliveries_are_all_noted_and_name_the_same_issue(harness: WebHarness) -> None:
    for action in ("reopened", "closed", "opened"):
        await harness.deliver(issue_event(7, action))
        harness.clock.advance(1)
    assert [row["action"] for row in harness.deliveries()] == ["reopened", "closed", "opened"]
    assert {row["number"] for row in harness.deliveries()} == {7}


@pytest.mark.parametrize("action", ["field_added", "field_removed", "typed", "untyped"])
async def test_a_delivery_about_fields_and_types_asks_for_a_pass(harness: WebHarness, action: str) -> None:
    assert (await harness.deliver(issue_event(7, action))).status_code == 202
    assert [(row["action"], row["number"]) for row in harness.deliveries()] == [(action, 7)]
    assert harness.queue.projects == [harness.project]


async def test_a_flood_of_bad_requests_asks_the_database_no_more_and_is_over_when_it_ends(
    harness: WebHarness,
) -> None:
    for _ in range(1 + int(signatures.MAX_SPARE_READS)):
        await harness.deliver(issue_event(), secret="wrong")
    harness.bugspark.execute("UPDATE integrations SET config = '[]'")

    async def bad() -> int:
        return (await harness.deliver(issue_event(), secret="wrong")).status_code

    assert set(await asyncio.gather(*(bad() for _ in range(60)))) == {401}
    # Nobody asked the database again: the secret it no longer has is still known.
    assert (await harness.deliver(issue_event())).status_code == 202


async def test_too_many_bytes_at_once_are_answered_with_retry_after(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        request_body.BodyReader.__init__,
        "__kwdefaults__",
        {
            "max_bytes": MEBIBYTE,
            "max_total_bytes": 1000,
            "timeout_seconds": 10.0,
        },
    )
    async with open_web(migrated) as harness:
        answer = await harness.deliver(b'{"x":"%s"}' % (b"a" * 2000))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert (await harness.deliver(issue_event())).status_code == 202  # what was held is given back


async def test_an_unavailable_database_is_a_failed_delivery_and_not_a_refusal(harness: WebHarness) -> None:
    await harness.deliver(issue_event(), delivery="first")
    harness.bugspark.execute("ALTER TABLE sync_deliveries RENAME TO away")
    answer = await harness.deliver(issue_event(), delivery="second")
    assert answer.status_code == 503
    harness.bugspark.execute("ALTER TABLE away RENAME TO sync_deliveries")
    assert (await harness.deliver(issue_event(), delivery="second")).status_code == 202
    assert [row["id"] for row in harness.deliveries()] == ["first", "second"]


async def test_refusals_are_counted_without_saying_who_was_meant(harness: WebHarness) -> None:
    await harness.deliver(issue_event(), project=uuid4())
    await harness.deliver(issue_event(), delivery="one")
    await harness.deliver(issue_event(), delivery="one")
    text = (await harness.client.get("/metrics")).text
    assert 'reconciler_webhook_rejected_total{status="401"} 1.0' in text
    assert f'webhook_deliveries_total{{project="{harness.project}",result="accepted"}} 1.0' in text
    assert f'webhook_deliveries_total{{project="{harness.project}",result="replayed"}} 1.0' in text


async def test_a_burst_of_deliveries_is_answered_completely(harness: WebHarness) -> None:
    async def one(number: int) -> httpx.Response:
        return await harness.deliver(issue_event(number))

    answers = await asyncio.gather(*(one(number) for number in range(1, 61)))
    assert {each.status_code for each in answers} == {202}
    assert sorted(row["number"] for row in harness.deliveries()) == list(range(1, 61))


async def test_bodies_that_are_held_back_take_no_room_from_good_deliveries(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """32 bodies of almost a mebibyte, none of which ends, use up the memory limit of all bodies."""
    limits = {"max_bytes": MEBIBYTE, "max_total_bytes": 4 * MEBIBYTE, "timeout_seconds": 20.0}
    monkeypatch.setattr(request_body.BodyReader.__init__, "__kwdefaults__", limits)
    async with open_web(migrated, web={"trusted_proxies": ["127.0.0.1"]}) as harness:
        writers = []
        for number in range(6):
            _, writer = await asyncio.open_connection("127.0.0.1", harness.port)
            head = (
                f"POST {harness.path()} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"X-Forwarded-For: 203.0.113.{number}\r\nContent-Length: {MEBIBYTE}\r\n\r\n"
            )
            writer.write(head.encode() + b" " * (MEBIBYTE - 1))
            await writer.drain()
            writers.append(writer)
        body = issue_event(title="x" * 200_000)
        found = [(await harness.deliver(body, x_forwarded_for="192.0.2.1")).status_code for _ in range(5)]
        assert found == [202] * 5
        for writer in writers:
            writer.close()
