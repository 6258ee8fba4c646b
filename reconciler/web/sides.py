"""A report's fields side by side: what differs is marked at the cell that moved, with when. Pure.

Neither side says who changed a field; what is known is the side and the moment. Who undid our writes is named
in the reason of a frozen field.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.disputes import open_conflicts
from reconciler.model.dossier import Dossier, FieldShown, ReportShown, Told
from reconciler.model.fields import Side
from reconciler.model.kinds import CROSSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one side says. `moved_at`: it differs from what was agreed on, and changed no later than then."""

    text: str | None
    moved: bool = False
    moved_at: datetime | None = None
    lost: str | None = None  # what it said in the conflict that it lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `takes`: side and value that may be brought back."""

    name: str
    bugspark: Cell
    agreed: str | None
    github: Cell
    frozen: str | None
    conflict: Told | None
    last: Told | None  # the last time it crossed over
    takes: tuple[tuple[Side, str], ...]

    @property
    def equal(self) -> bool:
        """Nothing about it needs a look."""
        return not (self.bugspark.moved or self.github.moved or self.frozen or self.conflict)


def sides(shown: ReportShown, now: datetime) -> tuple[FieldRow, ...]:
    """All fields that are synced."""
    conflicts = {told.change.field: told for told in open_conflicts(shown.dossier, now)}
    return tuple(_row(each, shown.dossier, conflicts.get(each.field.value)) for each in shown.fields)


def _row(field: FieldShown, dossier: Dossier, conflict: Told | None) -> FieldRow:
    seen = dossier.link.seen if dossier.link else None
    return FieldRow(
        name=field.field.value,
        bugspark=_cell(field, Side.BUGSPARK, field.bugspark, dossier.report.updated_at, conflict),
        agreed=field.agreed,
        github=_cell(field, Side.GITHUB, field.github, seen.updated_at if seen else None, conflict),
        frozen=field.frozen,
        conflict=conflict,
        last=_last(field, dossier),
        takes=tuple(_takes(field, conflict)),
    )


def _cell(
    field: FieldShown, side: Side, text: str | None, at: datetime | None, conflict: Told | None
) -> Cell:
    moved = side in field.moved
    lost = _said(conflict, side)
    beaten = conflict is not None and lost is not None and lost == conflict.change.lost
    return Cell(text=text, moved=moved, moved_at=at if moved else None, lost=lost if beaten else None)


def _said(conflict: Told | None, side: Side) -> str | None:
    if conflict is None:
        return None
    return conflict.change.local if side is Side.BUGSPARK else conflict.change.remote


def _takes(field: FieldShown, conflict: Told | None) -> Iterator[tuple[Side, str]]:
    """As `resolve` does: of a frozen field what both sides say now, else what they said in the conflict."""
    for side, now in ((Side.GITHUB, field.github), (Side.BUGSPARK, field.bugspark)):
        value = now if field.frozen else _said(conflict, side)
        if value is not None:
            yield side, value


def _last(field: FieldShown, dossier: Dossier) -> Told | None:
    about = (told for told in dossier.story if told.change.field == field.field.value)
    return next((told for told in about if told.change.kind in CROSSED), None)
