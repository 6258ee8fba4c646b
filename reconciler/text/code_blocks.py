"""The lines of a Markdown text that every CommonMark reader sees as code, and fences that surely end.

Readers agree about a fence at top level or in a quote, and about one that is closed by a line of the same
indentation while nothing between is indented less. Any other fence for which a list item might be open is
moved to column 0: there it can only be at top level, and one line closes it for sure. Where readers may
disagree, lines count as text (docs/decisions/0065-code-stays-code.md). Sources: CommonMark 0.31, 4.4, 4.5,
5.1, 5.2; the footnotes of cmark-gfm.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

ZWSP: Final = "\u200b"
# A fence is at most this long here: its closing line must fit where the text is cut. cmark counts to 255.
MAX_FENCE_CHARS: Final = 32
CODE_INDENTATION: Final = 4
MAX_QUOTE_DEPTH: Final = 8
_FENCE: Final = re.compile(
    r"[ \t]*(?:(?P<ticks>`{3,})(?P<info>[^`]*)|(?P<tildes>~{3,})(?P<text>.*))", re.DOTALL
)
_CLOSING: Final = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*")
_LONG_CLOSING: Final = re.compile(rf"^(?= *`{{{MAX_FENCE_CHARS + 1},}}[ \t]*$)", re.MULTILINE)
# A list item or a footnote: what follows may be inside of it.
_CONTAINER: Final = re.compile(r"[ \t>]*(?:(?:[-+*]|[0-9]{1,9}[.)])(?:[ \t]|$)|\[\^)")
_QUOTE: Final = re.compile(r"(?P<sign> {0,3}> ?)(?P<line>.*)", re.DOTALL)
_FORMULA: Final = "$$"


class LineKind(Enum):
    """What a line is to every reader."""

    TEXT = auto()  # text that may have code in it
    PLAIN = auto()  # text in which nothing is code for sure
    CODE = auto()


@dataclass(slots=True)
class Blocks:
    """The lines of a text as they are to be written, what each of them is, and the fence left open."""

    lines: list[str] = field(default_factory=list)
    kinds: list[LineKind] = field(default_factory=list)
    open_fence: str = ""

    def add(self, line: str, kind: LineKind) -> None:
        """Add a line."""
        self.lines.append(line)
        self.kinds.append(kind)


def scan_blocks(text: str) -> Blocks:
    r"""Return the lines of `text`, some fences moved to column 0, and what each line is.

    `text`: newlines are `\n`; a `<` that could begin HTML counts as text, for it is made inert elsewhere. A
    second scan of the lines gives the same.
    """
    blocks = _Scanner(text.split("\n"), depth=0).scan()
    # GitHub shows what is between two of these as a formula. What a fence means inside is not documented.
    is_plain = False
    for at, (line, kind) in enumerate(zip(blocks.lines, blocks.kinds, strict=True)):
        is_plain = is_plain or (kind is not LineKind.CODE and _FORMULA in line)
        blocks.kinds[at] = LineKind.PLAIN if is_plain else kind
    return blocks


def close_fences(text: str) -> str:
    """Return `text` with every code fence closed; a second call changes nothing.

    Fences inside a list or a quote end with it, at the latest at the next line of ours.
    """
    blocks = scan_blocks(text)
    return "\n".join([*blocks.lines, blocks.open_fence] if blocks.open_fence else blocks.lines)


def fence_code(content: str) -> str:
    """Return `content` as a code block. A line that could end any fence gets a U+200B in front."""
    safe = _LONG_CLOSING.sub(ZWSP, content)
    lengths = [len(run) for run in re.findall(r"`+", safe)]
    fence = "`" * max(3, 1 + max((each for each in lengths if each <= MAX_FENCE_CHARS), default=0))
    return f"{fence}\n{safe}\n{fence}"


class _Scanner:
    """One walk over the lines of a text, or over those inside of one quote."""

    def __init__(self, lines: Sequence[str], *, depth: int) -> None:
        self.lines = lines
        self.depth = depth
        self.blocks = Blocks()
        self.in_container = False  # a list item or a footnote may be open
        self.in_unclear_fence = False  # a fence in one of them may be open
        self.in_paragraph = False  # a paragraph may be open

    def scan(self) -> Blocks:
        """Walk over all lines."""
        at = 0
        while at < len(self.lines):
            at += (
                self._take_blank(at)
                or self._take_quote(at)
                or self._take_fence(at)
                or self._take_text_line(at)
            )
        return self.blocks

    def _take_blank(self, at: int) -> int:
        if self.lines[at].strip(" \t"):
            return 0
        self.blocks.add(self.lines[at], LineKind.TEXT)
        self.in_paragraph = False
        return 1

    def _take_text_line(self, at: int) -> int:
        """Take a line of a paragraph, a heading, a list item, or of indented code."""
        line = self.lines[at]
        columns = _indentation(line)
        if (
            columns >= CODE_INDENTATION
            and not self.in_container
            and not self.in_paragraph
            and not self._is_indentation_unknown(line)
        ):
            self._add_code([line], LineKind.CODE)
        else:
            self._note_containers(line, columns)
            self._add_text(line)
        return 1

    def _add_text(self, line: str) -> None:
        self.blocks.add(line, LineKind.TEXT)
        self.in_paragraph = True

    def _note_containers(self, line: str, columns: int) -> None:
        starts_container = _CONTAINER.match(line) is not None
        if columns == 0:
            # It ends every item but one whose paragraph it continues, and every fence in an item.
            self.in_container = self.in_container and self.in_paragraph
            self.in_unclear_fence = False
        self.in_container = self.in_container or starts_container
        if ("```" in line or "~~~" in line) and (columns > 0 or starts_container):
            self.in_unclear_fence = True

    # --- quotes

    def _take_quote(self, at: int) -> int:
        """Take the lines of a quote. Return their number; 0: there is none, or it may be inside an item."""
        if self.in_container and not self.lines[at].startswith(">"):
            return 0
        quoted: list[re.Match[str]] = []
        end = at
        while end < len(self.lines) and (match := _QUOTE.fullmatch(self.lines[end])):
            quoted.append(match)
            end += 1
        if quoted:
            self._add_quote([match["sign"] for match in quoted], [match["line"] for match in quoted])
            self.in_container = self.in_unclear_fence = False
            self.in_paragraph = True  # its last one may continue without the sign
        return len(quoted)

    def _add_quote(self, signs: Sequence[str], lines: Sequence[str]) -> None:
        if self.depth == MAX_QUOTE_DEPTH or any(_has_tab(line) and _FENCE.fullmatch(line) for line in lines):
            inner = Blocks(list(lines), [LineKind.PLAIN] * len(lines))
        else:
            inner = _Scanner(lines, depth=self.depth + 1).scan()
        for sign, line, kind in zip(signs, inner.lines, inner.kinds, strict=True):
            self.blocks.add(sign + line, kind)

    def _is_indentation_unknown(self, line: str) -> bool:
        """Whether it has a tab, whose columns count from the start of the line with the quote's signs."""
        return self.depth > 0 and _has_tab(line)

    # --- fences

    def _take_fence(self, at: int) -> int:
        """Take a fence with its code. Return the number of lines; 0: none, or readers may disagree."""
        opening = _FENCE.fullmatch(self.lines[at])
        if opening is None:
            return 0
        columns = _indentation(self.lines[at])
        fence = opening["ticks"] or opening["tildes"]
        info = opening["info"] or opening["text"] or ""
        # GitHub shows formulas in a fence; a reader may take a line with a "|" for the head of a table.
        code = LineKind.PLAIN if "|" in info or info.strip().lower().startswith("math") else LineKind.CODE
        if columns >= CODE_INDENTATION or (columns and self.in_container):
            paired = self._count_paired_lines(at, fence, columns)
            if paired or columns >= CODE_INDENTATION:
                self._add_code(self.lines[at : at + paired], code)
                return paired
        if len(fence) > MAX_FENCE_CHARS:
            self._note_containers(ZWSP, 0)
            self._add_text(ZWSP + self.lines[at].lstrip(" "))
            return 1
        return self._take_top_level_fence(at, fence, code)

    def _count_paired_lines(self, at: int, fence: str, columns: int) -> int:
        """Return the number of lines of a fence that ends at the same line inside and outside of an item.

        0: it may not. In a paragraph a line of four columns is text at top level, and a fence in an item.
        """
        if self.in_unclear_fence or (columns >= CODE_INDENTATION and self.in_paragraph):
            return 0
        for end in range(at + 1, len(self.lines)):
            line = self.lines[end]
            if not line.strip(" \t"):
                continue
            if _indentation(line) < columns or self._is_indentation_unknown(line):
                return 0
            if line.lstrip(" \t").startswith(fence[:3]):
                is_end = _is_closing(line, fence) and _indentation(line) == columns
                return end + 1 - at if is_end and len(fence) <= MAX_FENCE_CHARS else 0
        return 0

    def _take_top_level_fence(self, at: int, fence: str, code: LineKind) -> int:
        """Take a fence that is in no item: where it could be in one, its indentation goes."""
        opening = self.lines[at].lstrip(" ") if self.in_container else self.lines[at]
        end = at + 1
        while end < len(self.lines) and not _ends_at_top_level(self.lines[end], fence):
            end += 1
        if end == len(self.lines):
            self.blocks.open_fence = fence
        taken = [opening, *self.lines[at + 1 : end + 1]]
        self._add_code(taken, code)
        self.in_container = self.in_unclear_fence = False
        return len(taken)

    def _add_code(self, lines: Sequence[str], code: LineKind) -> None:
        for line in lines:
            self.blocks.add(line, code)
        self.in_paragraph = self.in_paragraph and not lines


def _indentation(line: str) -> int:
    """Return the columns of a line's leading blanks."""
    return len(_leading_blanks(line).expandtabs(4))


def _has_tab(line: str) -> bool:
    return "\t" in _leading_blanks(line)


def _leading_blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _is_closing(line: str, fence: str) -> bool:
    closing = _CLOSING.fullmatch(line)
    return closing is not None and closing["fence"].startswith(fence)


def _ends_at_top_level(line: str, fence: str) -> bool:
    return _is_closing(line, fence) and _indentation(line) < CODE_INDENTATION
