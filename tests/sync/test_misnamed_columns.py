"""Link columns that name no issue a report could be linked to: a reason on report, status and check."""

from typing import Any

import pytest

from reconciler.model.ids import ReportId
from reconciler.model.project_status import project_status
from tests.support.alert_listener import Listener
from tests.support.sync import Sync

NUMBER, REPO, URL = "github_issue_number", "github_repo", "github_issue_url"


async def state_and_reason(sync: Sync, report: ReportId) -> tuple[str, str]:
    """State and reason of the report, and that status, check and `why` name the same reason."""
    shown = await sync.app.explain_report(str(report))
    ((health, *_), _) = await sync.app.status(await sync.app.find_project("Shop"))
    (item,) = health.attention
    checked = {line.name: line for line in await sync.app.run_self_check()}["Shop: links"]
    assert (item.report_id, (shown.reason or "?") in checked.message) == (report, True)
    assert item.reason == shown.reason
    return shown.state, shown.reason or ""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({NUMBER: 1, REPO: "https://github.com/acme/web"}, "github_repo is an address"),
        ({NUMBER: 1, REPO: "acme/web "}, "begins or ends with a blank ('acme/web ')"),
        ({NUMBER: 1, REPO: "\u00a0acme/web"}, "begins or ends with a blank ('\\xa0acme/web')"),
        ({NUMBER: 1, REPO: "web"}, "not of the form owner/repo"),
        ({NUMBER: 1, REPO: None}, "github_repo is empty"),
        ({NUMBER: None, REPO: "acme/web"}, "github_issue_number is empty"),
        ({NUMBER: None, REPO: None, URL: "https://github.com/acme/web/issues/1"}, "github_repo is empty"),
        ({NUMBER: 0, REPO: "acme/web"}, "github_issue_number is 0"),
        ({NUMBER: 1, REPO: "acme/other"}, "they name acme/other#1, and the project is connected to acme/web"),
    ],
)
async def test_columns_that_name_no_issue_are_reported_with_the_reason(
    sync: Sync,
    listener: Listener,
    columns: dict[str, Any],
    expected: str,
) -> None:
    sync.github.web.open_issue("One", by="alice")
    report = ReportId(sync.bugspark.add_report(sync.project))
    sync.bugspark.set_report(report, **columns)
    await sync.settle()
    state, reason = await state_and_reason(sync, report)
    assert (state, expected in reason) == ("Needs attention", True)
    assert listener.changes == [(["misnamed"], [])]
    assert sync.github.web.picture(), "GitHub is untouched"
    sync.bugspark.set_report(report, **{NUMBER: 1, REPO: "acme/web"})
    await sync.settle()
    assert (await sync.app.explain_report(str(report))).state == "Synced"
    assert listener.changes[1:] == [([], ["misnamed"])]


@pytest.mark.parametrize(
    ("number", "expected", "title"),
    [
        (1, "is a pull request", "names a pull request, not an issue"),
        (99, "does not show", "names an issue that GitHub does not show"),
    ],
)
async def test_a_pull_request_and_a_missing_number_are_reported(
    sync: Sync, number: int, expected: str, title: str
) -> None:
    sync.github.web.open_issue("One", by="alice", pull_request=True)
    report = ReportId(sync.bugspark.add_report(sync.project))
    sync.bugspark.set_report(report, **{NUMBER: number, REPO: "acme/web"})
    await sync.run()
    await sync.run(seconds=200)
    _, reason = await state_and_reason(sync, report)
    assert expected in reason
    ((health, *_), _) = await sync.app.status(await sync.app.find_project("Shop"))
    (item,) = health.attention
    shown = project_status(health, sync.clock.now(), None).text
    assert shown == f"Needs attention: {item.report} {title}"
