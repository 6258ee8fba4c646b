"""Reports that follow the report which leads an issue: they move with the issue, and it never with them."""

import pytest
import sqlalchemy as sa

from reconciler.cli.status import DisplayOptions, health_as_json, status_as_lines
from reconciler.errors import IssueLinkedElsewhereError, ProjectError, RefusedError, SchemaError
from reconciler.model.fields import Field, Severity, Side, Status
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from reconciler.store.schema.migrate import downgrade
from reconciler.store.schema.tables import changes, followers
from tests.support.sync import Sync
from tests.sync.compare_plan import compare
from tests.sync.test_project_settings import configure

ON_BOTH = pytest.mark.parametrize("world_url", ["sqlite", "postgresql"], indirect=True)


async def followed(sync: Sync, *, reports: int = 1) -> tuple[ReportId, int, list[ReportId]]:
    """A linked report, its issue, and reports that follow it."""
    lead, number = await sync.linked(title="Checkout fails")
    made = [sync.bugspark.add_report(sync.project, f"Checkout broken {each}") for each in range(reports)]
    for report in made:
        sync.github.clock.advance(1)
        await sync.app.follow(str(report), f"acme/web#{number}")
    await sync.settle()
    return lead, number, made


def rows_of_followers(sync: Sync) -> list[ReportId]:
    return [ReportId(row["report_id"]) for row in sync.bugspark.rows(sa.select(followers))]


def kinds_of(sync: Sync, report: ReportId) -> list[str]:
    rows = sync.bugspark.rows(sa.select(changes).where(changes.c.report_id == report).order_by(changes.c.id))
    return [str(row["kind"]) for row in rows]


async def assert_idle(sync: Sync) -> None:
    """Another pass writes nothing, and a plan is empty."""
    await sync.settle()
    assert (await sync.plan()).actions == ()
    before = sync.dump()["reports"]
    await sync.run()
    assert not sync.writes
    assert sync.dump()["reports"] == before


@ON_BOTH
async def test_closing_and_reopening_the_issue_moves_the_lead_and_all_followers(sync: Sync) -> None:
    lead, number, made = await followed(sync, reports=3)
    sync.github.web.close(number, by="alice", reason="not_planned")
    await compare(sync)
    assert [sync.status(each) for each in (lead, *made)] == ["closed"] * 4
    await assert_idle(sync)
    sync.github.web.reopen(number, by="alice")
    await compare(sync)
    assert [sync.status(each) for each in (lead, *made)] == ["new"] * 4
    await assert_idle(sync)
    assert all(kinds_of(sync, each) == ["link", "set_field", "set_field"] for each in made)


async def test_a_lead_resolved_in_bugspark_closes_the_issue_and_its_followers_in_the_same_pass(
    sync: Sync,
) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.change(lead, status=Status.RESOLVED)
    await compare(sync)
    assert sync.github.web.issue(number).state == "closed"
    assert sync.status(follower) == "resolved"
    await assert_idle(sync)


async def test_a_follower_has_no_columns_and_only_the_lead_meets_the_issue(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    labels = sync.labels(number)
    row = sync.bugspark.report(follower)
    assert row is not None
    assert (row["github_issue_number"], row["github_repo"], row["github_issue_url"]) == (None, None, None)
    sync.change(follower, severity=Severity.CRITICAL, title="Something else")
    await assert_idle(sync)
    assert sync.labels(number) == labels
    assert sync.severity(follower) == "critical"
    sync.github.web.label(number, "critical", by="alice")
    await sync.settle()
    assert sync.severity(lead) == "critical"


@ON_BOTH
async def test_a_follower_that_people_changed_moves_alone_until_the_issue_moves(sync: Sync) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    sync.change(first, status=Status.RESOLVED)
    await assert_idle(sync)
    assert sync.github.web.issue(number).state == "open"
    assert [sync.status(each) for each in (lead, first, second)] == ["new", "resolved", "new"]
    sync.github.web.close(number, by="alice", reason="not_planned")
    await sync.settle()
    assert [sync.status(each) for each in (lead, first, second)] == ["closed", "resolved", "closed"]
    sync.change(first, status=Status.IN_PROGRESS)
    await assert_idle(sync)
    assert sync.github.web.issue(number).state == "closed"
    assert sync.status(first) == "in_progress"
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    assert [sync.status(each) for each in (lead, first, second)] == ["new", "in_progress", "new"]


async def test_a_report_that_follows_a_closed_issue_is_closed_and_one_closed_by_hand_stays(
    sync: Sync,
) -> None:
    _, number, _ = await followed(sync, reports=0)
    sync.github.web.close(number, by="alice")
    await sync.settle()
    late = sync.bugspark.add_report(sync.project, "Late")
    await sync.app.follow(str(late), f"acme/web#{number}")
    await compare(sync)
    assert sync.status(late) == "resolved"
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    done = sync.bugspark.add_report(sync.project, "Done", status=Status.CLOSED)
    await sync.app.follow(str(done), f"acme/web#{number}")
    await assert_idle(sync)
    assert sync.status(done) == "closed"


async def test_a_direction_that_spares_bugspark_spares_followers_and_later_moves_count_again(
    sync: Sync,
) -> None:
    _, number, (follower,) = await followed(sync)
    await configure(sync, directions={"status": "to_github"})
    sync.github.web.close(number, by="alice")
    await assert_idle(sync)
    assert sync.status(follower) == "new"
    await configure(sync)
    await assert_idle(sync)
    assert sync.status(follower) == "new"
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert sync.status(follower) == "resolved"


async def test_unlinking_a_follower_leaves_it_and_the_issue_as_they_are(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    result = await sync.app.unlink(str(follower))
    assert "no longer follows BUG-0001" in result
    sync.github.web.close(number, by="alice")
    await assert_idle(sync)
    assert (sync.status(lead), sync.status(follower)) == ("resolved", "new")
    assert rows_of_followers(sync) == []
    assert kinds_of(sync, follower) == ["link", "unlink"]


async def test_a_report_that_is_linked_or_follows_is_refused_and_so_is_an_issue_that_nobody_leads(
    sync: Sync,
) -> None:
    lead, number, (follower,) = await followed(sync)
    with pytest.raises(RefusedError, match="already linked to acme/web#"):
        await sync.app.follow(str(lead), f"acme/web#{number}")
    with pytest.raises(RefusedError, match="follows BUG-0001 already; unlink it first"):
        await sync.app.follow(str(follower), f"acme/web#{number}")
    with pytest.raises(RefusedError, match="follows BUG-0001 already; unlink it first"):
        await sync.app.link(str(follower), f"acme/web#{number}", backfill=False)
    free = sync.github.web.open_issue("Free", by="alice").number
    third = sync.bugspark.add_report(sync.project, "Third")
    with pytest.raises(RefusedError, match="no report is linked to acme/web#"):
        await sync.app.follow(str(third), f"acme/web#{free}")


async def test_an_issue_that_is_not_there_can_not_be_followed_and_linking_it_is_not_advised(
    sync: Sync,
) -> None:
    await followed(sync)
    third = sync.bugspark.add_report(sync.project, "Third")
    pull_request = sync.github.web.open_issue("Fix", by="alice", pull_request=True).number
    for number in (99, pull_request):
        with pytest.raises(RefusedError, match=f"nothing can follow acme/web#{number}: ") as refused:
            await sync.app.follow(str(third), f"acme/web#{number}")
        assert "link this one" not in str(refused.value)
    assert len(rows_of_followers(sync)) == 1


@ON_BOTH
async def test_the_health_of_a_project_says_how_many_reports_follow_others(sync: Sync) -> None:
    _, _, (first, _, third) = await followed(sync, reports=3)
    project = await sync.app.find_project("Shop")
    ((health,), _) = await sync.app.status(project)
    assert health.followers == 3
    view = DisplayOptions(now=sync.clock.now(), zone=None, is_unicode=True, columns=None)
    assert "  Followers: 3 reports follow others" in list(status_as_lines([health], (), view))
    assert health_as_json(health, view)["followers"] == 3
    sync.bugspark.delete_report(first)
    await sync.app.unlink(str(third))
    ((health,), _) = await sync.app.status(project)
    assert "  Followers: 1 report follows another one" in list(status_as_lines([health], (), view))


async def test_a_second_claim_on_an_issue_is_settled_by_following(sync: Sync) -> None:
    lead, number, _ = await followed(sync, reports=0)
    second = sync.bugspark.add_report(sync.project, "Me too")
    sync.change(second, github_issue_number=number, github_repo="acme/web")
    await sync.settle()
    await sync.app.follow(str(second), f"acme/web#{number}")
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert [sync.status(each) for each in (lead, second)] == ["resolved"] * 2
    row = sync.bugspark.report(second)
    assert row is not None
    assert row["github_issue_number"] is None
    await assert_idle(sync)
    third = sync.bugspark.add_report(sync.project, "Elsewhere")
    sync.change(third, github_issue_number=7, github_repo="other/repo")
    with pytest.raises(RefusedError, match="names other/repo#7 in BugSpark: empty its link columns first"):
        await sync.app.follow(str(third), f"acme/web#{number}")


async def test_retrying_a_follower_retries_the_writes_of_its_lead(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    sync.github.web.lock(number, by="alice")
    sync.add_comment(follower, "still broken")
    await sync.run()
    assert sync.texts_on_github(number) == []
    sync.github.web.unlock(number, by="alice")
    result = await sync.app.retry(str(follower))
    why = "BUG-0002 follows BUG-0001, whose link its comments go by. "
    assert result == f"{why}BUG-0001: 1 write released; the next pass tries"
    result = await sync.app.retry(str(follower))
    assert result == f"{why}BUG-0001: nothing of it is in quarantine; nothing to do"
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1


async def test_a_report_of_another_project_is_refused_with_words(sync: Sync) -> None:
    _, number, _ = await followed(sync)
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token)
    report = sync.bugspark.add_report(other, "Theirs")
    with pytest.raises(IssueLinkedElsewhereError, match="a report of another project"):
        await sync.app.follow(str(report), f"acme/web#{number}")
    assert report not in rows_of_followers(sync)


async def test_a_follower_is_exported_neither_by_itself_nor_by_name(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    await configure(sync, export="all")
    sync.github.clock.advance(120)
    await assert_idle(sync)
    assert list(sync.github.web.picture()) == [number]
    (result,) = await sync.app.export((str(follower),), NullProgress())
    assert result.url is None
    assert "follows another report's issue" in str(result.error)
    assert list(sync.github.web.picture()) == [number]


@ON_BOTH
async def test_downgrade_refuses_while_a_report_follows(sync: Sync) -> None:
    _, _, (follower,) = await followed(sync)
    url = sync.bugspark.engine.url.render_as_string(hide_password=False)
    before = sync.dump()
    with pytest.raises(SchemaError, match="1 reports that follow"):
        downgrade(url)
    assert sync.dump() == before
    await sync.app.unlink(str(follower))
    with pytest.raises(SchemaError, match="would lose 1 links with"):
        downgrade(url)
    downgrade(url, may_lose=True)


async def test_no_more_than_two_hundred_reports_follow_an_issue(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.sync.followers.follow.MAX_FOLLOWERS", 1)
    _, number, _ = await followed(sync)
    second = sync.bugspark.add_report(sync.project, "One more")
    with pytest.raises(RefusedError, match="which is the most"):
        await sync.app.follow(str(second), f"acme/web#{number}")


@ON_BOTH
async def test_a_concurrent_change_of_a_follower_is_not_overwritten(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number, (follower,) = await followed(sync)
    store = sync.app._stores.followers
    apply, done = store.apply, False

    async def changed_first(*values: object) -> frozenset[ReportId]:
        nonlocal done
        if not done:
            done = True
            sync.change(follower, status=Status.TRIAGING)
        return await apply(*values)  # type: ignore[arg-type]  # passes on what it was given

    monkeypatch.setattr(store, "apply", changed_first)
    sync.github.web.close(number, by="alice")
    await sync.run()
    assert done
    assert sync.status(follower) == "resolved"
    (line,) = [
        row
        for row in sync.bugspark.rows(sa.select(changes).where(changes.c.report_id == follower))
        if row["kind"] == "set_field"
    ]
    assert line["local"] == "triaging", "what was overwritten is what the person said"


async def test_link_to_an_issue_that_another_report_leads_names_follow_as_the_way(sync: Sync) -> None:
    _, number = await sync.linked()
    second = sync.bugspark.add_report(sync.project)
    command = f"reconcile link Shop:BUG-0002 acme/web#{number} --follow$"
    with pytest.raises(RefusedError, match=f"belongs to BUG-0001 .* let BUG-0002 follow it: {command}"):
        await sync.app.link(str(second), f"acme/web#{number}", backfill=False)
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token)
    third = sync.bugspark.add_report(other)
    with pytest.raises(IssueLinkedElsewhereError) as caught:
        await sync.app.link(str(third), f"acme/web#{number}", backfill=False)
    assert "follow" not in f"{caught.value} {caught.value.in_full}", "reports of other projects can't"


async def test_resolve_and_dismiss_of_a_follower_name_the_report_that_it_follows(sync: Sync) -> None:
    _, number, (second,) = await followed(sync)
    told = f"BUG-0002 follows BUG-0001, which alone is compared with acme/web#{number}"
    with pytest.raises(ProjectError, match=f"{told}: resolve that"):
        await sync.app.resolve(str(second), Field.SEVERITY, Side.GITHUB)
    with pytest.raises(ProjectError, match=f"{told}: dismiss that"):
        await sync.app.dismiss(str(second), Field.SEVERITY)
