"""A real `reconcile daemon`: its log and messages are read, it gets signals, GitHub's clock runs."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.support.canary import search
from tests.support.command import Installation, Running

TIMEOUT_SECONDS = 90.0
STEP = 0.05
QUICK: Mapping[str, Mapping[str, Any]] = {
    "web": {"port": 0},
    "log": {"format": "json"},
    "poll": {"interval_seconds": 1.0},
}


@dataclass
class Daemon:
    """A daemon process. `lines` is its log so far, `messages` are those sent to systemd."""

    process: Running
    manager: socket.socket
    lines: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # lines that are no JSON
    raw: list[bytes] = field(default_factory=list)  # all of them
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _readers: list[threading.Thread] = field(default_factory=list)

    def listen(self) -> None:
        """Start to read its log and its messages."""
        self._readers = [
            threading.Thread(target=work, daemon=True) for work in (self._read_log, self._read_messages)
        ]
        for thread in self._readers:
            thread.start()

    def search(self) -> None:
        """Search its whole output for the token, after its end. Raises TokenFoundError."""
        self.manager.shutdown(socket.SHUT_RDWR)
        for thread in self._readers:
            thread.join(TIMEOUT_SECONDS)
        search("a daemon's log", b"".join(self.raw))
        search("messages to systemd", *self.messages)

    def until(self, event: str, count: int = 1, **values: Any) -> dict[str, Any]:
        """Wait for the `count`-th log line of this event and return it."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self.log_lines(event, values)) >= count, TIMEOUT_SECONDS
            ), self.output
            return self.log_lines(event, values)[count - 1]

    def log_lines(self, event: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the log lines of this event so far."""
        return [each for each in self.lines if each["event"] == event and values.items() <= each.items()]

    def until_message(self, message: str, count: int = 1) -> None:
        """Wait until this was sent to systemd `count` times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.count_messages(message) >= count, TIMEOUT_SECONDS), (
                self.output
            )

    def count_messages(self, message: str) -> int:
        """Return how often this was sent to systemd so far."""
        return sum(message in each.splitlines() for each in self.messages)

    def get(self, path: str) -> httpx.Response:
        """Send a request to its web server."""
        port = self.until("listening")["port"]
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10, verify=False)
        search(f"the answer to {path}", answer.content, answer.headers)
        return answer

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> tuple[int, float]:
        """Its exit status, and how many seconds it took from now."""
        began = time.monotonic()
        code = self.process.wait(TIMEOUT_SECONDS)
        return code, time.monotonic() - began

    @property
    def status(self) -> str:
        """Return the last status line sent to systemd."""
        return next((each for each in reversed(self.messages) if each.startswith("STATUS=")), "")

    @property
    def output(self) -> str:
        """Return all output, for the message of a failing test."""
        return "\n".join([*map(json.dumps, self.lines), *self.other, *self.messages[-5:]])

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for raw in self.process.stderr:
            with self._changed:
                self.raw.append(raw)
                try:
                    self.lines.append(json.loads(raw))
                except ValueError:
                    self.other.append(raw.decode(errors="replace"))
                self._changed.notify_all()

    def _read_messages(self) -> None:
        while True:
            try:
                message = self.manager.recv(4096).decode()
            except OSError:
                return
            if not message:  # the socket was shut down
                return
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()


@contextmanager
def running(
    installation: Installation, *, ready: bool = True, installed: bool = False, **environ: str
) -> Iterator[Daemon]:
    """A daemon for the time of the block, killed at its end if it still runs. `installed`: see
    `CommandRunner.start_with_pipe`."""
    path = installation.commands.home / f"notify-{uuid4().hex[:8]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        process = installation.commands.start_with_pipe(
            "daemon", installed=installed, NOTIFY_SOCKET=str(path), **environ
        )
        daemon = Daemon(process, manager)
        daemon.listen()
        try:
            if ready:
                daemon.until_message("READY=1")
            yield daemon
        finally:
            daemon.process.kill()
            daemon.process.wait()
            daemon.search()
            if daemon.process.stderr is not None:
                daemon.process.stderr.close()


@contextmanager
def advancing_clock(installation: Installation) -> Iterator[None]:
    """Advance GitHub's clock with the machine's, within the block."""
    stopped = threading.Event()

    def go() -> None:
        while not stopped.wait(STEP):
            installation.github.clock.advance(STEP)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def eventually(what: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> float:
    """Wait until a condition holds; return how long it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "the condition did not become true in time"
        time.sleep(STEP)
    return time.monotonic() - began


def free_port() -> tuple[socket.socket, int]:
    """A port that is taken from now on, by the socket that comes along."""
    taken = socket.create_server(("127.0.0.1", 0))
    return taken, int(taken.getsockname()[1])
