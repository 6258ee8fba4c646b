"""Comparison of both sides, cell by cell, without the program: BugSpark's rows by SQL, GitHub's from its
world, and a small mapping of this file's own, written from docs/design.md, Deciding, alone.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.demo.bugspark import FiledReport, ReportComment
from reconciler.demo.environment import DemoEnvironment, Ref
from reconciler.demo.github.rows import Comment
from reconciler.demo.sample_data import COMPANIES

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
class ExpectedDifference:
    """A comment without a copy on the other side that the demo expects."""

    ref: Ref
    side: Side
    text: str  # as users read it there
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value on both sides."""

    name: str
    bugspark: str
    github: str
    equal: bool
    by_design: str | None = None

    @property
    def is_expected(self) -> bool:
        """Whether it is equal, or different as expected."""
        return self.equal or self.by_design is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A report with its issue."""

    ref: Ref
    issue: str | None  # owner/repo#12
    cells: tuple[Cell, ...]


def plain(body: str) -> str:
    """Return a text of ours on GitHub as users read it: without the marker and the inert characters."""
    return _MARKER.sub("", body).replace(INVISIBLE, "").rstrip()


def copy_of(note: ReportComment) -> str:
    """Return how a BugSpark comment must read on GitHub."""
    return f"[BugSpark] {html.unescape(note.author or 'Unknown')}:\n\n{html.unescape(note.body)}"


def compare(environment: DemoEnvironment, differences: tuple[ExpectedDifference, ...]) -> tuple[Row, ...]:
    """Compare every report of every project with its issue."""
    return tuple(_rows(environment, differences))


def find_duplicates(environment: DemoEnvironment) -> list[str]:
    """Return what must not exist: an issue with two reports, an issue of ours without a report."""
    filed = [
        each for project in environment.project_ids.values() for each in environment.bugspark.reports(project)
    ]
    held = [f"{each.repository}#{each.number}" for each in filed if each.number]
    made = list(_made(environment))
    twice = [
        f"{name} is held by {held.count(name)} reports" for name in sorted(set(held)) if held.count(name) > 1
    ]
    return twice + [
        f"{name} was made for a report, and no report holds it" for name in made if name not in held
    ]


def _made(environment: DemoEnvironment) -> Iterator[str]:
    bots = {environment.simulator.world.user(company.bot).id for company in COMPANIES}
    for repository in environment.simulator.world.repositories.values():
        for issue in repository.issues:
            if issue.author in bots:
                yield f"{repository.full_name}#{issue.number}"


def _rows(environment: DemoEnvironment, differences: tuple[ExpectedDifference, ...]) -> Iterator[Row]:
    for company in COMPANIES:
        for number in range(1, len(company.parts) + 1):
            ref = Ref(company=company, number=number)
            report = environment.report(ref)
            mine = [difference for difference in differences if difference.ref == ref]
            cells = tuple(_cells(environment, ref, report, mine)) if report.number else ()
            issue = f"{report.repository}#{report.number}" if report.number else None
            yield Row(ref=ref, issue=issue, cells=cells)


def _cells(
    environment: DemoEnvironment, ref: Ref, report: FiledReport, differences: list[ExpectedDifference]
) -> Iterator[Cell]:
    issue, labels = environment.issue(ref), {label.casefold() for label in environment.labels(ref)}
    state = issue.state if issue.reason in (None, "reopened") else f"{issue.state}, {issue.reason}"
    expected = "open" if report.status in OPEN else "closed"
    yield Cell(name="state", bugspark=report.status, github=state, equal=issue.state == expected)
    said = {value for value, names in SEVERITIES.items() if labels & names}
    yield _labelled("severity", report.severity, said, wanted={report.severity})
    said = labels & CATEGORIES
    yield _labelled("category", report.category, said, wanted={report.category} & CATEGORIES)
    yield from _thread(environment, ref, report, differences)


def _labelled(name: str, value: str, said: set[str], *, wanted: set[str]) -> Cell:
    return Cell(name=name, bugspark=value, github=", ".join(sorted(said)) or "no label", equal=said == wanted)


def _thread(
    environment: DemoEnvironment, ref: Ref, report: FiledReport, differences: list[ExpectedDifference]
) -> Iterator[Cell]:
    """Pair each comment with its copy; the rest must be the expected differences, each once."""
    left = list(environment.thread(ref))
    for note in report.comments:
        twin = next((row for row in left if _twins(environment, note, row)), None)
        if twin is None:
            yield _alone("BugSpark", note.body, differences)
        else:
            left.remove(twin)
            yield Cell(name="comment", bugspark=note.body, github=twin.body, equal=True)
    for row in left:
        yield _alone("GitHub", plain(row.body), differences)
    for difference in differences:  # expected, but absent
        yield _one_sided(difference.side, f"no longer apart: {difference.text}", None)


def _twins(environment: DemoEnvironment, note: ReportComment, row: Comment) -> bool:
    if note.source == "github" or _IMPORTED.match(note.body):
        return note.body == f"**{environment.login(row.author)}** (via GitHub):\n\n{row.body}"
    return plain(row.body) == copy_of(note)


def _alone(side: Side, text: str, differences: list[ExpectedDifference]) -> Cell:
    for difference in differences:
        if difference.side == side and difference.text == text:
            differences.remove(difference)
            return _one_sided(side, text, difference.reason)
    return _one_sided(side, text, None)


def _one_sided(side: Side, text: str, reason: str | None) -> Cell:
    here, there = (text, NOTHING) if side == "BugSpark" else (NOTHING, text)
    return Cell(name="comment", bugspark=here, github=there, equal=False, by_design=reason)
