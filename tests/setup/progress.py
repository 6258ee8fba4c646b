"""Running an installer: its progress in a few lines, and an end when it hangs."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STEP_PERCENT = 20
POLL_SECONDS = 0.5
END_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How an installer ended. `code`: its exit status, None when it was stopped because it hung."""

    code: int | None
    lines: list[str]


def in_steps(verb: str, percent: float, of: str = "") -> str | None:
    """A percentage for people, which changes only five times: "downloaded 40 % of 173 MiB"; None below 20."""
    step = int(percent // STEP_PERCENT) * STEP_PERCENT
    return f"{verb} {step} %{' of ' if of else ''}{of}" if step else None


def follow(
    command: Sequence[str | Path],
    *,
    read_progress: Callable[[str], str | None],
    silence_seconds: float,
    environ: Mapping[str, str] | None = None,
    downloads: Path | None = None,
) -> Finished:
    """Run `command` and print what `read_progress` makes of its lines, each text once in a row.

    It is stopped after `silence_seconds` without a line and without growth of the files below `downloads`.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environ or {})},
        process_group=0,
    )
    lines: list[str] = []
    shown = None
    try:
        for line in _lines(process, silence_seconds, downloads):
            lines.append(line)
            text = read_progress(line)
            if text is not None and text != shown:
                print(f"  {text}", flush=True)
                shown = text
        return Finished(code=process.wait(END_SECONDS), lines=lines)
    except TimeoutError:
        return Finished(code=None, lines=lines)
    finally:
        _stop(process)


def _lines(
    process: "subprocess.Popen[bytes]", silence_seconds: float, downloads: Path | None
) -> Iterator[str]:
    """The lines of its output. Raises TimeoutError when it was silent for too long."""
    assert process.stdout is not None
    rest, size, heard_at = b"", 0, time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_SECONDS):
                heard_at = time.monotonic()
                if not (read := os.read(process.stdout.fileno(), 65_536)):
                    break
                *whole, rest = (rest + read).replace(b"\r", b"\n").split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
            elif downloads is not None and (now := bytes_below(downloads)) != size:
                size, heard_at = now, time.monotonic()
            elif time.monotonic() - heard_at > silence_seconds:
                raise TimeoutError
    if rest:
        yield rest.decode(errors="replace")


def bytes_below(folder: Path) -> int:
    """How many bytes its files have; a file that disappears while they are counted counts as none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
