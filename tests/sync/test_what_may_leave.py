"""What a project lets leave BugSpark: sections, redaction, screenshots, and the labels of new issues."""

import pytest

from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_project_settings import configure

REPORTER = "ada@example.test"


async def exported(sync: Sync, **values: object) -> str:
    report, number = await sync.linked(
        reporter_identifier=REPORTER, description="ask bob@example.test", **values
    )
    assert sync.bugspark.report(report)["description"] == "ask bob@example.test"  # type: ignore[index]
    return str(sync.github.web.issue(number).body)


async def test_without_settings_everything_leaves_as_before(sync: Sync) -> None:
    body = await exported(sync)
    assert "bob@" in body
    assert "**Reporter:**" in body


async def test_a_section_that_is_left_out_does_not_leave(sync: Sync) -> None:
    await configure(sync, sections=["console"])
    body = await exported(sync)
    assert "bob" not in body
    assert "Description" not in body
    assert "Reporter" not in body
    assert body.startswith("## Bug Report: BUG-")
    assert "*Exported from BugSpark" in body


async def test_redaction_counts_from_the_first_export_on_and_nothing_sent_is_sent_again(sync: Sync) -> None:
    report, number = await sync.linked(description="ask bob@example.test")
    sync.say(report, "mail eve@example.test")
    await sync.settle()
    await configure(sync, redact="on")
    assert (await sync.settle()).github.writes == 0
    assert "eve@example.test" in sync.said_there(number)[0].replace("\u200b", "")
    sync.say(report, "mail mallory@example.test?")
    await sync.settle()
    assert "(redacted e-mail)" in sync.said_there(number)[1]
    assert sync.said_here(report)[1] == "mail mallory@example.test?"
    assert "(redacted e-mail)" in await exported(sync)


async def test_a_redacted_title_never_comes_back(sync: Sync) -> None:
    await configure(sync, redact="on", directions={"title": "both"})
    report, number = await sync.linked(title="Crash for ada@example.test")
    assert sync.github.web.issue(number).title.endswith("Crash for (redacted e-mail)")
    sync.github.web.retitle(number, "Crash for (redacted e-mail) again", by="alice")
    await sync.settle()
    assert sync.bugspark.report(report)["title"] == "Crash for ada@example.test"  # type: ignore[index]


async def test_new_issues_get_the_projects_further_labels_and_linked_ones_do_not(sync: Sync) -> None:
    _, before = await sync.linked(severity="high")
    await configure(sync, labels=["from-bugspark", "bug"])
    _, number = await sync.linked(severity="high")
    assert sync.labels(number) == {"bug", "high-priority", "from-bugspark"}
    assert sync.labels(before) == {"bug", "high-priority"}


@pytest.mark.parametrize("url", ["https://bugs.example.test", ""])
async def test_a_screenshot_that_only_bugspark_can_show_leaves_as_a_link_to_the_report(
    world_url: str, github: GitHub, url: str
) -> None:
    async with open_sync(world_url, github, bugspark={"dashboard_url": url}) as sync:
        report, number = await sync.linked(screenshot_url="screenshots/1.png")
        link = f"[Screenshot in BugSpark]({url}/reports/{report})"
        assert (link in str(sync.github.web.issue(number).body)) is bool(url)
