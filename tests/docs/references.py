"""References from code to documents: `docs/design.md, Writing to GitHub, 5`."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, Document, read

SUFFIXES = frozenset({".py", ".toml", ".sql", ".html", ".js", ".css", ".service", ".mako", ".sh", ".example"})
NAMES = frozenset({"Makefile", "run"})
_DOCUMENT = re.compile(r"(?P<path>(?:[\w.-]+/)*[\w-]+\.md|docs/[\w./-]*\w\.\w+)\b")
_CONTINUED = re.compile(r"\s*\n[ \t]*(?:(?:#|--|//|\*)[ \t]*)?")
_SECTION = re.compile(r", (?=[A-Z])(?P<rest>.*)", re.DOTALL)
_NUMBER = re.compile(r", (?P<number>\d+)(?: and (?P<other>\d+))?")
LONGEST_SECTION = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A document as a file names it. `rest`: what follows a comma; it has to begin with a heading."""

    file: str
    path: str
    rest: str | None


def files() -> tuple[Path, ...]:
    """Every file of code, configuration or template that Git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = (ROOT / name for name in listed)
    return tuple(path for path in paths if (path.suffix in SUFFIXES or path.name in NAMES) and path.is_file())


def references(file: str, text: str) -> Iterator[Reference]:
    """Every document that a text names, with the section it names; lines of comments are joined first."""
    joined = _CONTINUED.sub(" ", text)
    for found in _DOCUMENT.finditer(joined):
        section = _SECTION.match(joined[found.end() : found.end() + LONGEST_SECTION])
        yield Reference(file=file, path=found["path"], rest=section["rest"] if section else None)


def problem(reference: Reference) -> str | None:
    """What is wrong with a reference, or None."""
    path = ROOT / reference.path
    if not path.is_file():
        return "no such file"
    if reference.rest is None or path.suffix != ".md":
        return None
    document = read(path)
    named = [heading for heading in _headings(document) if _begins(reference.rest, heading)]
    if not named:
        return f"no section begins {reference.rest[:40]!r}"
    heading = max(named, key=len)
    number = _NUMBER.match(reference.rest, len(heading))
    wanted = {each for each in (number.groups() if number else ()) if each}
    missing = wanted - set(re.findall(r"^(\d+)\. ", _below(document, heading), re.MULTILINE))
    return f"{heading} has no number {sorted(missing)}" if missing else None


def _headings(document: Document) -> tuple[str, ...]:
    return tuple(re.findall(r"^##+ (.+)$", document.prose, re.MULTILINE))


def _begins(rest: str, heading: str) -> bool:
    return bool(re.match(rf"{re.escape(heading)}(?!\w)", rest))


def _below(document: Document, heading: str) -> str:
    """The text from a heading to the next one."""
    _, _, rest = document.prose.partition(f" {heading}\n")
    return re.split(r"^##+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
