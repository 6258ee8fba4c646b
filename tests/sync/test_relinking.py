"""What a person cuts and ties again: no issue is made twice, and none is closed for it."""

from reconciler.model.passes import NullProgress
from tests.support.sync import Sync


async def test_exporting_again_after_unlinking_takes_the_same_issue_up_again(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "once")
    await sync.settle()
    await sync.app.unlink(str(report))
    await sync.settle()
    (again,) = await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    assert again.url is not None
    assert again.url.endswith(f"/{number}")
    assert len(sync.github.web.picture()) == 1
    assert len(sync.texts_on_github(number)) == 1
    assert sync.bugspark.comment(comment) is not None


async def test_exporting_again_makes_a_new_issue_when_the_old_one_is_gone(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "said on the first")
    await sync.settle()
    sync.github.web.delete_issue(number, by="alice")
    for seconds in (7 * 3600, 61):
        await sync.run(seconds=seconds)
    (refused,) = await sync.app.export((str(report),), NullProgress())
    assert refused.error
    assert f"tied to acme/web#{number}, which is gone: reconcile unlink" in refused.error
    await sync.app.unlink(str(report))
    await sync.app.export((str(report),), NullProgress())
    assert sync.number(report) != number
    await sync.settle()
    assert [body.count("said on the first") for body in sync.texts_on_github(sync.number(report))] == [1]


async def test_linking_to_another_issue_leaves_the_exported_one_open(sync: Sync) -> None:
    report, number = await sync.linked()
    other = sync.github.web.open_issue("The same, told better", by="alice").number
    await sync.app.unlink(str(report))
    await sync.app.link(str(report), f"acme/web#{other}", backfill=False)
    await sync.settle()
    sync.github.web.comment(number, "is this one still needed?", by="bob")
    await sync.settle()
    assert sync.github.web.issue(number).state == "open"
    assert sync.number(report) == other
