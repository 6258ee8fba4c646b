"""Writes against the simulator: the state of GitHub afterwards, and the outcome that was returned."""

import asyncio
import json

import httpx
import pytest

from reconciler.demo.github.faults import Drop, Limit, Reply, Truncate, error, html, redirect
from reconciler.errors import LimitedError, RepositoryInaccessibleError
from reconciler.fields.status import state_update
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.intent import Confirmed, NotSent, OutcomeUnknown, Refused
from reconciler.model.issue import IssueUpdate
from tests.github.client_harness import API, ClientHarness, open_client
from tests.github.network import REPO, REPOSITORY, Net, answer, comment, issue, refusal
from tests.support.github import GitHub

ONE = IssueNumber(1)


@pytest.fixture
def number(github: GitHub) -> IssueNumber:
    return IssueNumber(github.web.open_issue("One", by="alice").number)


def sent(github: GitHub) -> list[dict[str, object]]:
    return [seen.json() for seen in github.simulator.requests if seen.write and seen.body]


async def test_an_issue_is_created_with_its_labels(harness: ClientHarness, github: GitHub) -> None:
    result = await harness.repository.create_issue("Title", "Body", ["bug", "ui"])
    assert isinstance(result, Confirmed)
    assert (result.value.title, result.value.body, result.value.labels) == ("Title", "Body", ("bug", "ui"))
    assert result.request_id is not None
    assert github.web.issue(result.value.number).title == "Title"


async def test_an_issue_without_labels_sends_none(harness: ClientHarness, github: GitHub) -> None:
    assert isinstance(await harness.repository.create_issue("Title", "Body", []), Confirmed)
    assert sent(github) == [{"title": "Title", "body": "Body"}]


async def test_a_comment_is_created(harness: ClientHarness, github: GitHub, number: IssueNumber) -> None:
    result = await harness.repository.create_comment(number, "Hello")
    assert isinstance(result, Confirmed)
    assert result.value.issue_number == number
    assert [row.id for row in github.web.thread(number)] == [result.value.id]


@pytest.mark.parametrize("reason", ["completed", "not_planned", "duplicate"])
async def test_an_issue_is_closed_for_a_reason_and_reopened(
    harness: ClientHarness, github: GitHub, number: IssueNumber, reason: str
) -> None:
    result = await harness.repository.update_issue(number, state_update(IssueState.CLOSED, reason))
    assert isinstance(result, Confirmed)
    assert (result.value.state, result.value.state_reason) == (IssueState.CLOSED, reason)
    result = await harness.repository.update_issue(number, state_update(IssueState.OPEN, None))
    assert isinstance(result, Confirmed)
    assert result.value.state is IssueState.OPEN
    assert sent(github) == [{"state": "closed", "state_reason": reason}, {"state": "open"}]


async def test_a_title_is_changed_and_nothing_else(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    result = await harness.repository.update_issue(
        number, IssueUpdate(verb="retitle", members={"title": "Uno"})
    )
    assert isinstance(result, Confirmed)
    assert result.value.title == "Uno"
    assert sent(github) == [{"title": "Uno"}]


async def test_labels_are_added_and_removed_one_by_one(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.label(number, "somebody-elses", by="alice")
    added = await harness.repository.add_label(number, "high-priority")
    assert isinstance(added, Confirmed)
    assert set(added.value) == {"somebody-elses", "high-priority"}
    result = await harness.repository.remove_label(number, "high-priority")
    assert isinstance(result, Confirmed)
    assert result.value == ("somebody-elses",)
    assert github.web.label_names(number) == ["somebody-elses"]


async def test_removing_a_missing_label_is_refused_as_gone(
    harness: ClientHarness, number: IssueNumber
) -> None:
    result = await harness.repository.remove_label(number, "nobody")
    assert isinstance(result, Refused)
    assert (result.status, result.gone) == (404, True)


@pytest.mark.parametrize("label", ["a/b", "50% done?", "ü & #1", "x y"])
async def test_labels_of_any_name_are_removed(
    harness: ClientHarness, github: GitHub, number: IssueNumber, label: str
) -> None:
    github.web.label(number, label, by="alice")
    assert isinstance(await harness.repository.remove_label(number, label), Confirmed)
    assert github.web.label_names(number) == []


@pytest.mark.parametrize("label", ["", ".", "..", "\ud800"])
async def test_a_label_that_can_t_be_addressed_is_refused_without_a_request(
    harness: ClientHarness, github: GitHub, number: IssueNumber, label: str
) -> None:
    result = await harness.repository.remove_label(number, label)
    assert isinstance(result, Refused)
    assert not result.gone
    assert github.simulator.requests == []


async def test_text_that_can_t_be_written_is_refused_without_a_request(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    assert isinstance(await harness.repository.create_comment(number, "lone \ud800"), Refused)
    assert github.simulator.requests == []


async def test_a_comment_is_edited_and_deleted(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    result = await harness.repository.create_comment(number, "Hello")
    assert isinstance(result, Confirmed)
    edited = await harness.repository.edit_comment(result.value.id, "Bye")
    assert isinstance(edited, Confirmed)
    assert (edited.value.id, edited.value.body) == (result.value.id, "Bye")
    deleted = await harness.repository.delete_comment(result.value.id)
    assert isinstance(deleted, Confirmed)
    assert github.web.thread(number) == []
    again = await harness.repository.delete_comment(result.value.id)
    assert isinstance(again, Refused)
    assert again.gone


async def test_silently_dropped_labels_are_missing_in_the_answer(github: GitHub) -> None:
    github.world.add_token("bob", "ghp_bob")
    bob = open_client(github.api, "ghp_bob")
    result = await bob.repository.create_issue("Title", "Body", ["bug"])
    await bob.aclose()
    assert isinstance(result, Confirmed)
    assert result.value.labels == ()


async def test_a_locked_issue_and_an_archived_repository_are_refused_with_githubs_reason(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.lock(number, by="alice")
    result = await harness.repository.create_comment(number, "Hello")
    assert isinstance(result, Refused)
    assert "locked" in result.reason
    github.web.unlock(number, by="alice")
    github.web.archive()
    result = await harness.repository.create_comment(number, "Hello")
    assert isinstance(result, Refused)
    assert result.status == 403
    assert "archived" in result.reason
    assert f"comment on acme/web#{number}" in result.reason


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (Drop(), False),
        (Drop(applied=True), True),
        (Drop(reset=True, applied=True), True),
        (error(500), False),
        (error(500, applied=True), True),
        (html(502, applied=True), True),
        (Truncate(), True),
        (Truncate(closing=True), True),
        (Reply(status=201, body=b"", applied=True), True),
        (Reply(status=202, body=b"{}", applied=True), True),
        (Reply(status=201, body=b'{"id": 7}', applied=True), True),
    ],
)
async def test_a_write_that_may_have_been_applied_is_unknown_and_not_sent_again(
    harness: ClientHarness, github: GitHub, number: IssueNumber, fault: Reply, made: bool
) -> None:
    github.simulator.faults.add(fault, method="POST")
    assert isinstance(await harness.repository.create_comment(number, "Hello"), OutcomeUnknown)
    assert len(github.web.thread(number)) == made
    assert sum(seen.write for seen in github.simulator.requests) == 1
    assert harness.repository.cost().writes == 1


async def test_without_a_connection_a_write_is_not_sent() -> None:
    nowhere = open_client("http://127.0.0.1:9")
    result = await nowhere.repository.create_comment(ONE, "Hello")
    await nowhere.aclose()
    assert isinstance(result, NotSent)
    assert "ConnectError" in result.reason


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_only_failures_before_the_first_byte_are_not_sent(failure: type[Exception]) -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues/1/comments", failure("x"))
    assert isinstance(await net.github.create_comment(ONE, "Hello"), NotSent)


@pytest.mark.parametrize(
    "failure",
    [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.CloseError,
     httpx.RemoteProtocolError, httpx.LocalProtocolError, httpx.DecodingError, httpx.TooManyRedirects],
)  # fmt: skip
async def test_every_other_failure_is_unknown(failure: type[Exception]) -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues/1/comments", failure("x"))
    assert isinstance(await net.github.create_comment(ONE, "Hello"), OutcomeUnknown)
    assert len(net.requests) == 1


@pytest.mark.parametrize("form", ["retry-after", "remaining", "message"])
@pytest.mark.parametrize("status", [403, 429])
async def test_a_limit_on_a_write_is_raised_because_nothing_was_done(
    harness: ClientHarness, github: GitHub, number: IssueNumber, form: str, status: int
) -> None:
    github.simulator.faults.add(Limit(form=form, status=status), method="POST")  # type: ignore[arg-type]
    with pytest.raises(LimitedError):
        await harness.repository.create_comment(number, "Hello")
    assert github.web.thread(number) == []
    assert [block.credential for block in harness.rate_limiter.blocks] == [harness.repository.credential]


async def test_a_503_with_a_time_is_unknown_and_blocks_the_credential(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    fault = Reply(status=503, headers={"Retry-After": "30"}, body=b"{}", applied=True)
    github.simulator.faults.add(fault, method="POST")
    assert isinstance(await harness.repository.create_comment(number, "Hello"), OutcomeUnknown)
    assert len(harness.rate_limiter.blocks) == 1


async def test_a_cancelled_write_is_cancelled_not_swallowed(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.simulator.faults.add(Drop(applied=True, seconds=30), method="POST")
    task = asyncio.create_task(harness.repository.create_comment(number, "Hello"))
    async with asyncio.timeout(60):
        while not github.simulator.in_flight:  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("known", [True, False])
async def test_a_write_follows_a_renamed_repository_with_method_and_body(
    harness: ClientHarness, github: GitHub, number: IssueNumber, known: bool
) -> None:
    github.web.rename("site")
    repository = harness.another(repository_id=RepositoryId(github.web.id) if known else None)
    assert isinstance(await repository.create_comment(number, "Hello"), Confirmed)
    assert isinstance(
        await repository.update_issue(number, state_update(IssueState.CLOSED, "completed")), Confirmed
    )
    assert [row.body for row in github.web.thread(number)] == ["Hello"]
    assert github.web.issue(number).state == "closed"


async def test_a_write_to_a_transferred_issue_is_refused_and_reaches_no_other_repository(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    other = github.world.add_repository("acme/other")
    other.allow("bugspark-bot", "write")
    moved = github.web.transfer(number, other, by="alice")
    result = await harness.repository.create_comment(number, "Hello")
    assert isinstance(result, Refused)
    assert not result.gone
    assert other.thread(moved.number) == []


async def test_a_write_redirected_to_another_repository_is_refused(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    other = github.world.add_repository("acme/other")
    target = f"{github.api}/repositories/{other.id}/issues/{number}/comments"
    github.simulator.faults.add(redirect(target, 307), method="POST")
    repository = harness.another(repository_id=RepositoryId(github.web.id))
    result = await repository.create_comment(number, "Hello")
    assert isinstance(result, Refused)
    assert "another repository" in result.reason
    assert sum(seen.write for seen in github.simulator.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_would_drop_the_body_is_refused(
    harness: ClientHarness, github: GitHub, number: IssueNumber, status: int
) -> None:
    target = f"{github.api}/repositories/{github.web.id}/issues/{number}/comments"
    github.simulator.faults.add(redirect(target, status), method="POST")
    assert isinstance(await harness.repository.create_comment(number, "Hello"), Refused)
    assert github.web.thread(number) == []


async def test_endless_redirects_are_refused() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY))
    net.router.post(path__regex="/issues$").mock(
        return_value=answer(307, Location=f"{API}/repositories/7/issues")
    )
    assert isinstance(await net.github.create_issue("T", "B", []), Refused)
    assert net.github.cost().writes == 4


async def test_a_write_is_refused_if_the_redirects_repository_cannot_be_identified() -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues", answer(307, Location=f"{API}/repositories/7/issues"))
    net.on("GET", REPO, refusal(404, "Not Found"))
    with pytest.raises(RepositoryInaccessibleError):
        await net.github.create_issue("T", "B", [])
    assert net.github.cost().writes == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [(issue(2), "#2 when #1"), ({"number": 1}, "can't be read"), ([], "can't be read")],
)
async def test_an_answer_about_something_else_is_unknown(body: object, why: str) -> None:
    net = Net()
    net.on("PATCH", f"{REPO}/issues/1", answer(200, body))
    result = await net.github.update_issue(ONE, IssueUpdate(verb="retitle", members={"title": "T"}))
    assert isinstance(result, OutcomeUnknown)
    assert why in result.reason


async def test_an_answer_about_a_comment_of_another_issue_is_unknown() -> None:
    net = Net()
    elsewhere = comment(5, issue_url=f"{REPO}/issues/9")
    net.on("POST", f"{REPO}/issues/1/comments", answer(201, elsewhere))
    net.on("PATCH", f"{REPO}/issues/comments/6", answer(200, comment(5)))
    assert isinstance(await net.github.create_comment(ONE, "Hello"), OutcomeUnknown)
    assert isinstance(await net.github.edit_comment(RemoteCommentId(6), "Hello"), OutcomeUnknown)


async def test_a_lost_deletion_is_unknown() -> None:
    net = Net()
    net.on("DELETE", f"{REPO}/issues/comments/5", httpx.ReadError("x"))
    assert isinstance(await net.github.delete_comment(RemoteCommentId(5)), OutcomeUnknown)


async def test_a_write_that_cannot_begin_in_time_is_not_sent() -> None:
    net = Net()

    def slow(_: httpx.Request) -> httpx.Response:
        net.clock.passed += 6
        return answer(307, Location=f"{API}/repositories/7/issues")

    net.on("POST", f"{REPO}/issues", slow)
    net.on("GET", REPO, answer(200, REPOSITORY))
    result = await net.github.create_issue("T", "B", [])
    assert isinstance(result, NotSent)
    assert "took too long" in result.reason
    assert net.github.cost().writes == 1


async def test_a_write_waits_less_for_a_connection_than_a_read() -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues", answer(201, issue(1)))
    net.on("GET", REPO, answer(200, REPOSITORY))
    await net.github.create_issue("T", "B", [])
    await net.github.repository()
    waits = [request.extensions["timeout"] for request in net.requests]
    assert [(wait["connect"], wait["pool"]) for wait in waits] == [(5, 5), (10, 10)]
    assert all(wait["read"] and wait["write"] for wait in waits)


async def test_no_write_carries_conditional_headers(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    async for _ in harness.repository.issue_changes(None):
        pass
    await harness.repository.create_comment(number, "Hello")
    headers = github.simulator.requests[-1].headers
    assert not [name for name in headers if name.startswith("if-")]
    assert headers["content-type"] == "application/json"
    assert json.loads(github.simulator.requests[-1].body) == {"body": "Hello"}


async def test_writes_reserve_nothing_themselves(harness: ClientHarness, number: IssueNumber) -> None:
    await harness.repository.create_comment(number, "Hello")
    assert harness.rate_limiter.reserved == []
    assert harness.rate_limiter.slots == []
