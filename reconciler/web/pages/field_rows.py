"""A report's fields side by side: what differs is marked at the cell that moved, with when. Pure.

Neither side says who changed a field; what is known is the side and the moment. Who undid our writes is named
in the reason of a frozen field.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.fields import Side
from reconciler.model.kinds import CROSS_SIDE_KINDS
from reconciler.model.report_detail import DatedChange, FieldView, ReportDetail, ReportView, open_conflicts


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCell:
    """What one side says. `moved_at`: it differs from what was agreed on, and changed no later than then."""

    text: str | None
    has_moved: bool = False
    moved_at: datetime | None = None
    lost: str | None = None  # what it said in the conflict that it lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `takes`: side and value that may be brought back."""

    name: str
    bugspark: FieldCell
    agreed: str | None
    github: FieldCell
    frozen: str | None
    conflict: DatedChange | None
    last_crossing: DatedChange | None  # the last time it crossed over
    resolutions: tuple[tuple[Side, str], ...]

    @property
    def is_equal(self) -> bool:
        """Nothing about it needs a look."""
        return not (self.bugspark.has_moved or self.github.has_moved or self.frozen or self.conflict)


def field_rows(shown: ReportView, now: datetime) -> tuple[FieldRow, ...]:
    """All fields that are synced."""
    conflicts = {told.change.field: told for told in open_conflicts(shown.detail, now)}
    return tuple(_field_row(each, shown.detail, conflicts.get(each.field.value)) for each in shown.fields)


def _field_row(field: FieldView, dossier: ReportDetail, conflict: DatedChange | None) -> FieldRow:
    seen = dossier.link.seen if dossier.link else None
    return FieldRow(
        name=field.field.value,
        bugspark=_field_cell(field, Side.BUGSPARK, field.bugspark, dossier.report.updated_at, conflict),
        agreed=field.agreed,
        github=_field_cell(field, Side.GITHUB, field.github, seen.updated_at if seen else None, conflict),
        frozen=field.frozen,
        conflict=conflict,
        last_crossing=_last_crossing(field, dossier),
        resolutions=tuple(_resolutions(field, conflict)),
    )


def _field_cell(
    field: FieldView, side: Side, text: str | None, at: datetime | None, conflict: DatedChange | None
) -> FieldCell:
    moved = side in field.moved
    lost = _conflict_value(conflict, side)
    beaten = conflict is not None and lost is not None and lost == conflict.change.lost
    return FieldCell(
        text=text, has_moved=moved, moved_at=at if moved else None, lost=lost if beaten else None
    )


def _conflict_value(conflict: DatedChange | None, side: Side) -> str | None:
    if conflict is None:
        return None
    return conflict.change.local if side is Side.BUGSPARK else conflict.change.remote


def _resolutions(field: FieldView, conflict: DatedChange | None) -> Iterator[tuple[Side, str]]:
    """As `resolve` does: of a frozen field what both sides say now, else what they said in the conflict."""
    for side, now in ((Side.GITHUB, field.github), (Side.BUGSPARK, field.bugspark)):
        value = now if field.frozen else _conflict_value(conflict, side)
        if value is not None:
            yield side, value


def _last_crossing(field: FieldView, dossier: ReportDetail) -> DatedChange | None:
    about = (told for told in dossier.history if told.change.field == field.field.value)
    return next((told for told in about if told.change.kind in CROSS_SIDE_KINDS), None)
