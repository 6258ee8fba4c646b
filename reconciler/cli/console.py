"""Where words go: data to stdout, sentences to stderr; signs and escapes as each of them can bear."""

import io
import json
import sys
from dataclasses import dataclass
from typing import Any, TextIO

from reconciler.model.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The two streams. Lines are made safe on the way out; JSON is left to its own escapes."""

    out: TextIO
    err: TextIO

    @property
    def unicode(self) -> bool:
        """Whether stdout can show ✓ and →."""
        return (self.out.encoding or "").lower().replace("-", "") == "utf8"

    def say(self, line: str = "") -> None:
        """One line of data."""
        print(visible(line), file=self.out)

    def json(self, value: Any) -> None:
        """One object on one line, keys in the order given, ASCII only."""
        print(json.dumps(value, separators=(", ", ": ")), file=self.out)

    def note(self, sentence: str) -> None:
        """Something for a person on stderr, no error."""
        print(visible(sentence), file=self.err)

    def complain(self, sentence: str) -> None:
        """An error: what, where, what to do."""
        print(f"reconcile: {visible(sentence)}", file=self.err)

    def flush(self) -> None:
        """Write out what is buffered; raises BrokenPipeError where it would otherwise be lost at exit."""
        self.out.flush()
        self.err.flush()


def standard() -> Console:
    """This process's own streams; a character they can't encode is written out, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Console(out=sys.stdout, err=sys.stderr)
