"""Who sees a report's page and the set-up, and who may press a button on them."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from reconciler.web.pages import report, setup
from tests.web.browsing import HTML, page
from tests.web.house import SECRET, House, integration, open_house
from tests.web.people import BUGSPARK, bearer, join, owner_of


@pytest.fixture
async def house(migrated: str) -> AsyncIterator[House]:
    async with open_house(migrated, **BUGSPARK) as opened:
        yield opened


def changing(house: House, project: object, report_id: object) -> list[str]:
    """Every address that something can be sent to."""
    at = f"/projects/{project}/setup"
    return [
        at,
        *(f"{at}/{what}" for what in setup.ACTIONS),
        *(f"/reports/{report_id}/{what}" for what in report.ACTIONS),
    ]


async def send(house: House, user: UUID, path: str, token: str, origin: str = "") -> httpx.Response:
    headers = HTML | bearer(house, user) | {"Origin": origin or f"http://127.0.0.1:{house.port}"}
    fields = {"form_token": token, "issue": "#1", "field": "severity", "take": "github"}
    return await house.client.post(path, data=fields, headers=headers)


async def token_of(house: House, user: UUID, path: str) -> str:
    """What this user's own forms carry."""
    seen = await page(house.client, path, bearer(house, user))
    return next(form.fields["form_token"] for form in seen.forms if "form_token" in form.fields)


async def test_another_projects_report_and_set_up_are_not_there(house: House) -> None:
    stranger = house.bugspark.add_user("Stranger")
    theirs = house.bugspark.add_project("Theirs", owner=stranger)
    house.bugspark.add_integration(theirs, config=integration("theirs"))
    token = await token_of(house, stranger, f"/projects/{theirs}/setup")
    ours = house.bugspark.add_report(house.project, title="Secret plans")
    before = house.bugspark.rows_of("integrations")
    for path in (f"/reports/{ours}", f"/projects/{house.project}/setup"):
        seen = await page(house.client, path, bearer(house, stranger), status=404)
        assert "Secret plans" not in seen.words and "Shop" not in seen.words
    for path in changing(house, house.project, ours) + changing(house, uuid4(), uuid4()):
        answer = await send(house, stranger, path, token)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text and "Shop" not in answer.text
    assert house.untouched() and house.bugspark.rows_of("integrations") == before


async def test_a_member_looks_without_secret_and_buttons(house: House) -> None:
    member = house.bugspark.add_user("Member")
    join(house, member, house.project)
    ours = house.bugspark.add_report(house.project, title="Ours")
    owners = await token_of(house, owner_of(house, house.project), f"/projects/{house.project}/setup")
    for path in (f"/reports/{ours}", f"/projects/{house.project}/setup"):
        seen = await page(house.client, path, bearer(house, member))
        assert seen.buttons == [] and SECRET not in seen.words and "Reveal" not in seen.words
    for path in changing(house, house.project, ours):
        answer = await send(house, member, path, owners)
        assert answer.status_code == 403, path
        assert SECRET not in answer.text
    assert house.untouched()


async def test_a_form_from_elsewhere_reveals_and_changes_nothing(house: House) -> None:
    owner = owner_of(house, house.project)
    token = await token_of(house, owner, f"/projects/{house.project}/setup")
    ours = house.bugspark.add_report(house.project)
    before = house.bugspark.rows_of("integrations")
    for path in changing(house, house.project, ours):
        for given, origin in ((token, "https://evil.example"), (token, "null"), ("", ""), (token[::-1], "")):
            answer = await send(house, owner, path, given, origin)
            assert answer.status_code == 403, (path, given, origin)
            assert SECRET not in answer.text
    assert house.untouched() and house.bugspark.rows_of("integrations") == before
    assert (await send(house, owner, f"/projects/{house.project}/setup", token)).status_code == 200


async def test_nobody_is_sent_to_the_sign_in(house: House) -> None:
    ours = house.bugspark.add_report(house.project)
    for path in (f"/reports/{ours}", f"/projects/{house.project}/setup", "/reports/x", "/projects/x/setup"):
        answer = await house.client.get(path, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    for path in changing(house, house.project, ours):
        assert (await house.client.post(path, headers=HTML)).status_code == 401
