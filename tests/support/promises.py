"""The invariants (docs/design.md, Invariants) that are seen from outside, checked against a town's book."""

from collections.abc import Iterator

from reconciler.model.ids import ReportId
from reconciler.model.passes import PassResult
from tests.support.town import Town
from tests.support.town_book import HERE, Note
from tests.support.town_people import CATEGORIES, SEVERITIES

OPEN = ("new", "triaging", "in_progress")

SEVERAL = 8
"""So many passes must be enough for everything that has to be looked at, sent again or waited for."""


async def settled(town: Town) -> list[str]:
    """Passes until one finds nothing to do; what is broken then."""
    wrong = ["nothing has run"]
    for _ in range(SEVERAL):
        last = await town.run(seconds=61)
        quiet = last is not None and last.github.requests == last.github.not_modified == 2
        wrong = broken(town, last) if last is not None and quiet else [f"never quiet: {last}"]
        if not wrong:
            break
    return wrong


def broken(town: Town, last: PassResult) -> list[str]:
    """Every promise that does not hold, in a sentence; `last`: the pass after everything had settled."""
    found = [*_idle(last), *_issues(town)]
    with town.still():
        for report in town.linked_numbers():
            found += _links(town, report)
            if town.is_linked(report):
                found += _fields(town, report)
        for note in town.notes:
            found += _comment(town, note)
    return found


def _idle(last: PassResult) -> Iterator[str]:
    """Invariant 8."""
    cost = last.github
    if (last.outcome.value, last.pending) != ("ok", 0):
        yield f"the last pass is {last.outcome.value}: {last.error}, {last.pending} pending"
    if (cost.requests, cost.not_modified, cost.writes) != (2, 2, 0):
        yield f"the last pass is not idle: {cost}"


def _issues(town: Town) -> Iterator[str]:
    """Invariant 3, for issues, and for everything at any time."""
    if town.most > 1:
        yield f"there were {town.most} copies of one thing at once"
    open_titles = town.titles()
    for title in set(open_titles):
        if open_titles.count(title) > 1:
            yield f"{open_titles.count(title)} issues are called {title!r}"


def _links(town: Town, report: ReportId) -> Iterator[str]:
    """What a report's columns say is so, unless another report was there before."""
    row = town.filed().get(report)
    if row is None or town.is_linked(report):
        return
    number, link = row["github_issue_number"], town.link_row(report)
    if link is not None and link["state"] == "active":
        yield f"report {report} is tied to #{link['number']}, and its columns say {number}"
    if number is None:
        return
    if town.holder(number) is None:
        yield f"report {report} names #{number}, which is nobody's, and is not tied to it: {link}"
    elif not town.rows("sync_links", report_id=report, number=number, state="contested"):
        yield f"report {report} names #{number}, which is another's, and nothing tells so: {link}"


def _fields(town: Town, report: ReportId) -> Iterator[str]:
    """Invariants 1 and 2, for fields."""
    row, number = town.filed().get(report), town.reports[report]
    assert row is not None and number is not None
    issue, labels = town.github.web.issue(number), set(town.github.web.label_names(number))
    if (row["status"] in OPEN) != (issue.state == "open"):
        yield f"status {row['status']} beside an issue that is {issue.state}"
    for item, names in (("severity", SEVERITIES), ("category", CATEGORIES)):
        said = [value for value, name in names.items() if name in labels]
        if said and said[0] != row[item]:  # of several the first counts, and it is noted
            yield f"{item} {row[item]} beside the labels {sorted(labels)}"
        if len(said) > 1 and not (_noted(town, report, item) or _lost(town, report, item)):
            yield f"nothing is noted about several labels for {item}: {sorted(labels)}"
    for item in ("status", "severity", "category"):
        yield from _last_word(town, report, item, row[item])


def _last_word(town: Town, report: ReportId, item: str, value: str) -> Iterator[str]:
    """The last wish won, or it lost a recorded conflict, or it said what both sides had agreed on anyway."""
    wishes = town.wishes.get((report, item), [])
    if not wishes:
        return
    last = wishes[-1]
    same = _class(item, last.value) == _class(item, value)
    agreed = last.base is None or _class(item, last.base) == _class(item, last.value)
    if same or agreed or _noted(town, report, item):
        return
    lost = _lost(town, report, item)
    if not any(_class(item, each) == _class(item, last.value) for each in lost):
        yield f"{item} is {value} although {last} came last, and no conflict tells so: {lost}"


def _lost(town: Town, report: ReportId, item: str) -> set[str]:
    return {
        str(row["lost"]) for row in town.rows("sync_changes", report_id=report, field=item) if row["lost"]
    }


def _noted(town: Town, report: ReportId, item: str) -> bool:
    notes = town.rows("sync_changes", report_id=report, kind="note")
    return any(f"several labels speak of {item}" in row["rule"] for row in notes)


def _class(item: str, value: str) -> str:
    if item != "status":
        return value
    return "open" if value in (*OPEN, "open", "reopened") else "closed"


def _comment(town: Town, note: Note) -> Iterator[str]:
    """Invariants 2, 3 and 4: every token once on its own side and once on the other, or a reason."""
    own = town.here(note.report) if note.side == HERE else town.on(note.number)
    count = sum(note.token in body for body in own)
    if count != (not note.gone):
        yield f"{note}: {count} times on its own side"
    yield from _copies_there(town, note) if note.side == HERE else _copies_here(town, note)


def _copies_there(town: Town, note: Note) -> Iterator[str]:
    for number in town.github.web.picture():
        copies = sum(note.token_on(number) in body for body in town.on(number))
        if copies > 1:
            yield f"{note}: {copies} copies on #{number}"
        if town.holder(number) == note.report:
            yield from _expected(town, note, note.report, copies, number in note.copies_gone)
    words = set(note.copies_edited.values())
    if any(word in body for report in town.reports for body in town.here(report) for word in words):
        yield f"{note}: what somebody wrote into our copy came back"
    if any(
        note.token in body for report in town.reports for body in town.here(report) if report != note.report
    ):
        yield f"{note}: our copy was taken for somebody's own words"


def _copies_here(town: Town, note: Note) -> Iterator[str]:
    for report in town.reports:
        copies = sum(note.token in body for body in town.here(report))
        if copies > 1:
            yield f"{note}: {copies} copies in report {report}"
        if report == town.holder(note.number):
            yield from _expected(town, note, report, copies, report in note.copies_gone)


def _expected(town: Town, note: Note, report: ReportId, copies: int, dropped: bool) -> Iterator[str]:
    expected = int(not (note.gone or dropped))
    if copies != expected and not (copies == 0 and _kept_back(town, note, report)):
        yield f"{note}: {copies} copies, expected {expected}"


def _kept_back(town: Town, note: Note, report: ReportId) -> bool:
    """A named rule kept it back."""
    link = town.link_row(report)
    assert link is not None
    where = {"local_id": note.id} if note.side == HERE else {"remote_id": note.id}
    rows = town.rows("sync_comments", **where)
    mine = [row for row in rows if row["link_id"] == link["id"]]
    return any(row["state"] == "skipped" and row["reason"] for row in mine)
