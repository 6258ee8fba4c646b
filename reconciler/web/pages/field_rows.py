"""Rows that compare a report's fields on both sides. A changed cell is marked, with the time. Pure.

Neither side says who changed a field: only side and time are known. The reason of a frozen field names the
user who undid this program's writes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.fields import Side
from reconciler.model.kinds import PROPAGATING_KINDS
from reconciler.model.report_detail import DatedChange, FieldView, ReportDetail, ReportView, open_conflicts


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCell:
    """One side's value. `moved_at`: the latest time at which the value can have changed."""

    text: str | None
    has_moved: bool = False
    moved_at: datetime | None = None
    lost: str | None = None  # the value of this side that lost the conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `resolutions`: the sides whose value a person may choose, each with that value."""

    name: str
    bugspark: FieldCell
    agreed: str | None
    github: FieldCell
    frozen: str | None
    conflict: DatedChange | None
    last_synced: DatedChange | None  # the last time it was copied to the other side
    resolutions: tuple[tuple[Side, str], ...]

    @property
    def is_in_sync(self) -> bool:
        """Whether both sides agree and nothing needs attention."""
        return not (self.bugspark.has_moved or self.github.has_moved or self.frozen or self.conflict)


def field_rows(shown: ReportView, now: datetime) -> tuple[FieldRow, ...]:
    """Return the rows of all synced fields. `now`: decides which conflicts are still open."""
    conflicts = {dated.change.field: dated for dated in open_conflicts(shown.detail, now)}
    return tuple(
        _field_row(field_view, shown.detail, conflicts.get(field_view.field.value))
        for field_view in shown.fields
    )


def _field_row(field: FieldView, detail: ReportDetail, conflict: DatedChange | None) -> FieldRow:
    seen_issue = detail.link.seen if detail.link else None
    return FieldRow(
        name=field.field.value,
        bugspark=_field_cell(field, Side.BUGSPARK, field.bugspark, detail.report.updated_at, conflict),
        agreed=field.agreed,
        github=_field_cell(
            field, Side.GITHUB, field.github, seen_issue.updated_at if seen_issue else None, conflict
        ),
        frozen=field.frozen,
        conflict=conflict,
        last_synced=_last_propagated_change(field, detail),
        resolutions=tuple(_choosable_values(field, conflict)),
    )


def _field_cell(
    field: FieldView, side: Side, text: str | None, at: datetime | None, conflict: DatedChange | None
) -> FieldCell:
    moved = side in field.moved
    lost = _side_value_in_conflict(conflict, side)
    is_loser = conflict is not None and lost is not None and lost == conflict.change.lost
    return FieldCell(
        text=text, has_moved=moved, moved_at=at if moved else None, lost=lost if is_loser else None
    )


def _side_value_in_conflict(conflict: DatedChange | None, side: Side) -> str | None:
    if conflict is None:
        return None
    return conflict.change.local if side is Side.BUGSPARK else conflict.change.remote


def _choosable_values(field: FieldView, conflict: DatedChange | None) -> Iterator[tuple[Side, str]]:
    """Yield the values that `resolve` can choose: of a frozen field the current ones, else the conflict's."""
    for side, now in ((Side.GITHUB, field.github), (Side.BUGSPARK, field.bugspark)):
        value = now if field.frozen else _side_value_in_conflict(conflict, side)
        if value is not None:
            yield side, value


def _last_propagated_change(field: FieldView, detail: ReportDetail) -> DatedChange | None:
    field_history = (dated for dated in detail.history if dated.change.field == field.field.value)
    return next((dated for dated in field_history if dated.change.kind in PROPAGATING_KINDS), None)
