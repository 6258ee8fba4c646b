"""Severity ↔ the organisation's field *Priority*, where the settings want that and GitHub has it.

A value that was chosen before the field came into use is no change of the issue, as with any new mapping
(docs/design.md, Severity and Priority). No value is no opinion, and one that GitHub did not show is not
known: nothing is taken from either, and nothing is cleared on GitHub.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.fields.synced_field import FieldDiff, decide_verdict
from reconciler.model.fields import PRIORITY_NAME, Base, Field, PriorityField, Severity
from reconciler.model.intent import DesiredPriority
from reconciler.model.issue import OrganisationField
from reconciler.model.link import SeenIssue
from reconciler.model.plan import IssueFieldWrite, SetPriority, Why
from reconciler.model.report import Report

OPTION_NAMES: Mapping[Severity, str] = {
    Severity.CRITICAL: "Urgent",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
}
"""The option of each severity, in any case."""
NOT_READ = f"{PRIORITY_NAME} not read yet"
"""What people see of an issue whose row has not been read since the field came into use."""


def priority_diff(report: Report, seen: SeenIssue, base: Base | None, priority: PriorityField) -> FieldDiff:
    """Compare the severity with the issue's Priority.

    A base whose half of GitHub's is not known was made while labels were in use: what GitHub shows then is no
    change, unless `with_priority_before_settings` has found that it was chosen since. A base that adopts the
    mapping: an issue without a value gets that of its report, and a value counts whenever it was chosen.
    """
    local, remote = report.severity, priority.value_of(seen.choices)
    agreed = base.severity if base else None
    adopts = base is not None and base.adopts_mapping
    half = base.choices if base and not adopts else None
    known = priority.value_of(half)
    lacks_value = adopts and remote is None and seen.choices is not None
    local_moved = (agreed is not None and local is not agreed) or lacks_value
    is_known = adopts or half is not None
    return FieldDiff(
        field=Field.SEVERITY,
        base=agreed,
        local=local,
        remote=remote,
        verdict=decide_verdict(
            first=base is None,
            local_moved=local_moved,
            remote_moved=is_known and remote is not None and remote not in (known or agreed, local),
            equal=remote is local or (remote is None and not local_moved),
        ),
        present=() if remote is None else (priority.text_of(remote),),
        is_unread=seen.choices is None,
        is_by_mapping=adopts and local is agreed,
    )


def needs_priority_events(
    report: Report, seen: SeenIssue, base: Base | None, priority: PriorityField
) -> bool:
    """Whether only the issue's events tell if its Priority was chosen since the field came into use."""
    if base is None or base.adopts_mapping or base.choices is not None:
        return False
    return priority.value_of(seen.choices) not in (None, report.severity, base.severity)


def with_priority_before_settings(base: Base, seen: SeenIssue, *, is_newer: bool) -> Base:
    """Return the base with a half of GitHub's. `is_newer`: the value was chosen since the field is in use."""
    if base.choices is not None:
        return base
    return replace(base, choices=() if is_newer else seen.choices)


def priority_action(report: Report, why: Why, priority: PriorityField) -> IssueFieldWrite:
    """Build the action that chooses the report's severity."""
    return SetPriority(field_id=priority.id, option=priority.options[report.severity], why=why)


def base_after_lost_answer(base: Base, desired: DesiredPriority) -> Base:
    """Return the base after a write that was applied but whose answer was lost."""
    kept = tuple(each for each in base.choices or () if each[0] != desired.field_id)
    return replace(
        base,
        severity=Severity(desired.agreed),
        choices=(*kept, (desired.field_id, desired.option)),
    )


def missing_priority_write(
    report: Report, seen: SeenIssue, priority: PriorityField, why: Why, other: Severity
) -> tuple[SetPriority, Mapping[str, object]] | None:
    """Return what gives a newly linked issue its Priority, and the members of the base that wait for it.

    None where it has one, or where GitHub did not show whether it has.
    """
    if seen.choices is None or any(field_id == priority.id for field_id, _ in seen.choices):
        return None
    option = priority.options[report.severity]
    named = replace(why, to=priority.text_of(report.severity))
    write = SetPriority(field_id=priority.id, option=option, why=named)
    return write, {"severity": other, "choices": priority.with_option(seen.choices, option)}


def find_priority_field(fields: Sequence[OrganisationField], *, since: datetime) -> PriorityField | str:
    """Return the field that has the severity, or why there is none, in words that follow the owner's name."""
    field = next((each for each in fields if each.name.casefold() == PRIORITY_NAME.casefold()), None)
    if field is None:
        return f"has no single-select field {PRIORITY_NAME} for issues"
    names = {option.casefold(): option for option in field.options}
    missing = [name for name in OPTION_NAMES.values() if name.casefold() not in names]
    if missing:
        return f"has a field {PRIORITY_NAME} without the option {', '.join(missing)}"
    options = {value: names[name.casefold()] for value, name in OPTION_NAMES.items()}
    return PriorityField(id=field.id, options=options, since=since)
