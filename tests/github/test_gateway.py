"""The rules of every request: address, headers, points and retries."""

import logging
import traceback
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reconciler.errors import CredentialError, GitHubError, LimitedError, UntrustedUrlError
from reconciler.github.limits import LimitBackoff, LimitWait
from reconciler.model.ids import Fingerprint, IssueNumber, RemoteCommentId
from reconciler.model.intent import NotSent, Refused
from reconciler.model.issue import IssueUpdate, ListState
from reconciler.model.passes import Cost
from tests.github.client_harness import API, TOKEN
from tests.github.network import DATE, REPO, REPOSITORY, Net, answer, chain_of, issue, refusal
from tests.support.memory_rate_limiter import MemoryRateLimiter

RATE = {"X_RateLimit_Limit": "5000", "X_RateLimit_Remaining": "4000", "X_RateLimit_Reset": "1772442000"}
ONE = IssueNumber(1)
SECONDARY = "You have exceeded a secondary rate limit."


async def test_every_request_has_user_agent_and_api_version() -> None:
    net = Net(api_version="2026-03-10")
    net.on("GET", REPO, answer(200, REPOSITORY))
    await net.github.repository()
    (request,) = net.requests
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2026-03-10"
    assert request.headers["user-agent"] == "bugspark-reconciler/test"


async def test_proxies_and_netrc_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: ASYNC230, PTH123
        file.write("machine api.test login me password theirs\n")
    monkeypatch.setenv("NETRC", netrc)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:1")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:1")
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY))
    await net.github.repository()
    assert net.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert net.hosts == {"api.test"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_read_follows_a_redirect_within_the_api(status: int) -> None:
    net = Net()
    net.on("GET", REPO, answer(status, Location=f"{API}/repositories/7"))
    net.on("GET", f"{API}/repositories/7", answer(200, REPOSITORY))
    assert (await net.github.repository()).id == 7
    assert net.requests[1].headers["authorization"] == f"Bearer {TOKEN}"


async def test_endless_redirects_are_not_followed_after_three() -> None:
    net = Net()
    net.on("GET", REPO, answer(301, Location=REPO))
    with pytest.raises(GitHubError, match="301"):
        await net.github.repository()
    assert len(net.requests) == 4


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "//evil.example/x", "http://api.test/x", "https://api.test:8443/x"]
)
async def test_a_read_is_not_redirected_to_another_origin(location: str) -> None:
    net = Net()
    net.on("GET", REPO, answer(301, Location=location))
    with pytest.raises(UntrustedUrlError):
        await net.github.repository()
    assert net.hosts == {"api.test"}
    assert len(net.requests) == 1


async def test_a_foreign_next_page_gets_no_request() -> None:
    net = Net()
    page = [issue(n) for n in range(1, 3)]
    net.on("GET", f"{REPO}/issues/1", answer(200, issue(1, comments=1)))
    net.on(
        "GET", f"{REPO}/issues/1/comments", answer(200, [], Link='<https://evil.example/?page=2>; rel="next"')
    )
    net.router.get(path="/repos/acme/web/issues").mock(
        return_value=answer(200, page, Link='<https://evil.example/?page=2>; rel="next"')
    )
    with pytest.raises(UntrustedUrlError):
        await net.github.issue_thread(ONE)
    with pytest.raises(UntrustedUrlError):
        async for _ in net.github.all_issues():
            pass
    assert net.hosts == {"api.test"}


async def test_addresses_in_bodies_are_never_requested() -> None:
    net = Net()
    invalid = issue(
        url="https://evil.example/1",
        repository_url="https://evil.example/2",
        comments_url="https://evil.example/3",
    )
    net.on("GET", f"{REPO}/issues/1", answer(200, invalid))
    await net.github.issue(ONE)
    assert net.hosts == {"api.test"}


async def test_a_write_is_not_redirected_to_another_origin() -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues/1/comments", answer(307, Location="https://evil.example/x"))
    result = await net.github.create_comment(ONE, "Hello")
    assert isinstance(result, Refused)
    assert net.hosts == {"api.test"}


async def test_requests_are_counted_and_304s_are_free() -> None:
    net = Net()
    net.router.get(path="/repos/acme/web/issues").mock(
        side_effect=[answer(200, [], ETag='W/"1"'), httpx.Response(304, headers={"Date": DATE})]
    )
    net.on("GET", REPO, answer(200, REPOSITORY))
    net.on("DELETE", f"{REPO}/issues/comments/5", httpx.Response(204))
    state: ListState | None = None
    async for page in net.github.issue_changes(None):
        state = page.state
    assert [page async for page in net.github.issue_changes(state)] == []
    await net.github.delete_comment(RemoteCommentId(5))
    assert net.github.cost() == Cost(requests=4, not_modified=1, writes=1, cost=3)


async def test_a_token_echoed_by_github_is_masked() -> None:
    net = Net()
    net.on("GET", REPO, refusal(404, f"no such thing for {TOKEN}"))
    with pytest.raises(Exception, match=r"\*\*\*") as raised:
        await net.github.repository()
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x"),
     httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"), refusal(502, f"{TOKEN}"),
     httpx.Response(200, content=b'[{"id'), refusal(401, f"bad {TOKEN}"), refusal(403, f"no {TOKEN}"),
     answer(301, Location=f"https://evil.example/{TOKEN}")],
)  # fmt: skip
async def test_the_token_is_in_no_error_and_no_log(failure: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    net = Net()
    net.on("GET", REPO, failure)
    net.on("POST", f"{REPO}/issues/1/comments", failure)
    with pytest.raises((GitHubError, CredentialError, Exception)) as raised:
        await net.github.repository()
    try:
        blocks = repr(await net.github.create_comment(ONE, "Hello"))
    except CredentialError as error:
        blocks = repr(error)
    shown = "".join(traceback.format_exception(raised.value)) + blocks + caplog.text
    shown += "".join(repr(error) for error in chain_of(raised.value))
    assert TOKEN not in shown
    assert TOKEN not in repr(net.harness.credential) + repr(net.harness.repository)


async def test_an_idle_pass_reserves_its_two_probes_at_once() -> None:
    net = Net()
    net.router.get(path__startswith="/repos/acme/web").mock(return_value=answer(200, []))
    await net.github.reserve_reads(2)
    net.harness.client.time.record_date(net.clock.now())
    for pages in (net.github.issue_changes(None), net.github.comment_changes(None)):
        async for _ in pages:
            pass
    assert net.rate_limiter.reserved == [(net.github.credential, 2)]


async def test_points_are_reserved_in_blocks_that_grow_with_use() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY, **RATE))
    for _ in range(70):
        await net.github.repository()
    assert [points for _, points in net.rate_limiter.reserved] == [1, 2, 4, 8, 16, 25, 25]
    assert net.rate_limiter.seen[-1].remaining == 4_000


async def test_a_redirect_costs_a_point_of_its_own() -> None:
    net = Net()
    net.on("GET", REPO, answer(301, Location=f"{API}/repositories/7"))
    net.on("GET", f"{API}/repositories/7", answer(200, REPOSITORY))
    await net.github.repository()
    assert net.rate_limiter.points >= 2


async def test_without_points_nothing_is_sent() -> None:
    net = Net()
    net.rate_limiter.left = 0
    with pytest.raises(LimitedError):
        await net.github.repository()
    assert net.requests == []


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.ReadTimeout("x"), httpx.ReadError("x"),
     httpx.RemoteProtocolError("x"), httpx.PoolTimeout("x"), refusal(500, "Oops"),
     httpx.Response(502, content=b"<html>"),
     httpx.Response(200, content=b'{"id": 7, "full_na')],
)  # fmt: skip
async def test_a_read_is_retried_after_a_transient_failure(failure: object) -> None:
    net = Net()
    net.on("GET", REPO, failure, failure, answer(200, REPOSITORY))
    assert (await net.github.repository()).id == 7
    assert len(net.clock.slept) == 2
    assert net.clock.slept[0] < net.clock.slept[1]


async def test_a_read_fails_after_a_few_seconds() -> None:
    net = Net()
    net.on("GET", REPO, refusal(502, "Bad\nGateway"))
    with pytest.raises(GitHubError, match=r"502 \(Bad Gateway\)"):
        await net.github.repository()
    assert len(net.requests) == 4
    assert sum(net.clock.slept) < 3


async def test_retries_after_timeouts_do_not_take_minutes() -> None:
    net = Net()

    def slow(request: httpx.Request) -> httpx.Response:
        net.clock.passed += 30
        raise httpx.ReadTimeout("x", request=request)

    net.on("GET", REPO, slow)
    with pytest.raises(GitHubError, match="ReadTimeout"):
        await net.github.repository()
    assert len(net.requests) == 2


async def test_a_read_with_an_undecodable_answer_is_not_retried() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, {"id": "seven"}))
    with pytest.raises(GitHubError, match=r"Expected `int`, got `str` - at `\$.id`"):
        await net.github.repository()
    assert len(net.requests) == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_a_limit_ends_the_read_and_blocks_the_credential(status: int) -> None:
    net = Net()
    net.on("GET", REPO, refusal(status, SECONDARY, Retry_After="90"))
    with pytest.raises(LimitedError) as raised:
        await net.github.repository()
    assert raised.value.until == net.clock.now() + timedelta(seconds=90)
    assert [(block.credential, block.until) for block in net.rate_limiter.blocks] == [
        (net.github.credential, raised.value.until)
    ]
    assert len(net.requests) == 1
    assert net.clock.slept == []


async def wait_of(net: Net) -> float:
    with pytest.raises(LimitedError) as raised:
        await net.github.repository()
    return (raised.value.until - net.clock.now()).total_seconds()


async def test_waits_without_a_given_time_grow_until_github_answers_again() -> None:
    net = Net()
    net.on("GET", REPO, *[refusal(403, SECONDARY)] * 3, answer(200, REPOSITORY), refusal(403, SECONDARY))
    waits = []
    for pause in (0, 60, 120):
        net.clock.passed += pause
        waits.append(await wait_of(net))
    net.clock.passed += 240
    await net.github.repository()
    waits.append(await wait_of(net))
    assert waits == [60, 120, 240, 60]


async def test_nothing_is_sent_during_a_limit_even_with_reserved_points() -> None:
    net = Net()
    net.on("GET", REPO, refusal(403, SECONDARY, Retry_After="90"), answer(200, REPOSITORY))
    await net.github.reserve_reads(10)
    assert await wait_of(net) == 90
    net.clock.passed += 30
    assert await wait_of(net) == 60
    with pytest.raises(LimitedError):  # nor does another pass with this credential send one
        await net.harness.another().create_comment(ONE, "Hello")
    assert len(net.requests) == 1
    net.clock.passed += 60
    assert (await net.github.repository()).id == 7


def test_refusals_of_requests_under_way_count_as_one_and_do_not_shorten_a_wait() -> None:
    refusals, credential = LimitBackoff(), Fingerprint("a token")
    minute = LimitWait(seconds=60, reason="GitHub's secondary rate limit", guessed=True)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    for moment in (0, 0, 1):
        refusals.record_refusal(credential, minute, now=moment, until=now + timedelta(seconds=60 + moment))
    assert refusals.unannounced_streak(credential) == 1
    refusals.record_refusal(
        credential, LimitWait(seconds=5, reason="short"), now=2, until=now + timedelta(seconds=7)
    )
    refusals.record_success(credential, 3)
    with pytest.raises(LimitedError) as raised:
        refusals.require_no_wait(credential, 60)
    assert raised.value.until == now + timedelta(seconds=61)
    refusals.require_no_wait(credential, 61)
    refusals.record_success(credential, 61)
    refusals.record_success(credential, 61)
    assert refusals.unannounced_streak(credential) == 0


async def test_a_write_that_hits_a_limit_raises_and_blocks_the_credential() -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues/1/comments", refusal(403, SECONDARY, Retry_After="60"))
    with pytest.raises(LimitedError):
        await net.github.create_comment(ONE, "Hello")
    assert len(net.rate_limiter.blocks) == 1
    assert len(net.requests) == 1


async def test_a_refused_token_is_reported_in_a_sentence() -> None:
    net = Net()
    net.on("GET", REPO, refusal(401, "Bad credentials"))
    with pytest.raises(CredentialError, match=r"acme/web \(401: Bad credentials\)"):
        await net.github.repository()
    assert len(net.requests) == 1


async def test_a_write_with_a_refused_token_is_reported_too() -> None:
    net = Net()
    net.on("PATCH", f"{REPO}/issues/1", refusal(401, "Bad credentials"))
    with pytest.raises(CredentialError):
        await net.github.update_issue(ONE, IssueUpdate(verb="retitle", members={"title": "x"}))


async def test_githubs_time_grows_and_ignores_small_jumps_of_its_date() -> None:
    net = Net()
    net.clock.passed = 5_000
    assert net.github.now() == net.clock.now()  # no answer has come yet
    net.on(
        "GET", REPO, answer(200, REPOSITORY), answer(200, REPOSITORY, Date="Mon, 02 Mar 2026 09:00:10 GMT")
    )
    await net.github.repository()
    assert f"{net.github.now():%H:%M:%S}" == "09:00:00"
    net.clock.passed += 12.5
    assert f"{net.github.now():%H:%M:%S.%f}" == "09:00:12.500000"
    await net.github.repository()
    assert f"{net.github.now():%H:%M:%S.%f}" == "09:00:12.500000"


async def test_a_date_that_was_very_wrong_is_corrected_later() -> None:
    net = Net()
    wrong = answer(200, REPOSITORY, Date="Mon, 02 Mar 2026 19:00:00 GMT")
    net.on("GET", REPO, wrong, answer(200, REPOSITORY))
    await net.github.repository()
    await net.github.repository()
    assert f"{net.github.now():%H:%M:%S}" == "09:00:00"


async def test_repositories_of_one_client_share_its_clock_and_connections() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY))
    await net.github.repository()
    net.clock.passed += 100
    other = net.harness.another()
    assert other.now() == net.github.now()
    assert other.cost() == Cost()
    assert other.credential == net.github.credential


async def test_the_memory_rate_limiter_does_not_delay_writes() -> None:
    rate_limiter = MemoryRateLimiter()
    net = Net()
    await rate_limiter.reserve_write(net.github.credential, 5)
    assert rate_limiter.slots == [(net.github.credential, 5)]


async def test_nothing_is_read_after_a_write_without_a_connection() -> None:
    net = Net()
    net.on("POST", f"{REPO}/issues", httpx.ConnectError("x"))
    assert isinstance(await net.github.create_issue("T", "B", []), NotSent)
    assert len(net.requests) == 1
    assert net.github.cost() == Cost()
