"""The code spans of a text that every reader sees as code.

A span counts if it is on one line and nothing before it in the same paragraph can change which backticks
belong together: one without a partner, a link's address, a footnote, a formula, a cell of a table, an
address that swallows backticks. Where one of these stands, the rest of the paragraph is text. Readers do not
agree where a line begins a paragraph of its own, so only blank lines and code end one here
(docs/decisions/0065-code-stays-code.md). Sources: CommonMark 0.31, 6.1; GFM 0.29, 4.10 and 6.9; cmark-gfm.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from reconciler.text.code_blocks import Blocks, LineKind

# cmark looks for no partner of more than 80.
_MAX_RUN: Final = 32
_TICKS: Final = re.compile(r"`+")
# The rest of the paragraph is not sure any more after these, outside of code.
_UNSURE: Final = re.compile(
    r"\[\^"  # a footnote: cmark-gfm shows one that is not defined as plain text, code in it too
    r"|\]\((?![^\s()<>`\\\"']*\))"  # a link's address: backticks in it are no code
    r"|\$(?=\S)"  # a formula on GitHub
    r"|\\(?=`)"  # an escaped backtick
)
# GitHub takes this for a link, up to the next blank, backticks included.
_ADDRESS: Final = re.compile(r"://|www\.|mailto:|xmpp:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text: code for every reader, or not."""

    text: str
    is_code: bool


def split_code(blocks: Blocks, *, spans: bool) -> list[Part]:
    """Return the lines of `blocks`, joined, in parts that are code and parts that are not.

    `spans`: whether code spans count. Where a text will be cut they must not: a span needs both its ends.
    """
    parts: list[Part] = []
    paragraph = _Paragraph()
    last = len(blocks.lines) - 1
    for at, (line, kind) in enumerate(zip(blocks.lines, blocks.kinds, strict=True)):
        newline = "\n" if at < last else ""
        if kind is LineKind.CODE or not line.strip(" \t"):
            parts.append(Part(line + newline, kind is LineKind.CODE))
            paragraph = _Paragraph()
            continue
        if kind is LineKind.PLAIN or not spans:
            paragraph.is_sure = False
        parts.extend(paragraph.split(line + newline))
    return _join(parts)


class _Paragraph:
    """How far the lines of one paragraph, read so far, leave it sure what is code."""

    def __init__(self) -> None:
        self.is_sure = True
        self.in_bracket = False  # a link may look for its end without regard to code

    def split(self, line: str) -> Iterator[Part]:
        """Yield the parts of the next line."""
        at = 0
        while self.is_sure and (opening := _TICKS.search(line, at)):
            closing = _find_closing(line, opening)
            if closing is None or not self._is_code(line, at, opening, closing):
                self.is_sure = False
                break
            yield Part(line[at : opening.start()], is_code=False)
            yield Part(line[opening.start() : closing.end()], is_code=True)
            at = closing.end()
        self._read_text(line, at, len(line))
        yield Part(line[at:], is_code=False)

    def _is_code(self, line: str, at: int, opening: re.Match[str], closing: re.Match[str]) -> bool:
        self._read_text(line, at, opening.end())
        span = line[opening.start() : closing.end()]
        word = max(at, *(line.rfind(blank, at, opening.start()) for blank in " \t"))
        return (
            self.is_sure
            and _ADDRESS.search(line, word, opening.start()) is None
            and "|" not in span
            and not ("]" in span and self.in_bracket)
        )

    def _read_text(self, line: str, start: int, end: int) -> None:
        last = max(line.rfind("[", start, end), line.rfind("]", start, end))
        if last >= 0:
            self.in_bracket = line[last] == "[" or line[last - 1 : last] == "\\"
        self.is_sure = self.is_sure and _UNSURE.search(line, start, end) is None


def _find_closing(line: str, opening: re.Match[str]) -> re.Match[str] | None:
    length = opening.end() - opening.start()
    if length > _MAX_RUN:
        return None
    runs = _TICKS.finditer(line, opening.end())
    return next((run for run in runs if run.end() - run.start() == length), None)


def _join(parts: Sequence[Part]) -> list[Part]:
    """Join neighbours of one kind, so that what acts is seen across the lines of a text."""
    return [
        Part("".join(part.text for part in group), is_code)
        for is_code, group in groupby(parts, key=lambda part: part.is_code)
    ]
