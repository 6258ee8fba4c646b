"""What a pass wrote or a plan contains, in one form, so that both can be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.kinds import Kind
from reconciler.model.views import PlanView

KIND_NAMES = {  # in words; fields stand for themselves
    Kind.IMPORT_COMMENT: "comment",
    Kind.WRITE_COMMENT: "comment",
    Kind.POST_COMMENT: "comment",
    Kind.EDIT_COMMENT: "comment edited",
    Kind.EDIT_REMOTE_COMMENT: "comment edited",
    Kind.REMOVE_COMMENT: "comment removed",
    Kind.DELETE_REMOTE_COMMENT: "comment removed",
    Kind.CREATE_ISSUE: "issue created",
    Kind.SET_STATE: "status",
}
BUGSPARK, GITHUB, CONFLICT = "BugSpark", "GitHub", "conflict"
IN_BUGSPARK = {
    Kind.SET_FIELD,
    Kind.IMPORT_COMMENT,
    Kind.WRITE_COMMENT,
    Kind.EDIT_COMMENT,
    Kind.REMOVE_COMMENT,
}
SHOWN_KINDS = {*KIND_NAMES, Kind.SET_FIELD, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.CONFLICT, Kind.NOTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChange:
    """One change of one report or its issue."""

    report: str  # BugSpark's id, as SQLite stores it
    tracking_id: str
    side: str  # the side that is written, or CONFLICT
    what: str  # "status", "comment edited"
    to: str | None  # of a field
    text: str
    rule: str

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What must be equal in a plan and in the pass after it."""
        return self.report, self.side, self.what, self.to


def changes_of_history(rows: list[Mapping[str, Any]]) -> tuple[RecordedChange, ...]:
    """Return the history rows of one pass by report, conflicts before the changes."""
    reported = [_written(row) for row in rows if row["kind"] in SHOWN_KINDS]
    return tuple(sorted(reported, key=lambda step: (step.tracking_id, step.side != CONFLICT)))


def changes_of_plan(shown: PlanView) -> tuple[RecordedChange, ...]:
    """Return the actions of a plan by report."""
    return tuple(sorted(_planned(shown), key=lambda step: step.tracking_id))


def change_of_link(row: Mapping[str, Any]) -> RecordedChange:
    """Return the change by which a pass took up a link."""
    return RecordedChange(
        report=row["report_id"],
        tracking_id=row["tracking_id"],
        side=BUGSPARK,
        what="link",
        to=None,
        text=f"linked to {row['repository']}#{row['number']}",
        rule="",
    )


def _written(row: Mapping[str, Any]) -> RecordedChange:
    kind = Kind(row["kind"])
    side = CONFLICT if kind == Kind.CONFLICT else BUGSPARK if kind in IN_BUGSPARK else GITHUB
    return RecordedChange(
        report=row["report_id"],
        tracking_id=row["tracking_id"] or "",
        side=side,
        what=_what(kind, row["field"]),
        to=row["to"] if row["field"] not in (None, "comment") else None,
        text=_text(kind, row),
        rule=row["rule"],
    )


def _planned(shown: PlanView) -> Iterator[RecordedChange]:
    for action in shown.actions:
        row = {name: getattr(action, name) for name in ("field", "local", "remote", "to", "rule")}
        yield RecordedChange(
            report=(action.report or "").replace("-", ""),
            tracking_id=action.tracking_id or "",
            side=BUGSPARK if action.kind in IN_BUGSPARK else GITHUB,
            what=_what(Kind(action.kind), action.field),
            to=action.to if action.field != "comment" else None,
            text=_text(Kind(action.kind), row),
            rule=action.rule or "",
        )


def _what(kind: Kind, field: str | None) -> str:
    return KIND_NAMES.get(kind) or field or kind


def _text(kind: Kind, row: Mapping[str, Any]) -> str:
    """`status: new → resolved`, `comment: I see it too`, `severity: critical wins over low`."""
    what = _what(kind, row["field"])
    if kind is Kind.NOTE:
        return str(row["rule"])
    if kind is Kind.CONFLICT:
        return f"{what}: {row['to']} wins over {row['lost']}"
    if what not in ("status", "severity", "category", "title"):
        said = row["remote"] or row["local"]
        return f"{what}: {said}" if said else f"{what} posted" if what == "comment" else what
    return f"{what}: {row['local']} → {row['to']}" if kind is Kind.SET_FIELD else f"{what}: {row['to']}"
