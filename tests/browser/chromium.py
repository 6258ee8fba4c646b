"""A Chromium for the tests, and windows in which nothing may go wrong unnoticed.

A script error, an error in the console, a refused resource or anything the content policy had to stop fails
the test: `Window.troubles` is looked at when the window closes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright

from tests.setup.chromium import find
from tests.support.canary import search

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGE_TIMEOUT_MS = 45_000
"""Milliseconds: the machine may be busy with other tests."""
WIDE, NARROW = (1280, 900), (360, 740)
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.alert = (said) => console.error(`alert: ${said}`);
"""


@contextmanager
def running_chromium(*flags: str) -> Iterator[Browser]:
    """With a profile of its own, which is gone afterwards. Raises NoChromiumError."""
    expect.set_options(timeout=PAGE_TIMEOUT_MS)
    executable = find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(kw_only=True)  # no slots: Playwright sets an attribute on listeners
class Window:
    """One person's browser. `agrees`: what they answer when asked whether they are sure."""

    context: BrowserContext
    page: Page
    base: str
    agrees: bool = True
    asked: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def go(self, path: str, *, status: int = 200) -> Page:
        """To a page of ours, which answers with this status."""
        answer = self.page.goto(f"{self.base}{path}", wait_until="load")
        assert answer is not None
        assert answer.status == status, (path, answer.status, self.page.inner_text("body")[:300])
        search(f"the page {path}", answer.body(), answer.headers)
        if status != 200:  # Chromium calls that an error of the page
            self.troubles = [each for each in self.troubles if f"status of {status}" not in each]
        return self.page

    def look(self, selector: str, text: str) -> None:
        """Reload the page until the text is there."""
        deadline = time.monotonic() + PAGE_TIMEOUT_MS / 1000
        while text not in self.page.locator(selector).first.inner_text():
            assert time.monotonic() < deadline, (selector, text, self.page.inner_text("main"))
            self.page.wait_for_timeout(200)
            self.page.reload()

    def forbid_reload(self) -> None:
        """From now on the page must not be reloaded: see `was_not_reloaded`."""
        self.page.evaluate("window.stays = true")

    @property
    def was_not_reloaded(self) -> bool:
        """It changed by itself, if it did."""
        return bool(self.page.evaluate("window.stays === true"))

    def _listen(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("dialog", self._answer)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text} ({self.page.url})")

    def _answer(self, dialog: Dialog) -> None:
        self.asked.append(dialog.message)
        if self.agrees:
            dialog.accept()
        else:
            dialog.dismiss()


@contextmanager
def window(browser: Browser, base: str, *, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[Window]:
    """A window with no past. What went wrong in it fails the test at the end."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]  # a TypedDict
    try:
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        context.add_init_script(TELL_VIOLATIONS)
        made = Window(context=context, page=context.new_page(), base=base)
        made._listen()
        yield made
        search(f"the last page, {made.page.url}", made.page.content())
        assert not made.troubles, made.troubles
    finally:
        context.close()
