"""A value of BugSpark's that this program does not know rests its own report, in passes and in every view."""

from typing import Any

import httpx
import pytest

from reconciler.cli.why import report_as_json
from reconciler.errors import ProjectError
from reconciler.model.fields import Field, Side
from reconciler.model.passes import NullProgress, Outcome
from tests.support.github import github
from tests.support.sync import Sync
from tests.web.browsing import page
from tests.web.page_fixtures import ServedPages, client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]

LONG = 7 * 3600.0
"""Longer than poll.verify_seconds. Two of them outlive a session."""
UNKNOWN = {"status": "wontfix", "severity": "blocker", "category": "security"}


def extend(sync: Sync) -> None:
    """BugSpark's next version knows more values."""
    if sync.bugspark.engine.name == "postgresql":
        for field, value in UNKNOWN.items():
            sync.bugspark.execute(f"ALTER TYPE {field}_enum ADD VALUE '{value}'")


async def attention(sync: Sync) -> list[tuple[str, str]]:
    shown, _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    return [(str(item.issue), item.reason) for item in shown[0].attention]


@pytest.mark.parametrize("field", list(UNKNOWN))
async def test_it_is_isolated_in_passes_and_in_every_view(
    sync: Sync, served: ServedPages, client: httpx.AsyncClient, field: str
) -> None:
    value = UNKNOWN[field]
    report, number = await sync.linked()
    other, bystander = await sync.linked()
    extend(sync)
    sync.change(report, **{field: value})
    sync.change(other, status="closed")
    sync.github.web.label(number, "critical", by="alice")
    sync.github.web.comment(bystander, "goes on", by="alice")
    result = await sync.run()
    assert (result.outcome, result.quarantined) == (Outcome.PARTIAL, 1)
    assert result.error is not None
    assert value in result.error.message
    assert sync.github.web.issue(bystander).state == "closed"
    assert sync.texts_in_bugspark(other) == ["**alice** (via GitHub):\n\ngoes on"]
    await sync.run(seconds=LONG)  # verification too
    await sync.run(seconds=LONG)
    served.sign_in()
    [(issue, reason)] = await attention(sync)
    assert (issue, value in reason) == (f"acme/web#{number}", True)
    assert (await sync.plan()).actions == ()

    shown = await sync.app.explain_report(str(report))
    assert (shown.state, shown.reason) == ("Needs attention", reason)
    assert [each.bugspark for each in shown.fields if each.field == field] == [value]
    assert report_as_json(shown)["reason"] == reason
    details: dict[str, Any] = (await client.get(f"/api/v1/reports/{report}")).json()
    assert (details["state"], details["reason"]) == ("attention", reason)
    links = (await client.get(f"/api/v1/projects/{sync.project}")).json()["links"]
    assert (links["attention"], links["synced"]) == (1, 1)
    assert value in (await page(client, f"/reports/{report}")).shown_text
    assert f"#{number}" in (await page(client, f"/projects/{sync.project}")).shown_text
    assert (await page(client, "/")).shown_text
    with pytest.raises(ProjectError, match=value):
        await sync.app.resolve(str(report), Field(field), Side.GITHUB)

    sync.change(report, **{field: "closed" if field == "status" else "low" if field == "severity" else "ui"})
    await sync.settle()
    assert await attention(sync) == []
    assert (await sync.app.explain_report(str(report))).state in ("Synced", "Conflict")
    assert (sync.github.web.issue(number).state == "closed") == (field == "status")


async def test_an_unlinked_report_with_it_is_shown_and_not_exported(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    extend(sync)
    report = sync.bugspark.add_report(sync.project)
    sync.change(report, severity="blocker")
    shown = await sync.app.explain_report(str(report))
    assert (shown.state, "blocker" in (shown.reason or "")) == ("Needs attention", True)
    assert "blocker" in (await page(client, f"/reports/{report}")).shown_text
    (result,) = await sync.app.export((str(report),), NullProgress())
    assert result.url is None
    assert "blocker" in (result.error or "")
    assert sync.github.web.picture() == {}
