"""Where Chromium is: the machine's own, else the one that Playwright downloaded."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.setup.progress import follow, in_steps

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 60.0
SILENCE_SECONDS = 30.0
CONNECT_MILLISECONDS = "10000"
ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""  # in a process of its own: the caller may be asynchronous
PROGRESS = re.compile(r"(\d+)% of (\S+ \S+)")


class NoChromiumError(Exception):
    """No Chromium here that starts; the message says what was tried."""


@cache
def find() -> Path:
    """The first Chromium that starts. Raises NoChromiumError."""
    tried = []
    for path in _candidates():
        if starts(path):
            return path
        tried.append(f"{path} does not start")
    raise NoChromiumError("; ".join(tried) or f"none of {', '.join(NAMES)} on PATH")


def _candidates() -> Iterator[Path]:
    for name in NAMES:
        if found := shutil.which(name, path="/usr/bin:/usr/local/bin") or shutil.which(name):
            yield Path(found)
    asked = subprocess.run(
        [sys.executable, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and (downloaded := Path(asked.stdout.strip())).exists():
        yield downloaded


def driver_problem() -> str:
    """Why Playwright's driver does not start, "" when it does: it links a library that may be missing."""
    command = [sys.executable, "-m", "playwright", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return f"Playwright does not start: {lines[0] if lines else 'no output'}" if done.returncode else ""


def starts(path: Path) -> bool:
    """Whether it prints its version: without its libraries it does not, nor does Ubuntu's link to a snap."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=START_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "Chrom" in done.stdout


def download() -> str:
    """Let Playwright download its Chromium. Return why that failed, "" when it did not."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as folder:
        finished = follow(
            [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"],
            read_progress=read_progress,
            silence_seconds=SILENCE_SECONDS,
            environ={"TMPDIR": folder, "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": CONNECT_MILLISECONDS},
            downloads=Path(folder),
        )
    find.cache_clear()
    if finished.code == 0:
        return ""
    errors = [line for line in finished.lines if line.startswith("Error: ")]
    stopped = [f"no progress for {SILENCE_SECONDS:.0f} s"] if finished.code is None else []
    return "Playwright's download failed: " + (stopped or errors or finished.lines[-1:] or ["no output"])[0]


def read_progress(line: str) -> str | None:
    """What to show for a line of Playwright's, None for nothing."""
    match = PROGRESS.search(line)
    return in_steps("downloaded", float(match[1]), of=match[2]) if match else None
