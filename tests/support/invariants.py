"""Checks of the invariants (docs/design.md, Invariants) that are visible from outside, on a scenario."""

from collections.abc import Iterator

from reconciler.model.ids import ReportId
from reconciler.model.passes import PassResult
from tests.support.scenario import Scenario
from tests.support.scenario_actors import CATEGORIES, SEVERITIES
from tests.support.scenario_records import BUGSPARK, Note

OPEN = ("new", "triaging", "in_progress")

SEVERAL = 8
"""Passes after which every pending read, repeated write and wait must be over."""


async def settle_and_check(scenario: Scenario) -> list[str]:
    """Run passes until one is idle; return the violations found then."""
    wrong = ["nothing has run"]
    for _ in range(SEVERAL):
        last = await scenario.run(seconds=61)
        quiet = last is not None and last.github.requests == last.github.not_modified == 2
        wrong = find_violations(scenario, last) if last is not None and quiet else [f"never quiet: {last}"]
        if not wrong:
            break
    return wrong


def find_violations(scenario: Scenario, last: PassResult) -> list[str]:
    """Return every violated invariant as a sentence; `last`: the pass after everything had settled.

    Links of another repository than the present one are not looked at. Links with a row that can't be read
    rest: they only have to say so.
    """
    found = list(_issues(scenario))
    with scenario.cached_reads():
        resting = scenario.numbers_that_rest()
        if not resting and not _has_intents_elsewhere(scenario):
            found += _idle(last)
        for report, number in scenario.issue_numbers().items():
            if number is not None and not scenario.is_here(number):
                continue
            if number in resting:
                found += _rests(scenario, report, number)
                continue
            found += _links(scenario, report)
            found += _export(scenario, report)
            if scenario.is_linked(report):
                found += _fields(scenario, report)
            found += _second_issues(scenario, report)
        for note in scenario.notes:
            if not _is_note_out_of_sight(scenario, note, resting):
                found += _comment(scenario, note)
    return found


def _has_intents_elsewhere(scenario: Scenario) -> bool:
    return any(row["repository_id"] != scenario.repository.id for row in scenario.rows("sync_intents"))


def _is_note_out_of_sight(scenario: Scenario, note: Note, resting: set[int]) -> bool:
    """Whether a link of this comment rests or belongs to another repository."""
    places = {note.number, scenario.reports.get(note.report)} - {None}
    places |= {link["number"] for link in scenario.rows("sync_links", report_id=note.report, state="active")}
    return any(number in resting or not scenario.is_here(number) for number in places if number is not None)


def _rests(scenario: Scenario, report: ReportId, number: int) -> Iterator[str]:
    """Check invariant 12: a link with a row that can't be read rests, with the reason."""
    row = scenario.all_reports().get(report)
    if row is None or row["github_issue_number"] != number or number not in scenario.numbers_that_must_rest():
        return
    links = scenario.rows("sync_links", report_id=report, number=number)
    if not any(
        link["reason"] and (link["quarantined_until"] or link["state"] == "contested") for link in links
    ):
        yield f"a row of #{number} can't be read, and the link of report {report} does not rest: {links}"


def _export(scenario: Scenario, report: ReportId) -> Iterator[str]:
    """Check that a report whose export was asked for has an issue."""
    row = scenario.all_reports().get(report)
    if row is None or report not in scenario.exported or _has_intents_elsewhere(scenario):
        return
    if row["github_issue_number"] is None:
        yield f"the export of report {report} was asked for, and it has no issue"


def _second_issues(scenario: Scenario, report: ReportId) -> Iterator[str]:
    """Check that an open issue of the button which its report is not linked to is shown, and no more."""
    row, number = scenario.all_reports().get(report), scenario.reports[report]
    pressed = {each for each in scenario.pressed.get(report, ()) if scenario.is_here(each)}
    if row is None or report in scenario.cut:
        return
    if number is None and len(pressed) == 1:
        yield f"the button made #{min(pressed)} for report {report}, and it is not linked"
    for each in pressed - {number}:
        is_open = scenario.repository_of(each).issue(each).state == "open"
        is_taken = scenario.report_of_issue(each) is not None
        shown = scenario.rows("sync_links", report_id=report, number=each, state="second")
        if is_open and not is_taken and not shown:
            yield f"the button made #{each} as well for report {report}, and nothing says so"


def _idle(last: PassResult) -> Iterator[str]:
    """Check invariant 8."""
    cost = last.github
    if (last.outcome.value, last.pending) != ("ok", 0):
        yield f"the last pass is {last.outcome.value}: {last.error}, {last.pending} pending"
    if (cost.requests, cost.not_modified, cost.writes) != (2, 2, 0):
        yield f"the last pass is not idle: {cost}"


def _issues(scenario: Scenario) -> Iterator[str]:
    """Check invariant 3 for issues, and for comments at any time."""
    if scenario.most_copies > 1:
        yield f"there were {scenario.most_copies} copies of one thing at once"
    open_titles = scenario.titles()
    for title in set(open_titles):
        if open_titles.count(title) > 1:
            yield f"{open_titles.count(title)} issues are called {title!r}"


def _links(scenario: Scenario, report: ReportId) -> Iterator[str]:
    """Check that links match the reports' columns, unless another report has the issue."""
    row = scenario.all_reports().get(report)
    if row is None or scenario.is_linked(report):
        return
    number, link = row["github_issue_number"], scenario.link_row(report)
    if link is not None and link["state"] == "active":
        yield f"report {report} is linked to #{link['number']}, and its columns say {number}"
    if number is None:
        return
    if scenario.report_of_issue(number) is None:
        yield f"report {report} names #{number}, which has no report, and is not linked to it: {link}"
    elif not scenario.rows("sync_links", report_id=report, number=number, state="contested"):
        yield f"report {report} names #{number}, which has another report, and no link says so: {link}"


def _fields(scenario: Scenario, report: ReportId) -> Iterator[str]:
    """Check invariants 1 and 2 for fields."""
    row, number = scenario.all_reports().get(report), scenario.reports[report]
    assert row is not None and number is not None
    repository = scenario.repository_of(number)
    issue, labels = repository.issue(number), set(repository.label_names(number))
    if (row["status"] in OPEN) != (issue.state == "open"):
        yield f"status {row['status']} beside an issue that is {issue.state}"
    for item, names in (("severity", SEVERITIES), ("category", CATEGORIES)):
        values = [value for value, name in names.items() if name in labels]
        if values and values[0] != row[item]:  # of several labels the first counts
            yield f"{item} {row[item]} beside the labels {sorted(labels)}"
        if len(values) > 1 and not (_noted(scenario, report, item) or _lost(scenario, report, item)):
            yield f"nothing is noted about several labels for {item}: {sorted(labels)}"
    for item in ("status", "severity", "category"):
        yield from _last_edit(scenario, report, item, row[item])


def _last_edit(scenario: Scenario, report: ReportId, item: str, value: str) -> Iterator[str]:
    """Check that the last edit won, lost a recorded conflict, or repeated the agreed value."""
    field_edits = scenario.field_edits.get((report, item), [])
    if not field_edits:
        return
    last = field_edits[-1]
    same = _class(item, last.value) == _class(item, value)
    agreed = last.base is None or _class(item, last.base) == _class(item, last.value)
    if same or agreed or _noted(scenario, report, item):
        return
    lost = _lost(scenario, report, item)
    if not any(_class(item, each) == _class(item, last.value) for each in lost):
        yield f"{item} is {value} although {last} came last, and no conflict is recorded: {lost}"


def _lost(scenario: Scenario, report: ReportId, item: str) -> set[str]:
    return {
        str(row["lost"]) for row in scenario.rows("sync_changes", report_id=report, field=item) if row["lost"]
    }


def _noted(scenario: Scenario, report: ReportId, item: str) -> bool:
    notes = scenario.rows("sync_changes", report_id=report, kind="note")
    return any(f"several labels speak of {item}" in row["rule"] for row in notes)


def _class(item: str, value: str) -> str:
    if item != "status":
        return value
    return "open" if value in (*OPEN, "open", "reopened") else "closed"


def _comment(scenario: Scenario, note: Note) -> Iterator[str]:
    """Check invariants 2, 3 and 4: every token once on each side, or a reason."""
    own = (
        scenario.comments_of_report(note.report)
        if note.side == BUGSPARK
        else scenario.comments_of_issue(note.number)
    )
    count = sum(note.token in body for body in own)
    if count != (not note.gone):
        yield f"{note}: {count} times on its own side"
    yield from (
        _check_copies_on_github(scenario, note)
        if note.side == BUGSPARK
        else _check_copies_in_bugspark(scenario, note)
    )


def _check_copies_on_github(scenario: Scenario, note: Note) -> Iterator[str]:
    for number in scenario.numbers():
        copies = sum(note.token_on(number) in body for body in scenario.comments_of_issue(number))
        if copies > 1:
            yield f"{note}: {copies} copies on #{number}"
        if scenario.report_of_issue(number) == note.report and number not in note.copies_hidden:
            yield from _expected(scenario, note, note.report, copies, number in note.copies_gone)
    edited_texts = set(note.copies_edited.values())
    if any(
        word in body
        for report in scenario.reports
        for body in scenario.comments_of_report(report)
        for word in edited_texts
    ):
        yield f"{note}: a user's edit of our copy came back"
    if any(
        note.token in body
        for report in scenario.reports
        for body in scenario.comments_of_report(report)
        if report != note.report
    ):
        yield f"{note}: our copy was taken for a comment of a user"


def _check_copies_in_bugspark(scenario: Scenario, note: Note) -> Iterator[str]:
    for report in scenario.reports:
        copies = sum(note.token in body for body in scenario.comments_of_report(report))
        if copies > 1:
            yield f"{note}: {copies} copies in report {report}"
        if report == scenario.report_of_issue(note.number):
            is_dropped = report in note.copies_gone or not scenario.is_shown(note)
            yield from _expected(scenario, note, report, copies, is_dropped)


def _expected(scenario: Scenario, note: Note, report: ReportId, copies: int, dropped: bool) -> Iterator[str]:
    expected = int(not (note.gone or dropped))
    if copies != expected and not (copies == 0 and _is_skipped(scenario, note, report)):
        yield f"{note}: {copies} copies, expected {expected}"


def _is_skipped(scenario: Scenario, note: Note, report: ReportId) -> bool:
    """Whether a named rule skipped it."""
    link = scenario.link_row(report)
    assert link is not None
    where = {"local_id": note.id} if note.side == BUGSPARK else {"remote_id": note.id}
    rows = scenario.rows("sync_comments", **where)
    mine = [row for row in rows if row["link_id"] == link["id"]]
    return any(row["state"] == "skipped" and row["reason"] for row in mine)
