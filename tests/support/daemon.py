"""A real `reconcile daemon`: started, listened to, signalled, killed, while GitHub's clock goes on."""

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

PATIENCE = 45.0
STEP = 0.05
QUICK: Mapping[str, Mapping[str, Any]] = {
    "web": {"port": 0},
    "log": {"format": "json"},
    "poll": {"interval_seconds": 1.0},
}


@dataclass
class Daemon:
    """A daemon process. `lines` is its log so far, `words` its messages to systemd."""

    process: Running
    manager: socket.socket
    lines: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # lines that are no JSON
    raw: list[bytes] = field(default_factory=list)  # all of them
    _news: threading.Condition = field(default_factory=threading.Condition)
    _ears: list[threading.Thread] = field(default_factory=list)

    def listen(self) -> None:
        """From now on."""
        self._ears = [
            threading.Thread(target=work, daemon=True) for work in (self._read_log, self._read_words)
        ]
        for ear in self._ears:
            ear.start()

    def search(self) -> None:
        """Search its whole output for the token, after its end. Raises Escaped."""
        self.manager.shutdown(socket.SHUT_RDWR)
        for ear in self._ears:
            ear.join(PATIENCE)
        search("a daemon's log", b"".join(self.raw))
        search("what systemd heard", *self.words)

    def until(self, event: str, count: int = 1, **values: Any) -> dict[str, Any]:
        """Wait for the `count`-th log line of this event and return it."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.said(event, values)) >= count, PATIENCE), self.story
            return self.said(event, values)[count - 1]

    def said(self, event: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the log lines of this event so far."""
        return [each for each in self.lines if each["event"] == event and values.items() <= each.items()]

    def until_told(self, word: str, count: int = 1) -> None:
        """Systemd heard this for the `count`-th time."""
        with self._news:
            assert self._news.wait_for(lambda: self.heard(word) >= count, PATIENCE), self.story

    def heard(self, word: str) -> int:
        """How often systemd heard this so far."""
        return sum(word in each.splitlines() for each in self.words)

    def get(self, path: str) -> httpx.Response:
        """Ask its web."""
        port = self.until("listening")["port"]
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10, verify=False)
        search(f"the answer to {path}", answer.content, answer.headers)
        return answer

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> tuple[int, float]:
        """Its exit status, and how many seconds it took from now."""
        began = time.monotonic()
        code = self.process.wait(PATIENCE)
        return code, time.monotonic() - began

    @property
    def status(self) -> str:
        """The last status line that systemd heard."""
        return next((each for each in reversed(self.words) if each.startswith("STATUS=")), "")

    @property
    def story(self) -> str:
        """For a test that fails."""
        return "\n".join([*map(json.dumps, self.lines), *self.other, *self.words[-5:]])

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for raw in self.process.stderr:
            with self._news:
                self.raw.append(raw)
                try:
                    self.lines.append(json.loads(raw))
                except ValueError:
                    self.other.append(raw.decode(errors="replace"))
                self._news.notify_all()

    def _read_words(self) -> None:
        while True:
            try:
                word = self.manager.recv(4096).decode()
            except OSError:
                return
            if not word:  # nobody will say anything any more
                return
            with self._news:
                self.words.append(word)
                self._news.notify_all()


@contextmanager
def running(
    installation: Installation, *, ready: bool = True, installed: bool = False, **environ: str
) -> Iterator[Daemon]:
    """A daemon for the time of the block, killed at its end if it still runs. `installed`: see Desk."""
    path = installation.commands.home / f"notify-{uuid4().hex[:8]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        process = installation.commands.start_heard(
            "daemon", installed=installed, NOTIFY_SOCKET=str(path), **environ
        )
        daemon = Daemon(process, manager)
        daemon.listen()
        try:
            if ready:
                daemon.until_told("READY=1")
            yield daemon
        finally:
            daemon.process.kill()
            daemon.process.wait()
            daemon.search()
            if daemon.process.stderr is not None:
                daemon.process.stderr.close()


@contextmanager
def time_passing(installation: Installation) -> Iterator[None]:
    """GitHub's clock goes as the machine's does."""
    over = threading.Event()

    def go() -> None:
        while not over.wait(STEP):
            installation.github.clock.advance(STEP)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def eventually(what: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait until a condition holds; return how long it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it did not come about"
        time.sleep(STEP)
    return time.monotonic() - began


def free_port() -> tuple[socket.socket, int]:
    """A port that is taken from now on, by the socket that comes along."""
    taken = socket.create_server(("127.0.0.1", 0))
    return taken, int(taken.getsockname()[1])
