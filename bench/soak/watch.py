"""Arrivals of edits on the other side, and the comparison of both sides at the end.

The program is not used for this: BugSpark is read with SQL, GitHub from the simulator.
"""

import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from bench.processes import reconcile
from bench.soak.editors import Edit, Editors
from bench.soak.environment import SEVERITIES, LinkedReport, SoakEnvironment

OPEN = frozenset({"new", "triaging", "in_progress"})
WORD = re.compile(r"\bw[0-9a-f]{32}\b")
REPORTS = """
    SELECT r.id, r.status::text, r.severity::text, coalesce(string_agg(c.body, E'\\n'), '')
    FROM reports r LEFT JOIN comments c ON c.report_id = r.id WHERE r.id = ANY(%(reports)s) GROUP BY r.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideState:
    """The state of a report or issue on one side."""

    state: str
    severity: str
    comment_counts: Mapping[str, int] = field(default_factory=dict)  # number of occurrences of each comment

    def shows(self, edit: Edit) -> bool:
        match edit.kind:
            case "comment":
                return edit.value in self.comment_counts
            case "state":
                return self.state == edit.value
            case "severity":
                return self.severity == edit.value


def record_arrivals(editors: Editors) -> None:
    """Record the edits that have become visible on the other side."""
    waiting = defaultdict(list)
    for edit in editors.waiting:
        waiting[edit.side].append(edit)
    reports_by_id = read_bugspark(editors, (edit.linked_report for edit in waiting["GitHub"]))
    at = time.monotonic()
    for edit in waiting["GitHub"]:
        if reports_by_id[edit.linked_report.report].shows(edit):
            editors.mark_arrived(edit, at)
    for edit in waiting["BugSpark"]:
        if read_github(editors.environment, edit.linked_report).shows(edit):
            editors.mark_arrived(edit, time.monotonic())


def read_bugspark(editors: Editors, linked_reports: Iterable[LinkedReport]) -> Mapping[UUID, SideState]:
    """Return the state of reports in BugSpark, by report id."""
    report_ids = list({linked_report.report for linked_report in linked_reports})
    rows = editors.sql(REPORTS, {"reports": report_ids}) if report_ids else []
    return {
        UUID(str(report)): SideState(
            state="open" if status in OPEN else "closed",
            severity=str(severity),
            comment_counts=_words(str(bodies)),
        )
        for report, status, severity, bodies in rows
    }


def read_github(environment: SoakEnvironment, linked_report: LinkedReport) -> SideState:
    """Return the state of an issue on GitHub."""
    repository = linked_report.repository
    with environment.simulator.world.lock:
        labels, state = (
            set(repository.label_names(linked_report.number)),
            repository.issue(linked_report.number).state,
        )
        bodies = "\n".join(row.body for row in repository.thread(linked_report.number))
    severities = sorted(name for name, label in SEVERITIES.items() if label in labels)
    return SideState(state=state, severity=" and ".join(severities), comment_counts=_words(bodies))


def find_differences(editors: Editors) -> list[str]:
    """Return a sentence for each difference between the expected state and either side."""
    environment = editors.environment
    reports_by_id = read_bugspark(editors, environment.linked_reports)
    written: dict[UUID, list[str]] = defaultdict(list)
    for edit in editors.edits:
        if edit.kind == "comment":
            written[edit.linked_report.report].append(edit.value)
    differences: list[str] = []
    for linked_report in environment.linked_reports:
        expected = SideState(
            state=linked_report.state,
            severity=linked_report.severity,
            comment_counts=Counter(written[linked_report.report]),
        )
        differences += _differences(
            linked_report,
            expected,
            reports_by_id[linked_report.report],
            read_github(environment, linked_report),
        )
    return differences + list(_unexpected_issues(environment))


def explain_differences(environment: SoakEnvironment, differences: Iterable[str], most: int = 3) -> list[str]:
    """Return the output of `reconcile why` for the first `most` reports in these sentences."""
    names = list(dict.fromkeys(sentence.partition(": ")[0] for sentence in differences))
    ids_by_name = {
        f"{linked_report.repository.full_name}#{linked_report.number}": linked_report.report
        for linked_report in environment.linked_reports
    }
    explanations = []
    for name in [name for name in names if name in ids_by_name][:most]:
        command = [reconcile(), "--config", str(environment.config), "why", str(ids_by_name[name])]
        completed = subprocess.run(command, capture_output=True, text=True, check=False)
        explanations.append(completed.stdout or completed.stderr)
    return explanations


def _differences(
    linked_report: LinkedReport, expected: SideState, bugspark: SideState, github: SideState
) -> Iterator[str]:
    name = f"{linked_report.repository.full_name}#{linked_report.number}"
    for side, actual in (("BugSpark", bugspark), ("GitHub", github)):
        for field_name in ("state", "severity"):
            value, expected_value = getattr(actual, field_name), getattr(expected, field_name)
            if value != expected_value:
                yield f"{name}: {field_name} is {value} on {side}, not {expected_value}"
        for word in {*expected.comment_counts, *actual.comment_counts}:
            if actual.comment_counts.get(word, 0) != expected.comment_counts.get(word, 0):
                count = actual.comment_counts.get(word, 0)
                yield f"{name}: {word} is {count} times on {side}, not {expected.comment_counts.get(word, 0)}"


def _unexpected_issues(environment: SoakEnvironment) -> Iterator[str]:
    """Yield repositories with another number of issues than at the start."""
    counts = Counter(linked_report.repository.full_name for linked_report in environment.linked_reports)
    for name, count in counts.items():
        total = len(environment.simulator.world.repository(name).issues)
        if total != count:
            yield f"{name} has {total} issues, not {count}"


def _words(text: str) -> Mapping[str, int]:
    return Counter(WORD.findall(text))
