"""Labels of the mapping that were renamed on GitHub: their issues would have no value, and nobody would know.

A renamed label is gone from the issue and from the repository, and another label has come to the issue in its
place. That it is gone from the repository tells it apart from a label that a person took off.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.labels import AnyLabelField, LabelField
from reconciler.model.fields import RenamedLabel
from reconciler.model.link import LinkObservation
from reconciler.model.policy import LabelMapping, SyncPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedLabelFindings:
    """What one issue tells: the labels that were renamed, and a sentence for each that is gone."""

    renamed: tuple[RenamedLabel, ...] = ()
    notes: tuple[str, ...] = ()


def has_lost_label(view: LinkObservation, policy: SyncPolicy) -> bool:
    """Whether the issue has no label of a field any more of which it had one."""
    return any(_lost_labels(view, field, policy.labels) for field in _label_fields(policy))


def find_renamed_labels(
    view: LinkObservation, policy: SyncPolicy, existing: Collection[str]
) -> RenamedLabelFindings:
    """Return what became of the lost labels. `existing`: the names of the repository's labels."""
    known = {name.casefold() for name in existing}
    new = _new_unmapped_labels(view, policy)
    renamed: list[RenamedLabel] = []
    notes: list[str] = []
    for field in _label_fields(policy):
        for name, value in _lost_labels(view, field, policy.labels):
            if name.casefold() in known:
                continue
            if len(new) == 1:
                spellings = _label_names_of_value(field, value, policy.labels)
                names = tuple(new[0] if each.casefold() == name.casefold() else each for each in spellings)
                found = RenamedLabel(field=field.field, value=value, name=name, now=new[0], names=names)
                renamed.append(found)
                notes.append(found.text)
            else:
                notes.append(
                    f"the label {name} is gone from the repository: {field.field} is not read from this issue"
                )
    return RenamedLabelFindings(renamed=tuple(renamed), notes=tuple(notes))


def without_mapped_names(renamed: Sequence[RenamedLabel], mapping: LabelMapping) -> tuple[RenamedLabel, ...]:
    """Return the renamed labels whose new names are still not in the mapping."""
    mapped = _mapped_names(mapping)
    return tuple(each for each in renamed if each.now.casefold() not in mapped)


def _label_fields(policy: SyncPolicy) -> Sequence[AnyLabelField]:
    return [
        field
        for field in SYNCED_FIELDS.values()
        if isinstance(field, LabelField) and field.is_enabled(policy) and field.uses_labels(policy)
    ]


def _lost_labels(view: LinkObservation, field: AnyLabelField, mapping: LabelMapping) -> list[tuple[str, str]]:
    if view.issue is None or view.link.seen is None or view.link.base is None:
        return []
    if field.value_of_labels(view.issue.labels, mapping).value is not None:
        return []
    before = field.value_of_labels(view.link.seen.labels, mapping).labels
    return [(name, str(value)) for name, value in before.items()]


def _new_unmapped_labels(view: LinkObservation, policy: SyncPolicy) -> list[str]:
    if view.issue is None or view.link.seen is None:
        return []
    mapped = _mapped_names(policy.labels)
    new = [name for name in view.issue.labels if name not in view.link.seen.labels]
    return [name for name in new if name.casefold() not in mapped]


def _mapped_names(mapping: LabelMapping) -> set[str]:
    spellings = (*mapping.severity.values(), *mapping.category.values(), *mapping.stage.values())
    return {name.casefold() for names in spellings for name in names}


def _label_names_of_value(field: AnyLabelField, value: str, mapping: LabelMapping) -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(mapping, field.field.value)[value]
    return names
