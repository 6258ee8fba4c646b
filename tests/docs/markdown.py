"""What a Markdown document holds that can be wrong: links, headings, blocks, code words."""

import itertools
import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_ANY_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(
            Block(kind=found["kind"], text=textwrap.dedent(found["text"]))
            for found in _FENCE.finditer(self.text)
        )

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def code(self) -> tuple[str, ...]:
        """What stands between single backticks."""
        return tuple(_CODE.findall(self.prose))

    @property
    def links(self) -> tuple[str, ...]:
        """Targets inside the repository, anchors included."""
        targets = (found["target"] for found in _LINK.finditer(_ANY_CODE.sub("", self.prose)))
        return tuple(
            target for target in targets if not target.startswith(("http://", "https://", "mailto:"))
        )

    @property
    def anchors(self) -> frozenset[str]:
        """The names GitHub gives to the headings."""
        return frozenset(anchor(line.lstrip("#")) for line in self.prose.splitlines() if line.startswith("#"))

    def section(self, heading: str) -> str:
        """The text below a heading of the second level."""
        _, found, rest = self.text.partition(f"\n## {heading}\n")
        assert found, f"{self.path} has no section {heading}"
        return rest.partition("\n## ")[0]


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def read(path: Path) -> Document:
    return Document(path=path, text=path.read_text(encoding="utf-8"))


def documents() -> tuple[Document, ...]:
    """The README and its like, and everything below docs/."""
    tops = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
    return tuple(read(path) for path in (*tops, *sorted((ROOT / "docs").rglob("*.md"))))


def shell_lines(document: Document) -> tuple[str, ...]:
    """Every command in the blocks marked console or sh, and what units start."""
    lines = []
    for block in document.blocks:
        if block.kind in ("console", "sh"):
            lines += [line.removeprefix("$ ") for line in block.text.splitlines() if line.strip()]
        elif block.kind == "ini":
            lines += [
                line.partition("=")[2] for line in block.text.splitlines() if line.startswith("ExecStart=")
            ]
    return tuple(lines)


def arguments_of(program: str, line: str) -> list[str] | None:
    """The arguments when this line calls the program, else None.

    Variables set for it are passed over, and so is where its output goes.
    """
    split = shlex.shlex(line, posix=True, punctuation_chars="|>")
    split.whitespace_split = True
    arguments = list(itertools.takewhile(lambda word: word not in ("|", ">"), split))
    while arguments and re.match(r"[A-Z_]+=", arguments[0]):
        del arguments[0]
    return arguments[1:] if arguments and Path(arguments[0]).name == program else None
