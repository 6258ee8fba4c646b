"""Access to pages, forms from other origins, error pages, and pages without a sign-in."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import httpx
import pytest

from reconciler.web.actions import PROJECT_ACTIONS
from reconciler.web.pages import static_files
from reconciler.web.pages.templating import safe_line, visible_lines
from tests.web.browsing import HTML, page
from tests.web.harness import WebHarness, integration, open_web
from tests.web.users import BUGSPARK, PASSWORD, bearer, by_password, join, owner_of


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, **BUGSPARK) as opened:
        yield opened


def origin(harness: WebHarness) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{harness.port}"}


async def send(
    harness: WebHarness, user: UUID, what: str, token: str | None = None, **headers: str
) -> httpx.Response:
    data = {} if token is None else {"form_token": token}
    sent = HTML | bearer(harness, user) | headers
    return await harness.client.post(f"/projects/{harness.project}/{what}", data=data, headers=sent)


async def token_of(harness: WebHarness, user: UUID) -> str:
    """Return the form token of this user; a viewer has no form, another user no page."""
    seen = await page(harness.client, "/", bearer(harness, user))
    forms = [form for form in seen.forms if "form_token" in form.fields]
    if forms:
        return forms[0].fields["form_token"]
    seen = await page(harness.client, f"/projects/{harness.project}", bearer(harness, user))
    return next(form.fields["form_token"] for form in seen.forms if "form_token" in form.fields)


async def test_each_page_and_button_of_another_project_is_not_there(harness: WebHarness) -> None:
    other_user = harness.bugspark.add_user("Stranger")
    theirs = harness.bugspark.add_project("Theirs", owner=other_user)
    harness.bugspark.add_integration(theirs, config=integration())
    seen = await page(harness.client, f"/projects/{harness.project}", bearer(harness, other_user), status=404)
    assert "Not found" in seen.shown_text and "Shop" not in seen.shown_text
    assert "Shop" not in (await page(harness.client, "/", bearer(harness, other_user))).shown_text
    good = (await page(harness.client, f"/projects/{theirs}", bearer(harness, other_user))).forms[0]
    for what in PROJECT_ACTIONS:
        answer = await send(harness, other_user, what, good.fields["form_token"], **origin(harness))
        nothing = await harness.client.post(
            f"/projects/{uuid4()}/{what}", headers=HTML | bearer(harness, other_user)
        )
        assert (answer.status_code, nothing.status_code) == (404, 404), what
        assert "Shop" not in answer.text
    assert harness.untouched()


async def test_a_member_looks_and_changes_nothing(harness: WebHarness) -> None:
    member = harness.bugspark.add_user("Member")
    join(harness, member, harness.project)
    seen = await page(harness.client, f"/projects/{harness.project}", bearer(harness, member))
    assert seen.buttons == []
    owners = await token_of(harness, owner_of(harness, harness.project))
    for what in PROJECT_ACTIONS:
        answer = await send(harness, member, what, owners, **origin(harness))
        assert answer.status_code == 403, what
        assert "only the project" in answer.text.lower()
    assert harness.untouched()


async def test_a_form_without_its_token_or_from_elsewhere_does_nothing(harness: WebHarness) -> None:
    owner = owner_of(harness, harness.project)
    token = await token_of(harness, owner)
    other = harness.bugspark.add_user("Root", role="superadmin")
    foreign = {"Origin": "https://evil.example"}
    for headers, given in (
        (origin(harness), None),
        (origin(harness), ""),
        (origin(harness), await token_of(harness, other)),
        (foreign, token),
        ({}, token),
        ({"Origin": "null"}, token),
    ):
        answer = await send(harness, owner, "sync", given, **headers)
        assert answer.status_code == (415 if given is None else 403), (headers, given)
    assert harness.untouched()
    assert (await send(harness, owner, "sync", token, **origin(harness))).status_code == 303
    assert harness.queue.projects == [harness.project]


async def test_a_visitor_is_redirected_to_the_sign_in_with_the_way_back(harness: WebHarness) -> None:
    wanted = f"/projects/{harness.project}?q=a%26b"
    answer = await harness.client.get(wanted, headers=HTML)
    assert answer.status_code == 303
    there = answer.headers["location"]
    assert there == f"/sign-in?next=/projects/{harness.project}%3Fq%3Da%2526b"
    seen = await page(harness.client, there)
    assert "Sign in" in seen.shown_text
    assert (await harness.client.post(f"/projects/{harness.project}/sync", headers=HTML)).status_code == 401
    assert (await harness.client.get(wanted)).status_code == 401  # a program gets no redirection
    assert (await harness.client.get("/projects/no-id", headers=HTML)).status_code == 303


async def test_errors_are_pages_for_people_and_json_for_programs(harness: WebHarness) -> None:
    owner = bearer(harness, owner_of(harness, harness.project))
    for path in ("/nothing", f"/projects/{uuid4()}", "/projects/no-id"):
        seen = await page(harness.client, path, owner, status=404)
        assert "To the overview" in seen.shown_text
        answer = await harness.client.get(path, headers=owner)
        assert answer.json() == {"detail": "Not found."}
    answer = await harness.client.get(f"/api/v1/projects/{uuid4()}", headers=owner | HTML)
    assert answer.headers["content-type"] == "application/json"


async def test_every_refused_request_has_a_title_of_its_own(harness: WebHarness) -> None:
    user = owner_of(harness, harness.project)
    owner, sync = bearer(harness, user), f"/projects/{harness.project}/sync"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    tries: Sequence[tuple[str, str, bytes, dict[str, str], str]] = (
        ("GET", f"/projects/{harness.project}?state=zebra", b"", {}, "This request can’t be used"),
        ("POST", "/", b"", {}, "This address takes no such request"),
        ("POST", sync, b"a=b", form, "This form was not taken"),
        ("POST", sync, b"a=b", form | origin(harness), "This form was not taken"),
        ("POST", sync, b"a", {"Content-Type": "text/plain"} | origin(harness), "This is no form"),
        ("POST", sync, b"a" * 2_000_000, form | origin(harness), "This is too large"),
    )
    for method, path, body, headers, title in tries:
        answer = await harness.client.request(method, path, content=body, headers=HTML | owner | headers)
        assert f"<h1>{title}</h1>" in answer.text, (method, path, answer.status_code)
        assert "Its owner in BugSpark can do" not in answer.text, "nothing is said of rights"
    assert harness.untouched()


async def test_without_the_database_the_page_says_what_still_works(harness: WebHarness) -> None:
    owner = bearer(harness, owner_of(harness, harness.project))
    harness.bugspark.execute("DROP TABLE sync_intents")
    seen = await page(harness.client, f"/projects/{harness.project}", owner, status=503)
    assert "The database is unreachable" in seen.shown_text and "What still works" in seen.shown_text
    answer = await harness.client.get(f"/projects/{harness.project}", headers=owner)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_a_flash_message_is_shown_once_and_cannot_be_forged(harness: WebHarness) -> None:
    user = owner_of(harness, harness.project)
    owner = bearer(harness, user)
    answer = await send(harness, user, "pause", await token_of(harness, user), **origin(harness))
    cookie = answer.cookies["reconciler-said"]
    harness.client.cookies.clear()
    kept = {"Cookie": f"reconciler-said={cookie}"}
    live = await page(harness.client, "/", owner | kept | {"X-Live": "1"})
    assert "Shop is paused" not in live.shown_text  # a refresh keeps the message
    shown = await harness.client.get("/", headers=HTML | owner | kept)
    assert "Shop is paused: no pass" in shown.text
    assert "Max-Age=0" in shown.headers["set-cookie"]
    other = harness.bugspark.add_user("Root", role="superadmin")
    assert (
        "no pass is made" not in (await page(harness.client, "/", bearer(harness, other) | kept)).shown_text
    )
    forged = urlsafe_b64encode(json.dumps(["Send money", False]).encode()).decode()
    for value in (f"{forged}.{'0' * 64}", forged, ".", f"{forged}.", "é"):
        sent = [(name.encode(), text.encode()) for name, text in (HTML | owner).items()]
        sent.append((b"Cookie", f"reconciler-said={value}".encode()))
        answer = await harness.client.get("/", headers=sent)
        assert answer.status_code == 200 and "Send money" not in answer.text


async def test_static_files_are_public_cached_and_our_own(harness: WebHarness) -> None:
    for name, long in static_files.read_static_files().hashed_names.items():
        answer = await harness.client.get(f"/static/{long}")
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == static_files.IMMUTABLE_CACHE_CONTROL
        assert "//" not in answer.text.replace("http://www.w3.org/2000/svg", "") or name.endswith(".js")
        assert "@import" not in answer.text and "url(" not in answer.text
    assert (await harness.client.get("/static/style.css")).status_code == 404
    assert (await harness.client.get("/static/../templates/base.html")).status_code == 404


async def test_the_operator_signs_in_and_out_on_pages_of_the_same_looks(migrated: str) -> None:
    async with open_web(migrated, **by_password()) as harness:
        seen = await page(harness.client, "/sign-in")
        form = seen.form("Sign in")
        answer = await harness.client.post(
            form.action, data=form.fields | {"password": PASSWORD}, headers=HTML | origin(harness)
        )
        assert answer.status_code == 303
        seen = await page(harness.client, "/")
        out = seen.form("Sign out")
        answer = await harness.client.post(out.action, data=out.fields, headers=HTML | origin(harness))
        assert answer.status_code == 303
        assert (await harness.client.get("/", headers=HTML)).headers["location"].startswith("/sign-in")


async def test_below_a_prefix_every_address_of_ours_has_it(migrated: str) -> None:
    web = {"public_url": "https://sync.example/below"}
    async with open_web(migrated, **BUGSPARK, web=web) as harness:
        owner = bearer(harness, owner_of(harness, harness.project)) | {"Host": "sync.example"}
        seen = await page(harness.client, f"/below/projects/{harness.project}", owner)
        assert all(address.startswith(("/below/", "http", "#")) for address, _ in seen.links)
        assert all(form.action.startswith("/below/") for form in seen.forms)
        answer = await harness.client.get("/below/", headers=HTML | {"Host": "sync.example"})
        assert answer.headers["location"] == "/below/sign-in?next=/"


async def test_a_long_answer_in_any_script_fits_the_cookie_that_says_it_once(harness: WebHarness) -> None:
    user = owner_of(harness, harness.project)
    report = harness.bugspark.add_report(harness.project)
    token = await token_of(harness, user)
    for issue in ("x" * 2000, "\U0001f41b" * 2000, "\u202e" * 2000):
        answer = await harness.client.post(
            f"/reports/{report}/link",
            data={"form_token": token, "issue": issue},
            headers=HTML | bearer(harness, user) | origin(harness),
        )
        assert answer.status_code == 303
        assert len(answer.headers["set-cookie"]) < 4000
        kept = {"Cookie": f"reconciler-said={answer.cookies['reconciler-said']}"}
        harness.client.cookies.clear()
        seen = await page(harness.client, f"/reports/{report}", bearer(harness, user) | kept)
        assert (
            "names no issue" in seen.shown_text or issue[:20] in seen.shown_text or "u202e" in seen.shown_text
        )


def test_marks_piled_on_a_letter_stay_within_their_line() -> None:
    assert safe_line("Z" + "\u0335" * 500 + "algo") == "Z" + "\u0335" * 6 + "algo"
    assert visible_lines("a\u0301\nb\u202e") == "a\u0301\nb\\u202e"
    for fine in ("naïve", "पुस्तक", "שָׁלוֹם", "ที่นี่", "e\u0301\u0323"):
        assert safe_line(fine) == fine
