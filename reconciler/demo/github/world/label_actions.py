"""What people do with labels: put on, take off, make, rename, delete."""

from __future__ import annotations

from dataclasses import replace

from reconciler.demo.github.rows import Issue, Label
from reconciler.demo.github.world.state import RepositoryState, act, changed_from


class LabelActs(RepositoryState):
    """Acts on a repository's labels and on those an issue carries."""

    @act
    def ensure_label(self, name: str) -> Label:
        """Return the label of this name, made when it is missing."""
        found = self.label_named(name)
        if found is None:
            found = Label(id=self.world.next_id(), name=name)
            self.labels[found.id] = found
        return found

    @act
    def label(self, number: int, *names: str, by: str) -> Issue:
        """Put labels on an issue; those it carries already change nothing."""
        row, actor = self.issue(number), self.world.user(by).id
        wanted = dict.fromkeys(self.ensure_label(name).id for name in names)
        new = [label_id for label_id in wanted if label_id not in row.labels]
        if not new:
            return row
        row = self._bump(row, labels=(*row.labels, *new))
        for label_id in new:
            self._record(number, "labeled", actor, label=self._mark(label_id))
            self._tell("issues", "labeled", actor, number=number, label=label_id)
        return row

    @act
    def unlabel(self, number: int, *names: str, by: str) -> Issue:
        """Take labels off an issue; raises KeyError for one it does not carry."""
        row, actor = self.issue(number), self.world.user(by).id
        for name in names:
            found = self.label_named(name)
            if found is None or found.id not in row.labels:
                raise KeyError(name)
            row = self._bump(row, labels=tuple(label for label in row.labels if label != found.id))
            self._record(number, "unlabeled", actor, label=self._mark(found.id))
            self._tell("issues", "unlabeled", actor, number=number, label=found.id)
        return row

    @act
    def relabel(self, number: int, names: list[str], *, by: str) -> Issue:
        """Make these the issue's labels, all others leaving."""
        keep = {name.casefold() for name in names}
        self.unlabel(
            number, *(name for name in self.label_names(number) if name.casefold() not in keep), by=by
        )
        return self.label(number, *names, by=by)

    @act
    def rename_label(self, name: str, to: str, *, by: str) -> Label:
        """Rename a label everywhere at once; raises KeyError when there is none of that name."""
        found = self._label(name)
        new = self.labels[found.id] = replace(found, name=to)
        carriers = [issue for issue in self.issues if found.id in issue.labels]
        if self.world.facts.label_rename_bumps_issues:
            for issue in carriers:
                self._bump(issue)
        self.world.forget_rendered()
        self._tell("label", "edited", self.world.user(by).id, label=new.id, changes=changed_from(name=name))
        return new

    @act
    def paint_label(self, name: str, color: str, *, by: str) -> Label:
        """Give a label, made when it is missing, another colour: no issue's `updated_at` moves."""
        found = self.ensure_label(name)
        new = self.labels[found.id] = replace(found, color=color)
        self.world.forget_rendered()
        self._tell("label", "edited", self.world.user(by).id, label=new.id)
        return new

    @act
    def delete_label(self, name: str, *, by: str) -> None:
        """Delete a label: issues lose it without `updated_at` moving."""
        found, now = self._label(name), self.world.moment()
        for issue in [issue for issue in self.issues if found.id in issue.labels]:
            left = tuple(label for label in issue.labels if label != found.id)
            self.issues.put(replace(issue, labels=left), now)
        self._tell("label", "deleted", self.world.user(by).id, label=found.id)
        del self.labels[found.id]
        self.world.forget_rendered()

    def _mark(self, label_id: int) -> dict[str, str]:
        """Return what an event keeps of a label, whatever becomes of it."""
        label = self.labels[label_id]
        return {"name": label.name, "color": label.color}

    def _label(self, name: str) -> Label:
        found = self.label_named(name)
        if found is None:
            raise KeyError(name)
        return found
