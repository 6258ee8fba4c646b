"""pip, apt-get and Playwright: which of their output is shown, and the messages when they fail."""

from pathlib import Path

import pytest

from tests.setup import apt, chromium, pip_install

UNREACHABLE = (
    "WARNING: Location '{}' is ignored: it is either a non-existing path or lacks a specific scheme."
)


def test_pip_s_progress_is_counted_and_its_complaints_about_locations_are_collected() -> None:
    progress = pip_install.Progress(total=4)
    lines = ["Collecting a==1", UNREACHABLE.format("/mirror"), UNREACHABLE.format("file:///index/a/")]
    lines += [
        "Requirement already satisfied: b==1",
        UNREACHABLE.format("file:///index/b/"),
        "  Downloading b",
    ]
    lines += ["Collecting c==1", "WARNING: Retrying (Retry(total=4", "ERROR: No matching distribution found"]
    shown = [text for text in map(progress.read, [*lines, "Installing collected packages: a, b"]) if text]
    assert shown == [
        "found 20 %",
        "found 40 %",
        "found 60 %",
        "WARNING: Retrying (Retry(total=4",
        "ERROR: No matching distribution found",
        "unpacking",
    ]
    assert progress.unreachable == {"/mirror", "file:///index"}


def test_pip_s_error_is_shown_and_the_locations_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "absent"))
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    assert pip_install.main(lock) == 1
    out, err = capfd.readouterr()
    assert out.startswith("installing requirements.lock into ")
    assert out.count("absent") == 1
    assert "No matching distribution found for no-such-package" in err


def test_apt_s_progress_is_shown() -> None:
    assert apt.read_progress("dlstatus:3:41.2:Retrieving file 3 of 9 (2s remaining)") == "downloaded 40 %"
    assert apt.read_progress("pmstatus:chromium:80.0:Installing chromium (amd64)") == "installed 80 %"
    assert apt.read_progress("Selecting previously unselected package chromium.") is None


def test_playwright_s_progress_is_shown() -> None:
    assert chromium.read_progress("|■■■■■■■■| 43% of 173.7 MiB") == "downloaded 40 % of 173.7 MiB"
    assert chromium.read_progress("Downloading Chrome for Testing 159.0") is None


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_first_chromium_that_starts_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snap = program(tmp_path, "chromium", "echo 'requires the chromium snap to be installed'; exit 1")
    good = program(tmp_path, "google-chrome", "echo 'Google Chrome 159.0'")
    monkeypatch.setattr(chromium, "_candidates", lambda: iter([snap, tmp_path / "absent", good]))
    chromium.find.cache_clear()
    assert chromium.find() == good
    good.unlink()
    chromium.find.cache_clear()
    with pytest.raises(chromium.NoChromiumError, match="chromium does not start"):
        chromium.find()
    chromium.find.cache_clear()
