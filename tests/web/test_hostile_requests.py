"""Headers, words and queries of strangers: each route answers them, and none with 500."""

import json
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import uuid4

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet, MultiFernet
from fastapi.routing import iter_route_contexts

from reconciler.web.actions import REPORT_ACTIONS, WEBHOOK_ACTIONS
from reconciler.web.plain_input import MAX_QUERY_BYTES, MAX_WORD_CHARACTERS
from reconciler.web.site import parse_origin
from tests.web.browsing import HTML
from tests.web.harness import SECRET, WebHarness, integration, open_web, sign_in_operator
from tests.web.users import by_password

NO_ADDRESSES = (
    "http://[",
    "http://[::1",
    "http://a:99999999",
    "http://a:port/",
    "//",
    "\xff",
    "http://%zz",
    "a" * 4000,
)
HEADERS = (
    "Referer", "Host", "Origin", "Cookie", "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "Accept",
    "Content-Type", "Sec-Fetch-Site", "If-None-Match", "X-Live", "X-Hub-Signature-256", "X-GitHub-Delivery",
    "X-GitHub-Event",
)  # fmt: skip
WORDS = ("\x00", "a\x00b", "x" * 9000, "\x1b[31m", "\x7f", "x" * (MAX_WORD_CHARACTERS + 1))
FORM_WORDS = ("issue", "field", "take", "word", "hash", "backfill", "next", "password", "token")


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, **by_password()) as opened:
        sign_in_operator(opened.client, opened.app)
        yield opened


def routes(harness: WebHarness, method: str) -> list[str]:
    """The path of every route with this method, about a project and a report that exist."""
    about = harness.bugspark.add_report(harness.project)
    found: list[str] = []
    for route in iter_route_contexts(harness.app.routes):
        assert route.path is not None and route.methods is not None
        if method not in route.methods or route.path.startswith("/static/"):
            continue
        actions = WEBHOOK_ACTIONS if "/setup/" in route.path else REPORT_ACTIONS
        names = {"project_id": harness.project, "report_id": about}
        found += [
            route.path.format(**names, what=what) for what in (actions if "{what}" in route.path else ("",))
        ]
    return found


async def form_tokens(harness: WebHarness) -> str:
    sessions = harness.access_control.sessions
    session = await sessions.session_from_token(next(iter(harness.client.cookies.values())))
    assert session is not None
    return sessions.form_token(f"session {session.nonce}")


async def test_no_header_of_a_stranger_is_a_500_on_any_route(harness: WebHarness) -> None:
    asked = 0
    for method in ("GET", "POST"):
        for path in routes(harness, method):
            value = NO_ADDRESSES[asked % len(NO_ADDRESSES)].encode("latin-1")
            for names in (HEADERS[:2], HEADERS[2:], HEADERS[asked % len(HEADERS) :][:1]):
                headers = [(name.encode(), value) for name in names]
                answer = await harness.client.request(method, path, headers=headers)
                assert answer.status_code < 500, (method, path, names, value)
            asked += 1
    assert asked > 15


@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_a_referer_that_is_no_address_is_no_page_of_ours(harness: WebHarness, address: str) -> None:
    headers = [(b"Referer", address.encode("latin-1"))]
    answer = await harness.client.post("/sign-in", headers=headers, data={"password": "x"})
    assert answer.status_code == 403
    assert parse_origin("http://[") is None


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word[:2]!r}, {len(word)}")
async def test_a_word_with_a_control_character_or_too_long_is_400_in_every_form_and_command(
    harness: WebHarness, word: str
) -> None:
    base, token = str(harness.client.base_url).rstrip("/"), await form_tokens(harness)
    before = harness.bugspark.rows_of("sync_meta")
    asked = 0
    for path in routes(harness, "POST"):
        if "/webhooks/" in path:
            continue
        asked += 1
        if path.startswith("/api/"):
            answer = await harness.client.post(path, json={"issue": word}, headers={"Origin": base})
            # There the members are keys of settings, and an unknown key is named.
            assert answer.status_code == (422 if path.endswith("/settings/preview") else 400), path
            continue
        for name in FORM_WORDS if path == "/sign-in" else FORM_WORDS[:3]:
            form = {"form_token": token, name: word}
            answer = await harness.client.post(path, data=form, headers={**HTML, "Origin": base})
            assert answer.status_code == 400, (path, name)
    assert asked > 5
    assert harness.bugspark.rows_of("sync_meta") == before
    assert harness.untouched()


@pytest.mark.parametrize("word", [*WORDS, "%", "_", "'", "\\", "é" * 500, "\ud800"])
async def test_no_word_of_a_query_is_a_500_on_any_page(harness: WebHarness, word: str) -> None:
    written, project = quote(word, errors="surrogatepass"), f"/projects/{harness.project}"
    have_state = ("/api/v1/reports", project, f"{project}/reports.csv", f"{project}/reports.json")
    for path in routes(harness, "GET"):
        query = "&".join(f"{name}={written}" for name in ("q", "state", "after", "before", "page", "next"))
        answer = await harness.client.get(f"{path}?{query}", headers=HTML)
        assert answer.status_code < 500, path
        too_much = "%00" in query or len(query) > MAX_QUERY_BYTES
        is_refused = too_much or path in have_state  # these say which states there are
        assert (answer.status_code == 400) is is_refused, path


async def test_a_wrong_delivery_asks_the_same_of_the_database_whether_the_project_is_known_or_not(
    harness: WebHarness,
) -> None:
    engine = harness.app.state.access_control.queries._database._engine
    statements: list[str] = []

    def hear(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    nothing = harness.bugspark.add_project("Without an integration")
    broken = harness.bugspark.add_project("Broken")
    harness.bugspark.add_integration(broken, config={"owner": 1})
    found = []
    sa.event.listen(engine, "before_cursor_execute", hear)
    for project in (harness.project, nothing, broken, "00000000-0000-0000-0000-000000000001"):
        statements.clear()
        answer = await harness.deliver(b"{}", project=project, secret="not " + SECRET)
        found.append((answer.status_code, answer.content, tuple(statements)))
    sa.event.remove(engine, "before_cursor_execute", hear)
    assert found[0][0] == 401
    assert len(found[0][2]) >= 2
    assert len(set(found)) == 1


async def test_a_wrong_delivery_decrypts_as_much_whether_the_project_is_known_or_not(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Fernet.generate_key()
    count = 0
    decrypt = MultiFernet.decrypt

    def count_decryptions(self: MultiFernet, token: bytes | str, ttl: int | None = None) -> bytes:
        nonlocal count
        count += 1
        return decrypt(self, token, ttl)

    monkeypatch.setattr(MultiFernet, "decrypt", count_decryptions)
    async with open_web(migrated, bugspark={"encryption_key": key.decode()}) as harness:
        secret = Fernet(key).encrypt(SECRET.encode()).decode()
        harness.bugspark.execute(
            "UPDATE integrations SET config = :config", config=json.dumps(integration(secret))
        )
        nothing = harness.bugspark.add_project("Without an integration")
        broken = harness.bugspark.add_project("Broken")
        harness.bugspark.add_integration(broken, config={"owner": 1})
        unsigned = harness.bugspark.add_project("Without a secret")
        harness.bugspark.add_integration(unsigned, config=integration(None))
        found = []
        for project in (harness.project, nothing, broken, unsigned, uuid4()):
            count = 0
            answer = await harness.deliver(b"{}", project=project, secret="not " + SECRET)
            found.append((answer.status_code, count))
        assert found == [(401, 2)] * 5
        assert (await harness.deliver(b"{}")).status_code == 202
