"""Who ran which command: named on pages, in the API and in `why`."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from reconciler.model.api_tokens import build_api_token, configuration_line, find_api_token, hash_api_token
from reconciler.store.bugspark import bugspark_tables
from tests.support.github import github
from tests.support.sync import Sync
from tests.web.browsing import page, press
from tests.web.harness import open_web
from tests.web.page_fixtures import client, queue, served, sync
from tests.web.users import BUGSPARK, bearer, owner_of

__all__ = ["client", "github", "queue", "served", "sync"]

ACT, READ = build_api_token("release-bot", "a" * 43), build_api_token("nightly", "b" * 43)
TOKENS: dict[str, Any] = {
    "web": {
        "api_tokens": {
            "release-bot": f"act:{hash_api_token(ACT)}",
            "nightly": f"read:{hash_api_token(READ)}",
        }
    }
}


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def acts_of(client: httpx.AsyncClient, report: object) -> list[tuple[str, str]]:
    details = (await client.get(f"/api/v1/reports/{report}")).json()
    return [(each["what"], each["by"]) for each in details["acts"]]


async def test_buttons_and_commands_of_the_terminal_stand_under_who_ran_them(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    await press(client, await page(client, f"/reports/{report}"), "Unlink")
    await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    found = await acts_of(client, report)
    assert found[1] == ("unlink", "the operator")
    what, who = found[0]
    assert what == "link" and who.endswith(" on the command line")
    for path in (f"/reports/{report}", f"/projects/{sync.project}"):
        assert "unlink by the operator" in (await page(client, path)).shown_text
    await press(client, await page(client, f"/projects/{sync.project}"), "Pause")
    assert "pause by the operator" in (await page(client, f"/projects/{sync.project}")).shown_text
    assert await acts_of(client, report) == found


async def test_a_users_name_goes_with_the_account(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        owner = owner_of(harness, harness.project)
        headers = bearer(harness, owner)
        at = f"/api/v1/projects/{harness.project}"
        assert (
            await harness.client.post(f"{at}/webhook/reveal", json={}, headers=headers)
        ).status_code == 200
        assert (await harness.client.post(f"{at}/pause", json={}, headers=headers)).status_code == 200
        refused = await harness.client.post(f"{at}/accept", json={"hash": "x"}, headers=headers)
        assert refused.status_code == 409
        rows = harness.bugspark.rows_of("sync_acts")
        assert [row["what"] for row in rows] == ["reveal", "pause"]
        seen = await page(harness.client, f"/projects/{harness.project}", headers)
        assert "pause by owner of Shop" in seen.shown_text
        with harness.bugspark.engine.begin() as connection:
            users = bugspark_tables.users
            connection.execute(sa.update(users).where(users.c.id == owner).values(name="Deleted User"))
        seen = await page(harness.client, f"/projects/{harness.project}", headers)
        assert "pause by Deleted User" in seen.shown_text and "by owner of Shop" not in seen.shown_text
        assert not any("owner of Shop" in str(value) for row in rows for value in row.values())


async def test_a_token_reads_or_acts_and_its_acts_stand_under_its_name(migrated: str) -> None:
    async with open_web(migrated, **TOKENS) as harness:
        report = harness.bugspark.add_report(harness.project)
        at = f"/api/v1/projects/{harness.project}"
        for token in (ACT, READ):
            seen = await harness.client.get("/api/v1/projects", headers=by(token.reveal()))
            assert [each["may_change"] for each in seen.json()] == [token is ACT]
        assert (await harness.client.get(at, headers=by(READ.reveal()))).json()["may_change"] is False
        for path in (f"{at}/pause", f"{at}/webhook/reveal", f"/api/v1/reports/{report}/export"):
            answer = await harness.client.post(path, json={}, headers=by(READ.reveal()))
            assert answer.status_code == 403, path
        assert (
            await harness.client.post(f"{at}/pause", json={}, headers=by(ACT.reveal()))
        ).status_code == 200
        preview = by(ACT.reveal()) | {"Origin": "https://evil.example"}
        answer = await harness.client.get(at, headers=preview)
        assert "access-control-allow-origin" not in answer.headers
        (row,) = harness.bugspark.rows_of("sync_acts")
        assert (row["what"], row["actor_kind"], row["actor"]) == ("pause", "token", "release-bot")
        for wrong in (
            "release-bot.",
            "release-bot." + "c" * 43,
            "nobody." + "a" * 43,
            ACT.reveal()[:-1],
            "x",
        ):
            assert (await harness.client.get("/api/v1/projects", headers=by(wrong))).status_code == 401, wrong


async def test_tokens_open_the_api_and_no_page(migrated: str) -> None:
    sections: dict[str, Any] = {"web": {**TOKENS["web"], "public_url": "https://sync.example.com"}}
    async with open_web(migrated, **sections) as harness:
        headers = by(ACT.reveal()) | {"Host": "sync.example.com", "X-Forwarded-For": "10.0.0.1"}
        assert (await harness.client.get("/api/v1/projects", headers=headers)).status_code == 200
        for path in ("/", "/sign-in", f"/projects/{harness.project}", "/openapi.json"):
            assert (await harness.client.get(path, headers=headers)).status_code == 404, path


@pytest.mark.parametrize("may_change", [True, False])
def test_the_line_of_a_token_recognises_it_and_no_other(may_change: bool) -> None:
    name, _, value = configuration_line(
        "ci", build_api_token("ci", "x" * 43), may_change=may_change
    ).partition(" = ")
    configured = {name: value.strip('"')}
    found = find_api_token("ci." + "x" * 43, configured)
    assert found is not None and (found.name, found.may_change) == ("ci", may_change)
    assert find_api_token("ci." + "y" * 43, configured) is None
    assert find_api_token("ci", configured) is None
    assert "x" * 43 not in value
