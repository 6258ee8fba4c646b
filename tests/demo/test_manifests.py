"""docs/reference/github.md, Credentials and versions: Apps made from a manifest."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from reconciler.demo.github.webhooks import signature
from tests.support.github import GitHub

HOOK = "http://127.0.0.1:1/hook"
MANIFEST: dict[str, Any] = {
    "name": "Sync of Acme",
    "url": "https://sync.test",
    "hook_attributes": {"url": HOOK},
    "redirect_url": "https://sync.test/created",
    "default_events": ["issues"],
}


async def agree(
    anyone: httpx.AsyncClient, path: str = "/settings/apps/new", **changes: Any
) -> httpx.Response:
    return await anyone.post(f"{path}?state=s", data={"manifest": json.dumps(MANIFEST | changes)})


async def code_of(anyone: httpx.AsyncClient) -> str:
    query = parse_qs(urlsplit((await agree(anyone)).headers["location"]).query)
    assert query["state"] == ["s"]
    return query["code"][0]


async def test_a_code_is_exchanged_once_for_an_app_with_its_secrets(
    github: GitHub, anyone: httpx.AsyncClient
) -> None:
    code = await code_of(anyone)
    made = await anyone.post(f"/app-manifests/{code}/conversions")
    assert made.status_code == 201
    shown, (app,) = made.json(), github.world.apps.values()
    assert (shown["id"], shown["slug"]) == (app.id, "sync-of-acme")
    assert shown["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert app.installations == {}
    assert (await anyone.post(f"/app-manifests/{code}/conversions")).status_code == 404


async def test_a_code_is_over_after_an_hour(github: GitHub, anyone: httpx.AsyncClient) -> None:
    code = await code_of(anyone)
    github.clock.advance(3_601)
    assert (await anyone.post(f"/app-manifests/{code}/conversions")).status_code == 404


async def test_the_app_belongs_to_the_organization_in_the_path(
    github: GitHub, anyone: httpx.AsyncClient
) -> None:
    answer = await agree(anyone, "/organizations/acme/settings/apps/new")
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    made = (await anyone.post(f"/app-manifests/{code}/conversions")).json()
    assert made["owner"]["login"] == "acme"
    assert (await agree(anyone, "/organizations/nobody/settings/apps/new")).status_code == 404


@pytest.mark.parametrize(
    "changes", [{"url": ""}, {"redirect_url": ""}, {"hook_attributes": {"active": False}}]
)
async def test_a_manifest_without_its_addresses_is_refused(
    anyone: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    assert (await agree(anyone, **changes)).status_code == 422


async def test_the_apps_one_webhook_brings_installation_and_repository(
    github: GitHub, anyone: httpx.AsyncClient
) -> None:
    made = (await anyone.post(f"/app-manifests/{await code_of(anyone)}/conversions")).json()
    (app,) = github.world.apps.values()
    github.simulator.hooks.lost = True
    github.web.open_issue("Before it is installed", "", by="alice")
    installation = github.world.install_app(app, [github.web])
    number = github.web.open_issue("After", "", by="alice").number
    github.web.label(number, "bug", by="alice")
    (delivery,) = [each for each in github.simulator.hooks.all if each.event == "issues"][:1]
    body = json.loads(delivery.body)
    assert (body["action"], body["issue"]["number"]) == ("opened", number)
    assert (body["installation"]["id"], body["repository"]["id"]) == (installation, github.web.id)
    assert delivery.headers["X-Hub-Signature-256"] == signature(made["webhook_secret"], delivery.body)
    before = len(github.simulator.hooks.all)
    github.world.uninstall_app(app, installation)
    github.web.open_issue("After it is gone", "", by="alice")
    assert len(github.simulator.hooks.all) == before
