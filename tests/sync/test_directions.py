"""Directions: a change against one is part of its own side's half of the base alone."""

import pytest

from reconciler.decide.comment_exclusion import NOT_TO_BUGSPARK, NOT_TO_GITHUB, PRIVATE
from reconciler.errors import SchemaError
from reconciler.model.passes import NullProgress
from reconciler.store.schema.migrate import downgrade
from tests.support.sync import Sync
from tests.sync.test_project_settings import configure


def relabelled(sync: Sync, number: int, *labels: str) -> None:
    sync.github.web.relabel(number, ["bug", *labels], by="alice")


async def test_a_label_changed_on_github_stays_there_and_switching_on_again_acts_on_later_changes(
    sync: Sync,
) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, directions={"severity": "to_github"})
    relabelled(sync, number, "low")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("high", {"bug", "low"})
    await configure(sync)
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("high", {"bug", "low"})
    relabelled(sync, number, "critical")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("critical", {"bug", "critical"})


async def test_a_severity_changed_in_bugspark_stays_there(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, directions={"severity": "to_bugspark"})
    sync.change(report, severity="low")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "high-priority"})
    relabelled(sync, number, "critical")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("critical", {"bug", "critical"})


async def test_a_barred_side_never_wins_a_conflict(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, directions={"severity": "to_github"}, conflict="github")
    sync.change(report, severity="low")
    relabelled(sync, number, "critical")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})


async def test_an_issue_closed_against_the_direction_leaves_the_report_open_and_follows_it_later(
    sync: Sync,
) -> None:
    report, number = await sync.linked()
    await configure(sync, directions={"status": "to_github"})
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert (sync.status(report), sync.github.web.issue(number).state) == ("new", "closed")
    sync.change(report, status="resolved")
    await sync.settle()
    sync.change(report, status="new")
    await sync.settle()
    assert sync.github.web.issue(number).state == "open"


async def test_a_field_that_is_off_moves_alone_on_each_side(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, directions={"severity": "off", "status": "off"})
    sync.change(report, severity="low", status="resolved")
    relabelled(sync, number, "critical")
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "critical"})
    await configure(sync)
    result = await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "critical"})
    assert (sync.status(report), sync.github.web.issue(number).state) == ("resolved", "open")
    assert result.conflicts == 0


async def test_comments_against_the_direction_are_passed_over_for_good(sync: Sync) -> None:
    report, number = await sync.linked()
    await configure(sync, directions={"comments": "to_bugspark"})
    sync.github.clock.advance(1)
    sync.add_comment(report, "from here")
    sync.github.web.comment(number, "from there", by="alice")
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    assert len(sync.texts_in_bugspark(report)) == 2
    sync.add_comment(report, "not seen by a pass before the settings change")
    sync.github.clock.advance(1)
    await configure(sync)
    sync.github.clock.advance(1)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    sync.add_comment(report, "later")
    await sync.settle()
    assert [body.splitlines()[2] for body in sync.texts_on_github(number)[1:]] == ["later"]
    shown = (await sync.app.explain_report(str(report))).skipped
    assert {(each.reason, each.count) for each in shown} == {(NOT_TO_GITHUB, 2)}


async def test_comments_of_github_stay_there_and_an_edit_and_a_deletion_of_a_copied_one_too(
    sync: Sync,
) -> None:
    report, number = await sync.linked()
    known = sync.github.web.comment(number, "known", by="alice").id
    await sync.settle()
    await configure(sync, directions={"comments": "to_github"})
    sync.github.clock.advance(1)
    sync.github.web.comment(number, "not for you", by="alice")
    sync.github.web.edit_comment(known, "known, edited", by="alice")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["**alice** (via GitHub):\n\nknown"]
    shown = (await sync.app.explain_report(str(report))).skipped
    assert {(each.reason, each.count) for each in shown} == {(NOT_TO_BUGSPARK, 1)}


@pytest.mark.parametrize("body", ["#internal: do not tell", "  &#x23;INTERNAL x", "\u200b#internal"])
async def test_a_private_comment_stays_private_when_the_prefix_is_taken_away(sync: Sync, body: str) -> None:
    report, number = await sync.linked()
    await configure(sync, private_prefix="#internal")
    sync.github.clock.advance(1)
    sync.add_comment(report, body)
    sync.add_comment(report, "open #internal")
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    sync.add_comment(report, body)
    sync.github.clock.advance(1)
    await configure(sync)
    sync.github.clock.advance(1)
    await sync.settle()
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())
    assert len(sync.texts_on_github(number)) == 1
    shown = (await sync.app.explain_report(str(report))).skipped
    assert {(each.reason, each.count) for each in shown} == {(PRIVATE, 2)}


async def test_a_private_comment_of_an_unlinked_report_does_not_leave_with_its_export(sync: Sync) -> None:
    await configure(sync, private_prefix="#internal")
    sync.github.clock.advance(1)
    report = sync.bugspark.add_report(sync.project, at=sync.github.clock.now())
    sync.add_comment(report, "#internal before the issue")
    sync.add_comment(report, "for all")
    await configure(sync)
    await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    (text,) = sync.texts_on_github(sync.number(report))
    assert "for all" in text


async def test_downgrade_refuses_while_a_comment_is_kept_back(sync: Sync) -> None:
    report, _ = await sync.linked()
    await configure(sync, private_prefix="#internal")
    sync.github.clock.advance(1)
    sync.add_comment(report, "#internal")
    await sync.settle()
    url = sync.bugspark.engine.url.render_as_string(hide_password=False)
    before = sync.dump()
    with pytest.raises(SchemaError, match=r"1 links with .*, 1 comments that were kept back, 1 versions of"):
        downgrade(url)
    assert sync.dump() == before
    downgrade(url, may_lose=True)
