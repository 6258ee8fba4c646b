"""The last step: both sides side by side, cell by cell, and what must not be anywhere."""

from collections.abc import Iterable

from reconciler.demo.cast import COMPANIES
from reconciler.demo.compare import NOTHING, Apart, Cell, Row, compare, doubles
from reconciler.demo.lines import CHATTER
from reconciler.demo.opening import Strange
from reconciler.demo.paper import counted, cut, fit
from reconciler.demo.stage import Stage
from reconciler.demo.telling import Telling

WIDTHS = (8, 5, 18, 13, 13)


def compare_both(
    stage: Stage, telling: Telling, aparts: Iterable[Apart], strange: tuple[Strange, ...]
) -> None:
    """Show every cell, name the ones that differ and why, and give the sums."""
    telling.begin(
        "Both sides, cell by cell",
        "Read from BugSpark's tables by SQL and from the simulator's memory, compared by a small mapping of"
        " the demo's own: none of the program's code takes part.",
    )
    rows = compare(stage, tuple(aparts))
    for company in COMPANIES:
        telling.paper.line(f"    {company.name} and {company.repository}", "strong")
        telling.paper.table(
            [("REPORT", "ISSUE", "STATUS = STATE", "SEVERITY", "CATEGORY", "COMMENTS")], WIDTHS
        )
        telling.paper.table([_cells(row) for row in rows if row.ref.company == company], WIDTHS)
        telling.paper.line()
    _apart(telling, rows)
    _sums(stage, telling, rows, strange)


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


def _apart(telling: Telling, rows: Iterable[Row]) -> None:
    """What differs because the story wants it so, with the reason; anything else is a broken promise."""
    telling.paper.line("    Apart, by the rules:", "strong")
    for row in rows:
        for cell in row.cells:
            if not cell.fine:
                said = f"{cut(cell.bugspark, 60)!r} in BugSpark, {cut(cell.github, 60)!r} on GitHub"
                telling.promise(f"{row.ref}, {cell.name}: {said}", kept=False)
            elif cell.by_design:
                text = cell.bugspark if cell.bugspark != NOTHING else cell.github
                telling.paper.line(f"    ≠ {fit(str(row.ref), 17)}  {cut(text, 50)}")
                telling.paper.line(f"      {'':17}  {cell.by_design}", "quiet")
    telling.paper.line()


def _sums(stage: Stage, telling: Telling, rows: tuple[Row, ...], strange: tuple[Strange, ...]) -> None:
    cells = [cell for row in rows for cell in row.cells]
    apart, wrong = sum(cell.by_design is not None for cell in cells), sum(not cell.fine for cell in cells)
    telling.promise(
        f"{len(cells) - apart - wrong} cells equal, {wrong} different, {apart} apart by the rules",
        not wrong,
    )
    linked, twice = sum(row.issue is not None for row in rows), doubles(stage)
    fine = f"{counted(linked, 'report')}, {counted(linked, 'issue')}: none twice, none lost"
    telling.promise("; ".join(twice) or fine, not twice)
    expected = sum(company.exported + 1 for company in COMPANIES)
    telling.promise(
        f"{counted(len(rows) - linked, 'report')} not exported, and not linked", linked == expected
    )
    telling.promise(
        f"{len(strange)} unlinked issues and pull requests left alone", _left_alone(stage, strange)
    )


def _left_alone(stage: Stage, strange: tuple[Strange, ...]) -> bool:
    """Each has the one comment that people wrote, and no report knows it."""
    world = stage.simulator.world
    bots = {company.bot for company in COMPANIES}
    authors = [
        stage.login(comment.author)
        for each in strange
        for comment in world.repository(each.repository).thread(each.number)
    ]
    filed = [report for project in stage.project_ids.values() for report in stage.bugspark.reports(project)]
    leaked = [note for report in filed for note in report.notes if CHATTER in note.body]
    return len(authors) == len(strange) and not bots & set(authors) and not leaked
