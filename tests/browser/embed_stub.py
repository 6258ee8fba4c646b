"""A page like one of BugSpark's dashboard, with the embedded module, and answers of the API that a test sets.

Nothing is sent: Playwright answers every request. The page has the strictest content policy under which the
module is to work. The real server is in tests/browser/test_embed_dashboard.py.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, Request, Route

from reconciler.web.embed.files import EmbedFiles, read_embed_files
from tests.browser.chromium import PAGE_TIMEOUT_MS, WIDE, Window, window

HOST = "https://app.bugspark.test"
SYNC = "https://sync.bugspark.test"
POLICY = f"default-src 'none'; script-src 'self' {SYNC}; connect-src {SYNC}"
HTML = "text/html; charset=utf-8"
REFUSAL_SECONDS = 1.0
"""Of a request that the page has given up itself, nothing is written."""
REFUSAL = "Failed to load resource"
"""Chromium's words for a request that failed."""
MODULE = f"{SYNC}/embed/bugspark-sync.js"
DOCUMENT = (
    '<!doctype html><html lang="{lang}" class="{theme}"><head><meta charset="utf-8"><title>BugSpark</title>'
    '<meta name="viewport" content="width=device-width">{scripts}</head>'
    "<body><main><h1>BUG-0001</h1><h2>Sync</h2>{body}</main></body></html>"
)
Answer = tuple[int, Any]


@dataclass(kw_only=True)
class EmbedStub:
    """The server and the page. A report in `reports` is in the batch too.

    `answers`: by path of the API, or by method and path.
    """

    window: Window
    files: EmbedFiles = field(default_factory=read_embed_files)
    scripts: tuple[str, ...] = (MODULE,)
    policy: str = POLICY
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What the page's own server has: path → content type and text."""
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    status: int = 200
    """Of every answer of the API, if it is not 200; 0: the network is away."""
    holds: bool = False
    """Whether requests get no answer for now."""
    asked: list[Request] = field(default_factory=list)
    refused: int = 0
    """Requests that got no answer or another status than success, since the last were forgiven."""

    @property
    def page(self) -> Page:
        return self.window.page

    def open(self, body: str, *, lang: str = "en", theme: str = "") -> Page:
        """Load a page with these elements."""
        scripts = "".join(f'<script type="module" src="{each}"></script>' for each in self.scripts)
        document = DOCUMENT.format(lang=lang, theme=theme, scripts=scripts, body=body)
        self.pages["/bugs"] = (HTML, document)
        self.page.goto(f"{HOST}/bugs")
        return self.page

    def wait_for_requests(self, count: int) -> None:
        """Wait until the API was asked so often, and see that it was not asked more often."""
        deadline = time.monotonic() + PAGE_TIMEOUT_MS / 1000
        while len(self.asked) < count and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        self.page.wait_for_timeout(50)
        assert len(self.asked) == count, [each.url for each in self.asked]

    def forgive_refusals(self) -> None:
        """Forget what Chromium writes into the console of refused requests, a moment after the answer."""
        deadline = time.monotonic() + REFUSAL_SECONDS
        while self._count_written_refusals() < self.refused and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        self.window.troubles = [each for each in self.window.troubles if REFUSAL not in each]
        self.refused = 0

    def _count_written_refusals(self) -> int:
        return sum(REFUSAL in each for each in self.window.troubles)

    def paths(self, method: str = "GET") -> list[str]:
        """Return the paths that the API was asked for, in order."""
        return [urlsplit(each.url).path for each in self.asked if each.method == method]

    def answer(self, route: Route) -> None:
        """Answer a request of the page."""
        url = urlsplit(route.request.url)
        if route.request.url.startswith(HOST):
            kind, text = self.pages.get(url.path, (HTML, ""))
            headers = {"content-security-policy": self.policy, "content-type": kind}
            route.fulfill(status=200, headers=headers, body=text)
        elif url.path.startswith("/embed/"):
            headers = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
            route.fulfill(status=200, headers=headers, body=self.files.module)
        else:
            self.asked.append(route.request)
            self._answer_api(route)

    def _answer_api(self, route: Route) -> None:
        if self.holds:
            return
        if self.status == 0:
            self.refused += 1
            route.abort("connectionrefused")
            return
        status, data = self._find(route.request) if self.status == 200 else (self.status, {"detail": "No."})
        headers = {
            "access-control-allow-origin": HOST,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "ETag, Retry-After",
            "content-type": "application/json",
        }
        self.refused += status >= HTTPStatus.BAD_REQUEST
        if isinstance(data, dict) and "version" in data:
            headers["etag"] = f'"v{data["version"]}"'
        route.fulfill(status=status, headers=headers, body=json.dumps(data))

    def _find(self, request: Request) -> Answer:
        url = urlsplit(request.url)
        if url.path == "/api/v1/reports":
            ids = parse_qs(url.query)["ids"][0].split(",")
            return 200, {"reports": [self.reports[each] for each in ids if each in self.reports]}
        name = url.path.removeprefix("/api/v1/reports/")
        found = (200, self.reports[name]) if name in self.reports else (404, {"detail": "Not found."})
        return self.answers.get(f"{request.method} {url.path}", self.answers.get(url.path, found))


@contextmanager
def open_embed_stub(browser: Browser, *, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[EmbedStub]:
    """Open a window with a clock that the test moves."""
    with window(browser, HOST, size=size, **options) as opened:
        stub = EmbedStub(window=opened)
        opened.context.route("**/*", stub.answer)
        opened.page.clock.install()
        yield stub
