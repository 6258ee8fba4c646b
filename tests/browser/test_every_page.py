"""Every page, as it is met: by keyboard, by screen reader, on a telephone, in the dark, without script."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from reconciler.demo.github.faults import error
from tests.browser.browser_scenario import BrowserScenario
from tests.browser.chromium import NARROW, WIDE, Window, window
from tests.support.daemon import eventually

AXE = "(runOnly) => axe.run(document, {resultTypes: ['violations'], runOnly})"
ALL: Any = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS: Any = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
LOOKS: tuple[tuple[Literal["light", "dark"], Any, tuple[int, int]], ...] = (
    ("light", ALL, WIDE),
    ("light", ALL, NARROW),
    ("dark", COLOURS, NARROW),
    ("dark", COLOURS, WIDE),
)
"""All that differs in the dark is colours."""
SERIOUS_IMPACTS = ("serious", "critical")
WIDER = """() => [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((each) => each.outerHTML.slice(0, 160))"""
CONTROLS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((each) => each.checkVisibility() && !each.disabled).length"""
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const [style, place] = [getComputedStyle(at), at.getBoundingClientRect()];
  // Counted here and not by the marks: a refresh of the page replaces elements that were marked.
  window.reachedCount ??= 0;
  at.dataset.reached ??= String(++window.reachedCount);
  return {
    which: at.dataset.reached,
    what: at.outerHTML.slice(0, 120),
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && place.height > 1,
  };
}"""


@pytest.fixture(scope="module")
def paths(scenario: BrowserScenario) -> list[str]:
    """One of each page, in the state with the most on it."""
    pair = scenario.pair("Everything at once")
    scenario.add_comment(pair.report, "From here")
    pair.repository.comment(pair.number, "From there", by="alice")
    eventually(lambda: len(scenario.github_comments(pair)) == 2)
    pair.repository.lock(pair.number, by="alice")
    scenario.add_comment(pair.report, "Refused")
    eventually(lambda: "issue is locked" in str(scenario.installation.bugspark.rows_of("sync_intents")))
    loose = scenario.installation.bugspark.add_report(scenario.installation.project, "Not linked yet")
    return [
        "/",
        scenario.project_path,
        f"{scenario.project_path}/setup",
        pair.path,
        f"/reports/{loose}",
        f"{scenario.project_path}/settings",
        "/github-app",
        "/sign-in",
        "/nowhere",
    ]


def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(operator: Window, paths: list[str]) -> None:
    found: list[Any] = []
    for path in paths:
        page = visit(operator, path)
        page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        for theme, rules, size in LOOKS:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            seen = page.evaluate(AXE, rules)["violations"]
            found += [
                (path, theme, size[0], *describe(each)) for each in seen if each["impact"] in SERIOUS_IMPACTS
            ]
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                found.append((path, size[0], f"{over} px too wide", page.evaluate(WIDER)))
    assert not found, "\n".join(map(str, found))


def describe(violation: dict[str, Any]) -> Iterator[str]:
    yield violation["id"]
    yield from (each["html"][:200] for each in violation["nodes"][:3])


def test_tab_reaches_every_control_and_shows_where_it_is(operator: Window, paths: list[str]) -> None:
    for path in paths:
        page = visit(operator, path)
        wanted, reached = page.evaluate(CONTROLS), set()
        page.evaluate("document.activeElement.blur()")
        for _ in range(wanted + 1):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            if at is None:
                break
            assert at["seen"], (path, at)
            reached.add(at["which"])
        assert len(reached) == wanted, (path, len(reached), wanted)


def test_everything_is_there_without_script(
    chromium: Browser, scenario: BrowserScenario, paths: list[str]
) -> None:
    with window(chromium, scenario.base, java_script_enabled=False) as plain:
        scenario.sign_in(plain)
        for path in paths[:4]:
            expect(plain.go(path).locator("h1")).to_be_visible()
        page = plain.go(paths[3])
        expect(page.locator("#thread")).to_contain_text("From there")
        expect(page.locator("#fields")).to_contain_text("medium")
        page = plain.go(scenario.project_path)
        page.get_by_role("searchbox").fill("Everything")
        page.get_by_role("button", name="Search").click()
        expect(page.locator("#found tbody tr")).to_have_count(1)
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_role("status").first).to_be_visible()


def test_github_goes_away_and_comes_back_while_a_page_is_open(
    scenario: BrowserScenario, operator: Window
) -> None:
    """The page shows the outage without a reload; focus stays on its button, and nothing below moves."""
    page = operator.go(scenario.project_path)
    operator.forbid_reload()
    page.get_by_role("button", name="Sync now").focus()
    scenario.installation.github.simulator.faults.add(error(503), times=None)
    try:
        expect(page.locator("#outage")).to_contain_text("What still works")
        expect(page.locator("#health")).to_contain_text("Failed")
        page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        for theme, rules, size in LOOKS:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            seen = page.evaluate(AXE, rules)["violations"]
            assert not [list(describe(each)) for each in seen if each["impact"] in SERIOUS_IMPACTS]
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    finally:
        scenario.installation.github.simulator.faults.clear()
    assert operator.was_not_reloaded
    assert page.evaluate("document.activeElement.textContent.trim()") == "Sync now"
    page.get_by_role("button", name="Sync now").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#outage")).to_be_hidden()


def test_keyboard_focus_stays_on_its_button_while_the_page_changes(
    scenario: BrowserScenario, operator: Window
) -> None:
    pair = scenario.pair("Held by the keyboard")
    page = operator.go(pair.path)
    operator.forbid_reload()
    page.get_by_role("button", name="Unlink").focus()
    page.evaluate("window.height = document.querySelector('#fields').offsetHeight")
    pair.repository.label(pair.number, "painted", by="alice")
    pair.repository.close(pair.number, by="alice")
    expect(page.locator("#fields")).to_contain_text("resolved")
    expect(page.locator("#labels")).to_contain_text("painted")
    assert operator.was_not_reloaded
    assert page.evaluate("document.activeElement.textContent.trim()") == "Unlink"
    assert page.evaluate("document.querySelector('#fields').offsetHeight >= window.height")


def visit(someone: Window, path: str) -> Page:
    return someone.go(path, status=404 if path == "/nowhere" else 200)
