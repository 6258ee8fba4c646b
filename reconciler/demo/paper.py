"""What the account is written on: 80 columns, colour only where wanted, signs any terminal can show."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TextIO

from reconciler.model.formatting import escape_unprintable

WIDTH = 80
Tone = Literal["strong", "quiet", "good", "bad", "accent"]
_CODES: dict[Tone, str] = {"strong": "1", "quiet": "2", "good": "32", "bad": "31;1", "accent": "36"}
ASCII = str.maketrans({"→": "->", "≠": "!=", "×": "x", "✓": "+", "✗": "x", "…": "...", "·": "^"})


@dataclass(slots=True, kw_only=True)
class Paper:
    """A stream with manners. Text of strangers is made visible before it is printed."""

    out: TextIO
    colour: bool = False

    def line(self, text: str = "", tone: Tone | None = None) -> None:
        """One line."""
        print(self.toned(self._plain(text), tone), file=self.out, flush=True)

    def chapter(self, number: int, title: str) -> None:
        """A new step of the story."""
        self.line()
        self.line(f"{number:>2}  {title}", "strong")

    def say(self, *sentences: str) -> None:
        """A paragraph below the step's title."""
        for each in textwrap.wrap(" ".join(sentences), WIDTH - 4):
            self.line(f"    {each}", "quiet")

    def table(self, rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]) -> None:
        """Rows in columns, the last one as wide as it needs."""
        for row in rows:
            cells = [fit(cell, width) for cell, width in zip(row, widths, strict=False)]
            self.line(f"    {'  '.join([*cells, *row[len(widths) :]])}".rstrip())

    def verdict(self, text: str, *, good: bool) -> None:
        """A line that begins with its sign."""
        tone: Tone = "good" if good else "bad"
        sign = self.toned(self._plain("✓" if good else "✗"), tone)
        print(f"    {sign} {self._plain(text)}", file=self.out, flush=True)

    def toned(self, text: str, tone: Tone | None) -> str:
        """The text in a colour, where colours are wanted."""
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if self.colour and tone and text else text

    def _plain(self, text: str) -> str:
        text = escape_unprintable(text)
        encoding = (self.out.encoding or "").lower().replace("-", "")
        return text if encoding == "utf8" else text.translate(ASCII)


def cut(text: str, width: int) -> str:
    """The text on one line, visibly cut."""
    text = escape_unprintable(" ".join(text.split()))
    return text if len(text) <= width else text[: width - 1] + "…"


def fit(text: str, width: int) -> str:
    """The text cut or filled up to a width."""
    return cut(text, width).ljust(width)


def counted(number: int, noun: str) -> str:
    """`1 issue`, `2 issues`."""
    return f"{number} {noun if number == 1 else noun + 's'}"
