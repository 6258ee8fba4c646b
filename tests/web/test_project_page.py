"""The overview and a project's page over synced data, used without script."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from reconciler.bootstrap.commands import WebCommands
from reconciler.demo.github.faults import error
from reconciler.errors import ProjectError
from reconciler.model.fields import Field, Severity
from reconciler.model.passes import NullProgress
from reconciler.model.viewer import OPERATOR_ACTOR
from reconciler.store.schema import tables
from reconciler.web.pages import overview
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_conflicts import relabel
from tests.web.browsing import HTML, Page, page, press
from tests.web.harness import RecordingQueue
from tests.web.page_fixtures import HOSTILE, client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]


async def project(client: httpx.AsyncClient, sync: Sync, query: str = "") -> Page:
    return await page(client, f"/projects/{sync.project}{query}")


async def test_without_a_project_the_overview_says_how_one_comes(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    sync.bugspark.execute("DELETE FROM integrations")
    seen = await page(client, "/")
    assert "No project yet" in seen.shown_text and "reconcile check" in seen.shown_text


async def test_the_overview_shows_each_status_without_script(sync: Sync, client: httpx.AsyncClient) -> None:
    await sync.linked()
    seen = await page(client, "/")
    assert "Everything is synced" in seen.shown_text
    assert "acme/web" in seen.shown_text and "of 5,000" in seen.shown_text
    assert seen.buttons == ["Sign out"]
    await sync.app.pause(str(sync.project))
    seen = await page(client, "/")  # a person wanted that: it is no trouble
    assert "1 project paused" in seen.shown_text and "needs attention" not in seen.shown_text
    await press(client, await project(client, sync), "Resume")
    assert "Paused" not in (await page(client, "/")).shown_text


async def test_many_projects_are_paged_and_attention_is_counted_over_all(
    sync: Sync, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "ROWS_PER_PAGE", 2)
    monkeypatch.setattr(overview, "MAX_NOTICES", 1)
    for name in ("Alpha", "Zeta"):  # beside Shop; neither has a readable integration
        sync.bugspark.add_integration(sync.bugspark.add_project(name), config={"owner": "acme"})
    first, second = await page(client, "/"), await page(client, "/?page=2")
    assert "3 projects" in first.shown_text and "3 projects" in second.shown_text
    assert "And 1 more project" in first.shown_text
    in_first, in_second = (each.shown_text.partition("Last success")[2] for each in (first, second))
    assert [name in in_first for name in ("Alpha", "Shop", "Zeta")] == [True, False, True]  # worst first
    assert [name in in_second for name in ("Alpha", "Shop", "Zeta")] == [False, True, False]
    by_name = (await page(client, "/?order=name")).shown_text.partition("Last success")[2]
    assert [name in by_name for name in ("Alpha", "Shop", "Zeta")] == [True, True, False]
    for query in ("shop", "WEB", "acme/web"):
        found = (await page(client, f"/?q={query}")).shown_text.partition("Last success")[2]
        assert "Shop" in found and "Alpha" not in found, query
    assert "No such project" in (await page(client, "/?q=nowhere")).shown_text
    assert "Next" in first.shown_text and "Previous" not in first.shown_text
    assert "Previous" in second.shown_text and "Next" not in second.shown_text
    for nonsense in ("0", "-1", "99", "x", "٣", "9" * 500):
        assert (await client.get("/", params={"page": nonsense})).status_code == 200


async def test_a_token_that_several_projects_share_has_one_limit_and_a_project_without_links_says_so(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    await sync.linked()
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token, owner="acme", repo="web")
    await sync.run(other)
    seen = await page(client, "/")
    assert seen.shown_text.count("of 5,000") == 1
    assert "Token of Other , Shop" in seen.shown_text or "Token of Other, Shop" in seen.shown_text
    assert "no links yet" in seen.shown_text


async def test_untrusted_text_on_the_project_page_is_escaped(sync: Sync, client: httpx.AsyncClient) -> None:
    report, number = await sync.linked(title=HOSTILE)
    sync.bugspark.execute("UPDATE projects SET name = :name", name=HOSTILE)
    sync.github.web.comment(number, f"see {HOSTILE}", by="alice")
    sync.add_comment(report, HOSTILE)
    sync.change(report, severity="low")
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    for path in ("/", f"/projects/{sync.project}", f"/projects/{sync.project}?q={HOSTILE[:20]}"):
        seen = await page(client, path)
        assert "alert(1)" in seen.shown_text
        assert "\u202e" not in seen.shown_text and "\x1b" not in seen.shown_text
        assert r"\u202e" in seen.shown_text


async def test_a_conflict_is_shown_with_both_values_and_either_is_taken(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="low")
    sync.github.clock.advance(1)
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    assert sync.severity(report) == "critical"
    seen = await press(client, await project(client, sync), "Take BugSpark’s")
    assert "severity is 'low' again" in seen.shown_text and queue.projects == [sync.project]
    await sync.settle()
    assert (sync.severity(report), sync.labels(number) & {"low-priority", "critical"}) == (
        "low",
        {"low-priority"},
    )
    assert "Conflicts" not in (await project(client, sync)).text


async def test_a_decided_conflict_and_a_gone_link_are_dismissed_and_nothing_else_changes(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    gone, lost = await sync.linked()
    sync.change(report, severity="low")
    sync.github.clock.advance(1)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.web.delete_issue(lost, by="alice")
    await sync.settle()
    for _ in range(3):
        await sync.app.verify(
            await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress()
        )
        sync.github.clock.advance(120)
    seen = await project(client, sync)
    assert "Conflict 1" in seen.shown_text and "Needs attention 1" in seen.shown_text
    assert seen.buttons.count("Dismiss") == 2
    with pytest.raises(ProjectError, match="nothing to dismiss"):
        await sync.app.dismiss(str(report), Field.STATUS)
    labels = sync.labels(number)
    by_path = {form.fields["report"]: form for form in seen.forms if form.button == "Dismiss"}
    for id_ in (report, gone):
        form = by_path[str(id_)]
        origin = {"Origin": str(client.base_url).rstrip("/")}
        assert (await client.post(form.action, data=form.fields, headers=origin)).status_code == 303
    seen = await project(client, sync)
    assert (
        "Conflict 0" in seen.shown_text
        and "Needs attention 0" in seen.shown_text
        and "Dismiss" not in seen.buttons
    )
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("critical", labels)
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"active", "unlinked"}
    assert sync.bugspark.report(gone) is not None


async def test_a_button_about_another_projects_report_does_nothing(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="low")
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token, owner="acme", repo="web")
    theirs = sync.bugspark.add_report(other, severity=Severity.MEDIUM)
    seen = await project(client, sync)
    for fields in ({"report": str(theirs)}, {"report": "x"}, {"take": "me"}, {"field": "owner"}):
        refused = await press(client, seen, "Take BugSpark’s", **fields)
        assert "no such report" in refused.shown_text or "no field" in refused.shown_text
    assert sync.severity(theirs) == "medium"


async def test_sync_verify_pause_and_resume_from_the_page(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    await sync.linked()
    await sync.run()
    assert not issue_reads(sync)
    seen = await press(client, await project(client, sync), "Sync now")
    assert "as soon as a pass may run" in seen.shown_text
    seen = await press(client, seen, "Verify all")
    assert "check every link in full" in seen.shown_text
    assert queue.projects == [sync.project] * 2
    await sync.run()
    assert issue_reads(sync)
    seen = await press(client, seen, "Pause")
    assert "Shop is paused" in seen.shown_text
    seen = await press(client, seen, "Resume")
    assert "Resume" not in seen.buttons


async def test_coverage_latency_and_activity_are_also_text(sync: Sync, client: httpx.AsyncClient) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "From there", by="alice")
    await sync.run(seconds=7)
    sync.add_comment(report, "From here")
    await sync.run()
    seen = await project(client, sync)
    assert "1 of 1 checked within 6 h, none not equal" in seen.shown_text
    assert "1 change to BugSpark" in seen.shown_text
    assert "p50 7.0 s" in seen.shown_text
    assert "import comment : From there" in seen.shown_text or "import comment: From there" in seen.shown_text


async def test_links_are_filtered_found_and_turned_page_by_page(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    many(sync, 120)
    for query, expected in (
        ("?q=BUG-7", {7}),
        ("?q=%2342", {42}),
        ("?q=Title+of+11", {11, *range(110, 120)}),
    ):
        assert numbers(await project(client, sync, query)) == sorted(expected, reverse=True)
    for query in ("?q=100%25", "?q=_", "?state=conflict", "?state=attention", "?q=BUG-1&after=9.x&before=x"):
        assert len(numbers(await project(client, sync, query))) == (1 if "BUG-1" in query else 0)
    for query in ("", "?state=synced"):
        seen = await project(client, sync, query)
        walked = numbers(seen)
        for _ in range(2):
            seen = await page(client, seen.link("after=").split("#")[0])
            walked += numbers(seen)
        assert walked == list(range(120, 0, -1))
        assert not any("after=" in address for address, _ in seen.links)
        seen = await page(client, seen.link("before=").split("#")[0])
        assert numbers(seen) == list(range(70, 20, -1))


async def test_every_tab_holds_what_it_counts_and_unlinked_reports_are_found(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    """An export that waits counts as waiting, a refused one as needing attention; neither has a link."""
    await sync.linked(title="Linked one")
    waiting = sync.bugspark.add_report(sync.project, title="Waits for its issue", severity=Severity.LOW)
    await WebCommands(sync.app._container, RecordingQueue(), OPERATOR_ACTOR).export(waiting)
    loose = sync.bugspark.add_report(sync.project, title="Nobody linked it", severity=Severity.HIGH)
    seen = await project(client, sync, "?state=pending")
    assert "Waiting 1" in seen.shown_text and "Waits for its issue" in seen.shown_text
    assert "Linked one" not in seen.shown_text and "Nobody linked it" not in seen.shown_text
    sync.bugspark.execute("UPDATE sync_intents SET state = 'quarantined', reason = 'locked out'")
    seen = await project(client, sync, "?state=attention")
    assert (
        "Needs attention 1" in seen.shown_text
        and "locked out" in seen.shown_text
        and "Waits for its issue" in seen.shown_text
    )
    seen = await project(client, sync, "?state=unlinked")
    assert seen.link(f"/reports/{loose}") and "Waits for its issue" in seen.shown_text
    assert "Linked one" not in seen.shown_text
    for query in ("severity=high", "q=Nobody", "severity=high&status=new&range=week"):
        text = (await project(client, sync, f"?state=unlinked&{query}")).shown_text
        assert "Nobody linked it" in text and "Waits for its issue" not in text, query
    assert "Every report is linked" not in seen.shown_text
    for query in ("?severity=critical", "?status=resolved"):
        assert "Linked one" not in (await project(client, sync, query)).shown_text
    assert "Linked one" in (await project(client, sync, "?severity=medium&order=oldest")).shown_text


async def test_a_parameter_with_a_value_that_it_does_not_have_is_400_and_names_those_it_has(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report = sync.bugspark.add_report(sync.project)
    of_lists = {
        "state": "synced, pending, conflict, attention, unlinked",
        "status": "new, triaging, in_progress, resolved, closed",
        "severity": "critical, high, medium, low",
        "order": "oldest",
        "range": "hour, day, week",
    }
    lists = [f"/projects/{sync.project}{file}" for file in ("", "/reports.csv", "/reports.json")]
    for path, parameters in (
        ("/", {"order": "name"}),
        *((path, of_lists) for path in lists),
        (f"/reports/{report}", {"history": "all"}),
    ):
        for name, values in parameters.items():
            refused = await client.get(f"{path}?{name}=foo", headers=HTML)
            assert (refused.status_code, values in Page(refused.text).shown_text) == (400, True), (path, name)
        known = "&".join(f"{name}={values.split(', ')[0]}" for name, values in parameters.items())
        empty = "&".join(f"{name}=" for name in parameters)
        for query in (known, empty):
            assert (await client.get(f"{path}?{query}", headers=HTML)).status_code == 200, (path, query)


def issue_reads(sync: Sync) -> list[str]:
    """Single issues that the last pass asked for."""
    return [seen.path for seen in sync.asked if "/issues/" in seen.path and "comments" not in seen.path]


def many(sync: Sync, count: int) -> None:
    """Add settled links, numbered from one."""
    at = sync.clock.now()
    rows: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        report = sync.bugspark.add_report(
            sync.project, tracking_id=f"BUG-{number}", title=f"Title of {number}"
        )
        rows.append(
            {
                "id": report,
                "project_id": sync.project,
                "report_id": report,
                "repository_id": 77,
                "repository": "acme/web",
                "number": number,
                "origin": "export",
                "backfill": False,
                "state": "active",
                "created_at": at,
                "checked_at": at - timedelta(hours=1),
                "revision": 1,
            }
        )
    with sync.bugspark.engine.begin() as connection:
        connection.execute(sa.insert(tables.links), rows)


def numbers(seen: Page) -> list[int]:
    """Of the issues in the list, in their order."""
    return [int(address.rpartition("/")[2]) for address, _ in seen.links if "/issues/" in address]


async def test_during_a_github_outage_every_page_says_what_still_works(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, _ = await sync.linked()
    pages = ("/", f"/projects/{sync.project}", f"/projects/{sync.project}/setup", f"/reports/{report}")
    sync.github.simulator.faults.add(error(503), times=None)
    sync.github.clock.advance(60)
    failed = await sync.run()
    assert failed.error is not None
    reason = " ".join(failed.error.message.split())
    for path in pages:
        text = (await page(client, path)).shown_text
        assert f"GitHub is unreachable {reason}" in text and "What still works" in text, path
        assert "is recorded and waits" in text
    sync.github.simulator.faults.clear()
    await sync.run(seconds=60)
    for path in pages:
        assert "GitHub is unreachable" not in (await page(client, path)).shown_text, path
