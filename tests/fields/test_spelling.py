from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.fields import field_of_label
from reconciler.fields.category import CATEGORY
from reconciler.fields.severity import SEVERITY
from reconciler.fields.status import issue_state_and_reason, issue_state_for, status_for_issue_state
from reconciler.model.fields import Category, Field, IssueState, Severity, Status
from reconciler.model.policy import LabelMapping

LABELS = LabelMapping()
OPEN, CLOSED = IssueState.OPEN, IssueState.CLOSED


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (Status.NEW, OPEN, None),
        (Status.TRIAGING, OPEN, None),
        (Status.IN_PROGRESS, OPEN, None),
        (Status.RESOLVED, CLOSED, "completed"),
        (Status.CLOSED, CLOSED, "not_planned"),
    ],
)
def test_a_status_is_written_as_state_and_reason(
    status: Status, state: IssueState, reason: str | None
) -> None:
    assert issue_state_and_reason(status) == (state, reason)
    assert issue_state_for(status) is state


@pytest.mark.parametrize(
    ("state", "reason", "status"),
    [
        (OPEN, None, Status.NEW),
        (OPEN, "reopened", Status.NEW),
        (CLOSED, "completed", Status.RESOLVED),
        (CLOSED, None, Status.RESOLVED),
        (CLOSED, "not_planned", Status.CLOSED),
        (CLOSED, "duplicate", Status.CLOSED),
        (CLOSED, "invented by GitHub later", Status.RESOLVED),
    ],
)
def test_a_state_and_reason_are_read_as_a_status(
    state: IssueState, reason: str | None, status: Status
) -> None:
    assert status_for_issue_state(state, reason) is status


@given(st.sampled_from(Status))
def test_a_written_status_is_read_back_as_open_or_closed_alike(status: Status) -> None:
    assert issue_state_for(status_for_issue_state(*issue_state_and_reason(status))) is issue_state_for(status)


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        (["critical"], Severity.CRITICAL),
        (["high-priority"], Severity.HIGH),
        (["high"], Severity.HIGH),
        (["medium-priority"], Severity.MEDIUM),
        (["medium"], Severity.MEDIUM),
        (["low-priority"], Severity.LOW),
        (["low"], Severity.LOW),
        (["HIGH-Priority"], Severity.HIGH),
        (["low", "critical", "medium"], Severity.CRITICAL),
        (["low", "medium"], Severity.MEDIUM),
        (["bug", "ui", "wontfix"], None),
        (["highest", "low priority", " high"], None),
        ([], None),
    ],
)
def test_labels_are_read_as_the_most_severe(labels: Sequence[str], severity: Severity | None) -> None:
    assert SEVERITY.value_of_labels(labels, LABELS).value is severity


@pytest.mark.parametrize(
    ("labels", "category"),
    [
        (["crash"], Category.CRASH),
        (["performance"], Category.PERFORMANCE),
        (["ui"], Category.UI),
        (["UI"], Category.UI),
        (["ui", "performance"], Category.PERFORMANCE),
        (["ui", "crash", "performance"], Category.CRASH),
        (["bug"], None),
        (["other"], None),
        (["critical"], None),
        ([], None),
    ],
)
def test_labels_are_read_as_a_category_and_bug_is_ignored(
    labels: Sequence[str], category: Category | None
) -> None:
    assert CATEGORY.value_of_labels(labels, LABELS).value is category


def test_only_labels_of_the_field_are_returned_the_one_that_counts_first() -> None:
    reading = SEVERITY.value_of_labels(["Low", "bug", "urgent", "HIGH", "ui"], LABELS)
    assert list(reading.labels.items()) == [("HIGH", Severity.HIGH), ("Low", Severity.LOW)]


@pytest.mark.parametrize(
    ("severity", "label"),
    [
        (Severity.CRITICAL, "critical"),
        (Severity.HIGH, "high-priority"),
        (Severity.MEDIUM, "medium-priority"),
        (Severity.LOW, "low-priority"),
    ],
)
def test_the_first_spelling_of_a_severity_is_written(severity: Severity, label: str) -> None:
    assert SEVERITY.label_of_value(severity, LABELS) == label
    assert SEVERITY.value_of_labels([label], LABELS).value is severity


@pytest.mark.parametrize(
    ("category", "label"),
    [
        (Category.CRASH, "crash"),
        (Category.PERFORMANCE, "performance"),
        (Category.UI, "ui"),
        (Category.BUG, None),
        (Category.OTHER, None),
    ],
)
def test_a_category_is_written_by_its_name_if_it_has_a_label(category: Category, label: str | None) -> None:
    assert CATEGORY.label_of_value(category, LABELS) == label


def test_the_operators_own_names_are_used() -> None:
    mapping = LabelMapping(
        severity={**LABELS.severity, Severity.CRITICAL: ("P0", "blocker")}, category={Category.UI: ()}
    )
    assert SEVERITY.label_of_value(Severity.CRITICAL, mapping) == "P0"
    assert SEVERITY.value_of_labels(["BLOCKER"], mapping).value is Severity.CRITICAL
    assert SEVERITY.value_of_labels(["critical"], mapping).value is None
    assert CATEGORY.label_of_value(Category.UI, mapping) is None


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Critical", Field.SEVERITY),
        ("low", Field.SEVERITY),
        ("UI", Field.CATEGORY),
        ("bug", None),
        ("wontfix", None),
    ],
)
def test_a_label_belongs_to_one_field_or_to_none(label: str, field: Field | None) -> None:
    assert field_of_label(label, LABELS) is field
