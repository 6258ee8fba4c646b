from dataclasses import fields
from typing import Any

import pytest

from reconciler.fields import BASE_COLUMNS, COLUMN_FIELDS, SEEN_COLUMNS, SYNCED_FIELDS
from reconciler.fields.synced_field import AnySyncedField
from reconciler.model.fields import Base, Field, IssueFields, IssueState, ReportFields
from reconciler.model.intent import (
    DesiredAssignees,
    DesiredFieldWrite,
    DesiredLabels,
    DesiredState,
    DesiredTitle,
)
from reconciler.model.kinds import FIELD_WRITE_KINDS, Operation
from reconciler.model.plan import Rule, Why
from reconciler.model.policy import SyncPolicy
from reconciler.store.types import decode_json, encode_json
from tests.support.factories import a_base, a_report, a_seen_issue, an_issue

WHY = Why(rule=Rule.LOCAL_MOVED)
TITLES = SyncPolicy(directions={})
EVERY = pytest.mark.parametrize("field", SYNCED_FIELDS.values(), ids=list(SYNCED_FIELDS))


def names_of(kind: Any) -> list[str]:
    return [each.name for each in fields(kind)]


def test_every_field_is_in_the_registry_under_its_name() -> None:
    assert list(SYNCED_FIELDS) == list(Field)
    assert all(field is synced_field.field for field, synced_field in SYNCED_FIELDS.items())


def test_every_member_of_a_base_and_of_an_issue_has_a_column() -> None:
    assert [*(column.attribute for column in BASE_COLUMNS), "adopts_mapping"] == names_of(Base)
    assert sorted(column.attribute for column in SEEN_COLUMNS) == sorted(names_of(IssueFields))
    assert sorted(names_of(ReportFields)) == sorted(COLUMN_FIELDS)
    assert {each.storage_field for each in SYNCED_FIELDS.values()} == set(names_of(ReportFields))


@EVERY
def test_a_field_is_written_by_an_operation_of_its_own(field: AnySyncedField) -> None:
    assert field.operation is Operation(field.field.value)
    assert field.operation.is_field_write
    assert field.operation.kind in FIELD_WRITE_KINDS
    assert field.operation.field_name == field.field.value


def test_operations_on_comments_and_issues_write_no_field() -> None:
    others = {operation for operation in Operation if not operation.is_field_write}
    assert others == {
        Operation.CREATE_ISSUE,
        Operation.CREATE_COMMENT,
        Operation.EDIT_COMMENT,
        Operation.DELETE_COMMENT,
    }
    assert {operation.field_name for operation in others} == {None, "comment"}


@EVERY
def test_the_agreed_base_has_both_sides_value(field: AnySyncedField) -> None:
    report, seen = a_report(), a_seen_issue("high")
    assert field.base_value(
        field.with_agreed_value(a_base(), field.local_value(report), seen)
    ) == field.local_value(report)


@EVERY
def test_a_winning_report_gives_an_action_of_the_field(field: AnySyncedField) -> None:
    report, seen = a_report(), a_seen_issue("low", state=IssueState.CLOSED, title="Other")
    diff = field.diff(report, seen, None, TITLES)
    action = field.remote_action(diff, report, WHY, TITLES)
    desired = field.build_desired(action, report)
    assert action.field is field.field
    assert isinstance(desired, field.desired_type)
    assert desired.agreed == field.local_value(report)
    assert field.base_value(field.with_written_value(a_base(), desired)) == field.local_value(report)


@EVERY
def test_labels_and_assignees_are_the_only_fields_that_no_request_for_the_issue_itself_writes(
    field: AnySyncedField,
) -> None:
    """PATCH would replace the whole set of them (docs/reference/github.md, Writes)."""
    report = a_report()
    diff = field.diff(report, a_seen_issue("low", state=IssueState.CLOSED, title="Other"), None, TITLES)
    desired = field.build_desired(field.remote_action(diff, report, WHY, TITLES), report)
    assert (field.issue_update(desired) is None) == isinstance(desired, DesiredLabels | DesiredAssignees)


@pytest.mark.parametrize(
    ("desired", "text"),
    [
        (
            DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved"),
            '{"state":"closed","reason":"completed","agreed":"resolved"}',
        ),
        (
            DesiredLabels(add="low", remove=("high",), agreed="low"),
            '{"add":"low","remove":["high"],"agreed":"low"}',
        ),
        (DesiredTitle(title="[BUG-0001] T", agreed="T"), '{"title":"[BUG-0001] T","agreed":"T"}'),
    ],
)
def test_a_stored_intent_keeps_its_json(desired: DesiredFieldWrite, text: str) -> None:
    assert encode_json(desired) == text
    assert decode_json(text, type(desired)) == desired


@pytest.mark.parametrize(
    ("shown", "exported"),
    [
        (an_issue("low", title="[BUG-0001] Broken"), {"severity": "low", "status": "new", "category": "bug"}),
        (an_issue(), {"severity": "high", "status": "new", "category": "bug"}),
    ],
)
def test_the_base_of_a_new_issue_has_its_values(shown: Any, exported: dict[str, str]) -> None:
    report = a_report()
    values = {
        synced_field.field.value: synced_field.base_value_after_export(report, shown, TITLES)
        for synced_field in SYNCED_FIELDS.values()
    }
    assert {name: values[name] for name in exported} == exported
