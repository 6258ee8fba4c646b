"""Links: taken up, made, cut, moved, found; nothing is doubled or deleted because of it."""

import pytest

from reconciler.errors import RefusedError
from reconciler.model.fields import Status
from reconciler.model.ids import ProjectId
from reconciler.model.passes import NullProgress
from tests.support.bugspark import LONG_AGO
from tests.support.sync import Sync

BOT = "bugspark-bot"


def states(sync: Sync) -> list[str]:
    rows = sync.bugspark.engine.connect()
    with rows as connection:
        found = connection.exec_driver_sql("SELECT state FROM sync_links ORDER BY state")
        return [str(row[0]) for row in found]


async def assert_idle(sync: Sync) -> None:
    await sync.settle()
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


def exported(sync: Sync, title: str, tracking: str, *, by: str = BOT, labels: tuple[str, ...] = ()) -> int:
    """An issue as BugSpark's own button makes it: the link is not stored."""
    body = (
        f"## Bug Report: {tracking}\n\n### Description\nSteps.\n\n---\n*Exported from BugSpark ({tracking})*"
    )
    row = sync.github.web.open_issue(f"[{tracking}] {title}", body, by=by, labels=["bug", *labels])
    return row.number


async def test_unlinking_leaves_both_sides_and_linking_again_doubles_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "ours")
    sync.github.web.comment(number, "theirs", by="bob")
    await sync.settle()
    here, there = sync.texts_in_bugspark(report), sync.texts_on_github(number)
    await sync.app.unlink(str(report))
    sync.github.web.close(number, by="alice")
    await assert_idle(sync)
    assert sync.status(report) == "new"
    await sync.app.link(str(report), f"acme/web#{number}", backfill=True)
    await assert_idle(sync)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (here, there)
    assert sync.status(report) == "resolved"


async def test_columns_cleared_and_filled_again_double_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "ours")
    sync.github.web.comment(number, "theirs", by="bob")
    await sync.settle()
    here, there = sync.texts_in_bugspark(report), sync.texts_on_github(number)
    sync.change(report, github_issue_number=None, github_repo=None)
    await assert_idle(sync)
    sync.add_comment(report, "while cut loose")
    sync.change(report, github_issue_number=number, github_repo="acme/web")
    await assert_idle(sync)
    assert sync.texts_in_bugspark(report) == [*here, "while cut loose"]
    assert sync.texts_on_github(number)[: len(there)] == there
    assert len(sync.texts_on_github(number)) <= len(there) + 1


async def test_columns_moved_to_another_issue_are_an_unlink_and_a_link(sync: Sync) -> None:
    report, number = await sync.linked()
    other = sync.github.web.open_issue("Another", by="bob", labels=["critical"]).number
    sync.change(report, github_issue_number=other)
    sync.github.clock.advance(30)
    sync.github.web.close(number, by="alice")
    sync.github.web.comment(other, "over here", by="bob")
    await assert_idle(sync)
    assert sync.status(report) == "new"
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nover here"]
    assert sync.github.web.issue(number).state == "closed"


async def test_a_second_claim_on_an_issue_is_shown_and_not_made(sync: Sync) -> None:
    _, number = await sync.linked()
    second = sync.bugspark.add_report(sync.project, "Me too", status=Status.CLOSED)
    sync.change(second, github_issue_number=number, github_repo="acme/web")
    await assert_idle(sync)
    assert sync.github.web.issue(number).state == "open"
    assert sync.status(second) == "closed"
    assert sorted(states(sync)) == ["active", "contested"]
    third = sync.bugspark.add_report(sync.project, "Me three")
    with pytest.raises(RefusedError):
        await sync.app.link(str(third), f"acme/web#{number}", backfill=False)


@pytest.mark.parametrize("backfill", [True, False])
async def test_older_comments_go_out_only_when_asked_to(sync: Sync, backfill: bool) -> None:
    number = sync.github.web.open_issue("Old", by="alice").number
    report = sync.bugspark.add_report(sync.project, "Old")
    sync.bugspark.add_comment(report, "long ago", at=LONG_AGO)
    sync.bugspark.add_comment(report, "**bob** (via GitHub):\n\nimported by hand", at=LONG_AGO)
    sync.github.web.comment(number, "imported by hand", by="bob")
    sync.github.web.comment(number, "[BugSpark] Ada:\n\ncopied by hand", by=BOT)
    sync.github.clock.advance(30)
    await sync.app.link(str(report), f"acme/web#{number}", backfill=backfill)
    sync.github.clock.advance(1)
    sync.add_comment(report, "now")
    await assert_idle(sync)
    texts = [body.split("\n\n")[1] for body in sync.texts_on_github(number)[2:]]
    assert texts == (["long ago", "now"] if backfill else ["now"])
    assert len(sync.texts_in_bugspark(report)) == 3, "neither copy is imported again"


async def test_an_issue_exported_by_bugspark_s_button_is_found(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "Cart &lt;b&gt; breaks")
    number = exported(sync, "Cart <b> breaks", "BUG-0001", labels=("medium",))
    sync.github.web.comment(number, "seen", by="bob")
    await assert_idle(sync)
    assert sync.number(report) == number
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nseen"]
    assert sync.labels(number) == {"bug", "medium"}


@pytest.mark.parametrize(
    ("title", "tracking", "by"),
    [
        ("Cart breaks", "BUG-0001", "bob"),
        ("Cart broke", "BUG-0001", BOT),
        ("Cart breaks", "BUG-0002", BOT),
    ],
)
async def test_what_only_looks_like_an_export_is_not_linked(
    sync: Sync, title: str, tracking: str, by: str
) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "Cart breaks")
    exported(sync, title, tracking, by=by)
    await assert_idle(sync)
    row = sync.bugspark.report(report)
    assert row is not None
    assert row["github_issue_number"] is None


async def test_two_candidates_are_one_too_many_here_or_in_another_project(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "Cart breaks")
    other = ProjectId(sync.bugspark.add_project("Twin"))
    sync.bugspark.add_integration(other, token=sync.github.token)
    duplicate = sync.bugspark.add_report(other, "Cart breaks", tracking_id="BUG-0001")
    exported(sync, "Cart breaks", "BUG-0001")
    await assert_idle(sync)
    await sync.run(other)
    for each in (report, duplicate):
        row = sync.bugspark.report(each)
        assert row is not None
        assert row["github_issue_number"] is None


async def test_old_exports_are_found_by_the_walk_and_linked_only_when_applied(sync: Sync) -> None:
    reports = [sync.bugspark.add_report(sync.project, f"Old {n}") for n in range(3)]
    numbers = [exported(sync, f"Old {n}", f"BUG-{n + 1:04}") for n in range(3)]
    sync.github.clock.advance(3_600)
    await sync.settle()
    project = await sync.app.find_project(str(sync.project))
    shown = await sync.app.discover(project, apply=False, progress=NullProgress())
    assert (len(shown.candidates), shown.linked) == (3, 0)
    assert states(sync) == []
    await sync.app.discover(project, apply=True, progress=NullProgress())
    await assert_idle(sync)
    assert [sync.number(report) for report in reports] == numbers
    assert states(sync) == ["active"] * 3


async def test_exporting_twice_makes_one_issue(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    for _ in range(2):
        (result,) = await sync.app.export((str(report),), NullProgress())
        assert result.error is None
        assert result.url is not None
        assert result.url.endswith("/acme/web/issues/1")
    await assert_idle(sync)
    assert len(sync.github.web.picture()) == 1


async def test_a_deleted_report_s_issue_may_be_linked_to_another_report(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "first life")
    sync.github.web.comment(number, "theirs", by="bob")
    await sync.settle()
    sync.bugspark.delete_report(report)
    await assert_idle(sync)
    assert len(sync.texts_on_github(number)) == 2
    new_report = sync.bugspark.add_report(sync.project, "Heir")
    await sync.app.link(str(new_report), f"acme/web#{number}", backfill=False)
    await assert_idle(sync)
    assert "**bob** (via GitHub):\n\ntheirs" in sync.texts_in_bugspark(new_report)
    assert len(sync.texts_on_github(number)) == 2
