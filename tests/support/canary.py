"""The canary: the token that the program under test is given, and the search for it wherever it must not be.

Every test is searched: what it printed and logged, every error of ours that was made, every row that was left
in a database, every request's address and body on GitHub, every word of a started command.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from reconciler.demo.github.simulator import Simulator
from reconciler.errors import ReconcilerError

CANARY = "c4nary7f3a"
BOT_TOKEN = f"ghp_{CANARY}_bot_0123456789"
THEIRS = ("integrations",)
"""BugSpark's own table, in which a token may be plain (BUGSPARK.md, Secrets)."""


class Escaped(AssertionError):
    """The canary was seen."""


def search(where: str, *texts: object) -> None:
    """Raises Escaped when one of these texts holds the token."""
    for text in texts:
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if CANARY in said:
            at = said.index(CANARY)
            raise Escaped(f"{where}: …{said[max(0, at - 200) : at]}[the token]…")


def search_rows(engine: sa.Engine) -> None:
    """Every row of every table, over a connection that no outage has met."""
    engine.dispose()
    with engine.connect().execution_options(reconciler_reads=True) as connection:
        for name in sa.inspect(connection).get_table_names():
            if name not in THEIRS:
                for row in connection.execute(sa.text(f'SELECT * FROM "{name}"')):
                    search(f"a row of {name}", tuple(row))


def search_requests(simulator: Simulator) -> None:
    """Every address and body that reached GitHub; the header `authorization` is where it belongs."""
    for seen in simulator.requests:
        search(f"a request, {seen.method} {seen.path}", seen.path, seen.query, seen.body)


@contextmanager
def watched_errors() -> Iterator[list[str]]:
    """Words of errors of ours that hold the token, made within the block, shown or not."""
    found: list[str] = []
    original = ReconcilerError.__init__

    def watched(self: ReconcilerError, *words: Any, **more: Any) -> None:
        original(self, *words, **more)
        if CANARY in str(words):
            found.append(f"{type(self).__name__}: {words}".replace(CANARY, "[the token]"))

    with patch.object(ReconcilerError, "__init__", watched):
        yield found
