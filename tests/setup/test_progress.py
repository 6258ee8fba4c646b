import re
import sys
import time
from pathlib import Path

import pytest

from tests.setup.progress import follow, in_steps

COUNTING = """
import time
for percent in (5, 20, 25, 39, 40, 100):
    print(f"at {percent}", flush=True)
print("Error: no luck")
raise SystemExit(3)
"""
GROWING = """
import pathlib, sys, time
for size in range(1, 9):
    pathlib.Path(sys.argv[1], "download").write_bytes(bytes(size))
    time.sleep(0.6)
print("done")
"""


def percent(line: str) -> str | None:
    found = re.search(r"at (\d+)", line)
    return in_steps("downloaded", float(found[1]), of="9 MiB") if found else None


def test_progress_is_shown_in_few_lines(capfd: pytest.CaptureFixture[str]) -> None:
    finished = follow([sys.executable, "-c", COUNTING], read_progress=percent, silence_seconds=30)
    assert finished.code == 3
    assert finished.lines[-1] == "Error: no luck"
    assert capfd.readouterr().out.splitlines() == [
        "  downloaded 20 % of 9 MiB",
        "  downloaded 40 % of 9 MiB",
        "  downloaded 100 % of 9 MiB",
    ]


def test_what_hangs_is_stopped_with_all_that_it_started() -> None:
    began = time.monotonic()
    hanging = ["sh", "-c", "echo connecting; sleep 600 & wait"]
    finished = follow(hanging, read_progress=percent, silence_seconds=0.5)
    assert finished.code is None
    assert finished.lines == ["connecting"]
    assert time.monotonic() - began < 60


def test_a_growing_file_counts_as_progress(tmp_path: Path) -> None:
    command = [sys.executable, "-c", GROWING, str(tmp_path)]
    finished = follow(command, read_progress=percent, silence_seconds=3.0, downloads=tmp_path)
    assert finished.code == 0
    assert finished.lines == ["done"]
