"""The everyday settings of a project in the embedded element: only what was changed is changed."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.embed_answers import PROJECT, element, project, webhook
from tests.browser.embed_stub import EmbedStub, open_embed_stub

AT = f"/api/v1/projects/{PROJECT}/settings"
EFFECTIVE = {
    "severity": {"critical": ["critical"], "high": ["sev2"]},
    "redact": "auto",
    "directions": {"title": "off"},
}


def answer(version: int, **settings: Any) -> tuple[int, Any]:
    return 200, {"settings": settings, "effective": EFFECTIVE, "version": version}


@pytest.fixture
def stub(chromium: Browser) -> Iterator[EmbedStub]:
    with open_embed_stub(chromium) as opened:
        opened.answers[f"/api/v1/projects/{PROJECT}"] = (200, project())
        opened.answers[f"/api/v1/projects/{PROJECT}/webhook"] = (200, webhook())
        opened.answers[AT] = answer(3, severity={"high": ["sev2"]}, export="all")
        yield opened


def open_form(stub: EmbedStub, lang: str = "en") -> Page:
    page = stub.open(element("project", PROJECT), lang=lang)
    page.locator("details.settings summary").click()
    return page


def sent(stub: EmbedStub) -> list[tuple[Any, str | None]]:
    """What was stored: the settings, and the version they were made from."""
    puts = [each for each in stub.asked if each.method == "PUT"]
    return [(each.post_data_json, each.headers.get("if-match")) for each in puts]


def test_what_was_changed_is_put_into_the_settings_and_the_rest_stays(stub: EmbedStub) -> None:
    page = open_form(stub)
    expect(page.get_by_label("High")).to_have_value("sev2")
    expect(page.locator("details.settings")).to_contain_text("in force: critical")
    page.get_by_label("Critical").fill("sev1\n blocker \n")
    page.get_by_label("High").fill("")
    page.get_by_label("Private comments begin with").fill("#internal")
    page.get_by_label("Redaction").select_option("on")
    page.get_by_label("Title").select_option("both")
    stub.answers[AT] = answer(4, export="all")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.locator("details.settings")).to_contain_text("Saved; the next pass uses them.")
    assert sent(stub) == [
        (
            {
                "severity": {"critical": ["sev1", "blocker"]},
                "export": "all",
                "private_prefix": "#internal",
                "redact": "on",
                "directions": {"title": "both"},
            },
            '"v3"',
        )
    ]
    more = page.get_by_role("link", name="All settings, existing issues, versions")
    expect(more).to_have_attribute("href", f"{project()['page']}/settings")


def test_a_wrong_key_is_named_and_what_was_typed_stays(stub: EmbedStub) -> None:
    page = open_form(stub)
    page.get_by_label("Private comments begin with").fill("<x>")
    stub.answers[AT] = (422, {"detail": "private_prefix is wrong.", "key": "private_prefix"})
    page.get_by_role("button", name="Save the settings").click()
    expect(page.locator("details.settings")).to_contain_text("private_prefix is wrong.")
    expect(page.get_by_label("Private comments begin with")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Private comments begin with")).to_have_value("<x>")
    stub.forgive_refusals()


def test_the_slower_of_two_editors_keeps_what_the_other_one_changed(stub: EmbedStub) -> None:
    page = open_form(stub)
    page.get_by_label("Private comments begin with").fill("#internal")
    stub.answers[f"PUT {AT}"] = (412, {"detail": "Somebody else has changed these settings."})
    stub.answers[AT] = answer(4, severity={"high": ["sev2"]}, export="manual", redact="on")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.locator("details.settings")).to_contain_text("Somebody else")
    stub.forgive_refusals()
    stub.answers[f"PUT {AT}"] = answer(5)
    page.get_by_role("button", name="Save the settings").click()
    expect(page.locator("details.settings")).to_contain_text("Saved")
    both = {"severity": {"high": ["sev2"]}, "export": "manual", "redact": "on", "private_prefix": "#internal"}
    assert sent(stub)[1] == (both, '"v4"')


def test_the_form_is_there_in_both_languages_and_not_for_readers(stub: EmbedStub) -> None:
    page = open_form(stub, lang="zh-HK")
    expect(page.get_by_label("私人留言的開頭")).to_be_visible()
    page.evaluate("document.querySelector('bugspark-sync-project').readonly = true")
    expect(page.locator("details.settings")).to_have_count(0)
