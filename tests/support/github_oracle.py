"""What would act in a body that is sent to GitHub, as GitHub's renderer, another one and bots see it.

Independent of the code under test on purpose. Written from docs.github.com ("Autolinked references and
URLs", "Mentioning people and teams", "Linking a pull request to an issue"), from GitHub's own renderer
(cmark-gfm, here through cmarkgfm) with its filters, which look at the text outside of code and links, and
from what bots' documentation says that they look for in raw bodies.
"""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from cmarkgfm.cmark import Options, markdown_to_html_with_extensions
from markdown_it import MarkdownIt
from markdown_it.token import Token

CODE = frozenset({"code", "pre", "tt", "script", "style"})
# A renderer, or a filter after it, may drop these: then what they kept apart stands together.
DROPPED = frozenset({"strong", "b", "em", "i", "del", "s"})
ACTING = {
    "mention": re.compile(r"@[A-Za-z0-9_]"),
    "issue number": re.compile(r"#[0-9]"),
    "GH number": re.compile(r"(?<![A-Za-z0-9])gh-[0-9]", re.IGNORECASE),
    "issue's address": re.compile(
        r"https?://(?:[a-z0-9.-]*\.)?github\.com\.?(?::[0-9]+)?(?:/+[\w.~-]+)*/+"
        r"(?:(?:issues?|pulls?|discussions?|milestones?)/+[0-9]|commits?/+[0-9a-f]{7})",
        re.IGNORECASE,
    ),
}
RELATIVE_ISSUE = re.compile(r"(?:issues?|pulls?|discussions?)/+[0-9]", re.IGNORECASE)
PLAIN_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<]+", re.IGNORECASE)
IMAGE_HOSTS = ("ours.example",)
BOT_NAMES = (
    "dependabot", "renovate", "mergify", "bors", "rustbot", "k8s-ci-robot", "meeseeksdev", "pre-commit-ci",
    "claude", "copilot", "codex", "coderabbitai", "cursor", "gemini-cli", "sweep-ai", "devin-ai-integration",
)  # fmt: skip
COMMAND_LINE = re.compile(r"^[ \t]{0,3}/[A-Za-z0-9_][A-Za-z0-9_:-]*(?:[ \t].*)?$")
COMMAND_WORD = re.compile(r"^[ \t]{0,3}(?:bors (?:r\+|try|merge)|recheck|retest)\b", re.IGNORECASE)

_EXTENSIONS = ["table", "autolink", "tagfilter", "strikethrough", "tasklist"]
_COMMENT = Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_GITHUB_PRE_LANG | Options.CMARK_OPT_UNSAFE


def acting(body: str) -> list[str]:
    """Return what would act: through either renderer, or on bots that read the raw body."""
    found = [f"raw {what}" for what in seen_by_bots(body)]
    found += [f"cmark-gfm {what}" for what in seen_in_html(github_html(body))]
    found += [f"markdown-it {what}" for what in seen_in_tokens(commonmark_tokens(body))]
    return found


def github_html(body: str) -> str:
    """Return the HTML of a comment, before GitHub's filters."""
    try:
        html: str = markdown_to_html_with_extensions(body, options=_COMMENT, extensions=_EXTENSIONS)
    except UnicodeDecodeError as cut:  # cmark-gfm cuts some footnotes between bytes
        return cut.object.decode("utf-8", "replace")
    return html


def commonmark_tokens(body: str) -> list[Token]:
    """Return the tokens of a body, those inside of paragraphs included."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return list(_flat(markdown.parse(body)))


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def seen_by_bots(body: str, bots: Sequence[str] = ()) -> list[str]:
    """Return the mentions and commands that bots find in a raw body."""
    folded = body.casefold()
    lines = re.split(r"[\n\r\u2028\u2029]", body)
    return [
        *(f"mention @{name}" for name in (*BOT_NAMES, *bots) if f"@{name.casefold()}" in folded),
        *(f"command {line!r}" for line in lines if COMMAND_LINE.match(line) or COMMAND_WORD.match(line)),
    ]


class _Page(HTMLParser):
    """The text nodes outside of code and links, and the addresses, as filters over the HTML see them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts = [""]
        self.joined = [""]
        self.code: list[str] = []
        self.everything = ""
        self.links: list[str] = []
        self.images: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag == "img":
            self.images.append(values.get("src") or "")
        if tag in CODE and not self._in_code():
            self.code.append("")
        if tag not in ("br", "img", "hr", "input"):
            self.open.append(tag)
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        self.everything += data
        if self._in_code():
            self.code[-1] += data
        elif "a" not in self.open:
            self.texts[-1] += data
            self.joined[-1] += data

    def _in_code(self) -> bool:
        return not CODE.isdisjoint(self.open)

    def _separate(self, tag: str) -> None:
        self.texts.append("")
        if tag not in DROPPED:
            self.joined.append("")


def parsed(html: str) -> _Page:
    """Return the text, code and addresses of a page."""
    page = _Page()
    page.feed(html)
    page.close()
    return page


def seen_in_html(html: str) -> list[str]:
    """Return what GitHub's filters find in the HTML of its renderer."""
    page = parsed(html)
    found = [what for text in (*page.texts, *page.joined) for what in _acting_text(text)]
    return [*found, *_acting_addresses(page.links, page.images)]


def seen_in_tokens(tokens: Sequence[Token]) -> list[str]:
    """Return what would act in a body as any other CommonMark reader sees it."""
    texts = [""]
    links, images = [], []
    depth = 0
    for token in tokens:
        if token.type == "link_open":
            links.append(str(token.attrs["href"]))
        if token.type == "image":
            images.append(str(token.attrs["src"]))
        depth += {"link_open": 1, "link_close": -1, "image": 0}.get(token.type, 0)
        if token.type == "text" and not depth:
            texts[-1] += token.content
        elif token.type not in ("strong_open", "strong_close", "em_open", "em_close", "s_open", "s_close"):
            texts.append("")
    # What is an address as it stands is no reference to a reader without GitHub's extension.
    found = [what for text in texts for what in _acting_text(PLAIN_ADDRESS.sub(_what_acts, text))]
    return [*found, *_acting_addresses(links, images)]


def _what_acts(address: re.Match[str]) -> str:
    is_issue = ACTING["issue's address"].search(address[0]) is not None
    return address[0] if is_issue else " ".join(ACTING["mention"].findall(address[0]))


def _acting_text(text: str) -> list[str]:
    return [f"{kind}: {hit[0]}" for kind, pattern in ACTING.items() for hit in pattern.finditer(text)]


def _acting_addresses(links: Sequence[str], images: Sequence[str]) -> list[str]:
    shown = [unquote(link) for link in links]
    return [
        *(f"link {link}" for link in shown if ACTING["issue's address"].search(f"https:{link}")),
        *(f"link {link}" for link in shown if ACTING["issue's address"].search(link)),
        *(f"link {link}" for link in shown if "://" not in link and RELATIVE_ISSUE.search(link)),
        *(f"image {source}" for source in images if urlsplit(source).netloc.lower() not in IMAGE_HOSTS),
    ]
