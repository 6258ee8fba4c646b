"""Every route, requested by users of other projects. The routes are the application's own list."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from reconciler.web.actions import REPORT_ACTIONS, WEBHOOK_ACTIONS
from tests.web.browsing import HTML
from tests.web.harness import SECRET, WebHarness, integration, open_web
from tests.web.test_report_access import token_of
from tests.web.users import BUGSPARK, bearer, by_password

OF_NOBODY = {
    ("GET", "/openapi.json"),
    ("HEAD", "/openapi.json"),
    ("GET", "/"),  # lists what is the visitor's
    ("GET", "/api/v1/projects"),  # the same
    ("GET", "/api/v1/reports"),  # the same (tests/web/test_report_list.py)
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/api/v1/webhooks/github/{project_id}"),  # GitHub signs it
    ("POST", "/api/v1/webhooks/github-app"),  # the same
    ("GET", "/github-app"),  # the operator's (tests/web/test_app_setup.py)
    ("POST", "/github-app"),
    ("POST", "/github-app/reveal"),
    ("GET", "/github-app/created"),
}
"""Routes that are not about one project, or not for users; a new one is added here with the reason."""
PARTS = {"/setup/{what}": WEBHOOK_ACTIONS, "/reports/{report_id}/{what}": REPORT_ACTIONS}
NONSENSE = (
    "x",
    "%00",
    "%2e%2e",
    "a" * 5000,
    "%F0%9F%92%A9",
    "00000000-0000-0000-0000-00000000000g",
    "' OR 1=1",
)


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    config: dict[str, Any] = {**BUGSPARK, **by_password()}
    async with open_web(migrated, **config) as opened:
        yield opened


def guarded(harness: WebHarness) -> Iterator[tuple[str, str]]:
    """Return method and pattern of every route about a project or a report."""
    for route in iter_route_contexts(harness.app.routes):
        path, methods = route.path, route.methods
        assert path is not None and methods, "what is this route?"
        for method in methods:
            if path.startswith(("/static/", "/embed/")) or (method, path) in OF_NOBODY:
                continue
            assert "{project_id}" in path or "{report_id}" in path, f"whose is {method} {path}?"
            yield method, path


def addresses(harness: WebHarness, project: object, about: object) -> list[tuple[str, str]]:
    """Return the path with ids filled in."""
    found = []
    for method, pattern in guarded(harness):
        actions = next((acts for end, acts in PARTS.items() if pattern.endswith(end)), ("",))
        for what in actions:
            path = pattern.format(project_id=project, report_id=about, what=what)
            found.append((method, path))
    return found


async def ask(
    harness: WebHarness, method: str, path: str, headers: dict[str, str], token: str
) -> httpx.Response:
    data = {"form_token": token, "issue": "#1", "field": "severity", "take": "github", "word": "public"}
    sent = headers | {"Origin": f"http://127.0.0.1:{harness.port}"}
    return await harness.client.request(method, path, headers=sent, data=data if method == "POST" else None)


async def test_every_route_of_another_project_is_not_there(harness: WebHarness) -> None:
    other_user = harness.bugspark.add_user("Stranger")
    theirs = harness.bugspark.add_project("Theirs", owner=other_user)
    harness.bugspark.add_integration(theirs, config=integration("theirs"))
    token = await token_of(harness, other_user, f"/projects/{theirs}/setup")
    ours = harness.bugspark.add_report(harness.project, title="Secret plans")
    before = harness.bugspark.rows_of("integrations")
    asked = addresses(harness, harness.project, ours)
    assert len(asked) > 20
    for method, path in asked:
        for known in (bearer(harness, other_user) | HTML, bearer(harness, other_user)):
            answer = await ask(harness, method, path, known, token)
            assert answer.status_code == 404, (method, path)
            assert not any(word in answer.text for word in ("Secret plans", "Shop", SECRET, "acme")), path
    assert harness.untouched() and harness.bugspark.rows_of("integrations") == before


async def test_every_route_is_closed_without_a_user(harness: WebHarness) -> None:
    ours = harness.bugspark.add_report(harness.project)
    for method, path in addresses(harness, harness.project, ours):
        answer = await ask(harness, method, path, {}, "")
        assert answer.status_code == 401, (method, path)
        page = await ask(harness, method, path, HTML, "")
        onward = page.headers.get("location", "")
        assert page.status_code == 401 or onward == f"/sign-in?next={path}", (method, path)
    assert harness.untouched()


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_an_id_that_is_none_is_not_there(harness: WebHarness, nonsense: str) -> None:
    user = bearer(harness, harness.bugspark.add_user("Root", role="superadmin"))
    for method, path in addresses(harness, nonsense, nonsense):
        answer = await ask(harness, method, path, user, "x")
        assert answer.status_code in (404, 405), (method, path[:80], answer.status_code)


async def test_other_methods_are_refused_and_reveal_nothing(harness: WebHarness) -> None:
    user = bearer(harness, harness.bugspark.add_user("Root", role="superadmin"))
    for path in {path for _, path in addresses(harness, harness.project, uuid4())}:
        taken = {"PUT"} if path.endswith("/settings") else set()
        for method in {"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"} - taken:
            answer = await harness.client.request(method, path, headers=user)
            assert answer.status_code in (404, 405), (method, path)
            assert answer.headers["cache-control"] == "no-store"
            assert "Shop" not in answer.text
    assert harness.untouched()


async def test_responses_for_a_user_are_kept_by_no_cache(harness: WebHarness) -> None:
    root: UUID = harness.bugspark.add_user("Root", role="superadmin")
    ours = harness.bugspark.add_report(harness.project)
    paths = [path for method, path in addresses(harness, harness.project, ours) if method == "GET"]
    for path in (*paths, "/", "/api/v1/projects", "/api/v1/reports", "/sign-in"):
        answer = await harness.client.get(path, headers=bearer(harness, root) | HTML)
        assert answer.status_code in (200, 303), path
        assert answer.headers["cache-control"] == "no-store", path
