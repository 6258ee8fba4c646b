"""A browser without scripts: it requests pages, parses them strictly, and sends their forms unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx

HTML = {"Accept": "text/html,application/xhtml+xml"}
VOID = frozenset({"meta", "link", "input", "br", "img", "use", "path", "circle", "rect", "line"})


@dataclass(slots=True, kw_only=True)
class Form:
    """A form of a page."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class Page(HTMLParser):
    """The content of a page. Fails on what the content policy forbids or what runs untrusted text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert "style" not in given and tag not in ("style", "iframe", "base", "b"), (tag, given)
        assert not any(name.startswith("on") for name in given), given
        if tag == "script":
            assert urlsplit(given["src"]).netloc == "" and "/static/" in given["src"], given
        if tag == "a" and "href" in given:
            self._link(given)
        if tag == "form":
            self.forms.append(Form(method=given.get("method", "get"), action=given["action"]))
        if tag == "input" and self.forms and "form" in self.open and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}>"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        assert "script" not in self.open or not data.strip(), f"inline script: {data}"
        if data.strip():
            self.text.append(" ".join(data.split()))
            if "button" in self.open and "form" in self.open:
                self.forms[-1].button = self.text[-1]

    def _link(self, given: dict[str, str]) -> None:
        parts = urlsplit(given["href"])
        assert parts.scheme in ("", "http", "https"), given
        if parts.netloc:
            assert {"noopener", "nofollow"} <= set(given.get("rel", "").split()), given
        self.links.append((given["href"], given.get("aria-label", "")))

    @property
    def shown_text(self) -> str:
        return " ".join(self.text)

    def form(self, button: str) -> Form:
        """Return the first form with this button."""
        found = [each for each in self.forms if each.button == button]
        assert found, (button, [each.button for each in self.forms])
        return found[0]

    def link(self, part: str) -> str:
        """Return the first address that contains this text."""
        return next(address for address, _ in self.links if part in address)

    @property
    def buttons(self) -> list[str]:
        """Of the forms that change something."""
        return [each.button for each in self.forms if each.method == "post"]


async def page(
    client: httpx.AsyncClient,
    path: str,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    status: int = 200,
) -> Page:
    """Return a page, parsed strictly."""
    answer = await client.get(path, headers={**HTML, **headers})
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"].startswith("text/html")
    assert "'unsafe" not in answer.headers["content-security-policy"]
    return Page(answer.text)


async def press(client: httpx.AsyncClient, on: Page, button: str, **changes: Any) -> Page:
    """Send a form, optionally with other fields, and follow the redirect."""
    form = on.form(button)
    answer = await client.post(
        form.action, data=form.fields | changes, headers=HTML | {"Origin": str(client.base_url).rstrip("/")}
    )
    assert answer.status_code == 303, (answer.status_code, answer.text[:300])
    return await page(client, answer.headers["location"])
