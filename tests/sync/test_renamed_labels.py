"""A label of the mapping that is renamed on GitHub is a problem people see, not a severity that nobody reads.

Source: docs/reference/github.md, Lists (label rename: unsettled) and Webhooks.
"""

import pytest

from reconciler.demo.github.faults import Reply
from reconciler.model.passes import Outcome
from reconciler.model.project_status import ProjectStatusKind, project_status
from reconciler.ports import WebhookDelivery
from tests.support.github import GitHub
from tests.support.sync import Sync, is_idle, open_sync

LONG = 7 * 3600.0  # longer than verify_seconds with its jitter
ADVICE = (
    "the label high-priority is called P1 on GitHub now: severity is not read from it; "
    'set sync.severity: high = ["P1", "high"]'
)


async def reason(sync: Sync) -> str | None:
    """The reason for which the project needs attention, if it does."""
    (health,), _ = await sync.app.status(None)
    shown = project_status(health, sync.clock.now(), None)
    return shown.reason if shown.state is ProjectStatusKind.ATTENTION else None


def label_reads(sync: Sync) -> int:
    return sum(seen.path.split("?")[0].endswith("/acme/web/labels") for seen in sync.asked)


@pytest.mark.parametrize("bumps", [True, False], ids=["moves updated_at", "leaves updated_at"])
async def test_a_renamed_label_is_a_problem_that_says_what_to_configure(sync: Sync, *, bumps: bool) -> None:
    sync.github.world.assume(label_rename_bumps_issues=bumps)
    report, number = await sync.linked(severity="high")
    sync.github.clock.advance(3600)
    sync.github.web.rename_label("high-priority", "P1", by="alice")
    await sync.run(seconds=LONG)
    await sync.settle()
    assert await reason(sync) == ADVICE
    assert sync.severity(report) == "high"
    assert sync.labels(number) == {"P1", "bug"}
    shown = await sync.app.explain_report(str(report))
    assert ADVICE in [dated.change.rule for dated in shown.detail.history]
    checks = [check for check in await sync.app.run_self_check() if check.name == "Shop: label"]
    assert [f"{check.message}; {check.remedy}" for check in checks] == [ADVICE]
    assert is_idle(await sync.settle())


async def test_a_delivery_about_a_label_makes_the_next_pass_notice_it(sync: Sync) -> None:
    report, _ = await sync.linked(severity="high")
    for place in range(60):  # so that the anchor moves past our issue
        sync.github.clock.advance(60)
        sync.github.web.open_issue(f"Other {place}", by="bob")
    await sync.settle()
    sync.github.web.rename_label("high-priority", "P1", by="alice")
    await sync.run()
    assert await reason(sync) is None, "no list shows it"
    delivery = WebhookDelivery(
        project_id=sync.project, id="1", event="label", action="edited", number=None, at=sync.clock.now()
    )
    assert await sync.app._stores.webhooks.record_delivery(delivery)
    await sync.run()
    assert await reason(sync) == ADVICE
    assert sync.severity(report) == "high"
    assert is_idle(await sync.settle())


async def test_the_problem_ends_once_the_mapping_has_the_new_name(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github) as sync:
        report, number = await sync.linked(severity="high")
        github.web.rename_label("high-priority", "P1", by="alice")
        await sync.run(seconds=LONG)
        project = sync.project
        assert await reason(sync) == ADVICE
    severity = {
        "critical": ["critical"],
        "high": ["P1", "high"],
        "medium": ["medium-priority"],
        "low": ["low-priority"],
    }
    async with open_sync(world_url, github, sync={"severity": severity}) as other:
        other.project = project
        await other.run()
        healths, _ = await other.app.status(None)
        (renamed,) = [each.renamed_labels for each in healths if each.project_id == project]
        assert renamed == ()
        github.web.label(number, "critical", by="alice")
        github.web.unlabel(number, "P1", by="alice")
        await other.run()
        assert other.severity(report) == "critical"


async def test_a_label_that_a_person_takes_off_is_no_problem(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.unlabel(number, "high-priority", by="alice")
    sync.github.web.label(number, "needs triage", by="alice")
    await sync.run()
    assert label_reads(sync) == 1
    assert await reason(sync) is None
    assert sync.severity(report) == "high"
    await sync.run(seconds=LONG)
    assert label_reads(sync) == 0


async def test_a_label_deleted_from_the_repository_is_noted(sync: Sync) -> None:
    report, _ = await sync.linked(severity="high")
    sync.github.clock.advance(3600)
    sync.github.web.delete_label("high-priority", by="alice")
    await sync.run(seconds=LONG)
    shown = await sync.app.explain_report(str(report))
    note = "the label high-priority is gone from the repository: severity is not read from this issue"
    assert note in [dated.change.rule for dated in shown.detail.history]
    assert sync.severity(report) == "high"


async def test_labels_that_cannot_be_read_stop_nothing(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    forbidden = Reply(status=403, body=b'{"message": "Resource not accessible"}')
    sync.github.simulator.faults.add(forbidden, method="GET", path=r"/labels\?", times=None)
    sync.github.web.unlabel(number, "high-priority", by="alice")
    sync.github.web.close(number, by="alice")
    result = await sync.run()
    assert result.outcome is Outcome.OK
    assert sync.status(report) == "resolved"
    shown = await sync.app.explain_report(str(report))
    assert any("whether it was renamed is unknown" in dated.change.rule for dated in shown.detail.history)
