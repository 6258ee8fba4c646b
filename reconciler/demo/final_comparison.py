"""The last step: both sides compared cell by cell, and what must not exist."""

from collections.abc import Iterable

from reconciler.demo.compare import NOTHING, Cell, ExpectedDifference, Row, compare, find_duplicates
from reconciler.demo.environment import DemoEnvironment
from reconciler.demo.output import Checklist, counted, cut, fit
from reconciler.demo.preparation import UnlinkedIssue
from reconciler.demo.sample_data import COMPANIES
from reconciler.demo.texts import CHATTER

WIDTHS = (8, 5, 18, 13, 13)


def compare_both(
    environment: DemoEnvironment,
    checklist: Checklist,
    differences: Iterable[ExpectedDifference],
    unlinked: tuple[UnlinkedIssue, ...],
) -> None:
    """Print every cell, the differences with their reasons, and the totals."""
    checklist.begin(
        "Both sides, cell by cell",
        "Read from BugSpark's tables by SQL and from the simulator's memory, compared by a small mapping of"
        " the demo's own: none of the program's code takes part.",
    )
    rows = compare(environment, tuple(differences))
    for company in COMPANIES:
        checklist.output.line(f"    {company.name} and {company.repository}", "strong")
        checklist.output.table(
            [("REPORT", "ISSUE", "STATUS = STATE", "SEVERITY", "CATEGORY", "COMMENTS")], WIDTHS
        )
        checklist.output.table([_cells(row) for row in rows if row.ref.company == company], WIDTHS)
        checklist.output.line()
    _apart(checklist, rows)
    _sums(environment, checklist, rows, unlinked)


def _cells(row: Row) -> tuple[str, ...]:
    if row.issue is None:
        return row.ref.tracking_id, "-", "not exported"
    state, severity, category, *comments = row.cells
    status = f"{state.bugspark} {_sign(state)} {state.github.partition(',')[0]}"
    labels = (_labelled(cell) for cell in (severity, category))
    number = row.issue.partition("#")[2]
    return row.ref.tracking_id, f"#{number}", status, *labels, " ".join(_sign(cell) for cell in comments)


def _labelled(cell: Cell) -> str:
    return f"{_sign(cell)} {cell.bugspark}" if cell.equal else f"{cell.bugspark} ≠ {cell.github}"


def _sign(cell: Cell) -> str:
    return "=" if cell.equal else "≠"


def _apart(checklist: Checklist, rows: Iterable[Row]) -> None:
    """Print the expected differences with their reasons; any other is a failed check."""
    checklist.output.line("    Apart, by the rules:", "strong")
    for row in rows:
        for cell in row.cells:
            if not cell.is_expected:
                said = f"{cut(cell.bugspark, 60)!r} in BugSpark, {cut(cell.github, 60)!r} on GitHub"
                checklist.check(f"{row.ref}, {cell.name}: {said}", passed=False)
            elif cell.by_design:
                text = cell.bugspark if cell.bugspark != NOTHING else cell.github
                checklist.output.line(f"    ≠ {fit(str(row.ref), 17)}  {cut(text, 50)}")
                checklist.output.line(f"      {'':17}  {cell.by_design}", "quiet")
    checklist.output.line()


def _sums(
    environment: DemoEnvironment,
    checklist: Checklist,
    rows: tuple[Row, ...],
    unlinked: tuple[UnlinkedIssue, ...],
) -> None:
    cells = [cell for row in rows for cell in row.cells]
    difference, wrong = (
        sum(cell.by_design is not None for cell in cells),
        sum(not cell.is_expected for cell in cells),
    )
    checklist.check(
        f"{len(cells) - difference - wrong} cells equal, {wrong} different, {difference} apart by the rules",
        not wrong,
    )
    linked, twice = sum(row.issue is not None for row in rows), find_duplicates(environment)
    is_expected = f"{counted(linked, 'report')}, {counted(linked, 'issue')}: none twice, none lost"
    checklist.check("; ".join(twice) or is_expected, not twice)
    expected = sum(company.exported + 1 for company in COMPANIES)
    checklist.check(
        f"{counted(len(rows) - linked, 'report')} not exported, and not linked", linked == expected
    )
    checklist.check(
        f"{len(unlinked)} unlinked issues and pull requests left alone", _left_alone(environment, unlinked)
    )


def _left_alone(environment: DemoEnvironment, unlinked: tuple[UnlinkedIssue, ...]) -> bool:
    """Whether each has only the comment of a user, and no report has a copy of it."""
    world = environment.simulator.world
    bots = {company.bot for company in COMPANIES}
    authors = [
        environment.login(comment.author)
        for each in unlinked
        for comment in world.repository(each.repository).thread(each.number)
    ]
    filed = [
        report
        for project in environment.project_ids.values()
        for report in environment.bugspark.reports(project)
    ]
    leaked = [note for report in filed for note in report.comments if CHATTER in note.body]
    return len(authors) == len(unlinked) and not bots & set(authors) and not leaked
