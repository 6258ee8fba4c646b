"""The three-state difference of one field: base, BugSpark, GitHub (docs/design.md, Deciding).

BugSpark moved   GitHub moved   both equal now   verdict
no               no             -                EQUAL
yes              yes            yes              EQUAL     (base advances, nothing is written)
yes              no             no               LOCAL_MOVED
no               yes            no               REMOTE_MOVED
yes              yes            no               CONFLICT
(no base: first contact)        yes              EQUAL
(no base: first contact)        no               CONFLICT
"""

from dataclasses import dataclass
from enum import Enum, auto

from reconciler.decide.mapping import (
    LabelReading,
    Value,
    category_label,
    category_of,
    issue_state_for,
    severity_of,
    status_for_issue_state,
)
from reconciler.decide.text import title_from_github, title_to_github
from reconciler.model.fields import Category, Field, Severity
from reconciler.model.link import Base, SeenIssue
from reconciler.model.policy import LabelMapping
from reconciler.model.report import Report


class Verdict(Enum):
    """Who moved."""

    EQUAL = auto()
    LOCAL_MOVED = auto()
    REMOTE_MOVED = auto()
    CONFLICT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One field on both sides. `remote` is GitHub's value in BugSpark's spelling; None: no opinion."""

    field: Field
    base: str | None
    local: str
    remote: str | None
    verdict: Verdict
    present: tuple[str, ...] = ()  # labels on the issue that speak of this field, the one that counts first
    surplus: tuple[str, ...] = ()  # those of them that a swap removes, the one that counts last


def verdict(*, first: bool, local_moved: bool, remote_moved: bool, equal: bool) -> Verdict:
    """The table above."""
    if equal:
        return Verdict.EQUAL
    if first or (local_moved and remote_moved):
        return Verdict.CONFLICT
    if local_moved:
        return Verdict.LOCAL_MOVED
    return Verdict.REMOTE_MOVED if remote_moved else Verdict.EQUAL


def status(report: Report, seen: SeenIssue, base: Base | None) -> FieldDiff:
    """Only the class counts: triaging stays triaging while the issue stays open."""
    local, remote = issue_state_for(report.status), seen.state
    agreed = issue_state_for(base.status) if base else None
    return FieldDiff(
        field=Field.STATUS,
        base=base.status if base else None,
        local=report.status,
        remote=status_for_issue_state(seen.state, seen.state_reason),
        verdict=verdict(
            first=base is None,
            local_moved=local != agreed,
            remote_moved=remote != agreed,
            equal=local == remote,
        ),
    )


def severity(report: Report, seen: SeenIssue, base: Base | None, labels: LabelMapping) -> FieldDiff:
    """No severity label on the issue is no opinion: nothing moves and nothing is put back."""
    reading = severity_of(seen.labels, labels)
    return _label_diff(Field.SEVERITY, report.severity, base.severity if base else None, reading, spoken=True)


def category(report: Report, seen: SeenIssue, base: Base | None, labels: LabelMapping) -> FieldDiff:
    """bug and other have no label: for them a bare issue is the equal one."""
    reading = category_of(seen.labels, labels)
    spoken = category_label(report.category, labels) is not None
    return _label_diff(
        Field.CATEGORY, report.category, base.category if base else None, reading, spoken=spoken
    )


def _label_diff(
    field: Field,
    local: Severity | Category,
    base: Severity | Category | None,
    reading: LabelReading[Value],
    *,
    spoken: bool,
) -> FieldDiff:
    local_moved = base is not None and local != base
    said = next((label for label, value in reading.labels.items() if value == local), None)
    # The label that counts goes last: a swap cut short at any point still reads as it did before, or as it
    # shall, and never as somebody else's move.
    surplus = tuple(label for label in reversed(tuple(reading.labels)) if label != said)
    agree = reading.value == local or (reading.value is None and not spoken)
    # A swap of ours that was cut short has left the old label beside the new one: BugSpark moved, and
    # is the more severe, so both read the same. It is finished only when exactly one label is left.
    unfinished = local_moved and bool(surplus)
    silent = reading.value is None and not local_moved
    return FieldDiff(
        field=field,
        base=base,
        local=local,
        remote=reading.value,
        verdict=verdict(
            first=base is None,
            local_moved=local_moved,
            remote_moved=reading.value is not None and reading.value not in (base, local),
            equal=(agree and not unfinished) or silent,
        ),
        present=tuple(reading.labels),
        surplus=surplus,
    )


def title(report: Report, seen: SeenIssue, base: Base | None) -> FieldDiff:
    """Each side is compared with its own last spelling; the other's rendering is what gets written.

    Titles are equal when GitHub says our rendering of the report's, or, with or without the prefix, its text
    as it reads or as it is stored. An issue title of nothing but the prefix is no opinion.
    """
    rendered = title_to_github(report.tracking_id, report.title)
    remote = title_from_github(seen.title, report.tracking_id)
    local_moved = base is not None and report.title != base.title
    alike = remote in (report.title, title_from_github(rendered, report.tracking_id))
    return FieldDiff(
        field=Field.TITLE,
        base=base.title if base else None,
        local=report.title,
        remote=remote or None,
        verdict=verdict(
            first=base is None,
            local_moved=local_moved,
            remote_moved=base is not None and bool(remote) and seen.title != base.remote_title,
            equal=alike or (not remote and not local_moved),
        ),
    )
