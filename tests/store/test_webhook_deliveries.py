"""Deliveries and secrets of GitHub's webhooks, on both databases."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from reconciler.errors import CredentialError, ProjectError
from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.secret import Secret
from reconciler.model.webhook import WebhookHealth
from reconciler.ports import PendingHints, WebhookDelivery
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.sync import webhook_gaps
from reconciler.store.sync.webhook_deliveries import MAX_DELIVERIES_PER_PROJECT
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, FixedClock, digest

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SEVEN, EIGHT = IssueNumber(7), IssueNumber(8)


def a_delivery(project: ProjectId, number: int | None = 7, **values: Any) -> WebhookDelivery:
    delivery = WebhookDelivery(
        project_id=project,
        id=str(uuid4()),
        event="issues",
        action="closed",
        number=None if number is None else IssueNumber(number),
        at=NOW,
    )
    return replace(delivery, **values)


def a_project(bugspark: BugSpark, **config: Any) -> ProjectId:
    project = bugspark.add_project()
    bugspark.add_integration(project, config={"owner": "acme", "repo": "web", "token": "t"} | config)
    return project


def config_of(bugspark: BugSpark, project: ProjectId) -> dict[str, Any]:
    rows = bugspark.rows(
        sa.select(bugspark_tables.integrations.c.config).where(
            bugspark_tables.integrations.c.project_id == project
        )
    )
    config = rows[0]["config"]
    found = json.loads(config) if isinstance(config, str) else config
    assert isinstance(found, dict)
    return found


async def health(stores: DatabaseStores, project: ProjectId) -> WebhookHealth:
    (found,) = await stores.queries.health(project)
    return found.webhook


async def test_a_delivery_is_stored_once_and_names_its_issue_until_it_is_handled(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project, other = a_project(bugspark), a_project(bugspark)
    first = a_delivery(project)
    assert await stores.webhooks.record_delivery(first)
    assert not await stores.webhooks.record_delivery(replace(first, number=EIGHT))
    assert await stores.webhooks.record_delivery(replace(first, project_id=other))  # an id is one project's
    named = await stores.webhooks.pending_hints(project)
    assert named == PendingHints(numbers=(SEVEN,), delivery_ids=frozenset({first.id}))
    later = a_delivery(project)
    assert await stores.webhooks.record_delivery(later)
    await stores.webhooks.mark_handled(project, named.delivery_ids, NOW)
    assert (await stores.webhooks.pending_hints(project)).delivery_ids == {later.id}
    await stores.webhooks.mark_handled(project, [later.id], NOW)
    assert await stores.webhooks.pending_hints(project) == PendingHints()
    assert (await stores.webhooks.pending_hints(other)).numbers == (SEVEN,)
    assert not await stores.webhooks.record_delivery(first)


async def test_the_project_state_says_whether_deliveries_are_unread(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = a_project(bugspark)
    await stores.projects.save_state(await stores.projects.get_state(project))
    assert not (await stores.projects.get_state(project)).has_unread_hints
    await stores.webhooks.record_delivery(a_delivery(project, None, event="ping"))
    assert not (await stores.projects.get_state(project)).has_unread_hints
    await stores.webhooks.record_delivery(a_delivery(project))
    assert (await stores.projects.get_state(project)).has_unread_hints


async def test_a_signed_payload_is_stored_without_harm_whatever_it_says(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = a_project(bugspark)
    hostile = a_delivery(project, 10**30, id="x" * 5000, event="\0issues" * 100, action="\ud800" * 300)
    assert await stores.webhooks.record_delivery(hostile)
    assert not await stores.webhooks.record_delivery(hostile)
    assert await stores.webhooks.record_delivery(a_delivery(project, -1))
    assert await stores.webhooks.pending_hints(project) == PendingHints()


async def test_a_flood_leaves_no_more_than_the_newest(
    stores: DatabaseStores, database: Database, bugspark: BugSpark
) -> None:
    project, other = a_project(bugspark), a_project(bugspark)
    bystander = a_delivery(other)
    await stores.webhooks.record_delivery(bystander)
    rows = [
        {"project_id": project, "id": f"{n:05}", "event": "issues", "number": n, "at": NOW}
        for n in range(1, MAX_DELIVERIES_PER_PROJECT + 1)
    ]
    async with database.write() as connection:
        await connection.execute(sa.insert(tables.deliveries), rows)
    for n in range(MAX_DELIVERIES_PER_PROJECT + 1, MAX_DELIVERIES_PER_PROJECT + 4):
        assert await stores.webhooks.record_delivery(a_delivery(project, n, id=f"{n:05}"))
    kept = await stores.webhooks.pending_hints(project)
    assert len(kept.delivery_ids) == MAX_DELIVERIES_PER_PROJECT
    assert kept.numbers[0] == 4
    assert (await stores.webhooks.pending_hints(other)).delivery_ids == {bystander.id}


async def test_deliveries_that_come_together_are_all_kept(stores: DatabaseStores, bugspark: BugSpark) -> None:
    project = a_project(bugspark)
    twice = a_delivery(project, 99)
    posted = [*(a_delivery(project, n) for n in range(1, 21)), twice, twice]
    kept = await asyncio.gather(*map(stores.webhooks.record_delivery, posted))
    assert sum(kept) == 21
    named = await stores.webhooks.pending_hints(project)
    assert set(named.numbers) == {*range(1, 21), 99}
    assert (await health(stores, project)).received == 21


async def test_a_change_that_no_delivery_announces_is_counted_after_a_while(
    stores: DatabaseStores, bugspark: BugSpark, clock: FixedClock
) -> None:
    project = a_project(bugspark)
    await stores.webhooks.record_listed_changes(project, {SEVEN: NOW}, NOW)
    clock.at += 10 * MINUTE
    assert await health(stores, project) == WebhookHealth()  # no hook is known: nothing was to be expected
    await stores.webhooks.record_delivery(a_delivery(project, None, event="ping", at=clock.at))
    known = clock.at
    await stores.webhooks.record_listed_changes(
        project, {SEVEN: known - MINUTE, EIGHT: known + MINUTE}, clock.at
    )
    clock.at += 2 * MINUTE
    assert (await health(stores, project)).missed == 0
    clock.at += 2 * MINUTE
    silent = await health(stores, project)
    assert (silent.missed, silent.silent) == (1, 1)
    assert silent.silent_since == known + MINUTE - webhook_gaps.CLOCK_SKEW
    await stores.webhooks.record_listed_changes(project, {}, clock.at)
    assert await health(stores, project) == silent
    await stores.webhooks.record_delivery(a_delivery(project, 9, at=clock.at))
    shown = await health(stores, project)
    assert (shown.missed, shown.silent, shown.silent_since, shown.last_at) == (1, 0, None, clock.at)


async def test_a_delivery_that_lags_or_came_first_has_announced_the_change(
    stores: DatabaseStores, bugspark: BugSpark, clock: FixedClock
) -> None:
    project = a_project(bugspark)
    await stores.webhooks.record_hook(project, 4711, NOW - DAY)
    await stores.webhooks.record_delivery(a_delivery(project, 7, at=NOW))
    await stores.webhooks.record_listed_changes(project, {SEVEN: NOW + timedelta(seconds=1), EIGHT: NOW}, NOW)
    await stores.webhooks.record_delivery(a_delivery(project, 8, at=NOW + MINUTE))
    renamed = NOW + 5 * MINUTE  # of a label: it names no issue, and may have changed any
    await stores.webhooks.record_listed_changes(project, {IssueNumber(9): renamed}, renamed)
    await stores.webhooks.record_delivery(a_delivery(project, None, event="label", at=renamed))
    clock.at += 10 * MINUTE
    await stores.webhooks.record_listed_changes(project, {}, clock.at)
    assert (await health(stores, project)).missed == 0


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_a_new_secret_leaves_the_other_keys_as_they_are_and_the_old_one_valid_for_a_while(
    database: Database, bugspark: BugSpark, clock: FixedClock, encrypted: bool
) -> None:
    keys = (Secret(Fernet.generate_key().decode()),) if encrypted else ()
    stores = build_stores(database, StoreSettings(digest=digest, encryption_keys=keys), clock)
    before = {
        "owner": "acme",
        "repo": "web",
        "token": "t",
        "labels": ["a", {"b": None}],
        "webhookSecret": None,
    }
    project = a_project(bugspark, **before)
    assert await stores.webhooks.current_secret(project) is None
    assert await stores.webhooks.valid_secrets(project) == ()
    assert await stores.webhooks.replace_secret(project, None, Secret("first"), NOW + DAY)
    assert not await stores.webhooks.replace_secret(project, None, Secret("late"), NOW + DAY)
    assert await stores.webhooks.replace_secret(project, Secret("first"), Secret("second"), NOW + DAY)
    assert await stores.webhooks.current_secret(project) == Secret("second")
    assert await stores.webhooks.valid_secrets(project) == (Secret("second"), Secret("first"))
    after = config_of(bugspark, project)
    assert {key: value for key, value in after.items() if key != "webhookSecret"} == {
        key: value for key, value in before.items() if key != "webhookSecret"
    }
    assert (after["webhookSecret"] == "second") is not encrypted
    past = bugspark.rows(sa.select(tables.hooks.c.previous))[0]["previous"]
    assert (past == "first") is not encrypted
    await stores.webhooks.record_delivery(a_delivery(project))
    assert await stores.webhooks.valid_secrets(project) == (Secret("second"), Secret("first"))
    clock.at += DAY
    assert await stores.webhooks.valid_secrets(project) == (Secret("second"),)
    await stores.webhooks.record_delivery(a_delivery(project, at=clock.at))
    assert bugspark.rows(sa.select(tables.hooks.c.previous))[0]["previous"] is None


async def test_a_secret_that_cannot_be_read_verifies_nothing_and_is_an_error(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    foreign = a_project(bugspark, webhookSecret=Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    with pytest.raises(CredentialError, match="webhook secret"):
        await stores.webhooks.current_secret(foreign)
    two = a_project(bugspark, webhookSecret="x")
    bugspark.add_integration(two, config={"webhookSecret": "x"})
    with pytest.raises(ProjectError, match="two active github integrations"):
        await stores.webhooks.replace_secret(two, Secret("x"), Secret("y"), NOW)
    none = bugspark.add_project()
    with pytest.raises(ProjectError, match="connect the project"):
        await stores.webhooks.current_secret(none)
    odd = a_project(bugspark, webhookSecret={"a": 1})
    for project in (foreign, two, none, odd, ProjectId(uuid4())):
        assert await stores.webhooks.valid_secrets(project) == ()


async def test_a_delivery_awaits_a_pass_until_one_has_acted_on_it(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = a_project(bugspark)
    named = a_delivery(project)
    ping = replace(a_delivery(project), number=None, event="ping")
    assert not await stores.webhooks.is_delivery_unhandled(project, named.id)
    await stores.webhooks.record_delivery(named)
    await stores.webhooks.record_delivery(ping)
    assert await stores.webhooks.is_delivery_unhandled(project, named.id)
    assert await stores.webhooks.is_delivery_unhandled(project, ping.id)
    assert not await stores.webhooks.is_delivery_unhandled(a_project(bugspark), named.id)
    await stores.webhooks.mark_handled(project, [named.id], NOW)
    assert not await stores.webhooks.is_delivery_unhandled(project, named.id)
