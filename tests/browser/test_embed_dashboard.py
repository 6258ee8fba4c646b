"""The embedded elements against the real program: two host names under one parent domain, real cookies.

BugSpark's dashboard is a small server of static pages here, with the strictest content policy.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.browser_scenario import BrowserScenario, open_browser_scenario
from tests.browser.chromium import PAGE_TIMEOUT_MS, Window, running_chromium, window
from tests.browser.dashboard_server import DashboardServer, serve_dashboard
from tests.browser.embed_answers import element
from tests.browser.embed_stub import DOCUMENT
from tests.browser.test_hostile_text import HOSTILE
from tests.web.users import token

PARENT = "bugspark.test"
RULES = f"--host-resolver-rules=MAP *.{PARENT} 127.0.0.1"
PREFLIGHT = """(url) => fetch(url, {method: "POST", credentials: "include", body: "{}", headers: {
  "content-type": "application/json", "x-csrf-token": "x", "accept-language": "zh-HK", "if-none-match": "x",
  "authorization": "Bearer x"}}).then((answer) => answer.status, () => "refused")"""

SHOWN_TEXTS = "[...document.querySelectorAll('main *')].map((each) => each.shadowRoot?.textContent)"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium(RULES) as browser:
        yield browser


@pytest.fixture(scope="module")
def dashboard() -> Iterator[DashboardServer]:
    with serve_dashboard(PARENT) as served:
        yield served


@pytest.fixture(scope="module")
def embedded(
    dashboard: DashboardServer, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserScenario]:
    home = tmp_path_factory.mktemp("embed")
    url = f"sqlite:///{shutil.copy(sqlite_template, home / 'bugspark.db')}"
    with open_browser_scenario(url, home, host=f"sync.{PARENT}", dashboard_url=dashboard.url) as opened:
        dashboard.policy = f"default-src 'none'; script-src {opened.base}; connect-src {opened.base}"
        yield opened


@contextmanager
def open_dashboard(
    browser: Browser, dashboard: DashboardServer, *, user: UUID | None, domain: str = f".{PARENT}"
) -> Iterator[Window]:
    """Open a window in which a user of BugSpark has signed in, by a cookie of this domain."""
    with window(browser, dashboard.url) as opened:
        if user is not None:
            value = token(user, datetime.now(UTC))
            cookie: Any = {"name": "bugspark_access_token", "value": value, "domain": domain, "path": "/"}
            opened.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Lax"}])
        yield opened


def show(opened: Window, dashboard: DashboardServer, embedded: BrowserScenario, body: str) -> Page:
    """Load a page of the dashboard with these elements."""
    dashboard.pages["/bugs"] = DOCUMENT.format(
        lang="en",
        theme="dark",
        body=body,
        scripts=f'<script type="module" src="{embedded.base}/embed/bugspark-sync.js"></script>',
    )
    opened.page.goto(f"{dashboard.url}/bugs")
    return opened.page


def forgive_refusals(opened: Window) -> None:
    """Forget what Chromium has written into the console of each refused request, and of plain http."""
    refusals = ("Failed to load resource", "blocked by CORS policy", "origin was untrustworthy")
    opened.troubles = [each for each in opened.troubles if not any(word in each for word in refusals)]


def see(page: Page, selector: str, text: str) -> None:
    """Wait until the text is there; the elements ask again as if the page had just become visible."""
    deadline = time.monotonic() + PAGE_TIMEOUT_MS / 1000
    while not is_shown(page, selector, text):
        assert time.monotonic() < deadline, (text, page.evaluate(SHOWN_TEXTS))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def is_shown(page: Page, selector: str, text: str) -> bool:
    """Return whether the text appears soon, in the shadow of an element too."""
    try:
        expect(page.locator(selector).first).to_contain_text(text, timeout=2_000)
    except AssertionError:
        return False
    return True


def test_an_owner_exports_talks_and_unlinks_inside_bugsparks_dashboard(
    chromium: Browser, dashboard: DashboardServer, embedded: BrowserScenario
) -> None:
    bugspark, github = embedded.installation.bugspark, embedded.installation.github
    report = bugspark.add_report(embedded.installation.project, HOSTILE)
    other = embedded.pair("Another bug")
    badges = element("badge", report) + element("badge", other.report)
    with open_dashboard(chromium, dashboard, user=embedded.owner()) as owner_page:
        asked: list[str] = []
        owner_page.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        page = show(owner_page, dashboard, embedded, f"<p>{badges}</p>{element('report', report)}")
        expect(page.get_by_role("link", name=f"web#{other.number}: ")).to_be_visible()
        assert asked.count("/api/v1/reports") == 1
        page.get_by_role("button", name="Export to GitHub").press("Enter")
        see(page, "bugspark-sync-report", "acme/web#")
        number = int(embedded.report(report)["github_issue_number"])
        see(page, "bugspark-sync-badge", f"web#{number}")
        github.web.comment(number, HOSTILE, by="alice")
        see(page, "bugspark-sync-report", "<script>alert(2)</script>")
        embedded.add_comment(report, "Seen here too.")
        see(page, "bugspark-sync-report .comment:last-of-type .copy-state", "on GitHub")
        page.get_by_role("button", name="Unlink").press("Enter")
        page.get_by_role("group").get_by_role("button", name="Unlink").press("Enter")
        see(page, "bugspark-sync-report", "Not linked")
        assert embedded.report(report)["github_issue_number"] is None
        assert github.web.issue(number).state == "open"


def test_an_owner_sets_up_the_webhook_inside_bugsparks_dashboard_and_a_member_only_looks(
    chromium: Browser, dashboard: DashboardServer, embedded: BrowserScenario
) -> None:
    github, project = embedded.installation.github, embedded.installation.project
    owner = embedded.owner()
    with open_dashboard(chromium, dashboard, user=owner) as owner_page:
        page = show(owner_page, dashboard, embedded, element("project", project))
        page.get_by_role("button", name="Generate secret").press("Enter")
        secret = page.locator("bugspark-sync-project code.secret").inner_text()
        page.get_by_role("button", name="Hide").press("Enter")
        page.get_by_role("button", name="Create the webhook").press("Enter")
        expect(page.locator("bugspark-sync-project")).to_contain_text("The webhook of acme/web was created")
        (hook,) = github.web.hooks.values()
        assert hook.secret == secret
        assert hook.url == f"{embedded.base}/api/v1/webhooks/github/{project}"
        page.get_by_role("button", name="Rotate").press("Enter")
        page.get_by_role("group").get_by_role("button", name="Rotate").press("Enter")
        expect(page.locator("bugspark-sync-project")).to_contain_text("There is a new secret.")
        page.get_by_role("button", name="Reveal").press("Enter")
        assert page.locator("bugspark-sync-project code.secret").inner_text() != secret
        page.get_by_role("button", name="Pause").press("Enter")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        page.get_by_role("button", name="Resume").press("Enter")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
    with open_dashboard(chromium, dashboard, user=embedded.add_member("Mary")) as theirs:
        page = show(theirs, dashboard, embedded, element("project", project))
        expect(page.locator("bugspark-sync-project")).to_contain_text("acme/web")
        assert page.get_by_role("button").all_inner_texts() == []


def test_a_cookie_of_another_host_an_operators_session_and_another_origin_count_for_nothing(
    chromium: Browser, dashboard: DashboardServer, embedded: BrowserScenario
) -> None:
    """The cookie of BugSpark's own host does not arrive; the operator's session is not for this page."""
    project = element("project", embedded.installation.project)
    with open_dashboard(chromium, dashboard, user=embedded.owner(), domain=f"app.{PARENT}") as owner_page:
        owner_page.base = embedded.base
        embedded.sign_in(owner_page)
        page = show(owner_page, dashboard, embedded, project)
        expect(page.locator("bugspark-sync-project")).to_contain_text("Sign-in expired")
        forgive_refusals(owner_page)
    url = f"{embedded.base}/api/v1/projects/{embedded.installation.project}/sync"
    with open_dashboard(chromium, dashboard, user=embedded.owner()) as owner_page:
        statuses = {}
        for name in ("app", "evil"):
            owner_page.page.goto(f"{dashboard.origin(name)}/empty")
            statuses[name] = owner_page.page.evaluate(PREFLIGHT, url)
        assert statuses == {"app": 401, "evil": "refused"}  # the bearer token of the first is none
        forgive_refusals(owner_page)
