"""Untrusted text made inert: it may be read on GitHub but must not act there.

One technique throughout: U+200B after what acts. GitHub's filters for mentions and references run after its
Markdown, so a backslash does not help (docs/decisions/0010-inert-text.md has the sources). Code stays as
it is (docs/decisions/0065-code-stays-code.md), except for what acts on the raw text. A code fence left open
would show what we write after it, marker included, as code: `close_fences` closes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from reconciler.model.policy import SanitizationPolicy
from reconciler.text.bots import neutralise_bot_commands
from reconciler.text.clean import clean, single_line
from reconciler.text.code_blocks import scan_blocks
from reconciler.text.code_spans import Part, split_code
from reconciler.text.redact import redact
from reconciler.text.references import ReferenceWalk, is_image_url

_MAX_COMMENT_ROUNDS: Final = 4


def inert(text: str, policy: SanitizationPolicy, *, spans: bool = True) -> str:
    """Return `text` cleaned, without HTML comments, and with nothing that acts on GitHub.

    `spans`: whether code in backticks stays as it is too. If not, any start of the result is inert once its
    fences are closed. The text stays Markdown. Linear in its length; a second call changes nothing. Open code
    fences stay (`close_fences`). Source: docs/design.md, Text to GitHub.
    """
    parts = split_code(scan_blocks(without_html_comments(_redacted(clean(text), policy))), spans=spans)
    return neutralise_bot_commands("".join(_inert_parts(parts, policy)), policy.bots)


def inert_line(text: str, policy: SanitizationPolicy) -> str:
    """Return `text` as one inert line, without images, mentions and code: names, identifiers, titles, values.

    It has a place inside a line of ours, whose Markdown would decide what in it is code.
    """
    line = single_line(_remove_html_comments([Part(_redacted(single_line(text), policy), is_code=False)]))
    alone = replace(policy, image_hosts=frozenset(), mentions=frozenset())
    walked = ReferenceWalk(alone).make_inert(line, 0, len(line))
    return neutralise_bot_commands(walked, policy.bots)


def inert_code(text: str, policy: SanitizationPolicy) -> str:
    """Return `text` for a code block of ours: cleaned, without what acts on the raw text."""
    return neutralise_bot_commands(_redacted(clean(text), policy), policy.bots)


def _redacted(text: str, policy: SanitizationPolicy) -> str:
    return redact(text) if policy.redacts else text


def is_allowed_image(url: str, policy: SanitizationPolicy) -> bool:
    """Whether `url` may be shown as an image: http(s), plain characters, one of the hosts."""
    return is_image_url(url) and urlsplit(url).netloc.lower() in policy.image_hosts


def _inert_parts(parts: Sequence[Part], policy: SanitizationPolicy) -> Iterator[str]:
    text = "".join(part.text for part in parts)
    walk = ReferenceWalk(policy)
    start = 0
    for part in parts:
        end = start + len(part.text)
        if not part.is_code:
            yield walk.make_inert(text, start, end)
        else:
            yield part.text
            if "\n" in part.text:
                walk.begin_paragraph()
        start = end


def without_html_comments(text: str) -> str:
    """Return `text` without HTML comments outside of code; one that is never closed stays.

    What is code may depend on a comment that is removed, so it is looked at again. Where comments are in
    each other for too many rounds, the rest of them is shown.
    """
    for _ in range(_MAX_COMMENT_ROUNDS):
        if "<!--" not in text:
            break
        text = _remove_html_comments(split_code(scan_blocks(text), spans=True))
    return text


def _remove_html_comments(parts: Sequence[Part]) -> str:
    text = "".join(part.text for part in parts)
    pieces: list[str] = []
    kept = start = 0
    for part in parts:
        end = start + len(part.text)
        while not part.is_code and (begin := text.find("<!--", max(start, kept), end)) >= 0:
            # Overlapping ends as in HTML: "<!-->" is a whole comment.
            close = text.find("-->", begin + 2)
            if close < 0:
                return "".join((*pieces, text[kept:]))
            pieces.append(text[kept:begin])
            kept = close + 3
        start = end
    return "".join((*pieces, text[kept:]))
