"""After a restore of an older copy: all is read and ours recognised before anything is written.

A copy that carries its place along (a base backup does) is a logical one whose place is forgotten.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.decide.comment_copies import ORIGINAL_MISSING
from reconciler.demo.github.faults import Limit, Stale
from reconciler.model.passes import NullProgress, Outcome
from reconciler.model.project_status import project_status
from reconciler.sync import run
from reconciler.sync.after_restore import reread_project
from reconciler.sync.observe import observe_lists
from tests.support.copies import copy_of, health, opened
from tests.support.github import GitHub
from tests.support.sync import Sync

Backup = Callable[[Sync], AbstractAsyncContextManager[Callable[..., AbstractAsyncContextManager[Sync]]]]


@pytest.fixture
def backup(world_url: str, github: GitHub, tmp_path: Path, request: pytest.FixtureRequest) -> Backup:
    """Copies the database now; what comes back opens the copy, as a physical one, later."""
    server = None if world_url.startswith("sqlite") else request.getfixturevalue("postgres_server")

    @asynccontextmanager
    async def taken(sync: Sync) -> AsyncIterator[Callable[..., AbstractAsyncContextManager[Sync]]]:
        url = copy_of(sync, world_url, server, tmp_path)

        @asynccontextmanager
        async def restored(**policy: str) -> AsyncIterator[Sync]:
            async with opened(url, github, sync, sync=policy) as made:
                made.bugspark.execute("DELETE FROM sync_meta WHERE key = 'place'")
                yield made

        try:
            yield restored
        finally:
            if server is not None:
                server.drop(str(sa.make_url(url).database))

    return taken


async def test_after_a_restore_nothing_is_sent_twice_and_nothing_deleted(sync: Sync, backup: Backup) -> None:
    github, web = sync.github, sync.github.web
    report, number = await sync.linked()
    later = sync.bugspark.add_report(sync.project, "Exported later", at=github.clock.now())
    sync.add_comment(report, "sent before")
    await sync.settle()
    sync.add_comment(report, "waited at the time")
    async with backup(sync) as restored:
        await sync.settle()
        await sync.app.export((str(later),), NullProgress())
        sync.add_comment(report, "only in the lost time")
        sync.add_comment(later, "also lost")
        web.comment(number, "from there", by="alice")
        await sync.settle()
        web.close(number, by="alice")
        second = sync.number(later)
        threads = sync.texts_on_github(number), sync.texts_on_github(second)
        assert [len(thread) for thread in threads] == [4, 1]
        github.clock.advance(3600)
        # Only the markers show that the second issue exists.
        async with restored(discover="manual", export="all") as world:
            done = await world.run()
            assert (done.outcome, done.error) == (Outcome.OK, None)
            assert world.writes == []
            await world.settle()
            assert (world.texts_on_github(number), world.texts_on_github(second)) == threads
            assert world.number(later) == second
            assert len(web.issues) == 2
            assert world.status(report) == "resolved"
            assert sum("from there" in body for body in world.texts_in_bugspark(report)) == 1
            assert len(world.texts_in_bugspark(report)) == 3
            assert world.texts_in_bugspark(later) == []
            skipped = [row for row in world.bugspark.rows_of("sync_comments") if row["state"] == "skipped"]
            assert [row["reason"] for row in skipped] == [ORIGINAL_MISSING] * 2
            world.add_comment(report, "life goes on")
            await world.settle()
            assert sum("life goes on" in body for body in world.texts_on_github(number)) == 1
            assert len(world.texts_on_github(number)) == 5
            assert (await health(world)).recovering is None


async def test_a_reading_that_a_limit_cuts_short_goes_on_where_it_stopped_and_writes_nothing_before(
    sync: Sync, backup: Backup
) -> None:
    reports = [(await sync.linked())[0] for _ in range(13)]
    await sync.settle()
    async with backup(sync) as restored:
        for report in reports:
            sync.add_comment(report, "in the lost time")
        await sync.settle()
        async with restored() as world:
            mine = world.add_comment(reports[0], "new in the restored one")
            world.github.simulator.faults.add(Limit(wait=30), method="GET", path=r"/issues/12\b")
            cut = await world.run()
            assert cut.outcome is Outcome.LIMITED
            found = await health(world)
            assert found.recovering
            assert (found.recovering.verified, found.recovering.links) == (10, 13)
            text = project_status(found, world.clock.now(), None).text
            assert text == "Waiting (recovering after a restore: 10 of 13 links)"
            assert not world.writes
            done = await world.run(seconds=61)
            assert done.outcome is Outcome.OK
            paths = [seen.path.removeprefix("/repos/acme/web/") for seen in world.asked]
            first = paths[: paths.index("issues")]  # the lists come after
            assert {path for path in first if path.endswith("/comments")} == {
                f"issues/{number}/comments" for number in (11, 12, 13)
            }
            assert sum("new in the restored one" in body for body in world.texts_on_github(1)) == 1
            assert world.bugspark.comment(mine)
            assert [len(world.texts_on_github(world.number(report))) for report in reports] == [2] + [1] * 12


async def test_a_copy_that_runs_beside_its_original_is_noticed_and_stops(sync: Sync, backup: Backup) -> None:
    report, number = await sync.linked()
    async with backup(sync) as restored, restored() as duplicate:
        sync.add_comment(report, "the original goes on")
        await sync.settle()
        assert (await duplicate.run()).outcome is Outcome.OK  # it can't know better yet: it was restored
        sync.add_comment(report, "and on")
        await sync.settle()
        duplicate.add_comment(report, "the copy, too")
        stopped = await duplicate.run()
        assert (stopped.outcome, stopped.error and stopped.error.kind) == (Outcome.REFUSED, "identity")
        assert not duplicate.writes
        assert (await duplicate.run()).outcome is Outcome.REFUSED
        assert not any("the copy, too" in body for body in duplicate.texts_on_github(number))
        await duplicate.run(accept="copy")
        await duplicate.settle()
        assert not any("the copy, too" in body for body in duplicate.texts_on_github(number))
        assert [item.what for item in (await health(duplicate)).attention] == ["held"]
        assert (await sync.settle()).outcome is Outcome.OK
        assert sync.texts_on_github(number) == duplicate.texts_on_github(number)


async def test_nothing_is_deleted_while_lists_that_may_yet_show_a_restore_are_being_read(
    sync: Sync, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    github, web = sync.github, sync.github.web
    report, number = await sync.linked()
    later = sync.bugspark.add_report(sync.project, "Exported later", at=github.clock.now())
    theirs = web.comment(number, "from there", by="alice")
    await sync.settle()
    here: list[list[str]] = []
    async with backup(sync) as restored:
        web.delete_comment(theirs.id, by="alice")
        web.close(number, by="alice")
        github.clock.advance(60)
        for count in range(130):  # more than a page
            web.open_issue(f"stranger {count}", by="bob")
        github.clock.advance(60)
        await sync.app.export((str(later),), NullProgress())
        async with restored(discover="manual") as world:

            async def looked(*given: Any) -> Any:
                here.append(world.texts_in_bugspark(report))
                return await reread_project(*given)

            monkeypatch.setattr(run, "observe_lists", partial(observe_lists, rows=50))
            monkeypatch.setattr(run, "reread_project", looked)
            await world.run()
            assert [len(texts) for texts in here] == [1]
            await world.settle()
            assert len(world.texts_in_bugspark(report)) == 1
            await world.run(seconds=61)
            assert (world.texts_in_bugspark(report), world.texts_on_github(number)) == ([], [])
            assert world.number(later) == sync.number(later)


async def test_a_marker_found_only_by_a_full_read_shows_a_restore_too(sync: Sync, backup: Backup) -> None:
    report, number = await sync.linked()
    async with backup(sync) as restored:
        sync.add_comment(report, "in the lost time")
        await sync.settle()
        async with restored() as world:
            lag = Stale(seconds=3600, issues=True, comments=True)
            world.github.simulator.faults.add(lag, method="GET", path=r"web/issues(/comments)?\?", times=None)
            project = await world.app.find_project(str(world.project))
            done = await world.app.verify(project, wait=False, progress=NullProgress())
            assert done.outcome is Outcome.OK
            (known,) = world.bugspark.rows_of("sync_projects")
            assert known["restored_at"] is not None
            assert len(world.texts_on_github(number)) == 1
