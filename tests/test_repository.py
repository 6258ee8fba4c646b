"""The repository as a whole: locked dependencies, no traces of a machine, import contracts kept."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)

NAMED_BY_VERSION = frozenset(map(Path, ("reconciler/__init__.py", "CHANGELOG.md", "docs/proofs.md")))
"""The number itself, and what was changed and proved under it."""


def requirements(lock: str) -> list[str]:
    """The lock's requirements, each with its continuation lines."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return [each for each in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if each.strip()]


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:  # an unpacked archive: every file that is not made by a tool
        made = {".venv", ".lock-venv", "__pycache__", ".git"}
        files = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return [path for path in files if not made & set(path.parts)]
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    found = requirements(lock)
    assert len(found) > 20
    for each in found:
        assert PIN.match(each), each
        assert "--hash=sha256:" in each, each


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for word in ("://", "--index", "--extra-index", "--find-links", "-i ", "-f ", "--trusted-host", " @ "):
        assert word not in text, word
    assert not re.search(r"(?<![\w.])/(?:\w+/)+", text)


def test_what_runs_is_what_was_tested() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= development.items()


def test_every_dependency_is_in_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = pins("requirements.lock").keys()
    names = {re.split(r"[\[<>=~! ]", each, maxsplit=1)[0] for each in project["project"]["dependencies"]}
    assert names <= locked
    assert "hatchling" in locked  # the build backend: an installation without network isolation needs it


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"])
def test_there_is_no_second_lock(name: str) -> None:
    assert name not in {path.name for path in tracked()}


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    private = re.compile(r"(?<![\w.:/-])/(?:root|work|workspace|home/\w+|Users/\w+)/")
    named = [path for path in tracked() if private.search((ROOT / path).read_text(errors="ignore"))]
    assert named == []


def test_no_file_names_a_package_registry() -> None:
    registry = re.compile("|".join([r"pypi" + r"\.org", r"files\.python" + r"hosted", r"npmjs" + r"\.org"]))
    named = [path for path in tracked() if registry.search((ROOT / path).read_text(errors="ignore"))]
    assert named == []


def test_the_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_documents_its_inputs_outputs_and_imports() -> None:
    silent = []
    for init in ROOT.glob("reconciler/*/__init__.py"):
        text = init.read_text().lower()
        if not (text.startswith('"""') and "in:" in text and "out:" in text and "import" in text):
            silent.append(init.parent.name)
    assert silent == []


def test_every_folder_of_code_is_a_package_so_that_contracts_cover_it() -> None:
    code = [path for path in tracked() if path.parts[0] == "reconciler" and path.suffix == ".py"]
    folders = {folder for path in code for folder in path.parents if folder != Path()}
    assert sorted(folder for folder in folders if not (ROOT / folder / "__init__.py").is_file()) == []


def test_the_version_is_written_once() -> None:
    """Package, `--version`, `/openapi.json`, pages and User-Agent read it from `reconciler/__init__.py`."""
    version = __version__.encode()
    assert {path for path in tracked() if version in (ROOT / path).read_bytes()} <= NAMED_BY_VERSION


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d[^]]*)\] – \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert released[:1] == [__version__]
