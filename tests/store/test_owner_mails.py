"""Mails to owners: the task that BugSpark's worker takes up, the same on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.model.alerts import NO_MAIL_STATE, OVER, MailState
from reconciler.model.snapshot import ProjectState
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema.definer_functions import REASONS
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW

TOLD = MailState(is_told=True, began_at=NOW)


def tasks(bugspark: BugSpark) -> list[dict[str, Any]]:
    query = sa.select(bugspark_tables.background_tasks).order_by(
        bugspark_tables.background_tasks.c.created_at
    )
    return [dict(row) for row in bugspark.rows(query)]


async def test_the_active_owner_gets_one_mail_whose_text_is_made_here(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    owner = bugspark.add_user("Olga", email="olga@example.test")
    project = bugspark.add_project("Shop\r\nBcc: x & <b>\"'", owner=owner)
    bugspark.add_project("Other")
    assert await stores.owner_mails.save(project, TOLD, "failing", NOW)
    (task,) = tasks(bugspark)
    assert (task["task_type"], task["status"], task["attempts"], task["max_attempts"]) == (
        "send_email",
        "pending",
        0,
        3,
    )
    assert set(task["payload"]) == {"to", "subject", "html"}
    assert task["payload"]["to"] == "olga@example.test"
    assert task["payload"]["subject"] == ("Shop Bcc: x & <b>\"': the sync with GitHub needs attention")
    html = task["payload"]["html"]
    assert "<strong>Shop Bcc: x &amp; &lt;b&gt;&quot;&#x27;</strong>" in html
    assert REASONS["failing"] in html
    assert str(project) in html
    assert (task["next_retry_at"], task["completed_at"]) == (None, None)


async def test_a_second_mail_of_the_same_kind_waits_a_day_and_the_other_kind_does_not(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project, now = bugspark.add_project("Shop"), datetime.now(UTC)
    for word in ("failing", "withheld", OVER, "failing"):
        await stores.owner_mails.save(project, TOLD, word, now)
    subjects = [task["payload"]["subject"].partition(": ")[2] for task in tasks(bugspark)]
    assert sorted(subjects) == ["the sync with GitHub needs attention", "the sync with GitHub works again"]
    with bugspark.engine.begin() as connection:
        earlier = now - timedelta(days=1)
        connection.execute(sa.update(bugspark_tables.background_tasks).values(created_at=earlier))
    await stores.owner_mails.save(project, TOLD, "failing", now)
    assert len(tasks(bugspark)) == 3


async def test_two_projects_of_one_owner_with_the_same_name_have_a_limit_each(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    owner = bugspark.add_user("Olga", email="olga@example.test")
    pair = [bugspark.add_project("Shop", owner=owner) for _ in range(2)]
    for project in (*pair, *pair):
        await stores.owner_mails.save(project, TOLD, "failing", datetime.now(UTC))
    texts = [task["payload"]["html"] for task in tasks(bugspark)]
    assert sorted(texts) == sorted(next(html for html in texts if str(each) in html) for each in pair)


@pytest.mark.parametrize(
    "values", [{"is_active": False}, {"beta_status": "pending"}, {"beta_status": "rejected"}], ids=str
)
async def test_an_owner_who_may_not_sign_in_gets_none(
    stores: DatabaseStores, bugspark: BugSpark, values: dict[str, Any]
) -> None:
    project = bugspark.add_project("Shop", owner=bugspark.add_user("Olga", **values))
    assert await stores.owner_mails.save(project, TOLD, "failing", NOW)
    assert tasks(bugspark) == []


async def test_a_problem_without_a_text_is_reported_as_any_other(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project("Shop")
    await stores.owner_mails.save(project, TOLD, "gone'); DROP TABLE users; --", NOW)
    (task,) = tasks(bugspark)
    assert REASONS["other"] in task["payload"]["html"]


async def test_the_state_is_read_with_the_project(stores: DatabaseStores, bugspark: BugSpark) -> None:
    project = bugspark.add_project("Shop")
    await stores.projects.save_state(ProjectState(project_id=project))
    await stores.owner_mails.save(project, TOLD, None, NOW)
    assert (await stores.projects.get_state(project)).mail_state == TOLD
    await stores.owner_mails.save(project, NO_MAIL_STATE, None, NOW)
    assert bugspark.rows_of("sync_projects")[0]["mail"] is None


async def test_without_bugsparks_queue_nothing_is_stored_and_the_problem_is_named(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project("Shop")
    bugspark.execute("DROP TABLE background_tasks")
    assert not await stores.owner_mails.save(project, TOLD, "failing", NOW)
    assert await stores.owner_mails.find_problem() == "this BugSpark has no table background_tasks"
