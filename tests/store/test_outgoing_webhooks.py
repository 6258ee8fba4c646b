"""BugSpark's outgoing webhooks on synced changes: the tasks that BugSpark's worker takes up."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId
from reconciler.model.kinds import Kind
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan, Rule, SetReportField, Why
from reconciler.model.secret import Secret
from reconciler.model.snapshot import Change, StoreResult
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bugspark.object_store import ObjectStore
from reconciler.store.bugspark.outgoing_webhooks import find_enqueue_problem
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, FixedClock, digest, linked, store, the_report


@pytest.fixture
def announcing_stores(database: Database, clock: FixedClock) -> DatabaseStores:
    return build_stores(database, StoreSettings(digest=digest, notify_webhooks=True), clock)


def hook(bugspark: BugSpark, project: ProjectId, *events: str, **values: Any) -> UUID:
    id_ = uuid4()
    row = {"id": id_, "project_id": project, "url": "https://customer.test", "events": list(events)}
    with bugspark.engine.begin() as connection:
        connection.execute(sa.insert(bugspark_tables.webhooks).values(row | {"secret": "s", **values}))
    return id_


async def set_status(stores: DatabaseStores, link: Link, to: str) -> StoreResult:
    action = SetReportField(field=Field.STATUS, to=to, why=Why(rule=Rule.REMOTE_MOVED))
    report = await the_report(stores, link.report_id)
    return await store(
        stores, link.project_id, LinkPlan(link=link, report=report, after=link, actions=(action,), pairs=())
    )


def tasks(bugspark: BugSpark) -> list[dict[str, Any]]:
    return [dict(row) for row in bugspark.rows(sa.select(bugspark_tables.background_tasks))]


async def test_every_active_webhook_that_asked_for_it_gets_one_task(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    wanted = {hook(bugspark, link.project_id, "report.created", "report.updated") for _ in range(2)}
    hook(bugspark, link.project_id, "report.created")
    hook(bugspark, link.project_id, "report.updated", is_active=False)
    hook(bugspark, bugspark.add_project("Other"), "report.updated")
    bugspark.set_report(link.report_id, metadata={"ünïcode": [1, None]}, description="a &lt; b")
    assert await set_status(announcing_stores, link, "resolved") == StoreResult()
    made = tasks(bugspark)
    assert {UUID(row["payload"]["webhook_id"]) for row in made} == wanted
    for row in made:
        assert (row["task_type"], row["status"], row["attempts"], row["max_attempts"]) == (
            "webhook_delivery",
            "pending",
            0,
            3,
        )
        assert (row["next_retry_at"], row["completed_at"]) == (None, None)
        assert row["created_at"] == row["updated_at"]
        assert row["payload"]["event"] == "report.updated"
        data = row["payload"]["data"]
        assert (data["id"], data["project_id"]) == (str(link.report_id), str(link.project_id))
        assert (data["status"], data["severity"], data["tracking_id"]) == ("resolved", "medium", "BUG-0001")
        assert (data["metadata"], data["description"]) == ({"ünïcode": [1, None]}, "a &lt; b")
        assert (data["created_at"][-1], data["updated_at"]) == ("Z", "2026-03-01T09:00:00Z")
        assert not {"github_issue_number", "github_issue_url", "github_repo"} & data.keys()
        assert json.dumps(data)


async def test_json_that_is_too_large_or_too_deep_is_left_out_of_the_payload(
    announcing_stores: DatabaseStores, bugspark: BugSpark, store_url: str
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    deep = "[" * 64 + "1" + "]" * 64
    logs = [{"m": "x" * 600_000}, {"m": "y" * 600_000}]
    bugspark.set_report(
        link.report_id, console_logs=logs, metadata=json.loads(deep), user_actions=json.loads(f"[{deep}]")
    )
    await set_status(announcing_stores, link, "resolved")
    (task,) = tasks(bugspark)
    data = task["payload"]["data"]
    assert (data["console_logs"], data["metadata"]) == (None, json.loads(deep))
    if not store_url.startswith("sqlite"):
        assert data["user_actions"] is None


OBJECT_STORE = ObjectStore(
    endpoint_url="https://store.test/s3",
    region="auto",
    bucket="uploads",
    access_key="AKIDEXAMPLE",
    secret_key=Secret("secret"),
    lifetime_seconds=900,
)
KEYS = tuple(f"{uuid4()}/{uuid4()}/{uuid4()}.png" for _ in range(2))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (KEYS, KEYS),
        ((KEYS[0], KEYS[0]), (KEYS[0], KEYS[0])),
        ((KEYS[0], None), (KEYS[0], None)),
        ((None, f"screenshots/{uuid4()}.webp"), (None, "itself")),
        (("https://old.test/a.png", "http://old.test/b"), ("https://old.test/a.png", "http://old.test/b")),
        (("another/key.png", ""), (None, None)),
    ],
)
async def test_a_screenshot_has_the_address_that_bugspark_would_send(
    database: Database,
    clock: FixedClock,
    bugspark: BugSpark,
    columns: tuple[str | None, str | None],
    expected: tuple[str | None, str | None],
) -> None:
    settings = StoreSettings(digest=digest, notify_webhooks=True, screenshots=OBJECT_STORE)
    stores = build_stores(database, settings, clock)
    link = await linked(stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    bugspark.set_report(link.report_id, screenshot_url=columns[0], annotated_screenshot_url=columns[1])
    await set_status(stores, link, "resolved")
    (task,) = tasks(bugspark)
    data = task["payload"]["data"]
    for name, column, wanted in zip(
        ("screenshot_url", "annotated_screenshot_url"), columns, expected, strict=True
    ):
        if wanted is None or wanted.startswith("http"):
            assert data[name] == wanted
        else:
            assert data[name].startswith(f"https://store.test/s3/uploads/{column}?X-Amz-Algorithm=")
            assert data[name] == OBJECT_STORE.screenshot_address(column, NOW)
    assert await stores.maintenance.outgoing_webhooks_problem() is None
    assert not await stores.maintenance.has_unsigned_screenshots()


async def test_without_an_object_store_a_screenshot_is_what_its_column_has(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    bugspark.set_report(link.report_id, screenshot_url="https://old.test/a.png", annotated_screenshot_url="")
    assert not await announcing_stores.maintenance.has_unsigned_screenshots()
    bugspark.set_report(link.report_id, screenshot_url=KEYS[0], annotated_screenshot_url="another/key.png")
    assert await announcing_stores.maintenance.has_unsigned_screenshots()
    await set_status(announcing_stores, link, "resolved")
    (task,) = tasks(bugspark)
    data = task["payload"]["data"]
    assert (data["screenshot_url"], data["annotated_screenshot_url"]) == (KEYS[0], "another/key.png")


async def test_it_is_off_by_default(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    await set_status(stores, link, "resolved")
    assert tasks(bugspark) == []


async def test_no_task_is_stored_where_a_person_was_faster(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    report = await the_report(announcing_stores, link.report_id)
    bugspark.set_report(link.report_id, status="triaging")
    action = SetReportField(field=Field.STATUS, to="resolved", why=Why(rule=Rule.REMOTE_MOVED))
    plan = LinkPlan(link=link, report=report, after=link, actions=(action,), pairs=())
    assert (await store(announcing_stores, link.project_id, plan)).stale_reports == {link.report_id}
    assert tasks(bugspark) == []


async def test_a_restored_value_is_announced_too(
    announcing_stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    change = Change(
        report_id=link.report_id,
        link_id=link.id,
        side=Side.BUGSPARK,
        kind=Kind.RESOLVE,
        field="status",
        base=None,
        local="new",
        remote=None,
        to="closed",
        rule="brought back",
    )
    assert await announcing_stores.ledger.write_resolved_report_value(
        link, change, NOW + timedelta(minutes=1)
    )
    (task,) = tasks(bugspark)
    assert task["payload"]["data"]["status"] == "closed"


async def test_without_bugspark_s_table_the_sync_goes_on_and_the_check_says_so(
    announcing_stores: DatabaseStores, bugspark: BugSpark, database: Database
) -> None:
    link = await linked(announcing_stores, bugspark)
    hook(bugspark, link.project_id, "report.updated")
    bugspark.execute("DROP TABLE background_tasks")
    assert await set_status(announcing_stores, link, "resolved") == StoreResult()
    row = bugspark.report(link.report_id)
    assert row is not None
    assert row["status"] == "resolved"
    async with database.read() as connection:
        assert await find_enqueue_problem(connection) == "this BugSpark has no table background_tasks"
