"""Actions on the organisation's fields of an issue (docs/reference/github.md, Fields and types)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.demo.github.rows import Issue, SelectField
from reconciler.demo.github.world.assignee_actions import AssigneeActs
from reconciler.demo.github.world.state import atomic

PRIORITY_OPTIONS = ("Urgent", "High", "Medium", "Low")


class FieldActs(AssigneeActs):
    """Actions on single-select fields; `by` is the login of the user."""

    @atomic
    def add_field(self, name: str = "Priority", options: tuple[str, ...] = PRIORITY_OPTIONS) -> SelectField:
        """Give the organisation a field."""
        made = SelectField(id=self.world.next_id(), name=name, options=options)
        self.fields = {**(self.fields or {}), made.id: made}
        self.world.forget_rendered()
        return made

    @atomic
    def rename_field(self, name: str, to: str) -> None:
        """Rename a field of the organisation; its id and values stay."""
        found = self.field_named(name)
        assert self.fields is not None
        self.fields = {
            **self.fields,
            found.id: SelectField(id=found.id, name=to, options=found.options),
        }
        self.world.forget_rendered()

    @atomic
    def choose(self, number: int, option: str, *, by: str, name: str = "Priority") -> Issue:
        """Set a field of an issue; one that has this option changes nothing."""
        found, row, actor = self.field_named(name), self.issue(number), self.world.user(by).id
        before = row.choices.get(found.id)
        if before == option:
            return row
        row = self._with_choices(row, {**row.choices, found.id: option})
        self._record_field(
            number, "issue_field_added" if before is None else "issue_field_changed", actor, found
        )
        self._notify("issues", "field_added", actor, number=number)
        return row

    @atomic
    def clear_field(self, number: int, *, by: str, name: str = "Priority") -> Issue:
        """Clear a field of an issue; one without a value stays as it is."""
        found, row, actor = self.field_named(name), self.issue(number), self.world.user(by).id
        if found.id not in row.choices:
            return row
        kept = {each: option for each, option in row.choices.items() if each != found.id}
        row = self._with_choices(row, kept)
        self._record_field(number, "issue_field_removed", actor, found)
        self._notify("issues", "field_removed", actor, number=number)
        return row

    def field_named(self, name: str) -> SelectField:
        """Return a field of the organisation; raises KeyError when there is none of this name."""
        for each in (self.fields or {}).values():
            if each.name == name:
                return each
        raise KeyError(name)

    def _with_choices(self, row: Issue, choices: dict[int, str]) -> Issue:
        updated = self.world.second() if self.world.facts.field_change_bumps_issue else row.updated
        return self._keep_issue(replace(row, choices=choices, updated=updated))

    def _record_field(self, number: int, kind: str, actor: int, changed: SelectField) -> None:
        match self.world.facts.field_events:
            case "named":
                self._record(number, kind, actor, issue_field={"id": changed.id, "name": changed.name})
            case "bare":
                self._record(number, kind, actor)
            case "none":
                return
