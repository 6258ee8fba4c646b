"""Which database may write: copies, moves, and two of them on one repository."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from reconciler.errors import ConfigurationError, DatabaseIdentityError
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome
from reconciler.model.project_status import ProjectStatusKind, project_status
from reconciler.model.secret import Secret
from reconciler.store.schema.migrate import migrate
from tests.support.copies import copy_of, health, opened
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync


@pytest.fixture
async def copy(
    world_url: str, github: GitHub, sync: Sync, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Sync]:
    """A copy of a database that has written: one report with an issue, one comment each way."""
    server = None if world_url.startswith("sqlite") else request.getfixturevalue("postgres_server")
    report, number = await sync.linked()
    sync.add_comment(report, "from here")
    github.web.comment(number, "from there", by="alice")
    await sync.settle()
    url = copy_of(sync, world_url, server, tmp_path)
    try:
        async with opened(url, github, sync) as made:
            yield made
    finally:
        if server is not None:
            server.drop(str(sa.make_url(url).database))


def only(sync: Sync) -> ReportId:
    (row,) = sync.bugspark.rows_of("reports")
    return ReportId(UUID(str(row["id"])))


def instance(sync: Sync) -> str:
    return next(str(row["value"]) for row in sync.bugspark.rows_of("sync_meta") if row["key"] == "instance")


async def test_a_copy_writes_nothing_until_a_person_says_which_database_it_is(copy: Sync) -> None:
    report = only(copy)
    copy.add_comment(report, "written in the copy")
    copy.change(report, status="resolved")
    before = copy.texts_on_github(1)
    refused = await copy.run()
    assert (refused.outcome, refused.error and refused.error.kind) == (Outcome.REFUSED, "identity")
    assert refused.error
    assert "--accept moved" in refused.error.message
    assert "--accept copy" in refused.error.message
    assert copy.texts_on_github(1) == before
    assert copy.github.web.issue(1).state == "open"
    assert not copy.writes
    found = await health(copy)
    assert project_status(found, copy.clock.now(), None).state is ProjectStatusKind.ATTENTION
    assert [action.kind for action in (await copy.plan()).actions]  # reading continues
    assert [line.level for line in await copy.app.run_self_check() if line.name == "instance"] == ["fail"]


async def test_a_copy_neither_makes_a_hook_nor_issues_until_a_person_has_said_which_it_is(copy: Sync) -> None:
    copy.github.web.allow("bugspark-bot", "admin")
    project, before = await copy.app.find_project(str(copy.project)), len(copy.github.simulator.requests)
    for action in (copy.app.create_webhook, copy.app.ping_webhook):
        with pytest.raises(
            DatabaseIdentityError, match=r"Shop: this database is not where it was.*--accept copy"
        ):
            await action(project)
    report = copy.bugspark.add_report(copy.project, tracking_id="BUG-0002")
    (made,) = await copy.app.export((str(report),), NullProgress())
    assert made.error
    assert "--accept moved" in made.error
    assert {seen.method for seen in list(copy.github.simulator.requests)[before:]} <= {"GET"}
    await copy.run(accept="moved")
    with pytest.raises(ConfigurationError, match="public_url"):  # it is asked no more which it is
        await copy.app.create_webhook(project)


async def test_a_moved_database_goes_on_under_its_name_once_all_has_been_read(copy: Sync) -> None:
    before = instance(copy)
    report = only(copy)
    copy.add_comment(report, "after the move")
    done = await copy.run(accept="moved")
    assert done.outcome is Outcome.OK
    assert instance(copy) == before
    assert [body.count("after the move") for body in copy.texts_on_github(1)] == [0, 0, 1]
    assert len(copy.texts_in_bugspark(report)) == 3
    assert (await copy.run()).outcome is Outcome.OK
    again = await copy.run(accept="moved")
    assert again.error
    assert "nothing is to be decided" in again.error.message


async def test_a_copy_gets_a_name_of_its_own_and_leaves_the_issues_to_the_older_database(
    sync: Sync, copy: Sync
) -> None:
    before = instance(copy)
    report = only(copy)
    mine = copy.add_comment(report, "written in the copy")
    await copy.run(accept="copy")
    assert instance(copy) != before == instance(sync)
    await copy.settle()
    assert not any("written in the copy" in body for body in copy.texts_on_github(1))
    found = await health(copy)
    assert [item.what for item in found.attention] == ["held"]
    assert before in found.attention[0].reason
    # The older one continues, and neither takes the other's copies for people's comments.
    sync.add_comment(only(sync), "the older goes on")
    sync.github.web.close(1, by="alice")
    assert (await sync.settle()).outcome is Outcome.OK
    await copy.settle()
    assert sum("the older goes on" in body for body in sync.texts_on_github(1)) == 1
    assert not any("the older goes on" in body for body in copy.texts_in_bugspark(report))
    assert copy.status(report) == "resolved"  # reading continues
    # Its owner says that the other one is no more.
    freed = await copy.run(accept=before)
    assert freed.outcome is Outcome.OK
    await copy.settle()
    assert sum("written in the copy" in body for body in copy.texts_on_github(1)) == 1
    assert copy.bugspark.comment(mine)
    assert not (await health(copy)).attention


@pytest.mark.parametrize(
    "keys", [("a key for both of them", "a key for both of them"), ("key of the first", "key of the second")]
)
async def test_of_two_databases_on_one_issue_the_first_to_write_keeps_it(
    github: GitHub, tmp_path: Path, keys: tuple[str, str]
) -> None:
    number = github.web.open_issue("Somebody's", by="alice").number
    async with AsyncExitStack() as stack:
        worlds: list[Sync] = []
        for name, key in zip(("first", "second"), keys, strict=True):
            url = f"sqlite:///{tmp_path}/{name}.db"
            migrate(url)
            opening = open_sync(url, github, sync={"marker_key": Secret(key)})
            worlds.append(await stack.enter_async_context(opening))
        first, second = worlds
        reports = []
        for world in worlds:
            report = world.bugspark.add_report(world.project)
            await world.app.link(str(report), f"acme/web#{number}", backfill=False)
            reports.append(report)
            await world.settle()
        for word in ("one", "two"):
            for world, report in zip(worlds, reports, strict=True):
                world.add_comment(report, f"{word} of {world.project}")
                await world.settle()
        assert len(first.texts_on_github(number)) == 2
        assert all(str(first.project) in body for body in first.texts_on_github(number))
        assert [item.what for item in (await health(second)).attention] == ["held"]
        assert not (await health(first)).attention
        assert [
            len(world.texts_in_bugspark(report)) for world, report in zip(worlds, reports, strict=True)
        ] == [2, 2]
        first.github.web.close(number, by="alice")
        await second.settle()
        assert second.status(reports[1]) == "resolved"
        second.change(reports[1], status="new")
        await second.settle()
        assert github.web.issue(number).state == "closed"
