"""The coverage gate: every file that a pattern names was measured and is covered to the last branch.

In: patterns (globs below the root, separated by commas) and coverage's data file. Out: coverage's
own report, a line that counts the files, and an exit status. `coverage report --include` alone passes when a
pattern matches nothing, so that a renamed module would leave the gate without a word.

    python -m tests.support.coverage_gate 'reconciler/decide/*,reconciler/store/sync/intents.py'
"""

import sys
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[2]
FULL = 100.0


def files_of(patterns: str, root: Path = ROOT) -> dict[str, list[Path]]:
    """The Python files that each pattern names; `*` passes directories as coverage's own does."""
    return {pattern: _matching(root, pattern) for pattern in patterns.replace(",", " ").split()}


def _matching(root: Path, pattern: str) -> list[Path]:
    if not pattern.endswith("/*"):
        return sorted(root.glob(pattern))
    return sorted((root / pattern.removesuffix("/*")).rglob("*.py"))


def judge(patterns: str, coverage: Coverage, root: Path = ROOT) -> list[str]:
    """What is wrong, a sentence each; empty when every file is covered in full. Prints coverage's report."""
    named = files_of(patterns, root)
    wrong = [f"{pattern} matches no file" for pattern, files in named.items() if not files]
    wanted = {path for files in named.values() for path in files}
    measured = {Path(name) for name in coverage.get_data().measured_files()}
    wrong += [
        f"{path.relative_to(root)} was not measured" for path in sorted(wanted - measured) if _has_code(path)
    ]
    judged = sorted(str(path) for path in wanted & measured)
    if not judged:
        return [*wrong, "no file was judged"]
    share = coverage.report(include=judged)
    if share < FULL:
        wrong.append(f"covered {share:.2f} %, {FULL:.0f} % is required")
    print(f"judged {len(judged)} files")
    return wrong


def _has_code(path: Path) -> bool:
    return bool(path.read_text(encoding="utf-8").strip())


def main() -> int:
    """The status: 0 when the gate holds."""
    coverage = Coverage()
    coverage.load()
    wrong = judge(sys.argv[1], coverage)
    for sentence in wrong:
        print(f"coverage gate: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
