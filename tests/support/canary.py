"""The canary: the token that the program under test is given, and the search for it wherever it must not be.

Every test is searched: what it printed, every event of the log whatever its level, every error of ours that
was made, every row that was left in a database, every request's address and body on GitHub, every answer of
the web, all output of a started command.
"""

import traceback
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from socket import socket
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import sqlalchemy as sa

from reconciler.demo.github.simulator import Simulator
from reconciler.errors import ReconcilerError
from reconciler.logs import EventLogger

if TYPE_CHECKING:  # the web is imported where it is served, not in every test
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reconciler.web.server import RunningServer

CANARY = "c4nary7f3a"
BOT_TOKEN = f"ghp_{CANARY}_bot_0123456789"
THEIRS = ("integrations",)
"""BugSpark's own table, in which a token may be plain (docs/reference/bugspark.md, Secrets)."""


class TokenFoundError(AssertionError):
    """The token was found where it must not be."""


def search(where: str, *texts: object) -> None:
    """Raises TokenFoundError when one of these texts holds the token."""
    for text in texts:
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if CANARY in shown:
            at = shown.index(CANARY)
            raise TokenFoundError(f"{where}: …{shown[max(0, at - 200) : at]}[the token]…")


def search_rows(engine: sa.Engine) -> None:
    """Every row of every table, over a connection that no outage has met. JSON is read as text: a row of a
    hostile test may be nested too deeply for this process.
    """
    engine.dispose()
    with engine.connect().execution_options(reconciler_reads=True) as connection:
        if engine.name == "postgresql":
            from psycopg.types.json import set_json_loads  # not needed on SQLite

            set_json_loads(lambda text: text, connection.connection.driver_connection)
        for name in sa.inspect(connection).get_table_names():
            if name not in THEIRS:
                for row in connection.execute(sa.text(f'SELECT * FROM "{name}"')):
                    search(f"a row of {name}", tuple(row))
    engine.dispose()  # no other reader gets that connection


def search_requests(simulator: Simulator) -> None:
    """Every address and body that reached GitHub; the header `authorization` is where it belongs."""
    for seen in simulator.requests:
        search(f"a request, {seen.method} {seen.path}", seen.path, seen.query, seen.body)


@contextmanager
def watch_errors_and_logs() -> Iterator[list[str]]:
    """Errors of ours and events of the log that contain the token, made within the block: shown or not,
    whatever the level, before anything is masked.
    """
    found: list[str] = []
    original, emit = ReconcilerError.__init__, EventLogger._emit

    def check(source: str, *arguments: object) -> None:
        if any(CANARY in str(each) for each in arguments):
            found.append(f"{source}: {arguments}".replace(CANARY, "[the token]"))

    def init_and_check(self: ReconcilerError, *arguments: Any, **more: Any) -> None:
        original(self, *arguments, **more)
        check(type(self).__name__, arguments)

    def emit_and_check(
        self: EventLogger, level: int, event: str, values: Mapping[str, object], *, trace: bool = False
    ) -> None:
        check(self.name, event, dict(values), traceback.format_exc() if trace else "")
        emit(self, level, event, values, trace=trace)

    with (
        patch.object(ReconcilerError, "__init__", init_and_check),
        patch.object(EventLogger, "_emit", emit_and_check),
    ):
        yield found


@asynccontextmanager
async def serving(
    app: "ASGIApp", sockets: Sequence[socket], trusted_proxies: Sequence[str] = ()
) -> AsyncIterator["RunningServer"]:
    """`reconciler.web.server.serve_app`; every answer is searched: headers, pages and JSON, of any status.

    Raises TokenFoundError at the end of the block.
    """
    from reconciler.web import server

    answers: list[tuple[str, bytes]] = []
    async with server.serve_app(_record_answers(app, answers), sockets, trusted_proxies) as running:
        yield running
    for where, answer in answers:
        search(f"the answer to {where}", answer)


def _record_answers(app: "ASGIApp", answers: list[tuple[str, bytes]]) -> "ASGIApp":
    async def record_answer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        parts: list[bytes] = []

        async def send_and_record(message: "Message") -> None:
            parts.extend(part for header in message.get("headers", ()) for part in header)
            parts.append(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, send_and_record)
        finally:
            answers.append((f"{scope.get('method')} {scope.get('path')}", b"".join(parts)))

    return record_answer
