"""One thing that a pass wrote, or that a plan says it would: told alike, so that they can be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.shown import PlanShown

WORDS = {  # the kinds of the story (sync_changes) and of a plan, in words; fields stand for themselves
    "import_comment": "comment",
    "create_comment": "comment",
    "post_comment": "comment",
    "edit_local": "comment edited",
    "edit_comment": "comment edited",
    "edit_remote_comment": "comment edited",
    "remove_local": "comment removed",
    "remove_comment": "comment removed",
    "delete_comment": "comment removed",
    "delete_remote_comment": "comment removed",
    "create_issue": "issue created",
    "set_state": "status",
}
BUGSPARK, GITHUB, CONFLICT = "BugSpark", "GitHub", "conflict"
WRITTEN_IN_BUGSPARK = {"set_field", "import_comment", "edit_local", "remove_local"}
PLANNED_IN_BUGSPARK = {"set_field", "import_comment", "edit_comment", "remove_comment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
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
        """What must be the same in a plan and in the pass after it."""
        return self.report, self.side, self.what, self.to


def written(rows: list[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The story's rows of one pass, by report; what was decided stands before what was done."""
    return tuple(sorted(map(_written, rows), key=lambda step: (step.tracking_id, step.side != CONFLICT)))


def planned(shown: PlanShown) -> tuple[Step, ...]:
    """The actions of a plan, by report."""
    return tuple(sorted(_planned(shown), key=lambda step: step.tracking_id))


def linked(row: Mapping[str, Any]) -> Step:
    """A link that a pass took up."""
    return Step(
        report=row["report_id"],
        tracking_id=row["tracking_id"],
        side=BUGSPARK,
        what="link",
        to=None,
        text=f"linked to {row['repository']}#{row['number']}",
        rule="",
    )


def _written(row: Mapping[str, Any]) -> Step:
    kind = row["kind"]
    side = CONFLICT if kind == "conflict" else BUGSPARK if kind in WRITTEN_IN_BUGSPARK else GITHUB
    return Step(
        report=row["report_id"],
        tracking_id=row["tracking_id"] or "",
        side=side,
        what=_what(kind, row["field"]),
        to=row["to"] if row["field"] else None,
        text=_text(kind, row),
        rule=row["rule"],
    )


def _planned(shown: PlanShown) -> Iterator[Step]:
    for action in shown.actions:
        row = {name: getattr(action, name) for name in ("field", "local", "remote", "to", "rule")}
        yield Step(
            report=(action.report or "").replace("-", ""),
            tracking_id=action.tracking_id or "",
            side=BUGSPARK if action.kind in PLANNED_IN_BUGSPARK else GITHUB,
            what=_what(action.kind, action.field),
            to=action.to if action.field != "comment" else None,
            text=_text(action.kind, row),
            rule=action.rule or "",
        )


def _what(kind: str, field: str | None) -> str:
    return WORDS.get(kind) or field or kind


def _text(kind: str, row: Mapping[str, Any]) -> str:
    """`status: new → resolved`, `comment: I see it too`, `severity: critical wins over low`."""
    what = _what(kind, row["field"])
    if kind == "note":
        return str(row["rule"])
    if kind == "conflict":
        return f"{what}: {row['to']} wins over {row['lost']}"
    if what not in ("status", "severity", "category", "title"):
        said = row["remote"] or row["local"]
        return f"{what}: {said}" if said else f"{what} posted" if what == "comment" else what
    return f"{what}: {row['local']} → {row['to']}" if kind == "set_field" else f"{what}: {row['to']}"
