"""Every path and pattern in the gates matches a file that exists."""

import hashlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

from tests.support import coverage_gate, order
from tests.sync.conftest import ON_BOTH

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOOLS = PROJECT["tool"]

FROZEN = {
    "0001_first.py": "0c2ec6413792286e099a0de8d743ecdb0af7266afcc7737527effa134c7403cb",
    "0002_field_differences.py": "f53b031a1b92d8d277b01357a02371627e3f1446450c6b8d9f8965a814c6f7d5",
    "0003_project_fences.py": "9cc0c8d312e3e0b54755af5c6b4a411fbce73ce474ffd7dec647f9c7803fc444",
    "0004_comment_readings.py": "ba0788e327398bb6006377312ba80189e703626cad2ec496f921f230ab335815",
    "0005_project_settings.py": "738ce172b750dbfb1e0734ca00ad07e343fc3e2f20cca4be37dbbbc5c4ae0a18",
    "0006_acts.py": "e855cb452eeb2404539df9ada456dbbabc082539e902a13c172ec56cb59655dd",
    "0007_base_halves.py": "b7e3933aa6c722442d3184909d2b7c139fe3960a662d1ae0b792ed4d86b1b474",
    "0008_stage.py": "4f75c84a6ee916567df61575c174be8cd6b5ec12ce2b5f83b0921133340802e2",
    "0009_assignee.py": "51c7e0c00eabb537cb73f2b2d0b2c6fcf21bd268ea6a0536190c5112b6357d54",
    "0010_applied_settings.py": "1fc7641768c4e1f6ca02172d45053ef8b7ba044bdadc3d9cc5f65234b65274bf",
    "0011_followers.py": "eee600dde36527e9f3b64e62a3def82a34ef36e1655894ec87fbbb7582b5238e",
    "0012_resolution.py": "324fac24fb0157cc408bda2e0d890c6fbaa2f9c10a04f5ab058d388316ecfb7f",
    "0013_priority.py": "f53e33e8f8387ab54ba90b85ce45d529fe052aefb5b1dc420fa26f2ea94e6700",
}
"""Every migration and the SHA-256 of its file, as it was released: databases have run exactly this text."""


def makefile_words(name: str) -> list[str]:
    """The words of a Makefile variable, as make itself expands it."""
    asked = ["make", "-s", f"--eval=ask: ; @echo $({name})", "ask"]
    shown = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return shown.stdout.replace(",", " ").split()


def named_by_mutmut() -> Iterator[str]:
    mutmut = TOOLS["mutmut"]
    for key in ("source_paths", "only_mutate", "also_copy", "pytest_add_cli_args_test_selection"):
        yield from mutmut[key]


def named_by_the_build() -> Iterator[str]:
    hatch = TOOLS["hatch"]
    yield hatch["version"]["path"]
    targets = hatch["build"]["targets"]
    for target in ("sdist", "wheel"):
        yield from (name.lstrip("/") for name in targets[target]["include"])
    yield from (*targets["wheel"]["sources"], *targets["wheel"]["force-include"])


def named_by_linters() -> Iterator[str]:
    yield from TOOLS["ruff"]["lint"]["per-file-ignores"]
    yield from TOOLS["pytest"]["ini_options"]["testpaths"]
    yield from TOOLS["coverage"]["run"]["source"]


def named() -> Iterator[tuple[str, str]]:
    """Each gate with a path or pattern of its own."""
    for name in ("WHOLE", "REACH", "CODE"):
        yield from ((f"Makefile {name}", word) for word in makefile_words(name))
    yield from (("mutmut", word) for word in named_by_mutmut())
    yield from (("the build", word) for word in named_by_the_build())
    yield from (("a linter", word) for word in named_by_linters())
    yield from (("tests/support/order.py", f"tests/{word}") for word in order.LONG)
    yield from (("tests/sync/conftest.py", f"tests/sync/{name}") for name in ON_BOTH)


@pytest.mark.parametrize(("gate", "pattern"), sorted(set(named())))
def test_every_path_and_pattern_of_a_gate_names_a_file(gate: str, pattern: str) -> None:
    assert any(ROOT.glob(pattern)), f"{gate} names {pattern}, and no file matches"


def test_every_package_has_a_row_in_the_import_contracts_and_every_row_a_package() -> None:
    (contract,) = (each for each in TOOLS["importlinter"]["contracts"] if each["id"] == "packages")
    rows = {word for row in contract["rows"] for word in row.partition("<-")[0].split()}
    top = ROOT / "reconciler"
    packages = {path.parent.name for path in top.glob("*/__init__.py")}
    modules = {path.stem for path in top.glob("*.py")} - {"__init__"}
    assert rows == packages | modules, rows ^ (packages | modules)


def test_the_coverage_gate_and_the_mutants_judge_the_same_number_of_files_as_their_patterns_name() -> None:
    whole = coverage_gate.files_of(",".join(makefile_words("WHOLE")))
    assert all(whole.values()), whole
    assert sum(map(len, whole.values())) == len({path for files in whole.values() for path in files})


def measured(lines: dict[Path, list[int]]) -> Coverage:
    """Coverage's data as a run leaves it that executed these lines."""
    coverage = Coverage(data_file=None, config_file=False)
    coverage.get_data().add_lines({str(path): executed for path, executed in lines.items()})
    return coverage


def test_a_pattern_that_matches_nothing_fails_the_coverage_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "there.py"
    source.write_text("a = 1\n")
    coverage = measured({source: [1]})
    assert coverage_gate.judge("there.py", coverage, tmp_path) == []
    assert "judged 1 files" in capsys.readouterr().out
    assert coverage_gate.judge("there.py,gone.py", coverage, tmp_path) == ["gone.py matches no file"]
    (tmp_path / "unrun.py").write_text("b = 1\n")
    assert coverage_gate.judge("there.py,unrun.py", coverage, tmp_path) == ["unrun.py was not measured"]
    assert coverage_gate.judge("gone.py", coverage, tmp_path) == [
        "gone.py matches no file",
        "no file was judged",
    ]


def test_a_line_that_no_test_ran_fails_the_coverage_gate(tmp_path: Path) -> None:
    source = tmp_path / "there.py"
    source.write_text("def run():\n    return 1\n")
    coverage = measured({source: [1]})
    assert coverage_gate.judge("there.py", coverage, tmp_path) == ["covered 50.00 %, 100 % is required"]


def test_a_migration_that_was_released_is_never_edited() -> None:
    versions = ROOT / "migrations" / "versions"
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(versions.glob("*.py"))
    }
    assert hashes == FROZEN


def test_each_migration_follows_the_one_before() -> None:
    numbers = [name.partition("_")[0] for name in sorted(FROZEN)]
    assert numbers == [f"{place:04}" for place in range(1, len(numbers) + 1)]
    texts = {name: (ROOT / "migrations" / "versions" / name).read_text() for name in FROZEN}
    for number, text in zip(numbers, (texts[name] for name in sorted(texts)), strict=True):
        revision = re.search(r'^revision = "(\d+)"$', text, re.MULTILINE)
        assert revision is not None
        assert revision[1] == number
