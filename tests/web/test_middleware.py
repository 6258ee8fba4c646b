"""Checks of every request: Host header, public paths, response headers, probes, errors."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from reconciler.bootstrap import container
from reconciler.errors import ConfigurationError, DatabaseError, SchemaError
from reconciler.model.health import WorkGauges
from reconciler.web import middleware
from reconciler.web.site import Site
from tests.web.harness import WebHarness, open_web
from tests.web.users import BUGSPARK, by_password

PAGES = ("/api/v1/projects", "/openapi.json", "/sign-in")
PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
async def locked(migrated: str) -> AsyncIterator[WebHarness]:
    """With the operator's password."""
    async with open_web(migrated, **by_password()) as opened:
        yield opened


async def statuses(harness: WebHarness, paths: tuple[str, ...], **headers: str) -> set[int]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return {(await harness.client.get(each, headers=given)).status_code for each in paths}


async def test_without_a_sign_in_method_pages_are_served_under_loopback_names(harness: WebHarness) -> None:
    for host in ("localhost", "127.0.0.1:8787", "[::1]:1"):
        assert await statuses(harness, ("/openapi.json", "/sign-in"), Host=host) <= {200, 303}


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"]
)
async def test_without_a_sign_in_method_a_proxy_gets_only_hooks_and_probes(
    harness: WebHarness, header: str
) -> None:
    assert await statuses(harness, PAGES, **{header: "10.0.0.1"}) == {404}
    assert await statuses(harness, PROBES, **{header: "10.0.0.1"}) == {200}


async def test_without_a_sign_in_method_a_public_address_closes_the_pages(migrated: str) -> None:
    async with open_web(migrated, web={"public_url": "https://sync.example.com"}) as harness:
        assert await statuses(harness, PAGES) == {404}
        assert await statuses(harness, PAGES, Host="sync.example.com") == {404}
        assert await statuses(harness, PROBES) == {200}
        assert (await harness.deliver(b"{}")).status_code == 202


async def test_listening_for_others_closes_the_pages_too() -> None:
    loopback = {"host": "localhost"}
    assert Site(listen_addresses=("127.0.0.1", "::1")).is_local_request(loopback)
    assert not Site(listen_addresses=("0.0.0.0",)).is_local_request(loopback)
    assert not Site(listen_addresses=("127.0.0.1", "10.0.0.5")).is_local_request(loopback)
    assert not Site(has_sign_in=True).is_local_request(loopback)
    assert not Site().is_local_request({"host": "sync.example.com"})
    assert not Site().is_local_request({})


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.nip.io", "10.0.0.5", "a b", "x:y", ""],
)
async def test_pages_are_not_served_under_a_foreign_host(
    harness: WebHarness, locked: WebHarness, host: str
) -> None:
    for each in (harness, locked):
        assert await statuses(each, PAGES, Host=host) == {421}
        assert await statuses(each, PROBES, Host=host) == {200}


async def test_a_proxy_may_put_us_below_a_path_and_cut_it_off_or_not(migrated: str) -> None:
    config = by_password()
    config["web"]["public_url"] = "https://example.com/sync"
    async with open_web(migrated, **config) as harness:
        found = await statuses(harness, ("/sync/api/v1/projects", "/api/v1/projects"), Host="example.com")
        assert found == {401}
        assert await statuses(harness, ("/sync/healthz", "/healthz"), Host="example.com") == {200}
        page = await harness.client.get("/sync/sign-in", headers={"Host": "example.com"})
        assert 'action="/sync/sign-in"' in page.text


async def test_a_host_that_a_proxy_sends_is_admitted_by_name_and_the_refusal_says_how(migrated: str) -> None:
    config = by_password()
    config["web"] |= {"public_url": "https://bugs.example.com/sync", "hosts": ["sync.internal"]}
    async with open_web(migrated, **config) as harness:
        assert await statuses(harness, ("/sync/sign-in", "/sign-in"), Host="sync.internal:8787") == {200}
        refused = await harness.client.get("/sync/sign-in", headers={"Host": "other.internal"})
        assert (refused.status_code, "web.hosts" in refused.json()["detail"]) == (421, True)


def test_pages_are_served_under_the_names_the_operator_gave() -> None:
    site = Site(
        public_url="https://Sync.example.com:8443/x",
        host="sync.internal",
        listen_addresses=("10.0.0.5", "::"),
    )
    for host in ("sync.example.com", "SYNC.internal:8787", "10.0.0.5:8787", "localhost", "[::1]:8787"):
        assert site.is_allowed_host(host), host
    for host in ("example.com", "internal", "10.0.0.6", "sync.internal.evil.example.com", ""):
        assert not site.is_allowed_host(host), host


async def test_every_answer_forbids_what_a_page_of_ours_never_does(locked: WebHarness) -> None:
    for path in (*PAGES, *PROBES, "/nothing", locked.path()):
        answer = await locked.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


async def test_alive_is_what_the_daemon_says(harness: WebHarness) -> None:
    assert (await harness.client.get("/healthz")).status_code == 200
    harness.health.is_alive = False
    answer = await harness.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stuck"})


async def test_ready_says_why_not_and_again_when_it_is(harness: WebHarness) -> None:
    assert (await harness.client.get("/readyz")).json() == {"status": "ok"}
    harness.bugspark.execute("ALTER TABLE reconciler_alembic_version RENAME TO away")
    harness.clock.advance(1)
    answer = await harness.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "kind": "schema"})
    harness.bugspark.execute("ALTER TABLE away RENAME TO reconciler_alembic_version")
    harness.clock.advance(1)
    assert (await harness.client.get("/readyz")).status_code == 200


async def test_without_the_database_metrics_still_say_how_late_the_work_is(
    harness: WebHarness,
) -> None:
    harness.health.work = WorkGauges(schedule_lag=75.0)

    async def metrics() -> str:
        harness.clock.advance(10)
        return (await harness.client.get("/metrics")).text

    text = await metrics()
    assert "reconciler_schedule_lag_seconds 75.0" in text
    assert 'reconciler_project_locks{session="alive"} 0.0' in text
    harness.bugspark.execute("ALTER TABLE sync_governor RENAME TO away")
    text = await metrics()
    assert "reconciler_schedule_lag_seconds 75.0" in text
    assert "reconciler_project_locks" not in text
    harness.bugspark.execute("ALTER TABLE away RENAME TO sync_governor")


async def test_ready_says_that_passes_do_not_run(harness: WebHarness) -> None:
    harness.health.is_working = False
    answer = await harness.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "kind": "work"})
    harness.health.is_working = True
    harness.clock.advance(1)
    assert (await harness.client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (DatabaseError("db.internal:5432 refused role reconciler"), "database"),
        (TimeoutError("db.internal"), "database"),
        (SchemaError("run reconcile migrate on db.internal"), "schema"),
        (ConfigurationError("db.internal has no instance id"), "schema"),
    ],
)
async def test_ready_answers_one_word_and_no_host_port_or_role(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch, error: Exception, word: str
) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(container, "require_schema", fail)
    answer = await harness.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "kind": word})


async def test_many_who_ask_at_once_are_one_question_to_the_database(harness: WebHarness) -> None:
    harness.bugspark.execute("ALTER TABLE reconciler_alembic_version RENAME TO away")
    answers = await asyncio.gather(*(harness.client.get("/readyz") for _ in range(20)))
    harness.bugspark.execute("ALTER TABLE away RENAME TO reconciler_alembic_version")
    assert {each.status_code for each in answers} == {503}
    assert (await harness.client.get("/readyz")).status_code == 503  # the answer of a moment ago


async def test_a_fault_of_ours_is_a_plain_500_and_a_slow_answer_is_given_up(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("token=ghp_secret")

    async def slow(*_: object) -> None:
        await asyncio.Event().wait()

    views = harness.access_control.queries
    monkeypatch.setattr(type(views), "accessible_projects", broken)
    answer = await harness.client.get("/api/v1/projects")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error."})
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert "request failed" in caplog.text
    monkeypatch.setattr(type(views), "accessible_projects", slow)
    monkeypatch.setattr(middleware, "RESPONSE_TIMEOUT_SECONDS", 0.05)
    assert (await harness.client.get("/api/v1/projects")).status_code == 503


async def test_metrics_label_routes_by_their_pattern_and_no_user(harness: WebHarness) -> None:
    await harness.client.get(f"/api/v1/projects/{harness.project}")
    await harness.client.get("/a/strangers/path?token=x")
    text = (await harness.client.get("/metrics")).text
    assert 'reconciler_http_requests_total{route="/api/v1/projects/{project_id}",status="200"} 1.0' in text
    assert 'route="none",status="404"' in text
    assert not any(word in text for word in ("strangers", "token", "Shop", "acme", "_created"))


async def test_process_metrics_need_no_database(harness: WebHarness) -> None:
    harness.bugspark.execute("ALTER TABLE sync_links RENAME TO away")
    answer = await harness.client.get("/metrics")
    assert answer.status_code == 200
    assert "reconciler_passes_total" in answer.text
    assert "reconciler_links" not in answer.text


async def test_users_are_known_only_where_their_secret_is(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        assert await statuses(harness, ("/api/v1/projects",)) == {401}
        answer: httpx.Response = await harness.client.get("/sign-in")
        assert answer.status_code == 200
