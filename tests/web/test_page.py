"""Who sees and changes which page; forms that are not ours; errors as pages; what needs no sign-in."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from reconciler.web.pages import project, static_files
from reconciler.web.pages.templating import visible_line, visible_lines
from tests.web.browsing import HTML, page
from tests.web.house import House, integration, open_house
from tests.web.people import BUGSPARK, PASSWORD, bearer, by_password, join, owner_of


@pytest.fixture
async def house(migrated: str) -> AsyncIterator[House]:
    async with open_house(migrated, **BUGSPARK) as opened:
        yield opened


def origin(house: House) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{house.port}"}


async def send(
    house: House, user: UUID, what: str, token: str | None = None, **headers: str
) -> httpx.Response:
    data = {} if token is None else {"form_token": token}
    sent = HTML | bearer(house, user) | headers
    return await house.client.post(f"/projects/{house.project}/{what}", data=data, headers=sent)


async def token_of(house: House, user: UUID) -> str:
    """What this user's own forms carry; a viewer has no form, a stranger no page."""
    seen = await page(house.client, "/", bearer(house, user))
    forms = [form for form in seen.forms if "form_token" in form.fields]
    if forms:
        return forms[0].fields["form_token"]
    seen = await page(house.client, f"/projects/{house.project}", bearer(house, user))
    return next(form.fields["form_token"] for form in seen.forms if "form_token" in form.fields)


async def test_each_page_and_button_of_another_project_is_not_there(house: House) -> None:
    stranger = house.bugspark.add_user("Stranger")
    theirs = house.bugspark.add_project("Theirs", owner=stranger)
    house.bugspark.add_integration(theirs, config=integration())
    seen = await page(house.client, f"/projects/{house.project}", bearer(house, stranger), status=404)
    assert "Not here, or not yours" in seen.words and "Shop" not in seen.words
    assert "Shop" not in (await page(house.client, "/", bearer(house, stranger))).words
    good = (await page(house.client, f"/projects/{theirs}", bearer(house, stranger))).forms[0]
    for what in project.ACTIONS:
        answer = await send(house, stranger, what, good.fields["form_token"], **origin(house))
        nothing = await house.client.post(
            f"/projects/{uuid4()}/{what}", headers=HTML | bearer(house, stranger)
        )
        assert (answer.status_code, nothing.status_code) == (404, 404), what
        assert "Shop" not in answer.text
    assert house.untouched()


async def test_a_member_looks_and_changes_nothing(house: House) -> None:
    member = house.bugspark.add_user("Member")
    join(house, member, house.project)
    seen = await page(house.client, f"/projects/{house.project}", bearer(house, member))
    assert seen.buttons == []
    owners = await token_of(house, owner_of(house, house.project))
    for what in project.ACTIONS:
        answer = await send(house, member, what, owners, **origin(house))
        assert answer.status_code == 403, what
        assert "only the project" in answer.text.lower()
    assert house.untouched()


async def test_a_form_without_its_token_or_from_elsewhere_does_nothing(house: House) -> None:
    owner = owner_of(house, house.project)
    token = await token_of(house, owner)
    other = house.bugspark.add_user("Root", role="superadmin")
    foreign = {"Origin": "https://evil.example"}
    for headers, given in (
        (origin(house), None),
        (origin(house), ""),
        (origin(house), await token_of(house, other)),
        (foreign, token),
        ({}, token),
        ({"Origin": "null"}, token),
    ):
        answer = await send(house, owner, "sync", given, **headers)
        assert answer.status_code == (415 if given is None else 403), (headers, given)
    assert house.untouched()
    assert (await send(house, owner, "sync", token, **origin(house))).status_code == 303
    assert house.queue.projects == [house.project]


async def test_nobody_is_sent_to_the_sign_in_and_back_to_where_they_wanted(house: House) -> None:
    wanted = f"/projects/{house.project}?q=a%26b"
    answer = await house.client.get(wanted, headers=HTML)
    assert answer.status_code == 303
    there = answer.headers["location"]
    assert there == f"/sign-in?next=/projects/{house.project}%3Fq%3Da%2526b"
    seen = await page(house.client, there)
    assert "Sign in" in seen.words
    assert (await house.client.post(f"/projects/{house.project}/sync", headers=HTML)).status_code == 401
    assert (await house.client.get(wanted)).status_code == 401  # a program gets no redirection
    assert (await house.client.get("/projects/no-id", headers=HTML)).status_code == 303


async def test_errors_are_pages_for_people_and_json_for_programs(house: House) -> None:
    owner = bearer(house, owner_of(house, house.project))
    for path in ("/nothing", f"/projects/{uuid4()}", "/projects/no-id"):
        seen = await page(house.client, path, owner, status=404)
        assert "To the overview" in seen.words
        answer = await house.client.get(path, headers=owner)
        assert answer.json() == {"detail": "Not found."}
    answer = await house.client.get(f"/api/v1/projects/{uuid4()}", headers=owner | HTML)
    assert answer.headers["content-type"] == "application/json"


async def test_without_the_database_the_page_says_what_still_works(house: House) -> None:
    owner = bearer(house, owner_of(house, house.project))
    house.bugspark.execute("DROP TABLE sync_intents")
    seen = await page(house.client, f"/projects/{house.project}", owner, status=503)
    assert "The database is away" in seen.words and "What still works" in seen.words
    answer = await house.client.get(f"/projects/{house.project}", headers=owner)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_what_was_done_is_said_once_and_nobody_else_can_make_us_say_it(house: House) -> None:
    user = owner_of(house, house.project)
    owner = bearer(house, user)
    answer = await send(house, user, "pause", await token_of(house, user), **origin(house))
    cookie = answer.cookies["reconciler-said"]
    house.client.cookies.clear()
    kept = {"Cookie": f"reconciler-said={cookie}"}
    live = await page(house.client, "/", owner | kept | {"X-Live": "1"})
    assert "Shop is paused" not in live.words  # a refresh takes nothing away
    said = await house.client.get("/", headers=HTML | owner | kept)
    assert "Shop is paused: no pass" in said.text
    assert "Max-Age=0" in said.headers["set-cookie"]
    other = house.bugspark.add_user("Root", role="superadmin")
    assert "no pass is made" not in (await page(house.client, "/", bearer(house, other) | kept)).words
    forged = urlsafe_b64encode(json.dumps(["Send money", False]).encode()).decode()
    for value in (f"{forged}.{'0' * 64}", forged, ".", f"{forged}.", "é"):
        sent = [(name.encode(), text.encode()) for name, text in (HTML | owner).items()]
        sent.append((b"Cookie", f"reconciler-said={value}".encode()))
        answer = await house.client.get("/", headers=sent)
        assert answer.status_code == 200 and "Send money" not in answer.text


async def test_style_and_script_are_for_everybody_for_ever_and_ours_alone(house: House) -> None:
    for name, long in static_files.read_static_files().hashed_names.items():
        answer = await house.client.get(f"/static/{long}")
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == static_files.IMMUTABLE_CACHE_CONTROL
        assert "//" not in answer.text.replace("http://www.w3.org/2000/svg", "") or name == "live.js"
        assert "@import" not in answer.text and "url(" not in answer.text
    assert (await house.client.get("/static/style.css")).status_code == 404
    assert (await house.client.get("/static/../templates/base.html")).status_code == 404


async def test_the_operator_signs_in_and_out_on_pages_of_the_same_looks(migrated: str) -> None:
    async with open_house(migrated, **by_password()) as house:
        seen = await page(house.client, "/sign-in")
        form = seen.form("Sign in")
        answer = await house.client.post(
            form.action, data=form.fields | {"password": PASSWORD}, headers=HTML | origin(house)
        )
        assert answer.status_code == 303
        seen = await page(house.client, "/")
        out = seen.form("Sign out")
        answer = await house.client.post(out.action, data=out.fields, headers=HTML | origin(house))
        assert answer.status_code == 303
        assert (await house.client.get("/", headers=HTML)).headers["location"].startswith("/sign-in")


async def test_below_a_prefix_every_address_of_ours_has_it(migrated: str) -> None:
    web = {"public_url": "https://sync.example/below"}
    async with open_house(migrated, **BUGSPARK, web=web) as house:
        owner = bearer(house, owner_of(house, house.project)) | {"Host": "sync.example"}
        seen = await page(house.client, f"/below/projects/{house.project}", owner)
        assert all(address.startswith(("/below/", "http", "#")) for address, _ in seen.links)
        assert all(form.action.startswith("/below/") for form in seen.forms)
        answer = await house.client.get("/below/", headers=HTML | {"Host": "sync.example"})
        assert answer.headers["location"] == "/below/sign-in?next=/"


async def test_a_long_answer_in_any_script_fits_the_cookie_that_says_it_once(house: House) -> None:
    user = owner_of(house, house.project)
    report = house.bugspark.add_report(house.project)
    token = await token_of(house, user)
    for issue in ("x" * 5000, "\U0001f41b" * 5000, "\x01" * 5000):
        answer = await house.client.post(
            f"/reports/{report}/link",
            data={"form_token": token, "issue": issue},
            headers=HTML | bearer(house, user) | origin(house),
        )
        assert answer.status_code == 303
        assert len(answer.headers["set-cookie"]) < 4000
        kept = {"Cookie": f"reconciler-said={answer.cookies['reconciler-said']}"}
        house.client.cookies.clear()
        seen = await page(house.client, f"/reports/{report}", bearer(house, user) | kept)
        assert "names no issue" in seen.words or issue[:20] in seen.words or "x01" in seen.words


def test_marks_piled_on_a_letter_stay_within_their_line() -> None:
    assert visible_line("Z" + "\u0335" * 500 + "algo") == "Z" + "\u0335" * 6 + "algo"
    assert visible_lines("a\u0301\nb\u202e") == "a\u0301\nb\\u202e"
    for fine in ("naïve", "पुस्तक", "שָׁלוֹם", "ที่นี่", "e\u0301\u0323"):
        assert visible_line(fine) == fine
