"""A report that is refused because another holds its issue is told which one, as people know it."""

import pytest

from reconciler.errors import UsageError
from tests.support.sync import Sync


async def test_link_names_the_holder_by_tracking_id_and_project(sync: Sync) -> None:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    second = sync.bugspark.add_report(sync.project)
    whose = f"acme/web#{number} belongs to {row['tracking_id']} of Shop"
    with pytest.raises(UsageError, match=whose) as caught:
        await sync.app.link(str(second), f"acme/web#{number}", backfill=False)
    assert str(holder) not in str(caught.value)


async def test_columns_that_name_a_held_issue_are_told_by_whom(sync: Sync) -> None:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    second, third = sync.bugspark.add_report(sync.project), sync.bugspark.add_report(sync.project)
    for report in (second, third):
        sync.bugspark.set_report(report, github_issue_number=number, github_repo="acme/web")
    await sync.settle()
    for report in (second, third):
        shown = await sync.app.explain_report(str(report))
        assert shown.reason == f"{row['tracking_id']} of Shop is already linked to it"
