"""A new mapping is not an edit: what a label means changes nothing by itself, later changes do."""

from reconciler.model.passes import NullProgress
from tests.support.sync import Sync
from tests.sync.test_project_settings import configure


async def test_a_label_that_means_something_else_now_changes_nothing(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, severity={"critical": ["high-priority"], "high": ["sev2"]})
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())
    await sync.settle()
    assert sync.severity(report) == "high"
    assert sync.labels(number) == {"bug", "high-priority"}


async def test_a_label_that_had_no_meaning_when_it_was_added_changes_nothing(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.label(number, "sev1", by="alice")
    sync.github.clock.advance(5)
    await configure(sync, severity={"critical": ["sev1"]})
    await sync.settle()
    assert sync.severity(report) == "high"
    sync.github.web.comment(number, "still here", by="alice")
    await sync.settle()
    assert sync.severity(report) == "high"


async def test_a_label_that_is_added_after_the_settings_is_a_change(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, severity={"critical": ["sev1"]})
    sync.github.clock.advance(5)
    sync.github.web.label(number, "sev1", by="alice")
    await sync.settle()
    assert sync.severity(report) == "critical"
    sync.change(report, severity="low")
    await sync.settle()
    assert sync.labels(number) == {"bug", "low-priority"}


async def test_our_label_of_an_old_mapping_goes_with_the_next_swap_and_a_persons_stays(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.label(number, "low", by="alice")
    await sync.settle()
    await configure(
        sync,
        severity={"critical": ["sev1"], "high": ["sev2"], "medium": ["sev3"], "low": ["sev4"]},
    )
    await sync.settle()
    assert sync.labels(number) == {"bug", "high-priority", "low"}
    sync.change(report, severity="critical")
    await sync.settle()
    assert sync.labels(number) == {"bug", "sev1", "low"}


async def test_an_edit_that_both_mappings_know_counts_although_it_is_older_than_the_settings(
    sync: Sync,
) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.relabel(number, ["bug", "critical"], by="alice")
    sync.github.clock.advance(5)
    await configure(sync, category={"ui": ["area/ui"]})
    await sync.settle()
    assert sync.severity(report) == "critical"


async def test_new_issues_get_the_projects_own_labels(sync: Sync) -> None:
    await configure(sync, severity={"high": ["sev2", "high"]}, category={"ui": ["area/ui"]})
    _, number = await sync.linked(severity="high", category="ui")
    assert sync.labels(number) == {"bug", "sev2", "area/ui"}
