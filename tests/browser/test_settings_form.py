"""An owner sets labels, a prefix and a direction in the form, and applies the labels to existing issues."""

from playwright.sync_api import Browser, expect

from tests.browser.browser_scenario import BrowserScenario
from tests.browser.chromium import NARROW, Window, window
from tests.support.daemon import eventually


def test_an_owner_sets_labels_and_applies_them_to_the_issues_there_are(
    chromium: Browser, scenario: BrowserScenario
) -> None:
    pair = scenario.pair("Labels to be changed")
    with window(chromium, scenario.base, size=NARROW) as owner:
        scenario.sign_in_as(owner, scenario.owner())
        page = owner.go(scenario.project_path)
        page.get_by_role("link", name="Settings", exact=True).click()
        page.get_by_role("textbox", name="Medium").fill("sev3\nmedium")
        page.get_by_label("Private comments begin with").fill("<internal>")
        page.get_by_role("button", name="Save", exact=True).first.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("private_prefix is shorter")
        page.get_by_role("link", name="To Private comments begin with").click()
        prefix = page.get_by_label("Private comments begin with")
        expect(prefix).to_have_attribute("aria-invalid", "true")
        expect(prefix).to_have_value("<internal>")
        expect(page.get_by_role("textbox", name="Medium")).to_have_value("sev3\nmedium")
        owner.troubles.clear()  # Chromium's line about the 422
        prefix.fill("#internal")
        page.get_by_role("button", name="Preview on existing links").click()
        expect(page.locator("#plan")).to_contain_text("the settings are applied to existing links")
        page.get_by_role("button", name="Save, and apply to existing links").click()
        expect(page.get_by_role("status").first).to_contain_text("applied to existing links")
        expect(page.locator("#versions")).to_contain_text("private_prefix: not set → #internal")
    eventually(lambda: "sev3" in pair.repository.label_names(pair.number))


def test_the_slower_of_two_editors_keeps_what_was_typed(
    chromium: Browser, scenario: BrowserScenario, operator: Window
) -> None:
    with window(chromium, scenario.base) as owner:
        scenario.sign_in_as(owner, scenario.owner())
        slower = owner.go(f"{scenario.project_path}/settings")
        slower.get_by_label("Further labels of new issues").fill("from-bugspark")
        faster = operator.go(f"{scenario.project_path}/settings")
        faster.get_by_label("Redaction").select_option("on")
        faster.get_by_role("button", name="Save", exact=True).click()
        expect(faster.get_by_role("status").first).to_contain_text("saved as version")
        slower.get_by_role("button", name="Save", exact=True).click()
        expect(slower.get_by_role("alert")).to_contain_text("redact: not set → on")
        owner.troubles.clear()  # Chromium's line about the 412
        expect(slower.get_by_label("Redaction")).to_have_value("on")
        expect(slower.get_by_label("Further labels of new issues")).to_have_value("from-bugspark")
        slower.get_by_role("button", name="Save", exact=True).click()
        expect(slower.get_by_role("status").first).to_contain_text("saved as version")
        slower.get_by_role("button", name="Bring back version").first.click()
        expect(slower.get_by_label("Further labels of new issues")).to_have_value("")
