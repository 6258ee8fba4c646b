"""What users do on the pages, from the first sign-in to a deletion that is accepted."""

import re

from playwright.sync_api import Browser, Page, expect

from reconciler.model.fields import Severity
from tests.browser.browser_scenario import BrowserScenario, LinkedPair
from tests.browser.chromium import Window, window
from tests.support.daemon import eventually
from tests.web.users import PASSWORD


def test_the_operator_signs_in_by_password_and_out_again(
    chromium: Browser, scenario: BrowserScenario
) -> None:
    with window(chromium, scenario.base) as someone:
        page = someone.go(scenario.project_path)
        page.get_by_label("Operator’s password").fill("not it")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("password")
        someone.troubles.clear()  # Chromium's line about the 401
        page.get_by_label("Operator’s password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Shop")).to_be_visible()
        assert page.url == f"{scenario.base}{scenario.project_path}"  # where they wanted to go
        (cookie,) = [each for each in someone.context.cookies() if each["name"] == "reconciler"]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        page.get_by_role("button", name="Sign out").click()
        expect(someone.go("/").get_by_label("Operator’s password")).to_be_visible()


def test_the_address_of_reconcile_open_signs_in_once_and_leaves_no_token_in_the_browser(
    chromium: Browser, scenario: BrowserScenario
) -> None:
    address = scenario.installation.commands.on_terminal("open").strip()
    assert address.startswith(f"{scenario.base}/sign-in#")
    with window(chromium, scenario.base) as someone:
        someone.page.goto(address)
        expect(someone.page.get_by_role("button", name="Sign out")).to_be_visible()
        assert someone.page.url == f"{scenario.base}/"
        someone.page.go_back()
        assert "#" not in someone.page.url.rstrip("#")
    with window(chromium, scenario.base) as other:
        other.page.goto(address)
        expect(other.page.get_by_role("alert")).to_contain_text("reconcile open")
        other.troubles.clear()  # Chromium's line about the 401


def test_a_project_is_connected_and_its_hook_delivers(
    chromium: Browser, scenario: BrowserScenario, operator: Window
) -> None:
    """Connect → it appears → secret → hook → the first delivery, without a reload."""
    project, repository = scenario.add_project("Kiosk")
    page = operator.go("/")
    expect(page.get_by_role("link", name="Kiosk", exact=True)).to_have_count(0)
    scenario.connect(project, repository)
    operator.look("#projects", "Kiosk")
    page.get_by_role("link", name="Kiosk", exact=True).click()
    page.get_by_role("link", name="Set-up", exact=True).click()
    expect(page.locator("#deliveries")).to_contain_text("Waiting for the first delivery")
    secret = reveal_and_copy(operator, page)
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("status").first).to_contain_text("The webhook of acme/kiosk was created")
    operator.forbid_reload()
    expect(page.locator("#deliveries")).to_contain_text("Received")
    expect(page.locator("#deliveries")).to_contain_text("ping")
    assert operator.was_not_reloaded
    (hook,) = repository.hooks.values()
    assert hook.secret == secret and hook.url == f"{scenario.base}/api/v1/webhooks/github/{project}"
    page.get_by_role("button", name="Send test delivery").click()
    expect(page.locator("[data-value=received]")).to_have_text("3")


def reveal_and_copy(someone: Window, page: Page) -> str:
    """The secret, as it is in the clipboard. Hidden again, it is on no page."""
    someone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Generate secret").click()
    page.get_by_role("button", name="Copy the secret").click()
    expect(page.get_by_role("button", name="Copy the secret")).to_contain_text("Copied")
    shown = page.locator("#hook-secret").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    page.get_by_role("link", name="Hide").click()
    expect(page.locator("#hook-secret")).to_have_count(0)
    assert shown not in page.content()
    return shown


def test_an_issue_closed_on_github_changes_the_page_that_is_open(
    scenario: BrowserScenario, operator: Window
) -> None:
    pair = scenario.pair("Closes by itself")
    page = operator.go(pair.path)
    badge = page.get_by_role("link", name=f"acme/web#{pair.number}")
    assert badge.first.get_attribute("rel") == "noopener nofollow"
    expect(page.locator("#fields")).to_contain_text("new")
    operator.forbid_reload()
    pair.repository.close(pair.number, by="alice")
    pair.repository.comment(pair.number, "Fixed on main.", by="alice")
    expect(page.locator("#fields")).to_contain_text("resolved")
    expect(page.locator("#thread")).to_contain_text("Fixed on main.")
    expect(page.locator("#thread")).to_contain_text("alice")
    expect(page.locator("#history")).to_contain_text("resolved")
    assert operator.was_not_reloaded
    assert scenario.report(pair.report)["status"] == "resolved"


def test_a_report_is_exported_by_its_button(scenario: BrowserScenario, operator: Window) -> None:
    bugspark, shop = scenario.installation.bugspark, scenario.installation.project
    report = bugspark.add_report(shop, "Wants to be an issue", severity=Severity.HIGH)
    page = operator.go(f"/reports/{report}")
    expect(page.locator("#badge")).to_have_text("no issue")
    page.get_by_role("button", name="Export to GitHub").click()
    operator.forbid_reload()
    expect(page.locator("#badge")).to_contain_text("acme/web#")
    assert operator.was_not_reloaded
    issue = scenario.installation.github.web.issue(scenario.report(report)["github_issue_number"])
    assert issue.title.endswith("Wants to be an issue")
    assert "high-priority" in scenario.installation.github.web.label_names(issue.number)
    operator.look("#sync", "Synced")
    operator.agrees = False
    page.get_by_role("button", name="Unlink").click()
    assert operator.asked and "Unlink the report from its issue?" in operator.asked[0]
    expect(page.locator("#badge")).to_contain_text("acme/web#")


def test_conflicts_show_both_sides_and_either_lost_one_is_taken_back(
    scenario: BrowserScenario, operator: Window
) -> None:
    """BugSpark's change was the newer one in the first, GitHub's in the second."""
    first, second = scenario.pair("Both at once"), scenario.pair("Both at once again")
    page = operator.go(scenario.project_path)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume").first).to_be_visible()
    now = scenario.installation.github.clock.now()
    for pair, year in ((first, now.year + 1), (second, now.year - 1)):
        pair.repository.relabel(pair.number, ["bug", "high-priority"], by="alice")
        scenario.installation.bugspark.set_report(
            pair.report, severity="critical", updated_at=now.replace(year=year)
        )
    page.get_by_role("button", name="Resume").first.click()
    operator.forbid_reload()
    expect(page.locator("#conflicts tbody tr")).to_have_count(2)
    expect(page.locator("#health")).to_contain_text("Conflict")
    assert operator.was_not_reloaded
    expect(page).to_have_title(re.compile("^≠ Shop"))
    assert "mark-conflict" in str(page.locator("link[rel=icon]").get_attribute("href"))
    row = page.locator("#conflicts tbody tr", has_text="Both at once again")
    control = row.get_by_role("button", name="Take BugSpark’s severity")
    name = control.get_attribute("aria-label")
    control.focus()
    resolve_in_another_tab(scenario, operator, first)
    expect(page.locator("#conflicts tbody tr")).to_have_count(1)
    assert operator.was_not_reloaded
    assert page.evaluate(FOCUSED) == name
    is_true_while_offline(operator, page)
    press_keys(page)
    page.get_by_role("button", name=str(name)).click()
    message = page.locator(".said")
    expect(message).to_contain_text("severity")
    expect(message).to_be_in_viewport()
    eventually(lambda: scenario.report(second.report)["severity"] == "critical")
    for pair, label in ((first, "high-priority"), (second, "critical")):
        operator.go(pair.path)
        operator.look("#sync", "Synced")
        expect(page.locator("#labels")).to_contain_text(label)
        assert label in pair.repository.label_names(pair.number)


FOCUSED = "document.activeElement.getAttribute('aria-label')"


def resolve_in_another_tab(scenario: BrowserScenario, operator: Window, pair: LinkedPair) -> None:
    """On the report's own page, which shows the conflict too."""
    with operator.context.new_page() as tab:
        tab.goto(f"{scenario.base}{pair.path}")
        decide = tab.locator("tr.decide")
        expect(tab.locator("#fields")).to_contain_text("critical")
        expect(decide).to_contain_text("Conflict: severity")
        decide.get_by_role("button", name="Take GitHub’s severity: high").click()
        expect(tab.get_by_role("status").first).to_contain_text("severity")
    eventually(lambda: scenario.report(pair.report)["severity"] == "high")


def is_true_while_offline(operator: Window, page: Page) -> None:
    """Ages are updated and the page shows its last refresh while offline; online, it is refreshed again."""
    ages = page.locator("#health time[data-ago]").first
    operator.context.set_offline(offline=True)
    expect(page.locator("#not-updating")).to_contain_text("Not updating since ")
    before = ages.inner_text()
    expect(ages).not_to_have_text(before)
    operator.context.set_offline(offline=False)
    expect(page.locator("#not-updating")).to_be_hidden()
    assert operator.was_not_reloaded
    operator.troubles = [each for each in operator.troubles if "ERR_INTERNET_DISCONNECTED" not in each]


def press_keys(page: Page) -> None:
    """The shortcuts, which can be switched off."""
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.get_by_role("searchbox").blur()


def test_withheld_deletions_are_listed_and_accepted(scenario: BrowserScenario, operator: Window) -> None:
    pair = scenario.pair("Much was said")
    comments = [scenario.add_comment(pair.report, f"remark {number}") for number in range(3)]
    eventually(lambda: len(scenario.github_comments(pair)) == 3)
    scenario.delete(*comments)
    page = operator.go(scenario.project_path)
    operator.look("main", "3 deletions withheld")
    page.get_by_role("link", name="Review 3 deletions").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody")).to_contain_text("remark 2")
    assert len(scenario.github_comments(pair)) == 3
    page.get_by_role("button", name="Delete 3 comments").click()
    expect(page.get_by_role("status").first).to_contain_text("Accepted")
    eventually(lambda: not scenario.github_comments(pair))
    expect(operator.go(scenario.project_path).locator("#needs")).not_to_contain_text("withheld")


def test_a_refused_comment_says_why_and_is_tried_again(scenario: BrowserScenario, operator: Window) -> None:
    pair = scenario.pair("Locked in between")
    pair.repository.lock(pair.number, by="alice")
    scenario.add_comment(pair.report, "Too late?")
    page = operator.go(pair.path)
    operator.look("#thread", "not sent: GitHub refused")
    expect(page.locator(".remark", has_text="Too late?")).to_contain_text("issue is locked")
    expect(page.locator("#sync [data-value=state]")).to_have_text("Needs attention")
    pair.repository.unlock(pair.number, by="alice")
    page.get_by_role("button", name="Try again").click()
    operator.look("#thread", "on GitHub")
    assert any("Too late?" in body for body in scenario.github_comments(pair))
