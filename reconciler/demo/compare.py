"""Both sides, cell by cell. Nothing here comes from the program: BugSpark's rows by SQL, GitHub's from its
world, and a small mapping of this file's own, written from docs/design.md, Deciding, alone.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.demo.bugspark import Filed, Note
from reconciler.demo.cast import COMPANIES
from reconciler.demo.github.rows import Comment
from reconciler.demo.stage import Ref, Stage

OPEN = {"new", "triaging", "in_progress"}
SEVERITIES = {
    "critical": {"critical"},
    "high": {"high-priority", "high"},
    "medium": {"medium-priority", "medium"},
    "low": {"low-priority", "low"},
}
CATEGORIES = {"crash", "performance", "ui"}
INVISIBLE = "\u200b"
NOTHING = "nothing"
Side = Literal["BugSpark", "GitHub"]
_MARKER = re.compile(r"\n\n<!-- bugspark-sync [^\n]*-->\Z")
_IMPORTED = re.compile(r"\*\*\S+\*\* \(via GitHub\):\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A comment that has no twin on the other side, because the story wants it so."""

    ref: Ref
    side: Side
    text: str  # as people read it there
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One thing that both sides say."""

    name: str
    bugspark: str
    github: str
    equal: bool
    by_design: str | None = None

    @property
    def fine(self) -> bool:
        """Equal, or apart because the story wants it so."""
        return self.equal or self.by_design is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One report beside its issue."""

    ref: Ref
    issue: str | None  # owner/repo#12
    cells: tuple[Cell, ...]


def plain(body: str) -> str:
    """A text of ours on GitHub as people read it: without the marker and what makes it inert."""
    return _MARKER.sub("", body).replace(INVISIBLE, "").rstrip()


def copy_of(note: Note) -> str:
    """How a BugSpark comment must read on GitHub."""
    return f"[BugSpark] {html.unescape(note.author or 'Unknown')}:\n\n{html.unescape(note.body)}"


def compare(stage: Stage, aparts: tuple[Apart, ...]) -> tuple[Row, ...]:
    """Every report of every project beside its issue."""
    return tuple(_rows(stage, aparts))


def doubles(stage: Stage) -> list[str]:
    """What must not be: an issue with two reports, a report with two issues, an issue nobody holds."""
    filed = [each for project in stage.project_ids.values() for each in stage.bugspark.reports(project)]
    held = [f"{each.repository}#{each.number}" for each in filed if each.number]
    made = list(_made(stage))
    twice = [
        f"{name} is held by {held.count(name)} reports" for name in sorted(set(held)) if held.count(name) > 1
    ]
    return twice + [
        f"{name} was made for a report, and no report holds it" for name in made if name not in held
    ]


def _made(stage: Stage) -> Iterator[str]:
    bots = {stage.simulator.world.user(company.bot).id for company in COMPANIES}
    for repository in stage.simulator.world.repositories.values():
        for issue in repository.issues:
            if issue.author in bots:
                yield f"{repository.full_name}#{issue.number}"


def _rows(stage: Stage, aparts: tuple[Apart, ...]) -> Iterator[Row]:
    for company in COMPANIES:
        for number in range(1, len(company.parts) + 1):
            ref = Ref(company=company, number=number)
            report = stage.report(ref)
            mine = [apart for apart in aparts if apart.ref == ref]
            cells = tuple(_cells(stage, ref, report, mine)) if report.number else ()
            issue = f"{report.repository}#{report.number}" if report.number else None
            yield Row(ref=ref, issue=issue, cells=cells)


def _cells(stage: Stage, ref: Ref, report: Filed, aparts: list[Apart]) -> Iterator[Cell]:
    issue, labels = stage.issue(ref), {label.casefold() for label in stage.labels(ref)}
    state = issue.state if issue.reason in (None, "reopened") else f"{issue.state}, {issue.reason}"
    expected = "open" if report.status in OPEN else "closed"
    yield Cell(name="state", bugspark=report.status, github=state, equal=issue.state == expected)
    said = {value for value, names in SEVERITIES.items() if labels & names}
    yield _labelled("severity", report.severity, said, wanted={report.severity})
    said = labels & CATEGORIES
    yield _labelled("category", report.category, said, wanted={report.category} & CATEGORIES)
    yield from _thread(stage, ref, report, aparts)


def _labelled(name: str, value: str, said: set[str], *, wanted: set[str]) -> Cell:
    return Cell(name=name, bugspark=value, github=", ".join(sorted(said)) or "no label", equal=said == wanted)


def _thread(stage: Stage, ref: Ref, report: Filed, aparts: list[Apart]) -> Iterator[Cell]:
    """Every comment finds its twin; what is left over must be among the story's exceptions, each once."""
    left = list(stage.thread(ref))
    for note in report.notes:
        twin = next((row for row in left if _twins(stage, note, row)), None)
        if twin is None:
            yield _alone("BugSpark", note.body, aparts)
        else:
            left.remove(twin)
            yield Cell(name="comment", bugspark=note.body, github=twin.body, equal=True)
    for row in left:
        yield _alone("GitHub", plain(row.body), aparts)
    for apart in aparts:  # promised to be apart, and is not
        yield _one_sided(apart.side, f"no longer apart: {apart.text}", None)


def _twins(stage: Stage, note: Note, row: Comment) -> bool:
    if note.source == "github" or _IMPORTED.match(note.body):
        return note.body == f"**{stage.login(row.author)}** (via GitHub):\n\n{row.body}"
    return plain(row.body) == copy_of(note)


def _alone(side: Side, text: str, aparts: list[Apart]) -> Cell:
    for apart in aparts:
        if apart.side == side and apart.text == text:
            aparts.remove(apart)
            return _one_sided(side, text, apart.reason)
    return _one_sided(side, text, None)


def _one_sided(side: Side, text: str, reason: str | None) -> Cell:
    here, there = (text, NOTHING) if side == "BugSpark" else (NOTHING, text)
    return Cell(name="comment", bugspark=here, github=there, equal=False, by_design=reason)
