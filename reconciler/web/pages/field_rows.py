"""A report's fields side by side: what differs is marked at the cell that changed, with the time. Pure.

Neither side says who changed a field; side and time are known. Who undid our writes is named in the reason
of a frozen field.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.fields import Side
from reconciler.model.kinds import CROSS_SIDE_KINDS
from reconciler.model.report_detail import DatedChange, FieldView, ReportDetail, ReportView, open_conflicts


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCell:
    """One side's value. `moved_at`: the latest time at which a changed value can have changed."""

    text: str | None
    has_moved: bool = False
    moved_at: datetime | None = None
    lost: str | None = None  # what it said in the conflict that it lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `resolutions`: sides whose value may be taken, with that value."""

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
        """Whether nothing about it needs attention."""
        return not (self.bugspark.has_moved or self.github.has_moved or self.frozen or self.conflict)


def field_rows(shown: ReportView, now: datetime) -> tuple[FieldRow, ...]:
    """Return the rows of all synced fields."""
    conflicts = {dated.change.field: dated for dated in open_conflicts(shown.detail, now)}
    return tuple(_field_row(each, shown.detail, conflicts.get(each.field.value)) for each in shown.fields)


def _field_row(field: FieldView, detail: ReportDetail, conflict: DatedChange | None) -> FieldRow:
    seen = detail.link.seen if detail.link else None
    return FieldRow(
        name=field.field.value,
        bugspark=_field_cell(field, Side.BUGSPARK, field.bugspark, detail.report.updated_at, conflict),
        agreed=field.agreed,
        github=_field_cell(field, Side.GITHUB, field.github, seen.updated_at if seen else None, conflict),
        frozen=field.frozen,
        conflict=conflict,
        last_crossing=_last_crossing(field, detail),
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
    """Yield what `resolve` would take: of a frozen field both current values, else those of the conflict."""
    for side, now in ((Side.GITHUB, field.github), (Side.BUGSPARK, field.bugspark)):
        value = now if field.frozen else _conflict_value(conflict, side)
        if value is not None:
            yield side, value


def _last_crossing(field: FieldView, detail: ReportDetail) -> DatedChange | None:
    about = (dated for dated in detail.history if dated.change.field == field.field.value)
    return next((dated for dated in about if dated.change.kind in CROSS_SIDE_KINDS), None)
