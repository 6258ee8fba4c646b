"""The embedded elements in a React 19 page: rendered on the server, brought to life, navigated, unmounted.

The page is in `react/`; what React has to say about it (warnings, hydration) is an error of the window.
"""

import json
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.embed_answers import PROJECT, project, report, report_id, webhook, whole_report
from tests.browser.embed_stub import DOCUMENT, HTML, MODULE, open_embed_stub
from tests.setup import node_packages

SCRIPT = "text/javascript; charset=utf-8"
PROPS = {"bugs": [report_id(number) for number in range(1, 101)], "project": PROJECT}


def built(script: str) -> str:
    """Return what a script of the page's package.json builds."""
    done = node_packages.run("npm", "run", "--silent", script)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as the server renders it."""
    program: Path = tmp_path_factory.mktemp("react") / "server.cjs"
    program.write_text(built("server"), encoding="utf-8")
    done = node_packages.run("node", str(program), json.dumps(PROPS))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_type_declarations_fit_react_19() -> None:
    assert built("check") == ""


@pytest.mark.parametrize("scripts", [(MODULE, "/client.js"), ("/client.js", MODULE)], ids=["before", "after"])
def test_a_react_page_uses_the_elements_whether_they_are_loaded_before_or_after_it(
    chromium: Browser, rendered: str, scripts: tuple[str, str]
) -> None:
    with open_embed_stub(chromium) as stub:
        stub.reports = {each: report(number) for number, each in enumerate(PROPS["bugs"], 1)}
        stub.reports[report_id(1)] = whole_report(1)
        stub.answers[f"/api/v1/projects/{PROJECT}"] = (200, project())
        stub.answers[f"/api/v1/projects/{PROJECT}/webhook"] = (200, webhook())
        stub.answers[f"/api/v1/projects/{PROJECT}/webhook/test"] = (200, {"message": "A ping was asked for."})
        stub.answers[f"/api/v1/reports/{report_id(1)}/retry"] = (202, {"message": "The next pass tries."})
        tags = "".join(f'<script type="module" src="{each}"></script>' for each in scripts)
        body = f'<div id="root" data-props="{escape(json.dumps(PROPS))}">{rendered}</div>'
        stub.pages["/client.js"] = (SCRIPT, built("client"))
        stub.pages["/bugs"] = (HTML, DOCUMENT.format(lang="en", theme="dark", scripts=tags, body=body))
        page = stub.page
        page.goto("https://app.bugspark.test/bugs")
        page.clock.run_for(100)
        expect(page.locator("bugspark-sync-badge")).to_contain_text("Already linked")
        expect(page.get_by_role("button", name="Export")).to_be_disabled()
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("output")).to_have_text("retry: done")
        page.get_by_label("read only").check()
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)
        page.get_by_role("button", name="Bugs").click()
        page.clock.run_for(100)
        expect(page.get_by_role("link", name="web#100: Synced")).to_be_visible()
        assert stub.paths().count("/api/v1/reports") == 2
        page.get_by_role("button", name="Settings").click()
        expect(page.get_by_role("button", name="Send a test")).to_be_visible()
        asked = len(stub.asked)
        page.clock.run_for(25_000)
        stub.wait_for_requests(asked + 2)  # those of the project alone: the others are unmounted
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator("output")).to_have_text("A ping was asked for.")
        stub.status = 401
        page.clock.run_for(25_000)
        expect(page.get_by_role("alert")).to_have_text("Sign in again.")
        stub.forgive_refusals()
