"""Actions on labels: add, remove, create, rename, delete."""

from __future__ import annotations

from dataclasses import replace

from reconciler.demo.github.rows import Issue, Label
from reconciler.demo.github.world.state import RepositoryState, atomic, changed_from


class LabelActs(RepositoryState):
    """Actions on the labels of a repository and of its issues."""

    @atomic
    def ensure_label(self, name: str) -> Label:
        """Return the label of this name; create it if missing."""
        found = self.label_named(name)
        if found is None:
            found = Label(id=self.world.next_id(), name=name)
            self.labels[found.id] = found
        return found

    @atomic
    def label(self, number: int, *names: str, by: str) -> Issue:
        """Add labels to an issue; labels it already has change nothing."""
        row, actor = self.issue(number), self.world.user(by).id
        wanted = dict.fromkeys(self.ensure_label(name).id for name in names)
        new = [label_id for label_id in wanted if label_id not in row.labels]
        if not new:
            return row
        row = self._bump(row, labels=(*row.labels, *new))
        for label_id in new:
            self._record(number, "labeled", actor, label=self._mark(label_id))
            self._notify("issues", "labeled", actor, number=number, label=label_id)
        return row

    @atomic
    def unlabel(self, number: int, *names: str, by: str) -> Issue:
        """Remove labels from an issue; raises KeyError for one it does not have."""
        row, actor = self.issue(number), self.world.user(by).id
        for name in names:
            found = self.label_named(name)
            if found is None or found.id not in row.labels:
                raise KeyError(name)
            row = self._bump(row, labels=tuple(label for label in row.labels if label != found.id))
            self._record(number, "unlabeled", actor, label=self._mark(found.id))
            self._notify("issues", "unlabeled", actor, number=number, label=found.id)
        return row

    @atomic
    def relabel(self, number: int, names: list[str], *, by: str) -> Issue:
        """Replace all labels of an issue."""
        keep = {name.casefold() for name in names}
        self.unlabel(
            number, *(name for name in self.label_names(number) if name.casefold() not in keep), by=by
        )
        return self.label(number, *names, by=by)

    @atomic
    def rename_label(self, name: str, to: str, *, by: str) -> Label:
        """Rename a label of the repository; raises KeyError if it does not exist."""
        found = self._label(name)
        new = self.labels[found.id] = replace(found, name=to)
        carriers = [issue for issue in self.issues if found.id in issue.labels]
        if self.world.facts.label_rename_bumps_issues:
            for issue in carriers:
                self._bump(issue)
        self.world.forget_rendered()
        self._notify("label", "edited", self.world.user(by).id, label=new.id, changes=changed_from(name=name))
        return new

    @atomic
    def paint_label(self, name: str, color: str, *, by: str) -> Label:
        """Change the colour of a label, created if missing: `updated_at` of its issues stays."""
        found = self.ensure_label(name)
        new = self.labels[found.id] = replace(found, color=color)
        self.world.forget_rendered()
        self._notify("label", "edited", self.world.user(by).id, label=new.id)
        return new

    @atomic
    def delete_label(self, name: str, *, by: str) -> None:
        """Delete a label: issues lose it without `updated_at` moving."""
        found, now = self._label(name), self.world.moment()
        for issue in [issue for issue in self.issues if found.id in issue.labels]:
            left = tuple(label for label in issue.labels if label != found.id)
            self.issues.put(replace(issue, labels=left), now)
        self._notify("label", "deleted", self.world.user(by).id, label=found.id)
        del self.labels[found.id]
        self.world.forget_rendered()

    def _mark(self, label_id: int) -> dict[str, str]:
        """Return the copy of a label that an event keeps."""
        label = self.labels[label_id]
        return {"name": label.name, "color": label.color}

    def _label(self, name: str) -> Label:
        found = self.label_named(name)
        if found is None:
            raise KeyError(name)
        return found
