"""The settings of a project as a form: without a script, over a real database and the simulated GitHub."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from reconciler.model.viewer import OPERATOR
from reconciler.store.bugspark import bugspark_tables as tables
from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub, github
from tests.support.loopback import loopback_client
from tests.support.sync import Sync, open_sync
from tests.web.browsing import HTML, Page, page
from tests.web.harness import build_web
from tests.web.users import JWT_SECRET, token

__all__ = ["github"]

PREVIEW = "Preview on existing links"
LABELS = {
    "severity.critical": "sev1",
    "severity.high": "sev2\r\nhigh",
    "severity.medium": "sev3",
    "severity.low": "sev4",
}


@dataclass(slots=True, kw_only=True)
class SettingsForm:
    """A user's browser on the page."""

    sync: Sync
    client: httpx.AsyncClient
    user: dict[str, str]

    @property
    def path(self) -> str:
        return f"/projects/{self.sync.project}/settings"

    async def look(self) -> Page:
        return await page(self.client, self.path, self.user)

    async def send(self, what: str, typed: Mapping[str, str], seen: Page | None = None) -> httpx.Response:
        """Send the form as it is on a page, with these values typed."""
        seen = seen or await self.look()
        hidden = seen.form(PREVIEW).fields
        sent = {name: hidden[name] for name in ("form_token", "version", "hash") if name in hidden}
        headers = HTML | self.user | {"Origin": str(self.client.base_url).rstrip("/")}
        return await self.client.post(self.path, data=sent | dict(typed) | {"what": what}, headers=headers)

    async def call(self, method: str, path: str, body: Any) -> httpx.Response:
        """Ask the JSON API."""
        headers = self.user | {"Content-Type": "application/json"}
        return await self.client.request(
            method, f"/api/v1{self.path}{path}", content=json.dumps(body), headers=headers
        )

    def stored(self) -> Any:
        """The settings in force, as they are stored."""
        rows = sorted(self.sync.bugspark.rows_of("sync_settings"), key=lambda row: int(row["version"]))
        return json.loads(rows[-1]["content"]) if rows else None


@pytest.fixture
async def form(migrated: str, github: GitHub) -> AsyncIterator[SettingsForm]:
    sockets = bind_sockets("127.0.0.1", 0)
    base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    async with open_sync(
        migrated,
        github,
        web={"public_url": base},
        bugspark={"jwt_secret": JWT_SECRET},
        owners={"may": ["labels", "stage", "export", "content"]},
    ) as sync:
        app = await build_web(sync.app._container, sockets)
        owner = sync.bugspark.rows_of("projects")[0]["owner_id"]
        async with serving(app, sockets), loopback_client(base) as client:
            yield SettingsForm(sync=sync, client=client, user=signed_in(sync, owner))


def signed_in(sync: Sync, user: UUID) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(user, sync.clock.now())}"}


async def test_what_is_typed_is_stored_and_what_is_left_empty_is_the_operators(form: SettingsForm) -> None:
    answer = await form.send(
        "save",
        {
            **LABELS,
            "private_prefix": "#internal",
            "export": "",
            "category.ui:none": "1",
            "sections:description": "1",
            "sections:console": "1",
        },
    )
    assert answer.status_code == 303, answer.text[:500]
    assert form.stored() == {
        "severity": {"critical": ["sev1"], "high": ["sev2", "high"], "medium": ["sev3"], "low": ["sev4"]},
        "category": {"ui": []},
        "private_prefix": "#internal",
        "sections": ["description", "console"],
    }
    shown = await form.look()
    assert "In force: sev2, high. Operator’s: high-priority, high" in shown.shown_text
    assert "version 1" in shown.shown_text


async def test_a_wrong_value_is_named_beside_its_control_and_nothing_typed_is_lost(
    form: SettingsForm,
) -> None:
    answer = await form.send("save", {"severity.high": "sev2", "private_prefix": "<secret"})
    assert answer.status_code == 422
    assert form.stored() is None
    assert 'id="key-private_prefix-problem"' in answer.text
    assert 'aria-describedby="key-private_prefix-values key-private_prefix-problem"' in answer.text
    assert 'href="#key-private_prefix"' in answer.text
    assert 'value="&lt;secret"' in answer.text and ">\nsev2</textarea>" in answer.text
    assert "private_prefix is shorter" in Page(answer.text).shown_text


async def test_groups_that_the_operator_keeps_are_shown_and_stay_as_they_are(form: SettingsForm) -> None:
    shown = await form.look()
    assert "The operator of this program keeps this." in shown.shown_text
    assert "When both sides changed" in shown.shown_text
    answer = await form.send("save", {"conflict": "github", "export": "all"})
    assert answer.status_code == 303
    assert form.stored() == {"export": "all"}


async def test_of_two_editors_the_slower_one_sees_what_the_other_changed_and_saves_both(
    form: SettingsForm,
) -> None:
    await form.send("save", {"private_prefix": "#internal"})
    seen = await form.look()
    await form.send("save", {"private_prefix": "#internal", "export": "all"})
    answer = await form.send("save", {"private_prefix": "#private"}, seen)
    assert answer.status_code == 412
    slower = Page(answer.text)
    assert "Somebody else has saved" in slower.shown_text
    assert "export : not set → all" in slower.shown_text
    assert 'value="#private"' in answer.text and '<option value="all" selected>' in answer.text
    assert form.stored() == {"private_prefix": "#internal", "export": "all"}
    assert (
        await form.send("save", {"private_prefix": "#private", "export": "all"}, slower)
    ).status_code == 303
    assert form.stored() == {"private_prefix": "#private", "export": "all"}


async def test_an_earlier_version_is_brought_back_by_its_button_as_a_new_one(form: SettingsForm) -> None:
    await form.send("save", {"private_prefix": "#internal"})
    await form.send("save", {"private_prefix": "#private"})
    shown = await form.look()
    assert "private_prefix : #internal → #private" in shown.shown_text
    assert "owner of Shop" in shown.shown_text
    back = shown.form("Bring back")
    assert back.fields["restored"] == "1"
    headers = HTML | form.user | {"Origin": str(form.client.base_url).rstrip("/")}
    answer = await form.client.post(form.path, data=back.fields, headers=headers)
    assert answer.status_code == 303
    assert form.stored() == {"private_prefix": "#internal"}
    assert "version 3" in (await form.look()).shown_text
    again = await form.client.post(form.path, data=back.fields, headers=headers)
    assert again.status_code == 412
    assert 'value="#internal"' in again.text


async def test_applying_to_existing_links_shows_its_plan_first_and_then_does_that(form: SettingsForm) -> None:
    _, number = await form.sync.linked(severity="high")
    answer = await form.send("preview", LABELS)
    assert answer.status_code == 200 and form.stored() is None
    shown = Page(answer.text)
    assert "the settings are applied to existing links" in shown.shown_text
    assert "Save, and apply to existing links" in shown.shown_text
    changed = await form.send("apply", LABELS | {"severity.high": "sev22"}, shown)
    assert changed.status_code == 409 and form.stored() is None
    assert "Nothing was changed" in Page(changed.text).shown_text
    assert (await form.send("apply", LABELS, shown)).status_code == 303
    await form.sync.settle()
    assert form.sync.labels(number) == {"bug", "sev2"}


async def test_the_api_previews_and_applies_with_the_same_hash(form: SettingsForm) -> None:
    report, number = await form.sync.linked(severity="high")
    settings = {"severity": {"high": ["sev2"]}}
    shown = await form.call("POST", "/preview", settings)
    assert shown.status_code == 200
    (action,) = shown.json()["actions"]
    assert (action["report"], action["field"], action["to"]) == (str(report), "severity", "high")
    assert set(shown.json()) == {"hash", "actions"} and form.stored() is None
    other = await form.call("POST", "/apply", {"hash": shown.json()["hash"]})
    assert other.status_code == 409
    await form.sync.app.settings.save_settings(
        form.sync.project, json.dumps(settings).encode(), OPERATOR, expected=0
    )
    done = await form.call("POST", "/apply", {"hash": shown.json()["hash"]})
    assert (done.status_code, done.json()) == (200, shown.json())
    await form.sync.settle()
    assert form.sync.labels(number) == {"bug", "sev2"}


async def test_the_api_refuses_a_preview_of_wrong_or_kept_settings_and_bodies_that_are_none(
    form: SettingsForm,
) -> None:
    for path, body, status, key in (
        ("/preview", {"severity": {"high": []}}, 422, "severity.high"),
        ("/preview", {"conflict": "github"}, 403, "conflict"),
        ("/apply", {"hash": 1}, 400, None),
        ("/apply", {"hash": "x", "more": 1}, 400, None),
    ):
        answer = await form.call("POST", path, body)
        assert (answer.status_code, answer.json().get("key")) == (status, key), (path, answer.text)


async def test_a_member_sees_the_settings_and_may_change_nothing(form: SettingsForm) -> None:
    await form.send("save", {"private_prefix": "#internal"})
    member = form.sync.bugspark.add_user("Mia")
    row = {
        "id": uuid4(),
        "project_id": form.sync.project,
        "user_id": member,
        "email": "mia@example.test",
        "invite_accepted_at": form.sync.clock.now(),
    }
    with form.sync.bugspark.engine.begin() as connection:
        connection.execute(sa.insert(tables.project_members).values(row))
    form.user = signed_in(form.sync, member)
    seen = await form.look()
    assert seen.buttons == []
    assert "In force: #internal" in seen.shown_text
    answer = await form.client.post(form.path, data={"what": "save"}, headers=HTML | form.user)
    assert answer.status_code == 403
    for path in ("/preview", "/apply"):
        assert (await form.call("POST", path, {})).status_code == 403
