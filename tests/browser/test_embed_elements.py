"""The embedded elements in a page with a strict content policy, with answers that the test sets.

Each test is one visit of one page; the real server is in test_embed_dashboard.py.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import NARROW, WIDE
from tests.browser.embed_answers import (
    PROJECT,
    comment,
    element,
    project,
    report,
    report_id,
    unlinked_report,
    webhook,
    whole_report,
)
from tests.browser.embed_stub import MODULE, SYNC, EmbedStub, open_embed_stub
from tests.browser.test_every_page import ALL, AXE, describe
from tests.browser.test_hostile_text import HOSTILE

ONE_REFRESH = 25_000
"""Milliseconds: an element asks again after 16 to 24 seconds."""
EVENTS = """window.seen = [];
for (const name of ["state", "action", "sign-in"]) {
  document.addEventListener(`bugspark-sync-${name}`, (event) => seen.push([name, event.detail]));
}"""
FOREIGN = """async (module) => {
  const { addLanguage } = await import(module);
  const english = globalThis[Symbol.for("bugspark-sync")].tables.get("en");
  const isPlace = (part) => part === "" || /^{\\w+}$/.test(part);
  const mark = (text) => text.split(/({\\w+})/).map((part) => (isPlace(part) ? part : `⟦${part}⟧`)).join("");
  const forms = (text) => ({ one: mark(text.one ?? text.other), other: mark(text.other) });
  const marked = ([key, text]) => [key, typeof text === "string" ? mark(text) : forms(text)];
  addLanguage("eo", Object.fromEntries(Object.entries(english).map(marked)));
  document.documentElement.lang = "eo";
}"""
UNTRANSLATED = """() => {
  const found = [];
  const given = "bdi, code, time, [lang=en]";
  for (const { shadowRoot } of document.querySelectorAll("main *")) {
    if (!shadowRoot) continue;
    const texts = document.createTreeWalker(shadowRoot, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode;
      const rest = data.replaceAll(/⟦[^⟧]*⟧/g, "");
      if (/\\p{L}/u.test(rest) && !parentElement.closest(given)) found.push(data);
    }
    for (const each of shadowRoot.querySelectorAll("[aria-label], [placeholder]")) {
      const text = each.getAttribute("aria-label") ?? each.placeholder;
      if (/\\p{L}/u.test(text) && !text.includes("⟦")) found.push(text);
    }
  }
  return found;
}"""
PAINT = """(isDark) => { document.body.style.cssText = isDark
  ? "background: #131318; color: #e8e8ee" : "background: #ffffff; color: #1d1d26"; }"""
"""As BugSpark's dashboard paints its own page."""
CONTROLS = """() => [...document.querySelectorAll("main *")].flatMap(({ shadowRoot }) => shadowRoot
  ? [...shadowRoot.querySelectorAll("a[href], button, input, summary")] : [])
  .filter((each) => each.checkVisibility()).length"""
FOCUSED = """() => {
  const at = document.activeElement.shadowRoot?.activeElement;
  if (!at) return { seen: false };
  const style = getComputedStyle(at);
  window.reached ??= new Map();
  if (!reached.has(at)) reached.set(at, reached.size);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return { which: reached.get(at), what: at.outerHTML.slice(0, 120), seen };
}"""


REPORT = element("report", report_id(7))
EVERYTHING = "".join(
    [
        f"<p>{element('badge', report_id(7), 'linked-note')}</p>",
        REPORT,
        element("report", report_id(8)),
        element("project", PROJECT),
    ]
)


@pytest.fixture
def stub(chromium: Browser) -> Iterator[EmbedStub]:
    """Report 7 has everything, report 8 no issue; the project is theirs."""
    with open_embed_stub(chromium) as opened:
        opened.reports = {report_id(7): whole_report(7), report_id(8): unlinked_report(8)}
        opened.answers[f"/api/v1/projects/{PROJECT}"] = (200, project())
        opened.answers[f"/api/v1/projects/{PROJECT}/webhook"] = (200, webhook())
        yield opened


def ask_again(page: Page) -> None:
    """Let the next refresh come."""
    page.clock.run_for(ONE_REFRESH)


def test_a_hundred_badges_are_one_request_and_an_unlinked_report_takes_no_room(stub: EmbedStub) -> None:
    stub.reports = {report_id(number): report(number) for number in range(1, 99)}
    stub.reports[report_id(99)] = report(99, "unlinked")
    stub.reports[report_id(2)] = report(2, "conflict", "severity")
    ids = [*(report_id(number) for number in range(1, 101)), "nonsense"]
    page = stub.open("".join(f"<p>{element('badge', each)}</p>" for each in ids))
    page.clock.run_for(100)
    expect(page.get_by_role("link", name="web#98: Synced")).to_be_visible()
    expect(page.get_by_role("link", name="web#2: Conflict. severity")).to_be_visible()
    assert stub.paths() == ["/api/v1/reports"]
    boxes = page.locator("bugspark-sync-badge").evaluate_all(
        "(all) => all.map((each) => each.offsetWidth > 0)"
    )
    assert boxes == [True] * 98 + [False] * 3
    stub.reports[report_id(1)] = report(1, "attention", "the issue is locked")
    ask_again(page)
    expect(page.get_by_role("link", name="web#1: Needs attention")).to_be_visible()
    page.evaluate("document.querySelector('p').append(document.createElement('bugspark-sync-badge'))")
    page.evaluate(
        "document.querySelector('p :last-child').report = document.querySelector('p + p > *').report"
    )
    expect(page.get_by_role("link", name="web#2: Conflict. severity")).to_have_count(2)
    assert len(stub.asked) == 2  # its report was known already


def test_no_text_is_hard_wired(stub: EmbedStub) -> None:
    """A made-up language in which every word is marked is set while the elements are shown."""
    page = stub.open(EVERYTHING)
    page.evaluate(FOREIGN, MODULE)
    stub.answers[f"/api/v1/projects/{PROJECT}/webhook/reveal"] = (
        200,
        {"message": "Here.", "secret": "s3cret"},
    )
    page.get_by_role("button", name="⟦Unlink⟧").click()
    page.get_by_role("button", name="⟦Reveal⟧").click()
    page.get_by_text("⟦Set it up by hand").click()
    expect(page.locator("bugspark-sync-project")).to_contain_text("s3cret")
    expect(page.locator("bugspark-sync-badge")).to_contain_text("⟦Conflict⟧")
    assert page.evaluate(UNTRANSLATED) == []
    calm = project("Synced", problems=[], links={"synced": 8, "pending": 0, "conflict": 0, "attention": 0})
    calm["webhook"] |= {"last_delivery": None}
    calm["health"] |= {"withheld": 0, "reason": None}
    stub.answers[f"/api/v1/projects/{PROJECT}"] = (200, calm)
    stub.answers[f"/api/v1/projects/{PROJECT}/webhook"] = (
        200,
        webhook(has_secret=False, url=None, deliveries=[]),
    )
    ask_again(page)
    expect(page.locator("bugspark-sync-project")).to_contain_text("⟦Waiting for the first delivery⟧")
    assert page.evaluate(UNTRANSLATED) == []
    for status, expected in (
        (401, "⟦Sign-in expired⟧"),
        (503, "⟦The sync server has a problem⟧"),
        (0, "reached⟧"),
    ):
        stub.status = status
        if status == 401:
            ask_again(page)
        else:  # nothing is under way: focus asks at once
            page.evaluate("dispatchEvent(new Event('focus'))")
        expect(page.locator("bugspark-sync-project")).to_contain_text(expected)
        assert page.evaluate(UNTRANSLATED) == []
    stub.forgive_refusals()


def test_theme_and_language_follow_the_page_and_a_second_import_does_nothing(stub: EmbedStub) -> None:
    stub.scripts = (MODULE, f"{SYNC}/embed/{stub.files.hashed_name}")
    page = stub.open(REPORT, lang="zh-HK")
    expect(page.get_by_role("button", name="取消連結")).to_be_visible()
    assert page.evaluate("document.documentElement.outerHTML.includes('style=')") is False
    sign = page.locator("bugspark-sync-report .sign--conflict").first
    light = sign.evaluate("(each) => getComputedStyle(each).color")
    page.evaluate("document.documentElement.className = 'dark'")
    expect(sign).not_to_have_css("color", light)
    page.evaluate("document.documentElement.lang = 'en-GB'")
    expect(page.get_by_role("button", name="Unlink")).to_be_visible()
    page.evaluate(
        "document.body.style.cssText = '--bugspark-sync-conflict: rgb(1, 2, 3); color: rgb(4, 5, 6)'"
    )
    expect(sign).to_have_css("color", "rgb(1, 2, 3)")
    expect(page.locator("bugspark-sync-report h3").first).to_have_css("color", "rgb(4, 5, 6)")
    assert len(stub.asked) == 1


def test_each_problem_has_its_own_state_and_an_old_answer_its_age(stub: EmbedStub) -> None:
    page = stub.open(REPORT)
    page.evaluate(EVENTS)
    shown = page.locator("bugspark-sync-report")
    expect(shown).to_contain_text("Which browser is it?")
    stub.status = 0
    page.clock.run_for(ONE_REFRESH)
    expect(shown).to_contain_text("The sync server can’t be reached")
    expect(shown).to_contain_text("Not updating since")
    expect(shown).to_contain_text("Which browser is it?")
    page.clock.run_for(180_000)
    expect(shown).to_contain_text("3 min. ago)")
    stub.status = 401
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(shown).to_contain_text("Sign-in expired")
    asked = len(stub.asked)
    page.clock.run_for(300_000)
    assert len(stub.asked) == asked  # it is quiet until somebody comes back
    assert [each for each in page.evaluate("seen") if each[0] == "sign-in"] == [["sign-in", {}]]
    stub.status = 200
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(shown).not_to_contain_text("Sign-in expired")
    del stub.reports[report_id(7)]
    ask_again(page)
    expect(shown).to_contain_text("Not found")
    expect(shown).not_to_contain_text("Which browser is it?")
    stub.forgive_refusals()


def test_nothing_is_asked_while_nobody_looks_and_a_request_ends_with_its_element(stub: EmbedStub) -> None:
    hide = (
        "(hidden) => { Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden}); "
    )
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page = stub.open(REPORT + element("badge", report_id(7)))
    page.clock.run_for(100)
    expect(page.get_by_role("link", name="web#7: Conflict")).to_be_visible()
    page.evaluate(hide, True)
    page.clock.run_for(600_000)
    assert len(stub.asked) == 2
    page.evaluate(hide, False)
    stub.wait_for_requests(4)
    aborted: list[str | None] = []
    page.on("requestfailed", lambda request: aborted.append(request.failure))
    stub.holds = True
    ask_again(page)
    stub.wait_for_requests(6)
    page.evaluate("document.querySelector('main').replaceChildren()")
    page.clock.run_for(600_000)
    stub.wait_for_requests(6)
    assert aborted == ["net::ERR_ABORTED"] * 2


def test_commands_ask_first_keep_the_focus_and_say_what_was_done(stub: EmbedStub) -> None:
    stub.answers[f"/api/v1/reports/{report_id(7)}/resolve"] = (
        200,
        {"message": "Severity is high on both sides."},
    )
    stub.answers[f"/api/v1/reports/{report_id(7)}/unlink"] = (409, {"detail": "A pass is running."})
    page = stub.open(EVERYTHING)
    page.evaluate(EVENTS)
    focused = "document.querySelector('bugspark-sync-report').shadowRoot.activeElement?.textContent"
    page.get_by_role("button", name="Take GitHub’s Severity: High").press("Enter")
    shown = page.locator("bugspark-sync-report").first
    expect(shown).to_contain_text("Severity is high on both sides.")
    expect(shown).to_contain_text("Closed on GitHub by alice in 1a2b3c4")
    assert page.evaluate(focused) == "Take GitHub’s: High"
    earlier = comment(100, "I came first.", created_at="2026-01-05T09:00:00Z")
    stub.reports[report_id(7)] = whole_report(7, comments=[earlier, *whole_report(7)["comments"]])
    ask_again(page)
    expect(shown).to_contain_text("I came first.")
    assert page.evaluate(focused) == "Take GitHub’s: High"
    page.get_by_role("button", name="Unlink").press("Enter")
    question = page.get_by_role("group", name="Unlink? Nothing is deleted on either side")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Unlink")).to_be_focused()
    page.keyboard.press("Enter")
    question.get_by_role("button", name="Unlink").press("Enter")
    expect(shown).to_contain_text("A pass is running.")
    sent = [each for each in stub.asked if each.method == "POST"]
    assert [(each.url.rsplit("/", 1)[1], each.post_data_json) for each in sent] == [
        ("resolve", {"field": "severity", "take": "github"}),
        ("unlink", {}),
    ]
    assert {each.headers["content-type"] for each in sent} == {"application/json"}
    actions = [detail for name, detail in page.evaluate("seen") if name == "action"]
    assert actions == [
        {"action": "resolve-severity-github", "isDone": True, "message": "Severity is high on both sides."},
        {"action": "unlink", "isDone": False, "message": "A pass is running."},
    ]
    page.get_by_label("Issue: its address").fill("acme/web#12")
    page.get_by_label("send older").check()
    ask_again(page)
    expect(page.get_by_label("Issue: its address")).to_have_value("acme/web#12")
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.locator("bugspark-sync-report").nth(1)).to_contain_text("Not found.")
    stub.forgive_refusals()
    assert [each.post_data_json for each in stub.asked if each.method == "POST"][-1] == {
        "issue": "acme/web#12",
        "backfill": True,
    }


def test_a_settled_conflict_is_dismissed(stub: EmbedStub) -> None:
    stub.answers[f"/api/v1/reports/{report_id(7)}/dismiss"] = (200, {"message": "The conflict is dismissed."})
    page = stub.open(EVERYTHING)
    page.get_by_role("button", name="Dismiss the conflict about Severity").press("Enter")
    expect(page.locator("bugspark-sync-report").first).to_contain_text("The conflict is dismissed.")
    (sent,) = [each for each in stub.asked if each.method == "POST"]
    assert (sent.url.rsplit("/", 1)[1], sent.post_data_json) == ("dismiss", {"field": "severity"})


def test_the_secret_is_shown_on_request_and_hidden_again(stub: EmbedStub) -> None:
    at = f"/api/v1/projects/{PROJECT}/webhook"
    stub.answers[f"{at}/reveal"] = (200, {"message": "Shown.", "secret": "s3cret"})
    stub.answers[f"{at}/rotate"] = (200, {"message": "There is a new secret."})
    page = stub.open(element("project", PROJECT))
    shown = page.locator("bugspark-sync-project")
    for button in ("Reveal", "Hide"):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text("s3cret")).to_have_count(1 if button == "Reveal" else 0)
    page.get_by_role("button", name="Reveal").click()
    expect(page.get_by_text("s3cret")).to_be_visible()
    page.clock.run_for(61_000)
    expect(page.get_by_text("s3cret")).to_have_count(0)
    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("group", name="Generate a new secret?").get_by_role("button", name="Rotate").click()
    expect(shown).to_contain_text("There is a new secret.")
    assert [each.rsplit("/", 1)[1] for each in stub.paths("POST")] == ["reveal", "reveal", "rotate"]
    page.evaluate("document.querySelector('bugspark-sync-project').readonly = true")
    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)
    assert shown.get_by_role("button").all_inner_texts() == ["Copy"]


def test_hostile_text_is_shown_and_does_nothing(stub: EmbedStub) -> None:
    """The window fails on anything that runs, that is asked for, or that the content policy had to stop."""
    hostile = whole_report(
        7, comments=[comment(1, HOSTILE, author=HOSTILE, url="javascript:alert(6)", state=HOSTILE)]
    )
    hostile |= {"state": HOSTILE, "reason": HOSTILE, "page": "javascript:alert(7)"}
    hostile["issue"] |= {"badge": HOSTILE, "repository": HOSTILE, "url": "javascript:alert(8)"}
    hostile["fields"][0] |= {"field": HOSTILE, "bugspark": HOSTILE}
    hostile["resolution"] |= {"by": HOSTILE}
    stub.reports[report_id(7)] = hostile
    stub.answers[f"/api/v1/projects/{PROJECT}"] = (
        200,
        project(HOSTILE, repository=HOSTILE, page="data:text/html,x"),
    )
    page = stub.open(EVERYTHING)
    shown = page.locator("bugspark-sync-report").first
    expect(shown).to_contain_text("<script>alert(2)</script>")
    expect(shown).to_contain_text("\\u202egnp.exe\\u2066")
    expect(page.locator("bugspark-sync-badge")).to_contain_text("<img src=x onerror=alert(1)>")
    found = page.evaluate(
        "[...document.querySelectorAll('main *')].flatMap(({ shadowRoot }) => shadowRoot ?"
        " [...shadowRoot.querySelectorAll('img, iframe, script, [onload], a')].map((each) => each.href) : [])"
    )
    assert all(each.startswith("https://") for each in found), found
    assert {urlsplit(each.url).netloc for each in stub.asked} == {urlsplit(SYNC).netloc}


def test_everything_is_reached_by_keyboard_fits_360_pixels_and_axe_finds_nothing(stub: EmbedStub) -> None:
    page = stub.open(EVERYTHING)
    expect(page.locator("bugspark-sync-project")).to_contain_text("Send a test")
    page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    found: list[Any] = []
    for theme, size in (("", WIDE), ("", NARROW), ("dark", NARROW)):
        page.evaluate("(theme) => { document.documentElement.className = theme; }", theme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate(PAINT, theme == "dark")
        found += [(theme, size[0], *describe(each)) for each in page.evaluate(AXE, ALL)["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not found, "\n".join(map(str, found))
    page.emulate_media(forced_colors="active")
    borders = (
        page.locator("bugspark-sync-report")
        .first.locator(".button, .badge")
        .evaluate_all("(all) => all.map((each) => getComputedStyle(each).borderTopStyle)")
    )
    assert set(borders) == {"solid"}
    wanted = page.evaluate(CONTROLS)
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at["seen"], at
        reached.add(at["which"])
    assert len(reached) == wanted > 20
