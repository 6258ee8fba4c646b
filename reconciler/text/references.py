"""What acts in text on GitHub, and the walk that puts a U+200B after it.

Mentions, references, entities, HTML, images and addresses of issues. The walk knows where GitHub surely makes
a link of an address as it stands: there it stays as it is, on every host but GitHub's own. Sources: GitHub
Docs, "Autolinked references and URLs"; GFM 0.29, 6.9; cmark-gfm, which links no address in an open bracket.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote, urlsplit

from reconciler.model.policy import SanitizationPolicy
from reconciler.text.bots import COMMAND_IN_TEXT
from reconciler.text.code_blocks import ZWSP

# What Markdown may take away between two characters that belong together: emphasis, strikethrough, a
# `<strong>` in another one (cmark-gfm drops it), a backslash.
_GONE: Final = r"[*_~\\]*"


def _pattern_with_gaps(word: str) -> str:
    return _GONE.join(word)


_NUMBERED: Final = "|".join(_pattern_with_gaps(each) for each in ("issue", "pull", "discussion", "milestone"))
_SLASHES: Final = rf"{_GONE}s?(?:{_GONE}/)+{_GONE}"
_ISSUE_ADDRESS: Final = (
    rf"(?:{_NUMBERED}){_SLASHES}(?=[0-9]|%[0-9a-f])"
    rf"|{_pattern_with_gaps('commit')}{_SLASHES}(?=(?:[0-9a-f]{_GONE}){{6}}[0-9a-f]|%[0-9a-f])"
)
_GH_NUMBER: Final = rf"(?<![a-z0-9]){_pattern_with_gaps('gh-')}{_GONE}(?=[0-9])"
_RULES: Final = (
    # @user, @org/team, owner/repo@sha, mail addresses: no @ acts that has a neighbour of ours.
    rf"@(?=[^\s{ZWSP}])",
    # #1, owner/repo#1, "fixes #1", "Duplicate of #1".
    rf"\#{_GONE}(?=[0-9])",
    _GH_NUMBER,
    # Any host: github.com, an Enterprise Server, an API, a relative link.
    _ISSUE_ADDRESS,
    # &#64; &commat; &num; are decoded by Markdown before mentions and references are looked for.
    r"&(?=\#|[a-z][a-z0-9]*;)",
    # Tags, comments, declarations, autolinks: raw HTML begins with one of these, or is text.
    r"<(?=[a-z/!?])",
    r"!(?=\[)",
)
_PATH_CHARS: Final = rf"(?:[a-z0-9._~:/?#@$+,=%{ZWSP}-]|&(?![\#{ZWSP}]|[a-z][a-z0-9]*;))"
_IMAGE_ADDRESS: Final = r"https?://[a-z0-9.:-]+/[a-z0-9._~/%?=&+,-]*"
_HOST: Final = r"[a-z0-9][a-z0-9.-]*+(?::[0-9]++)?"
_REST: Final = rf"(?:[/?#]{_PATH_CHARS}*+)?"
_NAME: Final = rf"[a-z0-9_.{ZWSP}-]++"
# What stands behind an address that Markdown can take nothing away from.
_URL_END: Final = rf"(?=[*_~]*+(?:[\s<>()\[\]{{}}\"',!|^]|[^\x00-\x7f{ZWSP}]|$))"
_TOKENS: Final = (
    rf"(?P<autolink><https?://{_HOST}{_REST}>)",
    rf"(?P<url>(?:(?<![a-z])https?://|(?<![^\s*_~(])www\.){_HOST}{_REST}{_URL_END})",
    # src/issues/12.py:3
    rf"(?P<path>(?<!\S)(?:{_NAME}/)+{_NAME}(?::[0-9]++)*(?=[,;:]?(?:\s|$)))",
    # Alternative text and address are kept to characters that cannot open anything else in Markdown: in
    # "![a`](https://ours/)`](https://theirs/)" the first address is code and the second one the image.
    rf"(?P<image>!\[[a-z0-9 .,:-]*\]\((?P<image_url>{_IMAGE_ADDRESS})\))",
    r"(?P<paragraph>\n[ \t]*(?=\n))",
    # cmark-gfm shows a footnote that is not defined as plain text, addresses and all, and more after it.
    r"(?P<footnote>\[\^)",
    # Brackets, and what makes it unsure which of them belong together.
    r"(?P<unsure>`|\\\]|\]\((?![^\s()<>`\\\"']*\)))",
    r"(?P<opening>\[)",
    r"(?P<closing>\])",
)
_FLAGS: Final = re.IGNORECASE | re.ASCII  # without ASCII a long s would count as an s
_WALK: Final = re.compile("|".join((COMMAND_IN_TEXT, *_TOKENS, *_RULES)), _FLAGS)
_RULES_ALONE: Final = re.compile("|".join(_RULES), _FLAGS)
_GH_NUMBER_ALONE: Final = re.compile(_GH_NUMBER, _FLAGS)
_ISSUE_ADDRESS_ALONE: Final = re.compile(_ISSUE_ADDRESS, _FLAGS)
_DECODED_ADDRESS: Final = re.compile(r"(?:issue|pull|discussion|milestone|commit)s?/+[0-9a-f]", _FLAGS)
_URL_HOST: Final = re.compile(r"(?:^|//)(?!https?:)(?P<name>[^/?#:]+)", _FLAGS)
_IMAGE_URL: Final = re.compile(_IMAGE_ADDRESS, _FLAGS)
# Labels are compared without case and blanks, in every alphabet.
_OWN_LABEL: Final = re.compile(r"\[\s*bugspark\s*\](?=:)", re.IGNORECASE)


# A mention that may act: alone, and of the whole login. `@org/team`, `@login.example` and the like are none.
_MENTION: Final = re.compile(
    r"(?:(?<=[\s(,;:])|^)@(?P<login>[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)(?![a-z0-9_/@-]|\.[a-z0-9])", _FLAGS
)


def find_mentions(text: str, logins: Collection[str]) -> tuple[str, ...]:
    """Return those of the logins (in small letters) that the text mentions so that they may be notified."""
    found = (each["login"].lower() for each in _MENTION.finditer(text))
    return tuple(dict.fromkeys(login for login in found if login in logins))


def without_mentions_of(text: str, logins: Collection[str]) -> str:
    """Return the text in which mentions of these logins (in any case) are inert."""
    lost = {login.lower() for login in logins}
    if not lost:
        return text
    return _MENTION.sub(
        lambda each: each[0].replace("@", f"@{ZWSP}") if each["login"].lower() in lost else each[0], text
    )


class ReferenceWalk:
    """One walk over the parts of a text that are not code, in their order.

    It counts the brackets of the paragraph: inside of an open one GitHub makes no link of an address.
    """

    def __init__(self, policy: SanitizationPolicy) -> None:
        self._policy = policy
        self._open_brackets = 0
        self._is_unsure = False  # which brackets belong together

    def begin_paragraph(self) -> None:
        """Forget the brackets: a blank line or a code block ends what is open."""
        self._open_brackets = 0
        self._is_unsure = False

    def make_inert(self, text: str, start: int, end: int) -> str:
        """Return `text[start:end]` with a U+200B after what acts there; its neighbours are looked at."""
        pieces: list[str] = []
        at = start
        # One character more shows what follows the last one.
        for found in _WALK.finditer(text, start, end + 1):
            if found.start() >= end:
                break
            pieces += (text[at : found.start()], self._replace(found, text))
            at = found.end()
        return _OWN_LABEL.sub(_add_zwsp, "".join((*pieces, text[at:end])))

    def _replace(self, found: re.Match[str], text: str) -> str:
        written, start = found[0], found.start()
        match found.lastgroup:
            case "paragraph" | "footnote" | "opening" | "closing" | "unsure":
                self._count_brackets(found.lastgroup)
                return written
            case "url":
                return self._inert_url(written)
            case "autolink" if text[start - 1 : start] != "\\":
                return f"<{self._inert_url(written[1:-1])}>"
            case "autolink":
                return _RULES_ALONE.sub(_add_zwsp, written)
            case "path":
                return self._inert_path(written, text, start)
            case "image":
                return self._inert_image(found)
            case _ if written == "@" and self._is_allowed_mention(text, start):
                return written
            case _:
                return _add_zwsp(found)

    def _is_allowed_mention(self, text: str, start: int) -> bool:
        """Whether this is a mention of somebody whom the policy lets this text notify."""
        mention = _MENTION.match(text, start) if self._policy.mentions else None
        return mention is not None and mention["login"].lower() in self._policy.mentions

    def _count_brackets(self, kind: str) -> None:
        if kind == "paragraph":
            self.begin_paragraph()
        elif kind in ("unsure", "footnote"):
            self._is_unsure = True
            self._open_brackets += kind == "footnote"
        elif kind == "opening":
            self._open_brackets += 1
        elif self._open_brackets and not self._is_unsure:
            self._open_brackets -= 1

    def _inert_url(self, url: str) -> str:
        """Return an address: `@` in its path as `%40`, and no issue of GitHub's.

        In an open bracket GitHub may show it as text.
        """
        inert = url.replace("@", "%40")
        if self._open_brackets:
            return _RULES_ALONE.sub(_add_zwsp, inert)
        if self._is_on_github(url):
            inert = _ISSUE_ADDRESS_ALONE.sub(_add_zwsp, inert)
            if _DECODED_ADDRESS.search(unquote(inert)):
                inert = inert.replace("%", f"%{ZWSP}")
        return inert

    def _is_on_github(self, url: str) -> bool:
        """Whether the host, or that of an address inside of the address, is GitHub's or below it."""
        hosts = {host["name"].lower().rstrip(".") for host in _URL_HOST.finditer(url)}
        return any(f".{host}".endswith(f".{each}") for host in hosts for each in self._policy.github_hosts)

    def _inert_path(self, path: str, text: str, start: int) -> str:
        """Return a path as it is, unless it may be the address of a link, or names a host of GitHub's."""
        inert = _GH_NUMBER_ALONE.sub(_add_zwsp, path)
        before = start
        while before and text[before - 1].isspace():
            before -= 1
        is_screenshot_address = text[before - 1 : before] in (":", "(", "<") and before > 0
        if is_screenshot_address or any(host in path.lower() for host in self._policy.github_hosts):
            return _ISSUE_ADDRESS_ALONE.sub(_add_zwsp, inert)
        return inert

    def _inert_image(self, image: re.Match[str]) -> str:
        url = image["image_url"]
        self._open_brackets += self._is_unsure  # its brackets may not belong together
        text, _, _ = image[0][1:].rpartition(f"({url})")
        inert_text = _RULES_ALONE.sub(_add_zwsp, text)
        if urlsplit(url).netloc.lower() in self._policy.image_hosts:
            return f"!{inert_text}({url})"
        return f"!{ZWSP}{inert_text}({self._inert_url(url)})"


def is_image_url(url: str) -> bool:
    """Whether an address has no character that could end it, or open anything, in Markdown."""
    return _IMAGE_URL.fullmatch(url) is not None


def _add_zwsp(found: re.Match[str]) -> str:
    return found[0] + ZWSP
