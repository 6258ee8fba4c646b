"""A repository's webhooks, and conditional reads of an issue."""

from dataclasses import replace

import pytest

from reconciler.demo.github.faults import error
from reconciler.errors import CredentialError, GitHubError, GitHubNotFoundError, RepositoryInaccessibleError
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Confirmed, Refused
from reconciler.model.secret import Secret
from reconciler.model.webhook import WEBHOOK_EVENTS, DesiredHook, Hook, HookResponse
from tests.github.client_harness import ClientHarness
from tests.github.network import REPO, Net, answer
from tests.support.github import GitHub

WANTED_HOOK = DesiredHook(url="https://sync.example.com/hook", secret=Secret("made up"))
LIST = f"{REPO}/hooks?per_page=100"


def a_row(id_: int) -> dict[str, object]:
    return {"id": id_, "active": True, "events": ["push"], "config": {"url": f"https://ci.example.com/{id_}"}}


async def test_a_hook_is_created_listed_replaced_and_pinged(harness: ClientHarness, github: GitHub) -> None:
    github.web.allow("bugspark-bot", "admin")
    result = await harness.repository.create_hook(WANTED_HOOK)
    assert isinstance(result, Confirmed)
    assert result.value == Hook(id=result.value.id, url=WANTED_HOOK.url, events=WEBHOOK_EVENTS, active=True)
    assert [replace(hook, response=None) for hook in await harness.repository.hooks()] == [result.value]
    there = github.web.hooks[result.value.id]
    assert (there.secret, there.content_type, there.insecure_ssl) == ("made up", "json", "0")
    github.web.hooks[there.id] = replace(there, active=False, events=("push",), secret=None)
    assert isinstance(await harness.repository.change_hook(there.id, WANTED_HOOK), Confirmed)
    assert replace(github.web.hooks[there.id], updated=0) == replace(there, updated=0)
    assert isinstance(await harness.repository.ping_hook(there.id), Confirmed)
    # GitHub accepts an address only once
    assert isinstance(await harness.repository.create_hook(WANTED_HOOK), Refused)
    assert isinstance(await harness.repository.ping_hook(1), Refused)


@pytest.mark.parametrize("status", [403, 404])
async def test_without_permission_the_error_names_the_permission(
    harness: ClientHarness, github: GitHub, status: int
) -> None:
    github.simulator.faults.add(error(status, "Because"))
    with pytest.raises(CredentialError, match=rf"acme/web \({status}: Because\): .*admin:repo_hook"):
        await harness.repository.hooks()
    github.simulator.faults.add(error(410, "Gone"))
    with pytest.raises(RepositoryInaccessibleError):
        await harness.repository.hooks()


async def test_all_pages_are_read_and_a_circle_is_an_error() -> None:
    net = Net()
    second = f'<{LIST}&page=2>; rel="next"'
    net.on("GET", LIST, answer(200, [a_row(9)], Link=second))
    net.on("GET", f"{LIST}&page=2", answer(200, [a_row(3)]), answer(200, [], Link=second))
    assert [hook.id for hook in await net.github.hooks()] == [3, 9]
    with pytest.raises(GitHubError, match="lead in circles"):
        await net.github.hooks()


async def test_an_unchanged_issue_costs_nothing(harness: ClientHarness, github: GitHub) -> None:
    number = IssueNumber(github.web.open_issue("One", by="alice").number)
    etags = (await harness.repository.issue_thread(number)).etags
    assert etags is not None
    assert await harness.repository.issue_if_changed(number, etags) is None
    assert harness.repository.cost().not_modified == 1
    for known in (None, replace(etags, credential="of another token")):
        assert await harness.repository.issue_if_changed(number, known) is not None
    github.web.close(number, by="alice")
    changed = await harness.repository.issue_if_changed(number, etags)
    assert changed is not None
    assert changed.state == "closed"
    github.web.delete_issue(number, by="alice")
    with pytest.raises(GitHubNotFoundError):
        await harness.repository.issue_if_changed(number, etags)


@pytest.mark.parametrize(
    ("shown", "response"),
    [
        ({"code": 200, "status": "active", "message": "OK"}, HookResponse(code=200, message="OK")),
        ({"code": None, "status": "timeout", "message": None}, HookResponse(code=None, message=None)),
        ({"code": None, "status": "unused", "message": None}, None),
        ({"code": "many", "status": "active"}, None),
        (None, None),
    ],
)
async def test_the_answer_to_the_last_delivery_is_read_in_any_shape(
    shown: object, response: HookResponse | None
) -> None:
    net = Net()
    net.on("GET", LIST, answer(200, [a_row(3) | {"last_response": shown}]))
    assert [hook.response for hook in await net.github.hooks()] == [response]
