"""A report refused because another one is linked to its issue names that one by tracking id and project."""

import pytest

from reconciler.errors import RefusedError
from tests.support.sync import Sync


async def test_link_names_the_holder_by_tracking_id_and_project(sync: Sync) -> None:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    second = sync.bugspark.add_report(sync.project)
    whose = f'acme/web#{number} belongs to {row["tracking_id"]} of project "Shop"'
    with pytest.raises(RefusedError, match=whose) as caught:
        await sync.app.link(str(second), f"acme/web#{number}", backfill=False)
    assert str(holder) not in str(caught.value)


async def test_columns_that_name_a_linked_issue_are_reported_with_the_report_that_has_it(sync: Sync) -> None:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    second, third = sync.bugspark.add_report(sync.project), sync.bugspark.add_report(sync.project)
    for report in (second, third):
        sync.bugspark.set_report(report, github_issue_number=number, github_repo="acme/web")
    await sync.settle()
    for report in (second, third):
        shown = await sync.app.explain_report(str(report))
        assert shown.reason == f'{row["tracking_id"]} of project "Shop" is already linked to it'


async def test_a_refused_write_is_reported_by_the_tracking_id(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "Nobody can read this there")
    result = await sync.run()
    row = sync.bugspark.report(report)
    assert row is not None and result.error is not None
    assert f"Shop: create comment for {row['tracking_id']}: " in result.error.message
    assert str(report) not in result.error.message
    assert sync.texts_on_github(number) == []


async def test_a_report_with_an_unknown_value_is_reported_by_the_tracking_id(sync: Sync) -> None:
    number = sync.github.web.open_issue("Broken", by="alice").number
    report = sync.bugspark.add_report(sync.project, github_issue_number=number, github_repo="acme/web")
    if sync.bugspark.engine.name == "postgresql":
        sync.bugspark.execute("ALTER TYPE status_enum ADD VALUE 'deferred'")
    sync.bugspark.execute("UPDATE reports SET status = 'deferred'")
    result = await sync.run()
    row = sync.bugspark.report(report)
    assert row is not None and result.error is not None
    assert f"Shop: report {row['tracking_id']}: " in result.error.message
    assert str(report) not in result.error.message
    assert sync.github.web.issue(number).state == "open"


async def test_link_and_unlink_answer_with_the_tracking_id(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    number = sync.github.web.open_issue("Broken", by="alice").number
    row = sync.bugspark.report(report)
    assert row is not None
    name = row["tracking_id"]
    done = await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    assert done.startswith(f"{name} is linked to acme/web#{number}")
    with pytest.raises(RefusedError, match=f"^{name} is already linked to acme/web#{number}"):
        await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    assert (await sync.app.unlink(str(report))).startswith(f"{name} is no longer linked")
    with pytest.raises(RefusedError, match=f"^{name} is not linked"):
        await sync.app.unlink(str(report))
