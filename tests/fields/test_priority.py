"""The severity against the organisation's field Priority: the three states, and what is no opinion."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.fields.priority import find_priority_field
from reconciler.fields.severity import SEVERITY
from reconciler.fields.synced_field import AddedEvent, Verdict
from reconciler.model.fields import Choices, PriorityField, Severity
from reconciler.model.intent import DesiredLabels, DesiredPriority
from reconciler.model.issue import OrganisationField
from reconciler.model.plan import Rule, SetPriority, Why
from reconciler.model.policy import SyncPolicy
from reconciler.store.desired_json import decode_desired, encode_desired
from tests.support.factories import BEFORE, a_base, a_report, a_seen_issue

OPTIONS = {
    Severity.CRITICAL: "Urgent",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
}
PRIORITY = PriorityField(id=7, options=OPTIONS, since=BEFORE)
POLICY = SyncPolicy(wants_priority=True, priority=PRIORITY)
WHY = Why(rule=Rule.LOCAL_MOVED)


def choices(option: str | None) -> Choices:
    """What GitHub shows, beside a field that is not synced."""
    return ((9, "Low"), *(() if option is None else ((7, option),)))


@pytest.mark.parametrize(
    ("local", "shown", "agreed", "half", "verdict"),
    [
        ("high", choices("High"), None, None, Verdict.EQUAL),
        ("high", choices("Low"), None, None, Verdict.CONFLICT),
        ("high", choices(None), None, None, Verdict.EQUAL),
        ("high", None, None, None, Verdict.EQUAL),
        ("high", choices("hIGH"), "high", choices("High"), Verdict.EQUAL),
        ("high", choices("Low"), "high", choices("High"), Verdict.REMOTE_MOVED),
        ("low", choices("High"), "high", choices("High"), Verdict.LOCAL_MOVED),
        ("low", choices("Urgent"), "high", choices("High"), Verdict.CONFLICT),
        ("low", choices("Low"), "high", choices("High"), Verdict.EQUAL),
        ("high", choices(None), "high", choices("High"), Verdict.EQUAL),
        ("low", choices(None), "high", choices("High"), Verdict.LOCAL_MOVED),
        ("high", choices("Soon"), "high", choices("High"), Verdict.EQUAL),
        ("high", None, "high", choices("High"), Verdict.EQUAL),
        ("low", None, "high", choices("High"), Verdict.LOCAL_MOVED),
        ("high", choices("Low"), "high", choices("Low"), Verdict.EQUAL),
        ("high", choices("Low"), "high", None, Verdict.EQUAL),
        ("critical", choices("Low"), "high", None, Verdict.LOCAL_MOVED),
        ("high", choices("Low"), "high", choices(None), Verdict.REMOTE_MOVED),
    ],
)
def test_the_three_states(
    local: str, shown: Choices | None, agreed: str | None, half: Choices | None, verdict: Verdict
) -> None:
    base = None if agreed is None else a_base(severity=Severity(agreed), choices=half)
    seen = a_seen_issue("critical", choices=shown)
    assert SEVERITY.diff(a_report(severity=Severity(local)), seen, base, POLICY).verdict is verdict


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (choices("Low"), Verdict.REMOTE_MOVED),
        (choices(None), Verdict.LOCAL_MOVED),
        (choices("High"), Verdict.EQUAL),
        (None, Verdict.EQUAL),
    ],
)
def test_a_base_that_adopts_the_mapping_takes_a_value_and_gives_one_where_there_is_none(
    shown: Choices | None, verdict: Verdict
) -> None:
    base = a_base(severity=Severity.HIGH, choices=choices("Low"), adopts_mapping=True)
    seen = a_seen_issue(choices=shown)
    assert SEVERITY.diff(a_report(severity=Severity.HIGH), seen, base, POLICY).verdict is verdict


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(None, Verdict.EQUAL), (-1, Verdict.EQUAL), (0, Verdict.EQUAL), (1, Verdict.REMOTE_MOVED)],
)
def test_a_value_counts_where_its_event_is_newer_than_the_use_of_the_field(
    seconds: int | None, verdict: Verdict
) -> None:
    report, seen = a_report(severity=Severity.HIGH), a_seen_issue(choices=choices("Low"))
    base = a_base(severity=Severity.HIGH)
    assert SEVERITY.needs_events(report, seen, base, POLICY)
    at = None if seconds is None else BEFORE + timedelta(seconds=seconds)
    added = {} if at is None else {"": AddedEvent(at=at, is_own=False)}
    explained = SEVERITY.with_values_before_settings(base, seen, POLICY, added)
    assert SEVERITY.diff(report, seen, explained, POLICY).verdict is verdict
    assert not SEVERITY.needs_events(report, seen, explained, POLICY)


@pytest.mark.parametrize("shown", [None, choices(None), choices("High")])
def test_no_events_are_read_for_a_value_that_says_nothing_new(shown: Choices | None) -> None:
    seen, base = a_seen_issue(choices=shown), a_base(severity=Severity.HIGH)
    assert not SEVERITY.needs_events(a_report(severity=Severity.HIGH), seen, base, POLICY)


def test_the_write_names_the_field_and_the_option_and_its_lost_answer_keeps_other_choices() -> None:
    report, seen = a_report(severity=Severity.CRITICAL), a_seen_issue(choices=choices("Low"))
    base = a_base(choices=choices("Low"))
    action = SEVERITY.remote_action(SEVERITY.diff(report, seen, base, POLICY), report, WHY, POLICY)
    assert action == SetPriority(field_id=7, option="Urgent", why=WHY)
    desired = SEVERITY.build_desired(action, report)
    assert desired == DesiredPriority(field_id=7, option="Urgent", agreed="critical")
    after = SEVERITY.with_written_value(base, desired)
    assert (after.severity, after.choices) == ("critical", choices("Urgent"))


def test_severity_labels_say_nothing_while_priority_is_in_use() -> None:
    report, seen = a_report(severity=Severity.HIGH), a_seen_issue("critical", choices=())
    found = SEVERITY.diff(report, seen, a_base(severity=Severity.HIGH), POLICY)
    assert (found.verdict, found.remote, SEVERITY.github_text(found, seen)) == (Verdict.EQUAL, None, None)
    assert SEVERITY.exported_label(report, POLICY) is None


@pytest.mark.parametrize(
    "desired",
    [
        DesiredPriority(field_id=7, option="Urgent", agreed="critical"),
        DesiredLabels(add="critical", remove=("low",), agreed="critical"),
    ],
)
def test_stored_intents_for_labels_and_for_the_field_are_distinguished(desired: Any) -> None:
    assert decode_desired(encode_desired(desired), SEVERITY.operation) == desired


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("priority", ("low", "MEDIUM", "High", "urgent", "None"), "low"),
        ("Rank", ("Urgent", "High", "Medium", "Low"), "no single-select field Priority"),
        ("Priority", ("Urgent", "Low"), "without the option High, Medium"),
    ],
)
def test_the_field_is_known_by_its_name_and_its_options(
    name: str, options: tuple[str, ...], found: str
) -> None:
    field = find_priority_field([OrganisationField(id=7, name=name, options=options)], since=BEFORE)
    if isinstance(field, str):
        assert found in field
    else:
        assert (field.id, field.options[Severity.LOW]) == (7, found)
