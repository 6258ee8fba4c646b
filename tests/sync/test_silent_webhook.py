"""A webhook that announces nothing any more is a log line and an alert, once."""

import logging

import pytest

from reconciler.ports import WebhookDelivery
from tests.support.alert_listener import Listener
from tests.support.sync import Sync


async def test_a_silent_webhook_is_reported_once_and_a_delivery_ends_it(
    sync: Sync,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    report, number = await sync.linked()
    await sync.app._stores.webhooks.record_hook(sync.project, 1, sync.clock.now())
    sync.github.clock.advance(60)
    sync.github.web.close(number, by="alice")
    await sync.run()
    assert sync.status(report) == "resolved"
    assert listener.changes == [], "it may still come"
    caplog.set_level(logging.WARNING, "reconciler")
    await sync.run(seconds=300)
    await sync.run()
    assert listener.changes == [(["webhook_silent"], [])]
    assert "silent since" in str(listener.taken)
    assert [each.message for each in caplog.records if "attention" in each.message] == ["needs attention"]
    ping = WebhookDelivery(
        project_id=sync.project, id="1", event="ping", action=None, number=None, at=sync.clock.now()
    )
    await sync.app._stores.webhooks.record_delivery(ping)
    await sync.run()
    assert listener.changes[1:] == [([], ["webhook_silent"])]
