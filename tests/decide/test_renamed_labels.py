"""A label that is gone from the issue and from the repository was renamed, where one new label came instead.

Source: docs/reference/github.md, Lists (label rename: unsettled).
"""

from collections.abc import Collection
from typing import Any

import pytest

from reconciler.decide.renamed_labels import (
    RenamedLabelFindings,
    find_renamed_labels,
    has_lost_label,
    without_mapped_names,
)
from reconciler.model.fields import Category, Field, RenamedLabel, Severity
from reconciler.model.link import LinkObservation
from reconciler.model.policy import LabelMapping, SyncPolicy
from tests.support.factories import a_link, a_new_link, a_seen_issue, an_issue, an_observation

POLICY = SyncPolicy()
P1 = RenamedLabel(field=Field.SEVERITY, value="high", name="high-priority", now="P1", names=("P1", "high"))


def issue_that_lost(before: Collection[str], now: Collection[str], **given: Any) -> LinkObservation:
    link = a_link(seen=a_seen_issue("bug", *before))
    return an_observation(**{"link": link, "issue": an_issue("bug", *now), **given})


def test_a_label_that_another_one_replaced_everywhere_was_renamed() -> None:
    view = issue_that_lost(["high-priority"], ["P1"])
    assert has_lost_label(view, POLICY)
    assert find_renamed_labels(view, POLICY, {"bug", "P1"}) == RenamedLabelFindings(
        renamed=(P1,), notes=(P1.text,)
    )


def test_the_configuration_it_proposes_replaces_the_old_name_in_its_place() -> None:
    found = find_renamed_labels(issue_that_lost(["High"], ["P2"]), POLICY, {"P2"})
    assert [each.names for each in found.renamed] == [("high-priority", "P2")]


@pytest.mark.parametrize("existing", ["high-priority", "High-Priority"])
def test_a_label_that_the_repository_still_has_was_taken_off_by_a_person(existing: str) -> None:
    view = issue_that_lost(["high-priority"], ["P1"])
    assert has_lost_label(view, POLICY)
    assert find_renamed_labels(view, POLICY, {existing, "P1"}) == RenamedLabelFindings()


@pytest.mark.parametrize("now", [[], ["P1", "P2"], ["ui"]])
def test_without_exactly_one_new_unmapped_label_the_label_is_only_reported_as_gone(now: list[str]) -> None:
    found = find_renamed_labels(issue_that_lost(["high-priority"], now), POLICY, {"bug"})
    gone = "the label high-priority is gone from the repository: severity is not read from this issue"
    assert found == RenamedLabelFindings(notes=(gone,))


def test_labels_of_two_fields_that_are_gone_are_both_named() -> None:
    found = find_renamed_labels(issue_that_lost(["low", "crash"], ["P4"]), POLICY, {"P4"})
    assert [(each.field, each.value, each.now) for each in found.renamed] == [
        (Field.SEVERITY, "low", "P4"),
        (Field.CATEGORY, "crash", "P4"),
    ]


@pytest.mark.parametrize(
    "view",
    [
        issue_that_lost(["high"], ["high", "P1"]),
        issue_that_lost(["high"], ["low", "P1"]),
        issue_that_lost([], ["P1"]),
        issue_that_lost(["high"], [], issue=None),
        issue_that_lost(["high"], [], link=a_new_link()),
        issue_that_lost(["high"], [], link=a_new_link(seen=a_seen_issue("high"))),
    ],
    ids=["kept", "changed", "never had one", "not read", "never seen", "no base"],
)
def test_an_issue_that_lost_no_label_gives_no_advice(view: LinkObservation) -> None:
    assert not has_lost_label(view, POLICY)
    assert find_renamed_labels(view, POLICY, set()) == RenamedLabelFindings()


def test_a_label_name_added_to_the_configuration_is_no_longer_a_problem() -> None:
    other = RenamedLabel(field=Field.CATEGORY, value="ui", name="ui", now="UX", names=("UX",))
    mapping = LabelMapping(
        severity={each: (each.value,) for each in Severity} | {Severity.HIGH: ("p1",)},
        category={Category.UI: ("ui",)},
    )
    assert without_mapped_names((P1, other), LabelMapping()) == (P1, other)
    assert without_mapped_names((P1, other), mapping) == (other,)
