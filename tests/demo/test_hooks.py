"""docs/reference/github.md, Webhooks."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest

from reconciler.demo.github.messages import Answer, Request
from reconciler.demo.github.server import serve
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.webhooks import Delivery
from tests.support.github import GitHub

HOOKS = "/repos/acme/web/hooks"
SECRET = "made up"
ALL = ("issues", "issue_comment", "label")


class Receiver(Simulator):
    """An HTTP server that keeps what it is sent; the simulator's own server carries it."""

    def __init__(self) -> None:
        super().__init__()
        self.received: asyncio.Queue[Request] = asyncio.Queue()
        self.status = 202

    def answer(self, request: Request, fault: object = None) -> Answer | None:
        self.received.put_nowait(request)
        return Answer(status=self.status)

    async def next(self) -> Request:
        return await asyncio.wait_for(self.received.get(), 5)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with serve(made):
        yield made


def address(receiver: Receiver) -> str:
    return f"{receiver.views.api}/hook?x=1"


async def settled(deliveries: list[Delivery]) -> list[int | None]:
    async with asyncio.timeout(60):
        while any(delivery.status is None for delivery in deliveries):  # noqa: ASYNC110 - no event is set for it
            await asyncio.sleep(0.005)
    return [delivery.status for delivery in deliveries]


async def test_a_new_hook_is_pinged_and_signed_over_the_raw_body(github: GitHub, receiver: Receiver) -> None:
    hook = github.web.add_hook(address(receiver), ALL, secret=SECRET)
    ping = await receiver.next()
    assert ping.target == "/hook?x=1"
    assert ping.headers["x-github-event"] == "ping"
    assert ping.headers["x-github-hook-id"] == str(hook.id)
    expected = hmac.new(SECRET.encode(), ping.body, hashlib.sha256).hexdigest()
    assert ping.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert await settled(github.simulator.hooks.all) == [202]


async def test_webhooks_report_actions_of_users_and_of_the_api(
    github: GitHub, receiver: Receiver, bot: httpx.AsyncClient
) -> None:
    github.web.add_hook(address(receiver), ALL)
    await receiver.next()
    github.web.open_issue("A", by="alice", labels=["bug"])
    comment = github.web.comment(1, "Hi", by="bob")
    github.web.edit_comment(comment.id, "Ho", by="bob")
    github.web.delete_comment(comment.id, by="bob")
    await bot.patch("/repos/acme/web/issues/1", json={"state": "closed"})
    github.web.reopen(1, by="alice")
    github.web.retitle(1, "B", by="alice")
    github.web.unlabel(1, "bug", by="alice")
    github.web.rename_label("bug", "defect", by="alice")
    github.web.lock(1, by="alice")
    github.web.delete_issue(1, by="alice")
    received = [await receiver.next() for _ in range(12)]
    bodies = [msgspec.json.decode(request.body) for request in received]
    assert [(r.headers["x-github-event"], b["action"]) for r, b in zip(received, bodies, strict=True)] == [
        ("issues", "opened"),
        ("issues", "labeled"),
        ("issue_comment", "created"),
        ("issue_comment", "edited"),
        ("issue_comment", "deleted"),
        ("issues", "closed"),
        ("issues", "reopened"),
        ("issues", "edited"),
        ("issues", "unlabeled"),
        ("label", "edited"),
        ("issues", "locked"),
        ("issues", "deleted"),
    ]
    assert bodies[5]["sender"]["login"] == "bugspark-bot"
    assert bodies[5]["repository"]["id"] == github.web.id
    assert bodies[4]["comment"]["id"] == comment.id
    assert bodies[7]["changes"] == {"title": {"from": "A"}}
    assert "x-hub-signature-256" not in received[0].headers


async def test_only_the_wanted_events_go_out(github: GitHub, receiver: Receiver) -> None:
    github.web.add_hook(address(receiver), ("issue_comment",))
    github.web.add_hook(address(receiver), ALL, active=False)
    github.web.open_issue("A", by="alice")
    github.web.comment(1, "Hi", by="bob")
    await settled(github.simulator.hooks.all)
    assert [delivery.event for delivery in github.simulator.hooks.all] == ["ping", "ping", "issue_comment"]


async def test_a_form_carries_the_payload_and_is_signed_as_sent(github: GitHub, receiver: Receiver) -> None:
    github.web.add_hook(address(receiver), ALL, secret=SECRET, content_type="form")
    ping = await receiver.next()
    assert ping.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "zen" in msgspec.json.decode(parse_qs(ping.body.decode())["payload"][0])
    expected = hmac.new(SECRET.encode(), ping.body, hashlib.sha256).hexdigest()
    assert ping.headers["x-hub-signature-256"] == f"sha256={expected}"


async def test_a_redelivery_has_the_same_id(github: GitHub, receiver: Receiver) -> None:
    github.web.add_hook(address(receiver), ALL)
    first = await receiver.next()
    await settled(github.simulator.hooks.all)
    github.simulator.hooks.redeliver(github.simulator.hooks.all[0])
    again = await receiver.next()
    assert again.headers["x-github-delivery"] == first.headers["x-github-delivery"]
    assert again.body == first.body


async def test_messages_may_be_late_and_out_of_order(github: GitHub, receiver: Receiver) -> None:
    github.web.add_hook(address(receiver), ALL)
    await receiver.next()
    github.simulator.hooks.held = True
    github.web.open_issue("A", by="alice")
    github.web.close(1, by="alice")
    await asyncio.sleep(0.02)
    assert receiver.received.empty()
    github.simulator.hooks.release(reverse=True)
    actions = [msgspec.json.decode((await receiver.next()).body)["action"] for _ in range(2)]
    assert actions == ["closed", "opened"]


async def test_lost_messages_are_noted_only(github: GitHub, receiver: Receiver) -> None:
    github.simulator.hooks.lost = True
    github.web.add_hook(address(receiver), ALL)
    assert [delivery.event for delivery in github.simulator.hooks.all] == ["ping"]
    assert not github.simulator.hooks.waiting


async def test_receivers_that_fail_or_are_not_on_this_machine(github: GitHub, receiver: Receiver) -> None:
    receiver.status = 500
    for url in (
        address(receiver),
        "http://127.0.0.1:1/",
        "https://bugspark.example/hook",
        "http://192.0.2.1/",
    ):
        github.web.add_hook(url, ALL)
    assert await settled(github.simulator.hooks.all) == [500, 0, 0, 0]


async def test_hooks_are_set_up_and_repaired_through_the_api(
    github: GitHub, receiver: Receiver, bot: httpx.AsyncClient
) -> None:
    github.web.allow("bugspark-bot", "admin")
    config = {"url": address(receiver), "content_type": "json", "secret": SECRET, "insecure_ssl": "0"}
    made = await bot.post(HOOKS, json={"name": "web", "config": config, "events": list(ALL)})
    assert made.status_code == 201
    assert made.json()["config"]["secret"] == "********"
    assert (await receiver.next()).headers["x-github-event"] == "ping"
    assert (await bot.post(HOOKS, json={"name": "web", "config": config})).status_code == 422
    assert (await bot.post(HOOKS, json={"name": "web", "config": {}})).status_code == 422
    (listed,) = (await bot.get(HOOKS)).json()
    path = f"{HOOKS}/{listed['id']}"
    assert (await bot.get(path)).json() == listed
    changed = await bot.patch(path, json={"events": ["issues"], "active": False})
    assert (changed.json()["events"], changed.json()["active"]) == (["issues"], False)
    await bot.patch(path, json={"config": config | {"secret": "another"}})
    assert github.web.hooks[listed["id"]].secret == "another"
    assert (await bot.post(f"{path}/pings")).status_code == 204
    ping = await receiver.next()
    expected = hmac.new(b"another", ping.body, hashlib.sha256).hexdigest()
    assert ping.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert (await bot.patch(f"{HOOKS}/1", json={})).status_code == 404
    assert "another" not in repr(github.web.hooks)


async def test_hooks_need_an_administrator(github: GitHub, bot: httpx.AsyncClient) -> None:
    assert (await bot.get(HOOKS)).status_code == 404
    github.world.add_token("bugspark-bot", "github_pat_sim", kind="fine")
    async with github.client("github_pat_sim") as client:
        assert (await client.post(HOOKS, json={"config": {"url": "http://127.0.0.1:1/"}})).status_code == 403
    assert github.web.hooks == {}
