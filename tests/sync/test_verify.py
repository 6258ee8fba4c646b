"""A whole round of verification: each link once, in as many passes as the limits ask for."""

from reconciler.model.passes import NullProgress, Outcome, PassResult, VerificationProgress
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync


async def verify(sync: Sync, *, seconds: float = 5) -> PassResult:
    sync.github.clock.advance(seconds)
    sync.since = len(sync.github.simulator.requests)
    found = await sync.app.find_project(str(sync.project))
    return await sync.app.verify(found, wait=False, progress=NullProgress())


def read(sync: Sync) -> list[str]:
    """The issues that the last pass asked for one by one."""
    return [seen.path for seen in sync.asked if seen.path.rpartition("/")[2].isdigit()]


async def test_every_link_is_compared_although_none_is_due(sync: Sync) -> None:
    for _ in range(3):
        await sync.linked()
    await sync.run()
    assert read(sync) == []
    result = await verify(sync)
    assert (result.outcome, result.verified) == (
        Outcome.OK,
        VerificationProgress(compared=3, links=3, differed=0),
    )
    assert len(read(sync)) == 3
    assert sync.writes == []


async def test_a_round_that_a_limit_ends_goes_on_where_it_stopped(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, limits={"points_per_minute": 55}) as sync:
        for _ in range(60):
            report = sync.bugspark.add_report(sync.project)
            issue = sync.github.web.open_issue("An issue", by="alice")
            sync.bugspark.set_report(report, github_repo="acme/web", github_issue_number=issue.number)
        while (await sync.run(seconds=61)).linked:
            pass
        first = await verify(sync, seconds=61)
        assert first.verified is not None
        assert first.outcome is Outcome.LIMITED
        assert 0 < first.verified.compared < 60
        done, result = first.verified.compared, first
        while result.outcome is Outcome.LIMITED:
            result = await verify(sync, seconds=61)
            assert result.verified is not None
            assert result.verified.compared > done
            done = result.verified.compared
        assert result.verified == VerificationProgress(compared=60, links=60, differed=0)
        again = await verify(sync, seconds=61)
        assert again.verified is not None
        assert again.verified.compared < 60


async def test_what_a_round_finds_is_counted_and_guarded(sync: Sync) -> None:
    report, number = await sync.linked()
    comments = [sync.github.web.comment(number, f"comment {text}", by="bob") for text in range(30)]
    await sync.settle()
    for other in range(60):  # the lists' anchors have long moved past our issue
        sync.github.clock.advance(300)
        sync.github.web.open_issue(f"Other {other}", by="bob")
    await sync.settle()
    for row in comments:
        sync.github.web.delete_comment(row.id, by="bob")
    result = await verify(sync)
    assert result.verified == VerificationProgress(compared=1, links=1, differed=1)
    assert not result.withheld
    assert (await sync.run(seconds=61)).withheld
    assert len(sync.texts_in_bugspark(report)) == 30
