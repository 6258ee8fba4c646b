"""What a project lets leave BugSpark: sections, redaction, screenshots, and the labels of new issues."""

import pytest

from reconciler.model.passes import NullProgress
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


async def test_without_settings_everything_leaves_for_a_private_repository(sync: Sync) -> None:
    sync.github.web.private = True
    body = await exported(sync)
    assert "bob@" in body
    assert "**Reporter:**" in body


async def test_without_settings_no_address_and_no_reporter_leave_for_a_public_repository(sync: Sync) -> None:
    body = await exported(sync)
    assert "ask (redacted e-mail)" in body
    assert "Reporter" not in body and "ada@" not in body


async def test_the_operator_may_let_everything_leave_and_owners_may_hold_it_back(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"redact": "off"}) as sync:
        assert "**Reporter:**" in await exported(sync)
        await configure(sync, redact="auto")
        body = await exported(sync)
        assert "ask (redacted e-mail)" in body and "Reporter" not in body


async def test_the_operators_prefix_sections_labels_and_directions_count_in_every_project(
    world_url: str, github: GitHub
) -> None:
    operator = {
        "private_prefix": "#internal",
        "sections": ["console"],
        "labels": ["from-bugspark"],
        "directions": {"severity": "to_github"},
    }
    async with open_sync(world_url, github, sync=operator) as sync:
        report, number = await sync.linked(description="left out", severity="high")
        sync.add_comment(report, "#internal between us")
        sync.add_comment(report, "for everybody")
        sync.github.web.unlabel(number, "high-priority", by="alice")
        sync.github.web.label(number, "critical", by="alice")
        await sync.settle()
        assert "left out" not in str(sync.github.web.issue(number).body)
        assert "from-bugspark" in sync.labels(number)
        assert [text.split("\n")[2] for text in sync.texts_on_github(number)] == ["for everybody"]
        assert (sync.severity(report), "critical" in sync.labels(number)) == ("high", True)


async def test_a_section_that_is_left_out_does_not_leave(sync: Sync) -> None:
    await configure(sync, sections=["console"])
    body = await exported(sync)
    assert "bob" not in body
    assert "Description" not in body
    assert "Reporter" not in body
    assert body.startswith("## Bug Report: BUG-")
    assert "*Exported from BugSpark" in body


async def test_redaction_counts_from_the_first_export_on_and_nothing_sent_is_sent_again(sync: Sync) -> None:
    sync.github.web.private = True
    report, number = await sync.linked(description="ask bob@example.test")
    sync.add_comment(report, "mail eve@example.test")
    await sync.settle()
    await configure(sync, redact="on")
    assert (await sync.settle()).github.writes == 0
    assert "eve@example.test" in sync.texts_on_github(number)[0].replace("\u200b", "")
    sync.add_comment(report, "mail mallory@example.test?")
    await sync.settle()
    assert "(redacted e-mail)" in sync.texts_on_github(number)[1]
    assert sync.texts_in_bugspark(report)[1] == "mail mallory@example.test?"
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


async def test_a_preview_is_the_issue_that_the_export_makes_and_asks_and_stores_nothing(sync: Sync) -> None:
    await sync.linked()  # so that the repository is known
    report = sync.bugspark.add_report(
        sync.project,
        "Crash for ada@example.test",
        description="ask bob@example.test, see https://a.test/x?token=1",
        console_logs=[{"level": "error", "message": "Authorization: Bearer abcdefgh"}],
        reporter_identifier=REPORTER,
    )
    before, asked = sync.dump(), len(sync.asked)
    preview = await sync.app.preview_export(report)
    assert (sync.dump(), len(sync.asked)) == (before, asked)
    assert preview.redacted == (("address", 1), ("e-mail", 2), ("header", 1))
    await sync.app.export((str(report),), NullProgress())
    issue = sync.github.web.issue(sync.number(report))
    assert (preview.title, preview.body, set(preview.labels)) == (
        issue.title,
        issue.body,
        sync.labels(issue.number),
    )
    assert preview.repository == "acme/web"
