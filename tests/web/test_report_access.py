"""Access to a report's page and the set-up page, and to their buttons."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from reconciler.web.actions import REPORT_ACTIONS, WEBHOOK_ACTIONS
from tests.web.browsing import HTML, page
from tests.web.harness import SECRET, WebHarness, integration, open_web
from tests.web.users import BUGSPARK, bearer, join, owner_of


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, **BUGSPARK) as opened:
        yield opened


def changing(harness: WebHarness, project: object, report_id: object) -> list[str]:
    """Every address that something can be sent to."""
    at = f"/projects/{project}/setup"
    return [
        at,
        *(f"{at}/{what}" for what in WEBHOOK_ACTIONS),
        *(f"/reports/{report_id}/{what}" for what in REPORT_ACTIONS),
    ]


async def send(harness: WebHarness, user: UUID, path: str, token: str, origin: str = "") -> httpx.Response:
    headers = HTML | bearer(harness, user) | {"Origin": origin or f"http://127.0.0.1:{harness.port}"}
    fields = {"form_token": token, "issue": "#1", "field": "severity", "take": "github"}
    return await harness.client.post(path, data=fields, headers=headers)


async def token_of(harness: WebHarness, user: UUID, path: str) -> str:
    """What this user's own forms carry."""
    seen = await page(harness.client, path, bearer(harness, user))
    return next(form.fields["form_token"] for form in seen.forms if "form_token" in form.fields)


async def test_another_projects_report_and_set_up_are_not_there(harness: WebHarness) -> None:
    other_user = harness.bugspark.add_user("Stranger")
    theirs = harness.bugspark.add_project("Theirs", owner=other_user)
    harness.bugspark.add_integration(theirs, config=integration("theirs"))
    token = await token_of(harness, other_user, f"/projects/{theirs}/setup")
    ours = harness.bugspark.add_report(harness.project, title="Secret plans")
    before = harness.bugspark.rows_of("integrations")
    for path in (f"/reports/{ours}", f"/projects/{harness.project}/setup"):
        seen = await page(harness.client, path, bearer(harness, other_user), status=404)
        assert "Secret plans" not in seen.shown_text and "Shop" not in seen.shown_text
    for path in changing(harness, harness.project, ours) + changing(harness, uuid4(), uuid4()):
        answer = await send(harness, other_user, path, token)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text and "Shop" not in answer.text
    assert harness.untouched() and harness.bugspark.rows_of("integrations") == before


async def test_a_member_looks_without_secret_and_buttons(harness: WebHarness) -> None:
    member = harness.bugspark.add_user("Member")
    join(harness, member, harness.project)
    ours = harness.bugspark.add_report(harness.project, title="Ours")
    owners = await token_of(harness, owner_of(harness, harness.project), f"/projects/{harness.project}/setup")
    for path in (f"/reports/{ours}", f"/projects/{harness.project}/setup"):
        seen = await page(harness.client, path, bearer(harness, member))
        assert seen.buttons == [] and SECRET not in seen.shown_text and "Reveal" not in seen.shown_text
    for path in changing(harness, harness.project, ours):
        answer = await send(harness, member, path, owners)
        assert answer.status_code == 403, path
        assert SECRET not in answer.text
    assert harness.untouched()


async def test_a_form_from_elsewhere_reveals_and_changes_nothing(harness: WebHarness) -> None:
    owner = owner_of(harness, harness.project)
    token = await token_of(harness, owner, f"/projects/{harness.project}/setup")
    ours = harness.bugspark.add_report(harness.project)
    before = harness.bugspark.rows_of("integrations")
    for path in changing(harness, harness.project, ours):
        for given, origin in ((token, "https://evil.example"), (token, "null"), ("", ""), (token[::-1], "")):
            answer = await send(harness, owner, path, given, origin)
            assert answer.status_code == 403, (path, given, origin)
            assert SECRET not in answer.text
    assert harness.untouched() and harness.bugspark.rows_of("integrations") == before
    assert (await send(harness, owner, f"/projects/{harness.project}/setup", token)).status_code == 200


async def test_a_visitor_is_redirected_to_the_sign_in(harness: WebHarness) -> None:
    ours = harness.bugspark.add_report(harness.project)
    for path in (f"/reports/{ours}", f"/projects/{harness.project}/setup", "/reports/x", "/projects/x/setup"):
        answer = await harness.client.get(path, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    for path in changing(harness, harness.project, ours):
        assert (await harness.client.post(path, headers=HTML)).status_code == 401


async def test_the_api_closes_no_duplicate_for_those_who_may_not(harness: WebHarness) -> None:
    report_id = harness.bugspark.add_report(harness.project)
    other_user, member = harness.bugspark.add_user("Stranger"), harness.bugspark.add_user("Member")
    join(harness, member, harness.project)
    path, body = f"/api/v1/reports/{report_id}/duplicate", {"issue": "#1"}
    owner = owner_of(harness, harness.project)
    sent = {
        401: {},
        404: bearer(harness, other_user),
        403: bearer(harness, member),
    }
    for status, headers in sent.items():
        assert (await harness.client.post(path, json=body, headers=headers)).status_code == status
    cookie = bearer(harness, owner)["Authorization"].removeprefix("Bearer ")
    by_cookie = {"Cookie": f"bugspark_access_token={cookie}"}
    for origin in ({}, {"Origin": "https://evil.example"}):
        answer = await harness.client.post(path, json=body, headers=by_cookie | origin)
        assert answer.status_code == 403
    assert harness.untouched()
