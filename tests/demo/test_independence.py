"""The simulator of GitHub shares no code with the program that is tested against it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler.demo.github as simulator

PACKAGE = simulator.__name__
FILES = sorted(Path(simulator.__path__[0]).rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Every module that a source text imports, at any level of nesting."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def foreign(source: str) -> list[str]:
    """The modules of this program outside the simulator that a source text imports."""
    ours = (name for name in imported(source) if name.partition(".")[0] == PACKAGE.partition(".")[0])
    return [name for name in ours if name != PACKAGE and not name.startswith(f"{PACKAGE}.")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_simulator_imports_nothing_else_of_this_program(path: Path) -> None:
    assert foreign(path.read_text(encoding="utf-8")) == []


def test_an_import_of_the_program_is_found_wherever_it_stands() -> None:
    late = "def now():\n    from reconciler.model.ids import ReportId\n"
    assert foreign(f"import reconciler.demo.github.world\nimport reconciler.demo.clock\n{late}") == [
        "reconciler.demo.clock",
        "reconciler.model.ids",
    ]
