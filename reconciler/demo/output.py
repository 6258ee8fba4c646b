"""Output of the demo: 80 columns, optional colour, ASCII where the terminal needs it."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TextIO

from reconciler.model.formatting import escape_unprintable

WIDTH = 80
Tone = Literal["strong", "quiet", "good", "bad", "accent"]
_CODES: dict[Tone, str] = {"strong": "1", "quiet": "2", "good": "32", "bad": "31;1", "accent": "36"}
ASCII = str.maketrans({"→": "->", "≠": "!=", "×": "x", "✓": "+", "✗": "x", "…": "...", "·": "^"})


@dataclass(slots=True, kw_only=True)
class Output:
    """A text stream. Untrusted text is made printable first."""

    out: TextIO
    colour: bool = False

    def line(self, text: str = "", tone: Tone | None = None) -> None:
        """Print a line."""
        print(self.toned(self._plain(text), tone), file=self.out, flush=True)

    def chapter(self, number: int, title: str) -> None:
        """Print the title of a step."""
        self.line()
        self.line(f"{number:>2}  {title}", "strong")

    def say(self, *sentences: str) -> None:
        """Print a paragraph below the title of a step."""
        for each in textwrap.wrap(" ".join(sentences), WIDTH - 4):
            self.line(f"    {each}", "quiet")

    def table(self, rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]) -> None:
        """Print rows in columns; the last one has any width."""
        for row in rows:
            cells = [fit(cell, width) for cell, width in zip(row, widths, strict=False)]
            self.line(f"    {'  '.join([*cells, *row[len(widths) :]])}".rstrip())

    def verdict(self, text: str, *, good: bool) -> None:
        """Print a line with the sign of a passed or failed check."""
        tone: Tone = "good" if good else "bad"
        sign = self.toned(self._plain("✓" if good else "✗"), tone)
        print(f"    {sign} {self._plain(text)}", file=self.out, flush=True)

    def toned(self, text: str, tone: Tone | None) -> str:
        """Return the text in a colour, if colours are on."""
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if self.colour and tone and text else text

    def _plain(self, text: str) -> str:
        text = escape_unprintable(text)
        encoding = (self.out.encoding or "").lower().replace("-", "")
        return text if encoding == "utf8" else text.translate(ASCII)


@dataclass(slots=True, kw_only=True)
class Checklist:
    """The numbered steps of the demo and the checks made so far."""

    output: Output
    number: int = 0
    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def begin(self, title: str, *words: str) -> None:
        """Begin a step."""
        self.number += 1
        self.output.chapter(self.number, title)
        self.output.say(*words)
        self.output.line()

    def check(self, text: str, passed: bool) -> None:
        """Print whether something is as expected, and count it."""
        self.output.verdict(text, good=passed)
        if passed:
            self.passed += 1
        else:
            self.failed.append(text)


def cut(text: str, width: int) -> str:
    """Return the text on one line, visibly truncated."""
    text = escape_unprintable(" ".join(text.split()))
    return text if len(text) <= width else text[: width - 1] + "…"


def fit(text: str, width: int) -> str:
    """Return the text truncated or padded to a width."""
    return cut(text, width).ljust(width)


def counted(number: int, noun: str) -> str:
    """`1 issue`, `2 issues`."""
    return f"{number} {noun if number == 1 else noun + 's'}"
