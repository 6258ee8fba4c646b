"""Output: data to stdout, sentences to stderr, both made safe for a terminal.

At the end: text cut and padded to terminal columns, and the JSON that all commands share.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, TextIO
from unicodedata import combining, east_asian_width

from reconciler.errors import ReconcilerError
from reconciler.model.formatting import escape_unprintable

TERMINAL_WIDTH = 80
"""Columns of a terminal whose width is not known."""
MIN_WIDTH, MAX_WIDTH = 60, 200
"""Narrower or wider lines are not made, whatever the terminal's width is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """stdout and stderr. Lines are made safe when printed; JSON is safe by its own escapes."""

    out: TextIO
    err: TextIO

    @property
    def is_unicode(self) -> bool:
        """Whether stdout can show ✓ and →."""
        return (self.out.encoding or "").lower().replace("-", "") == "utf8"

    @property
    def columns(self) -> int | None:
        """The width of lines for people; None: stdout is no terminal, so nothing is cut."""
        if not self.out.isatty():
            return None
        given = shutil.get_terminal_size((TERMINAL_WIDTH, 24)).columns
        return min(max(given, MIN_WIDTH), MAX_WIDTH)

    def print_line(self, line: str = "") -> None:
        """Print one line of data."""
        with self._translate_write_errors():
            print(escape_unprintable(line), file=self.out)

    def print_json(self, value: Any) -> None:
        """Print one object on one line, keys in the order given, ASCII only."""
        with self._translate_write_errors():
            print(json.dumps(value, separators=(", ", ": ")), file=self.out)

    def print_note(self, sentence: str) -> None:
        """Print a sentence that is no error on stderr."""
        print(escape_unprintable(sentence), file=self.err)

    def print_error(self, sentence: str) -> None:
        """Print an error: what, where, what to do."""
        print(f"reconcile: {escape_unprintable(sentence)}", file=self.err)

    def flush(self) -> None:
        """Flush stdout, so that write errors are reported here and not at exit."""
        with self._translate_write_errors():
            self.out.flush()

    @contextmanager
    def _translate_write_errors(self) -> Iterator[None]:
        """Turn an OSError, such as a full disk, into a ReconcilerError; BrokenPipeError passes."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            self.discard_output()
            reason = error.strerror or type(error).__name__
            raise ReconcilerError(
                f"output cannot be written, to stdout: {reason}; make room for it"
            ) from None

    def discard_output(self) -> None:
        """Redirect stdout to the null device.

        Otherwise writing the buffered rest would fail again at exit.
        """
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())


def standard_console() -> Console:
    """Return this process's streams. Characters that they can't encode are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Console(out=sys.stdout, err=sys.stderr)


def display_width(text: str) -> int:
    """Return the number of terminal columns that the text takes."""
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text
    )


def cut_to_width(text: str, columns: int | None, *, more: str = "…") -> str:
    """Return the text, made safe and cut to `columns` (None: not cut); `more` marks the cut."""
    text = escape_unprintable(text)
    if columns is None or display_width(text) <= columns:
        return text
    kept, columns_left = "", columns - display_width(more)
    for character in text:
        columns_left -= display_width(character)
        if columns_left < 0:
            break
        kept += character
    return kept + more


def pad_or_cut_to_width(text: str, columns: int, *, more: str = "…") -> str:
    """Return the text with exactly this width: cut, or padded with blanks."""
    text = cut_to_width(text, columns, more=more)
    return text + " " * (columns - display_width(text))


def pad_to_width(text: str, columns: int) -> str:
    """Return the text, made safe, padded with blanks to at least this width."""
    text = escape_unprintable(text)
    return text + " " * (columns - display_width(text))


def wrap_to_width(
    text: str, columns: int | None, *, indent: str = "  ", breaks_words: bool = True
) -> Iterator[str]:
    """Yield the text in lines of at most `columns`, later ones indented; one line where that is None.

    `breaks_words`: break a word that is longer than a line; an address would be of no use then.
    """
    if columns is None:
        yield text
    else:
        yield from wrap(text, columns, subsequent_indent=indent, break_long_words=breaks_words)


def project_reference_as_json(project_id: object, name: str, repository: str | None) -> dict[str, str | None]:
    """Return a project as every JSON object names it."""
    return {"id": str(project_id), "name": name, "repository": repository}
