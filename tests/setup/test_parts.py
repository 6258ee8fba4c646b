"""The parts that can be excluded exist, the rest is most of the suite, and a run names what it excluded."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup import parts
from tests.setup.parts import PARTS, ROOT

PLACES = [(part, place) for part, places in PARTS.items() for place in places]


def files_below(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("test_*.py"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ()),
        ("browser", ("browser",)),
        ("systemd,browser", ("browser", "systemd")),
        (" browser, systemd  histories", ("browser", "systemd", "histories")),
    ],
)
def test_parts_are_named_in_any_order(text: str, named: tuple[str, ...]) -> None:
    assert parts.parse(text) == named


@pytest.mark.parametrize("text", ["browsers", "browser,slow", "browser;systemd"])
def test_a_word_that_names_no_part_is_an_error_that_lists_the_parts(text: str) -> None:
    with pytest.raises(parts.UnknownPartError, match="browser, systemd, histories"):
        parts.parse(text)


@pytest.mark.parametrize(("part", "place"), PLACES)
def test_every_place_of_a_part_holds_tests(part: str, place: str) -> None:
    assert files_below(ROOT / place)
    assert parts.is_left_out(ROOT / place, [part])
    around = {other for other, folder in PLACES if Path(place).is_relative_to(folder)}
    others = [other for other in PARTS if other not in around]
    assert not parts.is_left_out(ROOT / place, others)


def test_the_fast_run_leaves_out_every_part_and_keeps_most_of_the_suite() -> None:
    shown = subprocess.run(["make", "-n", "test-fast"], cwd=ROOT, capture_output=True, text=True, check=True)
    left_out = set(re.findall(r"--without='(.*?)'", shown.stdout))
    assert {parts.parse(each) for each in left_out} == {tuple(PARTS)}
    files = files_below(ROOT / "tests")
    kept = [path for path in files if not parts.is_left_out(path, PARTS)]
    assert len(kept) > 2 / 3 * len(files)
    whole = {ROOT / place for _, place in PLACES if (ROOT / place).is_dir()}
    packages = {path.parent for path in files} - whole
    assert {path.parent for path in kept} == packages


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        ([], {"browser", "systemd", "histories", "routes", "processes", "pooler", "postgresql"}),
        (["-k", "text"], {"browser", "systemd", "histories", "routes", "processes", "pooler", "postgresql"}),
        (["tests"], {"browser", "systemd", "histories", "routes", "processes", "pooler", "postgresql"}),
        (["tests/decide", "-k", "text"], {"postgresql"}),
        (["tests/browser"], {"browser", "postgresql"}),
        (
            ["tests/browser/test_journeys.py::test_x", "tests/proofs"],
            {"browser", "systemd", "histories", "postgresql"},
        ),
        (["tests/sync"], {"histories", "postgresql"}),
    ],
)
def test_paths_select_parts(arguments: list[str], selected: set[str]) -> None:
    assert {part for part in PARTS if parts.is_selected(part, arguments)} == selected


def test_a_test_on_postgresql_is_known_by_its_fixture_or_its_parameter() -> None:
    assert parts.needs_postgresql(["tmp_path", "postgres_server"], [])
    assert parts.needs_postgresql(["store"], [7, "postgresql"])
    assert parts.needs_postgresql(["queue"], ["procrastinate"])
    assert parts.needs_postgresql(["upgraded"], [("0001", "postgresql")])
    assert not parts.needs_postgresql(["store", "tmp_path"], ["sqlite", 7, None])


def collect_with(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_last_line_of_a_run_names_what_it_left_out() -> None:
    output = collect_with("--without=systemd,browser", "tests/setup/test_workers.py", "tests/systemd")
    lines = output.stdout.strip().splitlines()
    assert output.returncode == 0, output.stderr
    assert any(line.startswith("tests/setup/test_workers.py") for line in lines)
    assert not any(line.startswith("tests/systemd") for line in lines)
    assert lines[-1].startswith("left out: browser, systemd ")


def test_a_wrong_word_ends_the_run_before_it_begins() -> None:
    output = collect_with("--without=slow", "tests/setup/test_workers.py")
    assert output.returncode == pytest.ExitCode.USAGE_ERROR
    assert "slow is none of browser" in output.stderr
