"""Structure and language of the product, measured from its source (`make structure`).

In: the files git tracks. Out: a figure per line, beside its limit if it has one; `--list` says what counts.
The figures are only an aid: one module made of two unrelated ones has a better figure and is worse.
"""

import ast
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROSE = (".py", ".md", ".toml", ".html", ".js")

LIMITS: Mapping[str, float] = {
    "modules": 386,
    "largest module": 350,
    "largest package": 24,
    "longest function": 50,
    "participle names percent": 5,
    "class names twice": 0,
    "plural pairs": 0,
    "retired words": 0,
    "missing documents": 0,
}
"""The maximum of each figure."""

_IRREGULAR = frozenset(
    [
        "told",
        "held",
        "kept",
        "found",
        "sent",
        "seen",
        "known",
        "said",
        "written",
        "given",
        "taken",
        "drawn",
        "shown",
        "begun",
        "gone",
        "done",
        "made",
        "met",
        "paid",
        "left",
        "lost",
        "undone",
    ]
)
_NOT_PARTICIPLES = frozenset(["feed", "need", "seed", "embed", "speed", "exceed", "proceed"])
_RETIRED = "me-nd me-nds me-nded me-nding an-ew who-ever mean-while for+ever is+owed in+clear"
"""Words of the first edition, split so that this file does not count. In quotes one is a JSON key."""
_WORDS = re.compile(
    rf"(?<![\"\w])({_RETIRED.replace('-', '').replace(' ', '|').replace('+', ' ')})\b", re.IGNORECASE
)
_DOCUMENT = re.compile(r"[\w./-]*[\w-]+\.md\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file of the product, without the demo."""

    path: Path
    lines: int
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[str]:
        return (
            node.name
            for node in self.tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The figures, and for each the list of what it counts."""

    figures: Mapping[str, float]
    listed: Mapping[str, tuple[str, ...]]

    def exceeded(self) -> dict[str, float]:
        """Return the figures over their limits."""
        return {name: self.figures[name] for name, most in LIMITS.items() if self.figures[name] > most}


def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def modules_of(files: Iterable[Path]) -> tuple[Module, ...]:
    """Return the product's modules that are not empty."""
    modules = []
    for path in files:
        if path.parts[0] != "reconciler" or path.suffix != ".py" or "demo" in path.parts:
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        if text.strip():
            modules.append(Module(path=path, lines=text.count("\n"), tree=ast.parse(text)))
    return tuple(modules)


def is_participle(name: str) -> bool:
    """Return whether a callable's bare name is a past participle."""
    bare = name.strip("_")
    regular = "_" not in bare and bare.endswith("ed") and bare not in _NOT_PARTICIPLES
    return bare in _IRREGULAR or regular


def _callables(module: Module) -> Iterator[Function]:
    """Yield functions and methods; properties and special methods follow other naming rules."""
    for node in module.functions():
        is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
        if not is_property and not node.name.startswith("__"):
            yield node


def _plural_pairs(modules: Iterable[Module]) -> Iterator[str]:
    names: defaultdict[Path, set[str]] = defaultdict(set)
    for module in modules:
        names[module.path.parent].add(module.path.stem)
    for package, stems in sorted(names.items()):
        for stem in sorted(stems):
            plurals = {f"{stem}s", f"{stem}es", f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"}
            yield from (f"{package}: {stem}, {plural}" for plural in sorted(plurals & stems))


def _retired_words(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        if path.suffix in PROSE and path.name != "CHANGELOG.md":
            for word in _WORDS.findall((ROOT / path).read_text(encoding="utf-8", errors="replace")):
                yield f"{path}: {word}"


def _missing_documents(files: Iterable[Path]) -> Iterator[str]:
    files = tuple(files)
    here = {path.name for path in files}
    for path in files:
        if path.suffix in (".py", ".toml"):
            for name in _DOCUMENT.findall((ROOT / path).read_text(encoding="utf-8")):
                if Path(name).name not in here:
                    yield f"{path} names {name}"


def measure() -> Structure:
    """Read every tracked file once and count."""
    files = tracked()
    modules = modules_of(files)
    packages: defaultdict[Path, int] = defaultdict(int)
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for module in modules:
        packages[module.path.parent] += 1
        for name in module.classes():
            classes[name].append(str(module.path))
    callables = [(module, node) for module in modules for node in _callables(module)]
    lengths = sorted(
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{module.path}:{node.lineno} {node.name}")
        for module in modules
        for node in module.functions()
    )
    listed = {
        "participle names percent": tuple(
            f"{module.path}:{node.lineno} {node.name}"
            for module, node in callables
            if is_participle(node.name)
        ),
        "class names twice": tuple(f"{k}: {', '.join(v)}" for k, v in classes.items() if len(v) > 1),
        "plural pairs": tuple(_plural_pairs(modules)),
        "retired words": tuple(_retired_words(files)),
        "missing documents": tuple(_missing_documents(files)),
        "longest function": tuple(f"{size} {where}" for size, where in lengths[:-11:-1]),
        "largest package": tuple(
            f"{count} {path}" for path, count in sorted(packages.items(), key=_by_count)
        ),
    }
    figures: dict[str, float] = {
        "modules": len(modules),
        "median lines": statistics.median(module.lines for module in modules),
        "largest module": max(module.lines for module in modules),
        "largest package": max(packages.values()),
        "longest function": lengths[-1][0],
        "participle names percent": round(100 * len(listed["participle names percent"]) / len(callables), 1),
    }
    for name in ("class names twice", "plural pairs", "retired words", "missing documents"):
        figures[name] = len(listed[name])
    return Structure(figures=figures, listed=listed)


def _by_count(package: tuple[Path, int]) -> int:
    return -package[1]


def main() -> int:
    structure = measure()
    for name, figure in structure.figures.items():
        limit = f"  (at most {LIMITS[name]:g})" if name in LIMITS else ""
        print(f"{name:28} {figure:g}{limit}")
    if "--list" in sys.argv:
        for name, rows in structure.listed.items():
            print(f"\n# {name}", *rows, sep="\n")
    return 1 if structure.exceeded() else 0


if __name__ == "__main__":
    sys.exit(main())
