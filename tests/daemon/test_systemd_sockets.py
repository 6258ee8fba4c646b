"""Sockets passed by systemd: used if they are meant for this process and listen."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reconciler.daemon.systemd import take_inherited_sockets


@pytest.fixture
def handed() -> Iterator[tuple[int, int]]:
    """Three descriptors in a row, as systemd leaves them: the first one's number, and the port it listens at.

    A listening socket, one that is only bound, and one of another kind.
    """
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        bound = stack.enter_context(socket.socket())
        other = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        first = 400
        for number, each in enumerate((listening, bound, other), first):
            os.dup2(each.fileno(), number)
        yield first, listening.getsockname()[1]


def test_those_that_listen_are_taken_up_and_the_others_closed(handed: tuple[int, int]) -> None:
    first, port = handed
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3"}
    (found,) = take_inherited_sockets(environ, first)
    with found:
        assert (found.getsockname()[1], found.get_inheritable()) == (port, False)
    for number in (first + 1, first + 2):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(number)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "x", "LISTEN_PID": "ours"},
    ],
)
def test_what_is_not_for_us_is_left_alone(environ: dict[str, str]) -> None:
    ours = {name: value.replace("ours", str(os.getpid())) for name, value in environ.items()}
    assert take_inherited_sockets(ours) == ()
