"""Which passes compare BugSpark with the bases themselves: all but those that a scan makes unnecessary."""

from uuid import UUID

import pytest

from reconciler.daemon.comparison_schedule import MAX_FULL_SCAN_AGE_SECONDS, ComparisonSchedule
from reconciler.daemon.pass_queue import QueuedPass
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome
from tests.support.factories import a_result

ONE, TWO = ProjectId(UUID(int=1)), ProjectId(UUID(int=2))
DUE = QueuedPass(project_id=ONE, is_nudged=False)
CONFIGS = {ONE: "a", TWO: "b"}


def scanned(*found: ProjectId, interval: float = 3600.0) -> ComparisonSchedule:
    """A daemon whose full scan of the seconds 10 to 11 found these, and whose pass of ONE compared at 5."""
    comparisons = ComparisonSchedule(interval)
    comparisons.forget_outdated_projects(CONFIGS)
    comparisons.record_comparison(ONE, 5.0, a_result(ONE))
    comparisons.record_scan(found, 10.0, 11.0, incremental=False)
    return comparisons


def test_a_due_pass_leaves_the_comparison_to_a_scan_that_found_nothing() -> None:
    assert not scanned().is_needed(DUE, 12.0)
    assert not scanned(TWO).is_needed(DUE, 12.0)


def test_a_nudged_pass_compares() -> None:
    assert scanned().is_needed(QueuedPass(project_id=ONE, is_nudged=True), 12.0)


def test_every_project_is_compared_once_after_the_start_of_the_daemon() -> None:
    assert scanned().is_needed(QueuedPass(project_id=TWO, is_nudged=False), 12.0)
    assert ComparisonSchedule().is_needed(DUE, 12.0)


def test_nothing_is_left_out_without_a_full_scan_or_long_after_it() -> None:
    comparisons = ComparisonSchedule()
    comparisons.forget_outdated_projects(CONFIGS)
    comparisons.record_comparison(ONE, 5.0, a_result(ONE))
    comparisons.record_scan((), 10.0, 11.0, incremental=True)
    assert comparisons.is_needed(DUE, 12.0)
    assert not scanned().is_needed(DUE, 10.0 + MAX_FULL_SCAN_AGE_SECONDS)
    assert scanned().is_needed(DUE, 10.1 + MAX_FULL_SCAN_AGE_SECONDS)


def test_a_project_that_a_scan_found_is_compared_until_a_later_pass_has_dealt_with_it() -> None:
    comparisons = scanned(ONE)
    assert comparisons.is_needed(DUE, 12.0)
    comparisons.record_comparison(ONE, 10.5, a_result(ONE))  # it may have read before the scan did
    assert comparisons.is_needed(DUE, 12.0)
    comparisons.record_comparison(ONE, 12.0, a_result(ONE))
    assert not comparisons.is_needed(DUE, 13.0)
    comparisons.record_scan([ONE], 14.0, 14.1, incremental=True)
    assert comparisons.is_needed(DUE, 15.0)
    comparisons.record_scan((), 16.0, 16.1, incremental=False)
    assert not comparisons.is_needed(DUE, 17.0)


@pytest.mark.parametrize("outcome", [Outcome.LIMITED, Outcome.REFUSED, Outcome.FAILED])
def test_a_pass_that_was_ended_early_does_not_count_as_a_comparison(outcome: Outcome) -> None:
    comparisons = scanned(ONE)
    comparisons.record_comparison(ONE, 12.0, a_result(ONE, outcome=outcome))
    assert comparisons.is_needed(DUE, 13.0)


@pytest.mark.parametrize("configs", [{TWO: "b"}, {ONE: "other", TWO: "b"}], ids=["paused", "reconnected"])
def test_a_project_that_was_paused_or_reconnected_begins_with_a_comparison(
    configs: dict[ProjectId, str],
) -> None:
    comparisons = scanned()
    comparisons.forget_outdated_projects(configs)
    comparisons.forget_outdated_projects(CONFIGS)
    assert comparisons.is_needed(DUE, 12.0)


def test_a_new_configuration_begins_with_comparisons() -> None:
    comparisons = scanned()
    comparisons.reset(60.0)
    assert comparisons.is_needed(DUE, 12.0)


def test_a_scan_older_than_the_interval_of_projects_is_no_reason_to_leave_the_comparison_out() -> None:
    assert not scanned(interval=2.0).is_needed(DUE, 12.0)
    assert scanned(interval=2.0).is_needed(DUE, 12.1)
    comparisons = scanned(interval=2.0)
    comparisons.reset(60.0)
    assert comparisons.is_needed(DUE, 12.0), "nothing was compared since"
