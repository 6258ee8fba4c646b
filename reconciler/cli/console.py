"""Where words go: data to stdout, sentences to stderr; signs and escapes as each of them can bear."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from reconciler.errors import ReconcilerError
from reconciler.model.formatting import escape_unprintable
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The two streams. Lines are made safe on the way out; JSON is left to its own escapes."""

    out: TextIO
    err: TextIO

    @property
    def is_unicode(self) -> bool:
        """Whether stdout can show ✓ and →."""
        return (self.out.encoding or "").lower().replace("-", "") == "utf8"

    def print_line(self, line: str = "") -> None:
        """One line of data."""
        with self._translate_write_errors():
            print(escape_unprintable(line), file=self.out)

    def print_json(self, value: Any) -> None:
        """One object on one line, keys in the order given, ASCII only."""
        with self._translate_write_errors():
            print(json.dumps(value, separators=(", ", ": ")), file=self.out)

    def print_note(self, sentence: str) -> None:
        """Something for a person on stderr, no error."""
        print(escape_unprintable(sentence), file=self.err)

    def print_error(self, sentence: str) -> None:
        """An error: what, where, what to do."""
        print(f"reconcile: {escape_unprintable(sentence)}", file=self.err)

    def flush(self) -> None:
        """Write out what is buffered: what goes wrong shows here and not, unseen, at the exit."""
        with self._translate_write_errors():
            self.out.flush()

    @contextmanager
    def _translate_write_errors(self) -> Iterator[None]:
        """A full disk is an error to be said; a reader that left is not (BrokenPipeError)."""
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
        """Nobody can take our data any more: send the rest nowhere, or it would fail again at exit."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())


def standard_console() -> Console:
    """This process's own streams; a character they can't encode is written out, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Console(out=sys.stdout, err=sys.stderr)
