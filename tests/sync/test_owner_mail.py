"""Owners get a mail about a problem that lasts an hour, and one at its end; at most one a day, if enabled."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from reconciler.store.bugspark import bugspark_tables
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_alerts import refused
from tests.sync.test_project_settings import configure

BEGAN, OVER = "Shop: the sync with GitHub needs attention", "Shop: the sync with GitHub works again"
HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
async def mailing(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(world_url, github, owners={"mail": True}) as sync:
        yield sync


def mails(sync: Sync) -> list[str]:
    """The subjects of the mails that BugSpark is to send."""
    tasks = bugspark_tables.background_tasks
    rows = sync.bugspark.rows(sa.select(tasks.c.payload).where(tasks.c.task_type == "send_email"))
    return [row["payload"]["subject"] for row in rows]


def forget(sync: Sync) -> None:
    """As BugSpark's worker has sent them, a day ago."""
    sync.bugspark.execute("DELETE FROM background_tasks")


async def test_trouble_that_lasts_an_hour_is_mailed_once_and_its_end_once(mailing: Sync) -> None:
    number = await refused(mailing)
    await mailing.run()
    await mailing.run(seconds=HOUR - 60)
    assert mails(mailing) == []
    await mailing.run(seconds=120)
    await mailing.run(seconds=HOUR)
    assert mails(mailing) == [BEGAN]
    mailing.github.web.unlock(number, by="alice")
    await mailing.run(seconds=60)
    await mailing.run(seconds=HOUR)
    assert mails(mailing) == [BEGAN, OVER]


async def test_trouble_that_is_over_sooner_is_not_worth_a_mail(mailing: Sync) -> None:
    number = await refused(mailing)
    await mailing.run()
    mailing.github.web.unlock(number, by="alice")
    await mailing.run(seconds=HOUR - 60)
    await mailing.run(seconds=DAY)
    assert mails(mailing) == []
    assert mailing.bugspark.rows_of("sync_projects")[0]["mail"] is None


async def test_trouble_that_comes_again_the_same_day_is_mailed_the_next_day(mailing: Sync) -> None:
    number = await refused(mailing)
    await mailing.run()
    await mailing.run(seconds=HOUR)
    mailing.github.web.unlock(number, by="alice")
    await mailing.run(seconds=60)
    forget(mailing)
    await refused(mailing)
    await mailing.run()
    await mailing.run(seconds=2 * HOUR)
    assert mails(mailing) == []
    await mailing.run(seconds=DAY)
    assert mails(mailing) == [BEGAN]


async def test_an_owner_who_wants_none_gets_none(mailing: Sync) -> None:
    await configure(mailing, mail=False)
    await refused(mailing)
    await mailing.run()
    await mailing.run(seconds=2 * HOUR)
    assert mails(mailing) == []
    assert mailing.bugspark.rows_of("sync_projects")[0]["mail"] is None


async def test_without_the_operators_word_nothing_is_stored_or_sent(sync: Sync) -> None:
    await configure(sync, mail=True)
    await refused(sync)
    await sync.run()
    await sync.run(seconds=2 * HOUR)
    assert mails(sync) == []
    assert sync.bugspark.rows_of("sync_projects")[0]["mail"] is None
    assert (await sync.app.settings.show_settings(sync.project)).effective["mail"] is False
