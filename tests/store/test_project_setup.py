"""What the set-up page and a report's page read, from both databases."""

from datetime import timedelta
from uuid import uuid4

import pytest

from reconciler.errors import UsageError
from reconciler.model.health import LinkCountsByUrgency
from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.kinds import Kind
from reconciler.model.secret import Secret
from reconciler.model.views import CredentialKind
from reconciler.ports import WebhookDelivery
from reconciler.store.stores import DatabaseStores
from tests.support.canary import BOT_TOKEN
from tests.support.sync import Sync
from tests.sync.conftest import (
    github,
    github_process,
    pytest_generate_tests,
    sqlite_template,
    sync,
    world_url,
)

__all__ = ["github", "github_process", "pytest_generate_tests", "sqlite_template", "sync", "world_url"]


async def test_a_projects_set_up_is_complete_and_without_secrets(sync: Sync) -> None:
    stores = sync.app._container.stores
    assert isinstance(stores, DatabaseStores)
    fresh = await stores.queries.project_setup(sync.project, 5)
    assert (fresh.credential, fresh.account, fresh.private, fresh.deliveries) == (
        CredentialKind.PLAIN,
        None,
        None,
        (),
    )
    assert not fresh.has_secret and fresh.hook_id is None and fresh.wrote_at is None
    await sync.linked()
    at = sync.clock.now()
    await stores.webhooks.replace_secret(sync.project, None, Secret("first-one"), at)
    await stores.webhooks.replace_secret(
        sync.project, Secret("first-one"), Secret("second"), at + timedelta(days=1)
    )
    await stores.webhooks.record_hook(sync.project, 7, at)
    for minute, number in enumerate((3, None, 5)):
        sync.github.clock.advance(60)
        await stores.webhooks.record_delivery(
            WebhookDelivery(
                project_id=sync.project,
                id=f"d{minute}",
                event="issues",
                action=None,
                number=IssueNumber(number) if number else None,
                at=sync.clock.now(),
            )
        )
    await stores.webhooks.mark_handled(sync.project, ["d0"], sync.clock.now())
    setup = await stores.queries.project_setup(sync.project, 5)
    assert setup.account == "bugspark-bot" and setup.private is False and setup.wrote_at is not None
    assert setup.has_secret and setup.hook_id == 7 and setup.previous_until == at + timedelta(days=1)
    assert [(each.id, each.number, each.read_at is not None) for each in setup.deliveries] == [
        ("d2", 5, False),
        ("d1", None, False),
        ("d0", 3, True),
    ]
    assert len((await stores.queries.project_setup(sync.project, 2)).deliveries) == 2
    assert not any(secret in repr(setup) for secret in (BOT_TOKEN, "first-one", "second"))
    sync.github.clock.advance(2 * 86_400)
    assert (await stores.queries.project_setup(sync.project, 1)).previous_until is None
    sync.bugspark.add_integration(sync.project)
    assert (await stores.queries.project_setup(sync.project, 1)).credential is None
    with pytest.raises(UsageError):
        await stores.queries.project_setup(ProjectId(uuid4()), 1)


async def test_a_reports_withheld_deletions_are_its_own_and_make_its_link_need_somebody(sync: Sync) -> None:
    stores = sync.app._container.stores
    report, _ = await sync.linked()
    quiet, _ = await sync.linked()
    comments = [sync.add_comment(report, f"remark {n}") for n in range(6)]
    await sync.settle()
    for each in comments:
        sync.bugspark.delete_comment(each)
    await sync.run()
    detail, other = (
        await stores.queries.report_detail(report, 5),
        await stores.queries.report_detail(quiet, 5),
    )
    assert detail is not None and other is not None
    assert set(detail.withheld) == {pair.id for pair in detail.pairs}
    assert set(detail.withheld.values()) == {Kind.DELETE_REMOTE_COMMENT} and not other.withheld
    assert (await stores.queries.health(sync.project))[0].link_counts == LinkCountsByUrgency(
        synced=1, attention=1, unequal=1
    )
    assert [each.withheld_deletions for each in (await stores.queries.gauges()).projects] == [6]
