"""Each dependency has a reason, is imported, and agrees with the others."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORTED_BY_OTHERS = frozenset({"aiosqlite", "sniffio"})
"""Imported by a library that does not require it; pyproject.toml says by which."""


def dependencies() -> dict[str, str]:
    """The line of each dependency in pyproject.toml, by normalized name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = tomllib.loads(text)["project"]["dependencies"]
    lines = {line.strip().partition('"')[2].partition('"')[0]: line for line in text.splitlines()}
    return {normalized(re.split(r"[^\w.-]", each, maxsplit=1)[0]): lines[each] for each in named}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_modules() -> Iterator[str]:
    for path in (ROOT / "reconciler").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_each_dependency_has_a_reason() -> None:
    assert [name for name, line in dependencies().items() if " # " not in line] == []


def test_each_dependency_is_imported() -> None:
    distributions = packages_distributions()
    imported = {
        normalized(distribution)
        for module in set(imported_modules())
        for distribution in distributions.get(module, ())
    }
    assert dependencies().keys() - imported == IMPORTED_BY_OTHERS


def test_the_installed_packages_agree() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
